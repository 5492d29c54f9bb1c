import pytest

from bandscribe import names
from bandscribe.vocabulary import INSTRUMENTS


def test_every_class_has_a_name() -> None:
    assert tuple(names.INSTRUMENTS) == INSTRUMENTS


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("vio", "vio"),
        ("VIO", "vio"),
        ("violins", "vio"),
        (" Acoustic  Guitars ", "gac"),
        ("electric-guitar", "gel"),
        ("electric_guitar", "gel"),
        ("drum", "dru"),
        ("drums", "dru"),
        ("bass", "bas"),
        ("basses", "bas"),
        ("saxes", "sax"),
        ("vocals", "voi"),
        ("kazoo", None),
        ("drumss", None),
        ("guitar", None),
        ("", None),
    ],
)
def test_names_are_understood_however_they_are_spelled(text: str, expected: str | None) -> None:
    assert names.find(text, INSTRUMENTS) == expected


def test_no_two_classes_share_a_spelling() -> None:
    alone = [set(names.spellings([name])) for name in INSTRUMENTS]
    assert len(set().union(*alone)) == sum(map(len, alone))


def test_classes_without_names_have_their_own() -> None:
    assert names.find("Hurdy Gurdy", ["hurdy gurdy", "vio"]) == "hurdy gurdy"
    assert names.list_names(["hurdy gurdy", "vio"]) == "hurdy gurdy, vio (violin)"


def test_names_in_a_sentence() -> None:
    text = "Electric Guitar > -30 dB and not (voices or saxophones) or pianola"
    assert names.encode(text, INSTRUMENTS) == "gel > -30 db and not (voi or sax) or pianola"
