"""`bandscribe open` as a command, and what other commands do with corrections it saved."""

import csv
import json
from pathlib import Path

import pytest

from bandscribe.formats import json as our_json
from bandscribe.formats import notes


@pytest.fixture
def corrected(tmp_path: Path) -> Path:
    """What the page saves, of three notes."""
    path = tmp_path / "song.json"
    rows = [(0.25, "KD", 1.0), (0.5, "CHH", 0.25), (0.75, "SD", 0.5)]
    content = {
        "file": "song.wav",
        "duration": 2.5,
        "classes": ["KD", "SD"],
        "notes": [{"onset": t, "class": name, "velocity": v} for t, name, v in rows],
        "beats": [{"time": 0.25 * i, "position": i % 4 + 1} for i in range(8)],
        "sensitivity": {"KD": 0.5},
    }
    path.write_text(json.dumps(content))
    return path


def test_corrections_are_written_in_other_formats(transcribe, corrected) -> None:
    result = transcribe(corrected, "--format", "midi,csv,jams")
    assert (result.code, result.err) == (0, "")
    summary = "0:02  240 bpm, 4/4  3 notes (KD 1, SD 1, CHH 1)"
    assert result.out == f"{corrected} → song.mid, song.csv, song.jams  {summary}\n"
    with Path("song.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [(float(row["onset"]), row["class"], float(row["velocity"])) for row in rows] == [
        (0.25, "KD", 1.0), (0.5, "CHH", 0.25), (0.75, "SD", 0.5),
    ]  # fmt: skip
    assert notes.read("song.mid").labels.tolist() == ["KD", "CHH", "SD"]


def test_corrections_in_fewer_classes(transcribe, corrected) -> None:
    assert transcribe(corrected, "--classes", "3", "--format", "json", "-o", "x.json").code == 0
    assert our_json.read("x.json", classes=("KD", "SD", "HH")).labels.tolist() == ["KD", "HH", "SD"]


@pytest.mark.parametrize("format", ["npz", "png"])
def test_corrections_have_no_activations(transcribe, corrected, format) -> None:
    result = transcribe(corrected, "--format", format)
    assert (result.code, len(result.complaints)) == (1, 1)
    assert str(corrected) in result.err and "recording" in result.err


def test_corrections_are_never_overwritten(transcribe, corrected) -> None:
    before = corrected.read_text()
    result = transcribe(corrected, "--format", "json", "-o", corrected)
    assert result.code == 1 and corrected.read_text() == before


def test_corrections_are_evaluated(bandscribe, corpus, corrected, tmp_path) -> None:
    estimates = tmp_path / "estimates"
    estimates.mkdir()
    corrected.rename(estimates / "MusicDelta_X_Drum.json")
    result = bandscribe("evaluate", "drums", "mdb", corpus, "--estimates", estimates, "-o", "out")
    assert result.code == 0, result.err
    metrics = json.loads(Path("out/metrics.json").read_text())
    assert metrics["classes_5"]["micro"]["recall"] > 0


@pytest.mark.parametrize("what", ["missing.wav", "."])
def test_what_cannot_be_opened_has_a_line(bandscribe, what) -> None:
    pytest.importorskip("fastapi", reason="needs the extra page")
    result = bandscribe("open", what, "--no-browser")
    assert (result.code, len(result.complaints)) == (1, 1)
    assert result.err.startswith(f"bandscribe: {what}: ")
