"""A row of labels.csv that cannot be used is left out, with its line, and the others are used."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import soundfile

from bandscribe.datasets import clips
from bandscribe.datasets.corpus import inspect
from bandscribe.training.hits.clips import from_folder
from tiny_hits import SAMPLE_RATE, hits_card, strike, write_classifier

#: Rows of file, label and velocity, and the message about them.
ODD = {
    "empty": (",kd,", "file: expected the name of a sound file, got ''"),
    "dot": (".,kd,", "file: expected the name of a sound file, got '.'"),
    "parent": ("a/..,kd,", "file: expected the name of a sound file, got 'a/..'"),
    "root": ("/,kd,", "file: expected the name of a sound file, got '/'"),
    "long": (f"{'ü' * 128}.wav,kd,", "file: expected the name of a sound file, got 'üüü"),
    "deep": (f"{'a/' * 1900}x.wav,kd,", "file: expected the name of a sound file, got 'a/a/a"),
    "nothing": ("a\0.wav,kd,", r"file: expected the name of a sound file, got 'a\x00.wav'"),
    "nan": ("a.wav,kd,nan", "velocity: expected a number, got 'nan'"),
    "word": ("a.wav,kd,loud", "velocity: expected a number, got 'loud'"),
    "loud": ("a.wav,kd,1e3", "velocity: expected 0 to 1, got 1e3"),
}


@pytest.fixture(params=ODD)
def odd(request: pytest.FixtureRequest, samples: Path) -> str:
    """The problem of the third line of the table."""
    row, problem = ODD[request.param]
    table = samples / "labels.csv"
    table.write_text(f"file,label,velocity\na.wav,kd,0.5\n{row}\nb.wav,sd,\n")
    return f"{table}: line 3: {problem}"


@pytest.fixture
def samples(tmp_path: Path) -> Path:
    for name, label in (("a", "KD"), ("b", "SD")):
        soundfile.write(tmp_path / f"{name}.wav", strike(label), SAMPLE_RATE)
    return tmp_path


def test_explore(bandscribe, samples: Path, odd: str) -> None:
    result = bandscribe("explore", samples, "-o", "page.html", "--model", "none")
    assert (result.code, len(result.complaints)) == (1, 1)
    assert odd.replace("\x00", "") in result.err
    [data] = re.findall('type="application/json">(.*?)</script>', Path("page.html").read_text())
    assert [clip["file"] for clip in json.loads(data)["clips"]] in (
        ["a.wav", "b.wav"], ["b.wav", "a.wav"],
    )  # fmt: skip


def test_supercut(bandscribe, samples: Path, odd: str) -> None:
    result = bandscribe("supercut", samples, "--class", "KD", "--seconds", 1, "-o", "kd.wav")
    assert (result.code, len(result.complaints)) == (1, 1)
    assert result.err.startswith(f"bandscribe: {odd}")
    assert "kd.wav: 0:01 of 1 clips of KD" in result.out


def test_evaluate(bandscribe, samples: Path, odd: str, tmp_path: Path) -> None:
    model = write_classifier(tmp_path / "tiny.onnx", hits_card())
    result = bandscribe("evaluate", "hits", "hits", samples, "--model", model, "--split", "all")
    assert (result.code, len(result.complaints)) == (1, 1)
    assert result.err.startswith(f"bandscribe: {odd}")


def test_the_corpus(samples: Path, odd: str) -> None:
    found = inspect(clips.HITS, samples)
    assert [track.id for track in found.tracks] == ["a", "b"]
    [problem] = found.problems
    assert problem.startswith(odd)


def test_training_stops_at_it(samples: Path, odd: str) -> None:
    options = {"sample_rate": 16000, "seconds": 1.0, "classes": ("kd", "sd")}
    with pytest.raises(ValueError, match=re.escape(odd)):
        from_folder(samples, "test", **options)  # type: ignore[arg-type]


def test_a_folder_with_the_name_of_a_sound(bandscribe, samples: Path) -> None:
    (samples / "x.wav").mkdir()
    (samples / "labels.csv").write_text("file,label\nx.wav,kd\na.wav,kd\nb.wav,sd\n")
    for command in (
        ("explore", samples, "-o", "page.html", "--model", "none"),
        ("supercut", samples, "--class", "KD", "--seconds", 1, "-o", "kd.wav"),
    ):
        result = bandscribe(*command)
        assert (result.code, len(result.complaints)) == (1, 1)
        assert f"{samples / 'x.wav'}: " in result.err
