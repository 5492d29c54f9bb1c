"""Scores by the command: every format, and the message where one cannot be written."""

import importlib.util
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree

import pytest
import soundfile


def test_scores_of_a_recording(transcribe, groove_wav, groove) -> None:
    for module in ("verovio", "cairosvg", "pypdf"):
        pytest.importorskip(module, reason="needs the extra score")
    result = transcribe(groove_wav, "--format", "musicxml,svg,pdf")
    assert (result.code, result.err) == (0, "")
    stem = groove_wav.stem
    tree = ElementTree.parse(f"{stem}.musicxml")
    heads = [note for note in tree.iter("note") if note.find("rest") is None]
    assert len(heads) == len(groove)
    assert tree.findtext("work/work-title") == stem.replace("_", " ")
    assert tree.find("identification/creator") is None
    assert Path(f"{stem}.svg").read_text().startswith("<svg")
    assert Path(f"{stem}.pdf").read_bytes().startswith(b"%PDF")


@pytest.fixture
def tagged(groove_wav) -> Callable[..., Path]:
    """Copies of the recording with tags."""

    def make(name: str, **tags: str) -> Path:
        samples, rate = soundfile.read(groove_wav)
        with soundfile.SoundFile(name, "w", rate, 1) as sound:
            for tag, text in tags.items():
                setattr(sound, tag, text)
            sound.write(samples)
        return Path(name)

    return make


def heading(path: str | Path) -> tuple[str | None, str | None]:
    tree = ElementTree.parse(path)
    artist = tree.findtext("identification/creator[@type='artist']")
    return tree.findtext("work/work-title"), artist


@pytest.mark.parametrize(
    ("name", "tags", "title", "artist"),
    [
        ("03-my_song.flac", {"title": "Jolene", "artist": "Dolly"}, "Jolene", "Dolly"),
        ("03-my_song-final.flac", {"artist": "Dolly"}, "03-my song-final", "Dolly"),
        ("_Mr.__Brown_.wav", {"title": " "}, "Mr. Brown", None),
        ("song.flac", {"title": "a\x01b & <c>"}, "a b & <c>", None),
    ],
)
def test_the_heading_is_that_of_the_tags(transcribe, tagged, name, tags, title, artist) -> None:
    recording = tagged(name, **tags)
    assert transcribe(recording, "--format", "musicxml,json").code == 0
    assert heading(recording.with_suffix(".musicxml")) == (title, artist)
    # And so is that of notes that were saved beside it, as long as it is there.
    notes = recording.with_suffix(".json")
    assert transcribe(notes, "-o", "again.musicxml").code == 0
    assert heading("again.musicxml") == (title, artist)
    recording.unlink()
    assert transcribe(notes, "-o", "alone.musicxml").code == 0
    assert heading("alone.musicxml") == (" ".join(notes.stem.replace("_", " ").split()), None)


def test_the_format_is_that_of_the_suffix(transcribe, groove_wav) -> None:
    assert transcribe(groove_wav, "-o", "part.musicxml").code == 0
    assert ElementTree.parse("part.musicxml").getroot().get("version") == "4.0"


@pytest.mark.parametrize(
    ("arguments", "written", "begins"),
    [
        (["-o", "part.midi"], "part.midi", b"MThd"),
        (["-o", "part.XML"], "part.XML", b"<?xml"),
        (["--format", "mid,xml"], "{}.mid", b"MThd"),
        (["--format", "xml,musicxml"], "{}.musicxml", b"<?xml"),
    ],
)
def test_other_names_of_formats(transcribe, groove_wav, arguments, written, begins) -> None:
    assert transcribe(groove_wav, *arguments).code == 0
    assert Path(written.format(groove_wav.stem)).read_bytes().startswith(begins)


def test_signs_for_repeated_bars(transcribe, groove_wav) -> None:
    assert transcribe(groove_wav, "-o", "part.musicxml", "--simile").code == 0


@pytest.mark.parametrize(("name", "module"), [("svg", "verovio"), ("pdf", "cairosvg")])
def test_without_the_extra(transcribe, groove_wav, monkeypatch, name, module) -> None:
    real = importlib.util.find_spec
    monkeypatch.setattr(
        "bandscribe.cli.report.find_spec", lambda n: None if n == module else real(n)
    )
    result = transcribe(groove_wav, "--format", name)
    assert result.code == 1
    assert f"this needs the extra score ({module} missing); install with:" in result.err
    assert transcribe(groove_wav, "--format", "musicxml").code == 0
