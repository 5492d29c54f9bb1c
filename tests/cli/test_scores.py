"""Scores by the command: every format, and the message where one cannot be written."""

import importlib.util
from pathlib import Path
from xml.etree import ElementTree

import pytest


def test_scores_of_a_recording(transcribe, groove_wav, groove) -> None:
    for module in ("verovio", "cairosvg", "pypdf"):
        pytest.importorskip(module, reason="needs the extra score")
    result = transcribe(groove_wav, "--format", "musicxml,svg,pdf")
    assert (result.code, result.err) == (0, "")
    stem = groove_wav.stem
    tree = ElementTree.parse(f"{stem}.musicxml")
    heads = [note for note in tree.iter("note") if note.find("rest") is None]
    assert len(heads) == len(groove)
    assert tree.findtext("work/work-title") == stem
    assert Path(f"{stem}.svg").read_text().startswith("<svg")
    assert Path(f"{stem}.pdf").read_bytes().startswith(b"%PDF")


def test_the_format_is_that_of_the_suffix(transcribe, groove_wav) -> None:
    assert transcribe(groove_wav, "-o", "part.musicxml").code == 0
    assert ElementTree.parse("part.musicxml").getroot().get("version") == "4.0"


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
