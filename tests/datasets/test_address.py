"""`NAME:SPLIT/AUDIO=ROOT`."""

from __future__ import annotations

from pathlib import Path

import pytest

from bandscribe.datasets.address import CorpusAddress
from tiny_corpus import write_corpus


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("mdb=here", ("mdb", "", "drum_only", "here")),
        ("mdb:train=some=where", ("mdb", "train", "drum_only", "some=where")),
        ("mdb:all/remix=a/b:c", ("mdb", "all", "remix", "a/b:c")),
        ("mdb/remix=here", ("mdb", "", "remix", "here")),
        ("mdb:/remix=here", ("mdb", "", "remix", "here")),
        ("mdb=~/here", ("mdb", "", "drum_only", str(Path.home() / "here"))),
    ],
)
def test_what_an_address_names(text: str, expected: tuple[str, ...]) -> None:
    found = CorpusAddress.parse(text, "drums")
    assert (found.corpus.name, found.split, found.variant, str(found.root)) == expected


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("irmas=here", "expected NAME=ROOT or NAME:SPLIT/AUDIO=ROOT, and NAME one of egmd, gmd"),
        ("egmd", "egmd: expected NAME=ROOT"),
        ("egmd=", "egmd=: expected NAME=ROOT"),
        ("=here", "=here: expected NAME=ROOT"),
        ("mdb/loud=here", "expected audio one of drum_only, full_mix, remix, got 'loud'"),
        ("egmd/loud=here", "expected audio to be left out .this corpus has one kind., got 'loud'"),
    ],
)
def test_what_is_no_address(text: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        CorpusAddress.parse(text, "drums")


def test_tracks_of_its_own_split_or_of_the_one_that_is_asked_for(tmp_path: Path) -> None:
    root = write_corpus(tmp_path)
    for address, number in (("egmd", 2), ("egmd:test", 1), ("egmd:all", 4)):
        assert len(CorpusAddress.parse(f"{address}={root}", "drums").tracks("train")) == number
    with pytest.raises(ValueError, match="no track of the split 'fold1', but of test, train, val"):
        CorpusAddress.parse(f"egmd:fold1={root}", "drums").tracks("train")


def test_the_usual_split_where_there_is_one(tmp_path: Path) -> None:
    root = write_corpus(tmp_path)
    (missing, *_) = sorted(root.rglob("*.wav"))
    missing.unlink()
    for address, usual, number, name in (
        ("egmd", "test", 1, "test"), ("egmd", "fold1", 4, "all"),
        ("egmd:train", "test", 2, "train"), ("egmd:all", "test", 4, "all"),
    ):  # fmt: skip
        tracks, split = CorpusAddress.parse(f"{address}={root}", "drums").choose(usual)
        assert (len(tracks), split) == (number, name)
    with pytest.raises(ValueError, match="--split: expected one of test, train, validation, all"):
        CorpusAddress.parse(f"egmd:fold1={root}", "drums").choose("test")
