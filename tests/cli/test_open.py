"""`bandscribe open` as a command, and what other commands do with corrections it saved."""

import csv
import json
import shutil
import socket
from pathlib import Path

import numpy as np
import pytest

from bandscribe import audio
from bandscribe.formats import json as our_json
from bandscribe.formats import notes
from bandscribe.types import Audio
from bandscribe.vocabulary import DRUMS_3, DRUMS_5, DRUMS_10


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


@pytest.mark.parametrize(
    ("requested", "classes"),
    [([], DRUMS_5), (["--classes", "5"], DRUMS_5), (["--classes", "3"], DRUMS_3)],
)
def test_notes_of_five_classes_keep_them(transcribe, tmp_path, requested, classes) -> None:
    rows = [{"onset": float(i), "class": name} for i, name in enumerate(("KD", "HH", "CY"))]
    five = tmp_path / "five.json"
    five.write_text(json.dumps({"file": "five.wav", "duration": 3, "notes": rows}))
    formats = ["--format", "midi,json", "-o", "out"]
    result = transcribe(five, *formats, *requested)
    assert (result.code, result.err) == (0, "")
    written = json.loads(Path("out/five.json").read_text())
    kept = [label for label in ("KD", "HH", "CY") if label in classes]
    assert written["classes"] == list(classes)
    assert [note["class"] for note in written["notes"]] == kept


@pytest.mark.parametrize("format", ["npz", "png"])
def test_corrections_have_no_activations(transcribe, corrected, format) -> None:
    result = transcribe(corrected, "--format", f"midi,{format}")
    assert (result.code, len(result.complaints), list(Path().iterdir())) == (2, 1, [])
    assert f"--format: {format} needs the recording itself, and {corrected} holds" in result.err


@pytest.mark.parametrize("option", [("--tempo", 90), ("--metre", "3/4"), ("--sensitivity", 0.5)])
def test_options_of_the_analysis_have_no_effect_on_corrections(
    transcribe, corrected, option
) -> None:
    result = transcribe(corrected, *option)
    assert (result.code, len(result.complaints), list(Path().iterdir())) == (2, 1, [])
    assert f"{option[0]}: has no effect on {corrected}, which holds notes" in result.err


@pytest.mark.parametrize(
    ("arguments", "kept"),
    [((), 0.2), (("--classes", "5"), 0.2), (("--start", "0.4"), None)],
)
def test_the_confidence_is_kept_with_all_notes(transcribe, corrected, arguments, kept) -> None:
    content = json.loads(corrected.read_text())
    corrected.write_text(json.dumps({**content, "confidence": 0.2}))
    result = transcribe(corrected, "-o", "again.json", *arguments)
    assert json.loads(Path("again.json").read_text()).get("confidence") == kept
    assert ("doubtful: mean probability 0.20" in result.out) == (kept is not None)


@pytest.mark.parametrize("value", ["x", 1.5, float("nan")])
def test_a_confidence_that_is_none(transcribe, corrected, value) -> None:
    content = json.loads(corrected.read_text())
    corrected.write_text(json.dumps({**content, "confidence": value}))
    result = transcribe(corrected)
    assert (result.code, len(result.complaints)) == (1, 1)
    assert str(corrected) in result.err


@pytest.mark.parametrize("onset", [-0.5, 2.75])
def test_a_note_outside_of_the_recording(transcribe, corrected, onset) -> None:
    content = json.loads(corrected.read_text())
    content["notes"].append({"onset": onset, "class": "KD", "velocity": 1.0})
    corrected.write_text(json.dumps(content))
    result = transcribe(corrected)
    assert (result.code, len(result.complaints), list(Path().iterdir())) == (1, 1, [])
    expected = f"{corrected}: a note at {onset:g} s, outside of its duration, 0 to 2.5 s"
    assert expected in result.err


def test_a_preview_of_corrections_plays_the_recording_beside_them(transcribe, corrected) -> None:
    noise = np.random.default_rng(1).normal(0, 0.1, (1, 110_250)).astype(np.float32)
    audio.write(corrected.with_name("song.wav"), Audio(noise, 44_100))
    result = transcribe(corrected, "--format", "preview,csv", "--start", "0.4")
    assert (result.code, result.err) == (0, "")
    left, right = audio.read("song.preview.flac").samples
    assert np.corrcoef(left, noise[0, round(0.4 * 44_100) :])[0, 1] > 0.9999
    begins = [round(44_100 * time) for time in (0.1, 0.35)]  # the hat at 0.5 s, the snare at 0.75 s
    assert not right[: begins[0] - 1].any()
    for begin in begins:
        assert (
            np.abs(right[begin : begin + 220]).max() > 10 * np.abs(right[begin - 220 : begin]).max()
        )
    with Path("song.csv").open() as file:
        assert [row["class"] for row in csv.DictReader(file)] == ["CHH", "SD"]


@pytest.mark.parametrize("name", ["song.wav", "../song.wav", "", "..", "a\0b", None, 3])
def test_a_preview_of_corrections_needs_the_recording_beside_them(
    transcribe, corrected, groove_wav, name
) -> None:
    content = json.loads(corrected.read_text())
    folder = corrected.parent / "deeper"
    folder.mkdir()
    (folder / "song.json").write_text(json.dumps({**content, "file": name}))
    shutil.copy(groove_wav, corrected.with_name("song.wav"))
    result = transcribe(folder / "song.json", "--format", "preview")
    assert (result.code, len(result.complaints), list(Path().iterdir())) == (1, 1, [])
    assert "a preview needs the recording" in result.err and "in the same folder" in result.err


def test_a_range_of_corrections(transcribe, corrected) -> None:
    result = transcribe(corrected, "--start", "0.5", "--end", "0.7", "-o", "part.json")
    assert result.code == 0
    part = our_json.read("part.json", classes=DRUMS_10)
    assert (part.onsets.tolist(), part.duration) == ([0.5], 0.7)
    assert part.beats is not None and part.beats.times.tolist() == [0.5]


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


def test_corrections_of_a_link_are_beside_the_link(bandscribe, groove_wav, monkeypatch) -> None:
    pytest.importorskip("fastapi", reason="needs the extra page")
    shown = []

    class Server:
        def __init__(self, _: object, *, started: object) -> None:
            pass

        def run(self, sockets: list[socket.socket]) -> None:
            sockets[0].close()

    monkeypatch.setattr(
        "bandscribe.server.app.create_app", lambda **given: shown.append(given["recording"])
    )
    monkeypatch.setattr("bandscribe.server.app.create_server", Server)
    Path("song.wav").symlink_to(groove_wav)
    assert bandscribe("open", "song.wav", "--no-browser").code == 0
    assert [recording.corrections for recording in shown] == [Path.cwd() / "song.json"]


def test_what_is_not_sound_has_no_page(bandscribe, corrected, tmp_path) -> None:
    pytest.importorskip("fastapi", reason="needs the extra page")
    result = bandscribe("open", corrected, "--no-browser")
    assert (result.code, len(result.complaints)) == (1, 1)
    assert f"{corrected}: holds notes; name the recording" in result.err
    (tmp_path / "part.svg").write_text("<svg/>")
    result = bandscribe("open", tmp_path / "part.svg", "--no-browser")
    assert (result.code, len(result.complaints)) == (1, 1)
    assert result.err.startswith(f"bandscribe: {tmp_path / 'part.svg'}: ")
