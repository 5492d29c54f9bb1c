"""Whatever is wrong with a file is one ValueError that names it."""

from __future__ import annotations

import io
import json
import random
import zipfile
from collections.abc import Callable
from pathlib import Path

import mido
import numpy as np
import pytest

from bandscribe import readers
from bandscribe.datasets.annotations import read_beats
from bandscribe.formats import csv, midi, notes
from bandscribe.types import Beats
from bandscribe.vocabulary import DRUMS_10


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("{", "not JSON"),
        ("[" * 100_000, "not JSON"),
        ("[" * 500 + "]" * 500, ".*nested 100 levels deep"),
        ('{"a":' * 101 + "1" + "}" * 101, ".*nested 100 levels deep"),
        ("1" * 5000, "not JSON"),
        ("\0", "not JSON"),
    ],
    ids=["open", "deep and open", "deep", "deep objects", "long number", "nothing"],
)
def test_json(tmp_path: Path, text: str, why: str) -> None:
    path = tmp_path / "a.json"
    path.write_text(text)
    with pytest.raises(ValueError, match=f"a.json: {why}") as caught:
        readers.read_json(path)
    assert len(str(caught.value)) < 400
    path.write_text("[" * 100 + "]" * 100)
    assert len(readers.read_json(path)) == 1


def test_text_has_a_mark_or_none(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_bytes(b"\xef\xbb\xbf{}")
    assert readers.read_json(path) == {}
    path.write_bytes(b"\xff\xfe{\x00")
    with pytest.raises(ValueError, match=r"a\.json: not a text file"):
        readers.read_json(path)
    with pytest.raises(FileNotFoundError):
        readers.read_json(tmp_path / "none.json")


def test_a_table_knows_its_lines(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text('time,name\n1,"two\u2028lines\nand three"\n\n2,b,more\nx,c\n')
    first, second, third = readers.read_csv(path, "time", "name")
    assert first == {"time": "1", "name": "two\u2028lines\nand three"}
    assert [row.where for row in (first, second)] == [f"{path}: line 3", f"{path}: line 5"]
    assert (second, second.number("time")) == ({"time": "2", "name": "b"}, 2.0)
    with pytest.raises(ValueError, match=r"a\.csv: line 6: time: expected a number, got 'x'"):
        third.number("time")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "expected the columns time in each line"),
        ("a\n1\n", "expected the columns time in each line"),
        ("a,time\n1,2\n3\n", "line 3: expected the columns time in each line"),
        ("time\n" + "x" * 131_073, "line 2: field larger than field limit"),
        ("time\n" + "inf", "line 2: time: expected a number, got 'inf'"),
        ("time\n" + "1e999", "line 2: time: expected a number"),
    ],
    ids=["empty", "another", "cut", "long", "infinite", "too large"],
)
def test_tables(tmp_path: Path, text: str, why: str) -> None:
    path = tmp_path / "a.csv"
    path.write_text(text)
    with pytest.raises(ValueError, match=f"a.csv: {why}"):
        [row.number("time") for row in readers.read_csv(path, "time")]


def npz_bytes(**arrays: object) -> bytes:
    file = io.BytesIO()
    np.savez_compressed(file, **arrays)  # type: ignore[arg-type]
    return file.getvalue()


def zip_bytes(name: str, data: bytes, how: int = zipfile.ZIP_DEFLATED) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", how) as archive:
        archive.writestr(name, data)
    return file.getvalue()


def huge_header() -> bytes:
    """An array that says to hold a petabyte."""
    file = io.BytesIO()
    np.lib.format.write_array_header_1_0(
        file, {"descr": "<f8", "fortran_order": False, "shape": (10**14,)}
    )
    return zip_bytes("a.npy", file.getvalue() + bytes(100))


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"PK\x03\x04", "not a zip file"),
        (npz_bytes(a=np.zeros(3))[:-30], "not a zip file"),
        (npz_bytes(a=np.arange(999.0)).replace(b"\xfe", b"\xfd"), "a.npy: "),
        (npz_bytes(a=np.array([{}], dtype=object)), "a.npy: no array .*allow_pickle"),
        (zip_bytes("a.npy", b"\x93NUMPY"), "a.npy: no array"),
        (zip_bytes("a.npy", bytes(9), zipfile.ZIP_LZMA), "a.npy: damaged .*unusual"),
        (zip_bytes("a.npy", bytes(2**15)), "a.npy: 32,768 bytes; up to 16,384 are read"),
        (huge_header(), "a.npy: no array"),
    ],
    ids=["head", "cut", "flipped", "pickled", "short", "lzma", "bomb", "petabyte"],
)
def test_npz(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes, why: str) -> None:
    monkeypatch.setattr(readers, "LARGEST_ARRAY", 2**14)
    path = tmp_path / "a.npz"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=f"a.npz: {why}"):
        readers.read_npz(path)
    path.write_bytes(npz_bytes(a=np.arange(3), b=np.array("card")))
    found = readers.read_npz(path)
    assert (found["a"].tolist(), str(found["b"])) == ([0, 1, 2], "card")


@pytest.mark.parametrize(
    "text", ["", "<a>", "<a/><b/>", "\xff", '<?xml version="1.0" encoding="x"?><a/>']
)
def test_xml(tmp_path: Path, text: str) -> None:
    path = tmp_path / "a.xml"
    path.write_text(text, encoding="latin-1")
    with pytest.raises(ValueError, match=r"a\.xml: not XML that can be read"):
        readers.read_xml(path)


def song(*messages: mido.Message | mido.MetaMessage) -> bytes:
    file = io.BytesIO()
    mido.MidiFile(ticks_per_beat=480, tracks=[mido.MidiTrack(messages)]).save(file=file)
    return file.getvalue()


def test_midi_with_a_delta_that_never_ends(tmp_path: Path) -> None:
    path = tmp_path / "a.mid"
    note = song(mido.Message("note_on", channel=9, note=36, velocity=9, time=1))
    start = note.index(b"\x01\x99")
    for length in (4, 9, 30, 1000):
        delta = b"\xff" * length + b"\x7f"
        data = note[:start] + delta + note[start + 1 :]
        size = (int.from_bytes(note[18:22], "big") + length).to_bytes(4, "big")
        path.write_bytes(data[:18] + size + data[22:])
        with pytest.raises(ValueError, match=r"a\.mid: no notes in MIDI that can be read"):
            notes.read(path)
    with path.open("wb") as file:
        file.truncate(midi.LARGEST + 1)
    with pytest.raises(ValueError, match=r"a\.mid: larger than"):
        notes.read(path)


@pytest.mark.parametrize(
    "position", ["inf", "nan", "1e30", "0", "-1", "999999", "null", '"x"', "[]"]
)
@pytest.mark.parametrize("time", [0.5, 1e30])
def test_a_position_that_is_none(tmp_path: Path, position: str, time: float) -> None:
    beat = {"time": time, "position": 0.25, "value": 0.25}
    text = json.dumps({"notes": [], "beats": [beat]}).replace("0.25", position)
    (tmp_path / "a.json").write_text(text.replace("inf", "Infinity").replace("nan", "NaN"))
    with pytest.raises(ValueError, match=r"a\.json: no drum notes"):
        notes.read(tmp_path / "a.json")
    (tmp_path / "a.beats.csv").write_text(f"time,position\n{time},{position}\n")
    with pytest.raises(ValueError, match=r"a\.beats\.csv: no beats"):
        read_beats(tmp_path / "a.beats.csv")


def test_beats_of_text_and_numbers() -> None:
    beats = Beats.of([("0.5", "2.0"), (1, 3), (1.5, 1)])
    assert (beats.times.tolist(), beats.positions.tolist()) == ([0.5, 1.0, 1.5], [2, 3, 1])
    assert beats.positions.dtype == np.int64
    assert len(Beats.of([]).times) == 0


NOTES = {
    "a.json": json.dumps({"notes": [{"onset": 0.5, "class": "KD", "velocity": 0.5}] * 3,
                          "beats": [{"time": 0.5, "position": 1}], "duration": 2.0}),
    "a.jams": json.dumps({"annotations": [
        {"namespace": "tag_open", "data": [{"time": 0.5, "value": "KD", "confidence": 1}]},
        {"namespace": "beat", "data": [{"time": 0.5, "value": 1}]},
    ], "file_metadata": {"duration": 2.0}}),
    "a.csv": "onset,class,velocity\n0.5,KD,0.25\n0.75,SD,1\n",
    "a.txt": "0.5 KD\n0.75 SD\n",
}  # fmt: skip
#: What is put in the place of a value.
ODD = ("null", "true", "[]", "{}", '"x"', "-1", "1e999", "NaN", "1e30", '"' + "9" * 5000 + '"')


@pytest.mark.parametrize("name", NOTES)
def test_notes_of_any_shape(tmp_path: Path, name: str) -> None:
    """Each value in turn becomes something odd: notes or a ValueError that names the file."""
    text, path = NOTES[name], tmp_path / name
    rng = random.Random(0)
    for _ in range(300):
        start = rng.randrange(len(text))
        changed = text[:start] + rng.choice(ODD) + text[start + rng.randrange(8) :]
        path.write_text(changed)
        _read_or_refuse(notes.read, path)


@pytest.mark.parametrize("damage", range(8))
def test_midi_of_any_bytes(tmp_path: Path, damage: int) -> None:
    hits = [mido.Message("note_on", channel=9, note=36, velocity=90, time=99) for _ in range(9)]
    whole = song(mido.MetaMessage("set_tempo"), mido.MetaMessage("time_signature"), *hits)
    path, rng = tmp_path / "a.mid", random.Random(damage)
    for _ in range(100):
        data = bytearray(whole)
        for _ in range(rng.choice((1, 1, 3, 20))):
            start = rng.randrange(len(data) - 8)
            data[start : start + rng.randrange(5)] = rng.randbytes(rng.randrange(9))
        path.write_bytes(data[: rng.randrange(len(data) // 2, 2 * len(data))])
        _read_or_refuse(notes.read, path)


def _read_or_refuse(read: Callable[[Path], object], path: Path) -> None:
    try:
        read(path)
    except ValueError as error:
        assert str(error).startswith(f"{path}: ")
        assert len(str(error)) < 500 + len(str(path)) and "\n" not in str(error)


def test_velocities_that_are_none(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("onset,class,velocity\n0.5,KD,nan\n")
    with pytest.raises(ValueError, match=r"a\.csv: line 2: velocity: expected a number, got 'nan'"):
        csv.read(tmp_path / "a.csv", classes=DRUMS_10)
