"""The text formats and npz, against what is written down in the design."""

from __future__ import annotations

import json as plain_json
import warnings
from pathlib import Path

import numpy as np
import pytest

from bandscribe.formats import csv, jams, json, npz
from bandscribe.types import Activations, Beats, Transcription
from bandscribe.vocabulary import DRUMS_10

PART = Transcription(
    np.array([0.1234567, 0.5, 0.5]),
    np.array(["KD", "SD", "CHH"]),
    np.array([1.0, 0.25, 1 / 3]),
    2.0,
    DRUMS_10,
    Beats(np.array([0.1, 0.6]), np.array([4, 1])),
)
PLAIN = Transcription(PART.onsets, PART.labels, None, 2.0, DRUMS_10)
EMPTY = Transcription(np.zeros(0), np.zeros(0, np.str_), np.zeros(0), 0.05, DRUMS_10)


def test_csv_by_hand(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    csv.write(path, PART)
    assert path.read_bytes() == (
        b"onset,class,velocity\n0.123457,KD,1.0000\n0.500000,SD,0.2500\n0.500000,CHH,0.3333\n"
    )
    csv.write(path, PLAIN)
    assert path.read_text().splitlines()[1] == "0.123457,KD,"
    csv.write(path, EMPTY)
    assert path.read_text() == "onset,class,velocity\n"


@pytest.mark.parametrize("part", [PART, PLAIN, EMPTY])
def test_csv_round_trip(tmp_path: Path, part: Transcription) -> None:
    csv.write(tmp_path / "a.csv", part)
    again = csv.read(tmp_path / "a.csv", classes=DRUMS_10, duration=part.duration)
    np.testing.assert_allclose(again.onsets, part.onsets, atol=1e-6)
    np.testing.assert_array_equal(again.labels, part.labels)
    assert again.duration == part.duration
    if part.velocities is None:
        assert again.velocities is None
    else:
        assert again.velocities is not None
        np.testing.assert_allclose(again.velocities, part.velocities, atol=1e-4)


def test_csv_from_elsewhere(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("\ufeffclass,onset,note\r\nSD,2,x\r\nKD,1,y\r\n")
    read = csv.read(tmp_path / "a.csv", classes=DRUMS_10)
    assert (read.onsets.tolist(), read.labels.tolist()) == ([1.0, 2.0], ["KD", "SD"])
    assert (read.duration, read.velocities) == (2.0, None)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b"", "expected the columns onset, class"),
        (b"time,class\n1,KD\n", "expected the columns onset, class"),
        (b"onset,class\n1,KD\nx,KD\n", "line 3: onset: expected a number, got 'x'"),
        (b"onset,class\n1,BANJO\n", "line 2: expected one of KD, .* got 'BANJO'"),
        (b"onset,class\n1\n", "line 2: expected the columns onset, class"),
        (b"onset,class\nnan,KD\n", "line 2: onset: expected a number, got 'nan'"),
        (b"onset,class,velocity\n1,KD,2\n", r"values in \[0, 1\]"),
        (b"\xff\xfe\x00", "not a text file"),
    ],
)
def test_csv_refuses(tmp_path: Path, text: bytes, message: str) -> None:
    (tmp_path / "a.csv").write_bytes(text)
    with pytest.raises(ValueError, match=rf"a\.csv.*{message}"):
        csv.read(tmp_path / "a.csv", classes=DRUMS_10)


def test_json_by_hand(tmp_path: Path) -> None:
    json.write(tmp_path / "a.json", PART, file="søng.mp3")
    assert plain_json.loads((tmp_path / "a.json").read_text(encoding="utf-8")) == {
        "file": "søng.mp3",
        "duration": 2.0,
        "classes": list(DRUMS_10),
        "notes": [
            {"onset": 0.123457, "class": "KD", "velocity": 1.0},
            {"onset": 0.5, "class": "SD", "velocity": 0.25},
            {"onset": 0.5, "class": "CHH", "velocity": 0.3333},
        ],
        "beats": [{"time": 0.1, "position": 4}, {"time": 0.6, "position": 1}],
    }
    json.write(tmp_path / "a.json", PLAIN, file="a")
    read = plain_json.loads((tmp_path / "a.json").read_text())
    assert (read["notes"][0]["velocity"], read["beats"]) == (None, [])


@pytest.mark.parametrize("part", [PART, PLAIN, EMPTY])
def test_jams_validates(tmp_path: Path, part: Transcription) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the library's own
        reference = pytest.importorskip("jams")
        jams.write(tmp_path / "a.jams", part, file="song.mp3")
        read = reference.load(str(tmp_path / "a.jams"), validate=True, strict=True)
        assert read.validate()
    assert read.file_metadata.duration == part.duration
    assert [a.namespace for a in read.annotations] == ["tag_open", "beat"][: 1 + bool(part.beats)]
    notes = read.annotations[0]
    assert [note.value for note in notes.data] == part.labels.tolist()
    np.testing.assert_allclose([note.time for note in notes.data], part.onsets, atol=1e-6)
    if part.beats:
        assert [beat.value for beat in read.annotations[1].data] == [4, 1]
        assert [beat.time for beat in read.annotations[1].data] == [0.1, 0.6]
        assert [note.confidence for note in notes.data] == [1.0, 0.25, 0.3333]


def curves(values: np.ndarray, classes: tuple[str, ...]) -> Activations:
    return Activations(values.astype(np.float32), 100.0, 0.5, classes)


def test_npz(tmp_path: Path) -> None:
    values, hard, beats = (np.random.default_rng(0).random((200, n)) for n in (10, 10, 2))
    onsets, velocities = curves(values, DRUMS_10), curves(hard, DRUMS_10)
    pulse = curves(beats, ("beat", "downbeat"))
    npz.write(tmp_path / "a.npz", onsets, velocities, pulse, PART)
    with np.load(tmp_path / "a.npz") as read:
        assert sorted(read) == [
            "beat_positions", "beat_times", "beats", "classes", "frame_rate", "labels",
            "note_velocities", "onsets", "start", "values", "velocities",
        ]  # fmt: skip
        np.testing.assert_array_equal(read["values"], onsets.values)
        np.testing.assert_array_equal(read["velocities"], velocities.values)
        np.testing.assert_array_equal(read["beats"], pulse.values)
        assert (float(read["frame_rate"]), float(read["start"])) == (100.0, 0.5)
        assert tuple(read["classes"]) == DRUMS_10
        np.testing.assert_array_equal(read["onsets"], PART.onsets)
        np.testing.assert_array_equal(read["labels"], PART.labels)
        np.testing.assert_array_equal(read["note_velocities"], PART.velocities)
        assert (read["beat_times"].tolist(), read["beat_positions"].tolist()) == (
            [0.1, 0.6],
            [4, 1],
        )
    npz.write(tmp_path / "b.npz", onsets, velocities, pulse, PLAIN)
    with np.load(tmp_path / "b.npz") as read:
        assert np.isnan(read["note_velocities"]).tolist() == [True] * 3
        assert read["beat_times"].shape == read["beat_positions"].shape == (0,)
    with pytest.raises(ValueError, match="beats: expected the 200 frames of the onsets, got 199"):
        npz.write(tmp_path / "c.npz", onsets, velocities, curves(beats[1:], pulse.classes), PART)


def test_the_same_input_gives_the_same_bytes(tmp_path: Path) -> None:
    activations = curves(np.zeros((9, 10)), DRUMS_10)
    pulse = curves(np.zeros((9, 2)), ("beat", "downbeat"))
    written = []
    for name in ("one", "two"):
        jams.write(tmp_path / f"{name}.jams", PART, file="a")
        npz.write(tmp_path / f"{name}.npz", activations, activations, pulse, PART)
        written.append([(tmp_path / f"{name}.{s}").read_bytes() for s in ("jams", "npz")])
    assert written[0] == written[1]


def test_json_keeps_how_long_beats_are_written(tmp_path: Path) -> None:
    grid = Beats(np.array([0.5, 1.0]), np.array([1, 2]), 1.5)
    part = Transcription(np.array([0.5]), np.array(["KD"]), None, 2.0, DRUMS_10, grid)
    json.write(tmp_path / "a.json", part, file="a")
    read = json.read(tmp_path / "a.json", classes=DRUMS_10)
    assert read.beats is not None
    assert read.beats.quarters == 1.5
    text = (tmp_path / "a.json").read_text().replace("1.5", "1.7")
    (tmp_path / "a.json").write_text(text)
    with pytest.raises(ValueError, match="beat_quarters: expected one of"):
        json.read(tmp_path / "a.json", classes=DRUMS_10)
