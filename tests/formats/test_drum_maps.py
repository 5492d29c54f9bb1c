"""Maps: of well-known samplers, and of one's own."""

from pathlib import Path

import mido
import numpy as np
import pytest

from bandscribe.formats import drum_maps, midi
from bandscribe.types import Transcription
from bandscribe.vocabulary import DRUMS_10, GM_NOTES, ROLAND_TO_10


@pytest.mark.parametrize("name", drum_maps.MAPS)
def test_every_map_has_a_note_for_every_class(name: str) -> None:
    numbers = drum_maps.load(name)
    assert set(numbers) == set(GM_NOTES)
    ten = [numbers[drum] for drum in DRUMS_10]
    assert len(set(ten)) == 10
    assert all(0 <= note <= 127 for note in numbers.values())


def test_the_module_is_that_of_groove_midi() -> None:
    numbers = drum_maps.load("td-17")
    assert {drum: ROLAND_TO_10[numbers[drum]] for drum in DRUMS_10} == {d: d for d in DRUMS_10}


@pytest.mark.parametrize(
    ("name", "text"),
    [("own.csv", "class,note\nKD,35\nCR,57\n"), ("own.json", '{"KD": 35, "CR": 57}')],
)
def test_a_map_of_ones_own(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).write_text(text)
    assert drum_maps.load(str(tmp_path / name)) == {**GM_NOTES, "KD": 35, "CR": 57}


@pytest.mark.parametrize(
    ("name", "text", "reason"),
    [
        ("own.csv", "class,note\nkick,35\n", "own.csv: expected some of KD, SD"),
        ("own.csv", "class,note\nKD,C1\n", "own.csv: KD: expected a MIDI note from 0 to 127"),
        ("own.json", '{"KD": 128}', "own.json: KD: expected a MIDI note from 0 to 127, got 128"),
        ("own.json", "[35]", "own.json: expected an object of classes and MIDI notes"),
        ("own.csv", "a,b\n1,2\n", "own.csv"),
    ],
)
def test_what_is_no_map_is_refused(tmp_path: Path, name: str, text: str, reason: str) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(ValueError, match=reason):
        drum_maps.load(str(tmp_path / name))


def test_an_unknown_name_is_refused() -> None:
    with pytest.raises(ValueError, match="map: expected one of general-midi, ezdrummer"):
        drum_maps.load("roland")


def test_midi_has_the_notes_of_the_map(tmp_path: Path) -> None:
    part = Transcription(np.array([0.5, 1.0]), np.array(["KD", "CHH"]), None, 2.0, DRUMS_10)
    midi.write(tmp_path / "x.mid", part, numbers=drum_maps.load("addictive-drums"))
    played = [m.note for m in mido.MidiFile(tmp_path / "x.mid") if m.type == "note_on"]
    assert {*played} == {36, 49}
