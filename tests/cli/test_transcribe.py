"""What `bandscribe transcribe` writes, and its plots with a reference."""

import csv
import json
import os
import shutil
from pathlib import Path

import mido
import numpy as np
import pytest
import soundfile

from bandscribe.cli.transcribe import _summary
from bandscribe.display import Reference
from bandscribe.formats import json as json_format
from bandscribe.types import Beats, Transcription
from bandscribe.vocabulary import DRUMS_10

from .conftest import listing


def test_midi_into_the_working_directory(transcribe, song, groove) -> None:
    result = transcribe(song)
    assert (result.code, result.err) == (0, "")
    assert result.out == f"{song} → song.mid  0:02  8 notes (KD 2, SD 2, CHH 2, OHH 1, RD 1)\n"
    notes = [message for message in mido.MidiFile("song.mid") if message.type == "note_on"]
    assert len([note for note in notes if note.velocity]) == len(groove)


def test_without_notes_no_tempo_is_shown() -> None:
    beats = Beats(np.arange(0.0, 8.0, 0.5), np.arange(16) % 4 + 1)
    part = Transcription(np.array([1.0]), np.array(["KD"]), None, 8.0, DRUMS_10, beats)
    assert _summary(part) == "0:08  120 bpm, 4/4  1 note (KD 1)"
    assert _summary(part.select(part.onsets > 2)) == "0:08  0 notes"


@pytest.mark.parametrize(
    ("confidence", "remark"),
    [(None, ""), (0.5, ""), (0.4937, "  doubtful: mean probability 0.49")],
)
def test_a_doubtful_part_is_marked(confidence: float | None, remark: str, tmp_path: Path) -> None:
    part = Transcription(
        np.array([1.0]), np.array(["KD"]), np.ones(1), 2.0, DRUMS_10, confidence=confidence
    )
    assert _summary(part) == "0:02  1 note (KD 1)" + remark
    written = json_format.content(part, file="song.wav").get("confidence")
    assert written == confidence


def test_every_format_in_a_folder(transcribe, song, groove) -> None:
    result = transcribe(song, "--format", "midi,csv,jams,json,npz,png", "-o", "new/out")
    assert (result.code, result.err) == (0, "")
    assert listing(Path("new/out")) == [
        f"song.{suffix}" for suffix in ("csv", "jams", "json", "mid", "npz", "png")
    ]
    with Path("new/out/song.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [row["class"] for row in rows] == list(groove.values())
    plain = json.loads(Path("new/out/song.json").read_text())
    assert (plain["file"], plain["duration"], len(plain["notes"])) == ("song.wav", 2.5, 8)
    with np.load("new/out/song.npz") as arrays:
        assert arrays["values"].shape == arrays["velocities"].shape == (291, 10)
        assert arrays["beats"].shape == (291, 2)


def test_fewer_classes(transcribe, song) -> None:
    assert "8 notes (KD 2, SD 2, HH 3, CY 1)" in transcribe(song, "--classes", "5").out
    assert "7 notes (KD 2, SD 2, HH 3)" in transcribe(song, "--classes", "3").out


@pytest.mark.parametrize("tempo", ["50-56", "52"])
def test_a_requested_metre_and_tempo(bandscribe, tempo) -> None:
    groove = Path(__file__).parents[2] / "examples/groove.flac"  # 104 bpm
    options = ("--metre", "3/4", "--tempo", tempo, "--format", "json")
    result = bandscribe("transcribe", groove, *options)
    assert result.code == 0
    assert "  52 bpm, 3/4  " in result.out
    beats = json.loads(Path("groove.json").read_text())["beats"]
    positions = np.array([beat["position"] for beat in beats])
    assert set(np.diff(positions) % 3) == {1} and positions.max() == 3
    steps = np.diff([beat["time"] for beat in beats])
    assert np.all((steps > 60 / 56) & (steps < 60 / 50))
    assert tempo != "52" or np.ptp(steps) < 1e-5


def test_one_input_and_one_format_name_a_file(transcribe, song) -> None:
    assert transcribe(song, "-o", "deep/part.csv").code == 0
    assert Path("deep/part.csv").read_text().startswith("onset,class,velocity\n")
    assert transcribe(song, "-o", "part.txt", "--format", "json").code == 0
    assert json.loads(Path("part.txt").read_text())["file"] == "song.wav"


def test_a_folder_that_exists_is_a_folder(transcribe, song) -> None:
    Path("out").mkdir()
    assert transcribe(song, "-o", "out").code == 0
    assert transcribe(song, "-o", "new/").code == 0
    assert transcribe(song, "-o", "parts").code == 0
    assert transcribe(song, "-o", "all", "--format", "csv").code == 0
    assert listing(Path()) == ["all/song.csv", "new/song.mid", "out/song.mid", "parts/song.mid"]


def test_folders_keep_their_paths(transcribe, album) -> None:
    result = transcribe(album, "-o", "out")
    assert result.code == 0
    assert listing(Path("out")) == ["b.mid", "disc 2/01. Feat. X.mid"]
    assert len(result.out.splitlines()) == 2


def test_a_file_named_twice_is_done_once(transcribe, album) -> None:
    assert len(transcribe(album, album / "b.wav").out.splitlines()) == 2


def test_outputs_are_replaced_or_skipped(transcribe, song) -> None:
    Path("song.mid").write_text("old")
    result = transcribe(song, "--skip-existing")
    assert (result.code, result.out) == (0, f"{song}: skipped, song.mid is there\n")
    assert Path("song.mid").read_text() == "old"
    assert transcribe(song).code == 0
    assert Path("song.mid").read_bytes().startswith(b"MThd")


def test_skipping_fills_in_what_is_missing(transcribe, song) -> None:
    Path("song.mid").write_text("old")
    assert transcribe(song, "--skip-existing", "--format", "midi,csv").code == 0
    assert listing(Path()) == ["song.csv", "song.mid"]
    assert Path("song.mid").read_text() == "old"


@pytest.fixture
def compared(monkeypatch: pytest.MonkeyPatch) -> list[Reference]:
    """The references of the pictures, which are not drawn."""
    shown: list[Reference] = []
    monkeypatch.setattr(
        "bandscribe.display.plot", lambda *_, reference, **__: shown.append(reference)
    )
    return shown


def annotate(path: Path, groove: dict[float, str], shift: float = 0.0) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(f"{onset + shift}\t{name}\n" for onset, name in groove.items()))
    return path


def test_a_picture_shows_hits_and_errors(transcribe, song, groove, compared) -> None:
    wrong = {**groove, 2.2: "HT"}
    del wrong[next(onset for onset, name in groove.items() if name == "SD")]
    notes = annotate(Path("mine.txt"), wrong, shift=0.03)
    result = transcribe(song, "--format", "png", "--reference", notes)
    assert (result.code, result.err) == (0, "")
    (reference,) = compared
    assert (reference.right.sum(), len(reference.right)) == (7, 8)
    assert reference.notes.labels[~reference.found].tolist() == ["HT"]


def test_references_of_a_folder_go_by_name(transcribe, album, groove, compared) -> None:
    annotate(Path("notes/b.txt"), groove)
    result = transcribe(album, "--format", "png,csv", "-o", "out", "--reference", "notes")
    assert (result.code, len(result.complaints), len(compared)) == (1, 1, 1)
    assert "notes holds no notes of its name, as 01. Feat. X.csv" in result.err
    annotate(Path("notes/disc 2/01. Feat. X.txt"), groove)
    assert transcribe(album, "--format", "png", "--reference", "notes").code == 0
    assert [reference.found.all() for reference in compared[1:]] == [True, True]


def test_a_reference_in_wider_classes(transcribe, song, compared) -> None:
    notes = annotate(Path("five.txt"), {0.5: "HH"})
    result = transcribe(song, "--format", "png", "--reference", notes)
    assert (result.code, len(result.complaints), compared) == (1, 1, [])
    assert "five.txt: " in result.err
    assert "request fewer --classes" in result.err
    assert transcribe(song, "--format", "png", "--reference", notes, "--classes", "5").code == 0


def test_a_reference_is_never_overwritten(transcribe, song, groove) -> None:
    notes = annotate(Path("song.csv"), groove)
    before = notes.read_text()
    result = transcribe(song, "--format", "csv,png", "--reference", ".")
    assert (result.code, len(result.complaints)) == (1, 1)
    assert "would overwrite the input song.csv" in result.err
    assert notes.read_text() == before


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["--reference", "a.csv"], "only a picture shows it; add --format png"),
        (["--reference", "b.csv", "--format", "png"], "there is no such file or folder"),
        (["--reference", "a.csv", "--format", "png", "{album}"], "name a folder for several"),
    ],
)
def test_wrong_use_of_a_reference(transcribe, song, album, arguments, reason) -> None:
    Path("a.csv").write_text("onset,class\n")
    result = transcribe(song, *(text.format(album=album) for text in arguments))
    assert (result.code, result.out, len(result.complaints)) == (2, "", 1)
    assert reason in result.err


def test_inputs_that_differ_in_their_suffixes_keep_them(transcribe, album) -> None:
    for name in ("b.aiff", "b.flac", "b.aiff.wav", "c.flac.wav"):
        shutil.copy(album / "b.wav", album / name)
    alike = ["b.aiff.mid", "b.aiff.wav.mid", "b.flac.mid", "b.wav.mid"]
    for _ in range(2):
        result = transcribe(album, "-o", "out", "--jobs", "1")
        assert (result.code, result.err) == (0, "")
        assert listing(Path("out")) == [*alike, "c.flac.mid", "disc 2/01. Feat. X.mid"]


@pytest.mark.parametrize(
    ("rate", "channels", "seconds", "subtype"),
    [
        (8000, 1, 1.0, "PCM_16"),
        (192000, 8, 0.3, "PCM_16"),
        (44100, 2, 1.0, "PCM_24"),
        (96000, 1, 0.5, "FLOAT"),
        (44100, 1, 0.05, "PCM_16"),
    ],
)
def test_any_rate_channels_and_length(
    transcribe, tmp_path, rate, channels, seconds, subtype
) -> None:
    silence = np.zeros((round(rate * seconds), channels))
    soundfile.write(tmp_path / "x.wav", silence, rate, subtype=subtype)
    result = transcribe(tmp_path / "x.wav", "--format", "midi,csv,jams,json,npz,png")
    assert (result.code, result.err) == (0, "")
    assert result.out.endswith("  0 notes\n")
    assert Path("x.csv").read_text() == "onset,class,velocity\n"


@pytest.mark.skipif(os.name == "nt", reason="names are text")
def test_a_name_that_is_no_text(transcribe, song) -> None:
    name = os.fsdecode(b"\xfc.wav")
    result = transcribe(shutil.copy(song, song.with_name(name)), "--format", "json,jams,png")
    assert (result.code, result.err) == (0, "")
    assert json.loads(Path(name).with_suffix(".json").read_text())["file"] == "\ufffd.wav"
