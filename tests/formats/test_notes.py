from pathlib import Path

import numpy as np
import pytest

from bandscribe.formats import csv, jams, json, midi, notes
from bandscribe.types import Beats, Transcription
from bandscribe.vocabulary import DRUMS_5


@pytest.fixture
def written() -> Transcription:
    onsets, labels = np.array([0.5, 1.0, 1.0]), np.array(["KD", "HH", "CY"])
    beats = Beats(np.array([0.5, 1.0, 1.5]), np.array([4, 1, 2]))
    return Transcription(onsets, labels, np.array([1.0, 0.5, 0.25]), 2.0, DRUMS_5, beats)


def test_what_we_write_is_read(tmp_path: Path, written: Transcription) -> None:
    csv.write(tmp_path / "a.csv", written)
    jams.write(tmp_path / "a.jams", written, file="a.wav")
    json.write(tmp_path / "a.json", written, file="a.wav")
    for name in ("a.csv", "a.jams", "a.json"):
        read = notes.read(tmp_path / name)
        assert read.labels.tolist() == ["KD", "HH", "CY"]
        assert read.onsets.tolist() == [0.5, 1.0, 1.0]
        assert read.velocities is not None
        assert read.velocities.tolist() == [1.0, 0.5, 0.25]
        if name != "a.csv":
            assert read.duration == 2.0
            assert read.beats is not None
            assert read.beats.times.tolist() == [0.5, 1.0, 1.5]
            assert read.beats.positions.tolist() == [4, 1, 2]
    midi.write(tmp_path / "a.mid", written)
    assert notes.read(tmp_path / "a.mid").labels.tolist() == ["KD", "CHH", "CR"]


def test_what_is_unknown_stays_unknown(tmp_path: Path, written: Transcription) -> None:
    plain = Transcription(written.onsets, written.labels, None, 2.0, DRUMS_5)
    jams.write(tmp_path / "a.jams", plain, file="a.wav")
    json.write(tmp_path / "a.json", plain, file="a.wav")
    assert notes.read(tmp_path / "a.json").velocities is None
    read = notes.read(tmp_path / "a.jams")
    assert (read.velocities, read.beats) == (None, None)
    # Confidences of others are no velocities, and beats without positions are no grid.
    foreign = (tmp_path / "a.jams").read_text().replace('"bandscribe"', '"other"')
    foreign = foreign.replace('"confidence": null', '"confidence": 0.7')
    beat = '{"namespace": "beat", "data": [{"time": 1, "value": null}]}'
    foreign = foreign.replace('"annotations": [', f'"annotations": [{beat},')
    (tmp_path / "b.jams").write_text(foreign)
    read = notes.read(tmp_path / "b.jams")
    assert (len(read.onsets), read.velocities, read.beats) == (3, None, None)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.txt", "0.5\tKD\n0.7\tOT\n1.0\tSD\n"),
        ("a.json", '{"notes": [{"onset": 1, "class": "SD"}, {"onset": 0.5, "class": "KD"}]}'),
        ("a.txt", "# system X\n1.0\tSD\n0.5 KD\n\n2.0 54\n"),
        ("a.txt", "0.5;36;0.9\n1.0;38.0\n"),
        ("a.csv", "0.5,KD\n1.0,SD\n"),
        ("a.CSV", "class,onset\nSD,1.0\nKD,0.5\n"),
        ("a.jams", '{"annotations": [{"namespace": "note_midi", "data": ['
         '{"time": 0.5, "value": 36.0}, {"time": 1.0, "value": 38}]}]}'),
    ],
)  # fmt: skip
def test_what_others_write_is_read(name: str, text: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text(text)
    read = notes.read(tmp_path / name)
    assert read.labels.tolist() == ["KD", "SD"]
    assert read.onsets.tolist() == [0.5, 1.0]


@pytest.mark.parametrize(
    ("name", "text", "reason"),
    [
        ("a.txt", "0.5 gong\n", "line 1: expected a time and a label.*got 'gong'"),
        ("a.txt", "0.5 KD\nsoon KD\n", "line 2: expected a time and a label"),
        ("a.txt", "0.5\n", "line 1: expected a time and a label"),
        ("a.txt", "0.5 200\n", "or a MIDI note, got '200'"),
        ("a.txt", "nan KD\n", "onsets: expected finite"),
        ("a.jams", "{}", "no drum notes in JAMS"),
        ("a.json", "{}", "no drum notes in JSON"),
        ("a.json", "[1]", "no drum notes in JSON .expected an object with notes"),
        ("a.json", "{", "not JSON"),
        ("a.json", '{"notes": [{"onset": 1, "class": "gong"}]}', "no drum notes.*gong"),
        ("a.mid", "MThd", "not a MIDI file"),
    ],
)
def test_bad_files_are_named(name: str, text: str, reason: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(ValueError, match=f"{name}: .*{reason}"):
        notes.read(tmp_path / name)
