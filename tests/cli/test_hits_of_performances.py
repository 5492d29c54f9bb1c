"""`segment`, `explore`, `supercut`, `study segments` and `study hits` on tiny performances."""

from __future__ import annotations

import csv
import json
import os
import re
from pathlib import Path
from typing import Any

import pytest
import soundfile

from tiny_hits import SAMPLE_RATE, hits_card, strike, write_classifier
from tiny_performances import write_performances

SPLITS = ("train", "validation", "test")


@pytest.fixture
def performances(tmp_path: Path) -> Path:
    root = tmp_path / "egmd"
    root.mkdir()
    return write_performances(root, splits=SPLITS)


@pytest.fixture
def clips(bandscribe, performances: Path, tmp_path: Path) -> Path:
    out = tmp_path / "clips"
    result = bandscribe("segment", performances, "-o", out, "--classes", 3, "--seconds", 1)
    assert (result.code, result.err) == (0, "")
    return out


def test_segments_performances(bandscribe, performances: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    result = bandscribe("segment", performances, "-o", out, "--classes", 2)
    assert (result.code, result.err) == (0, "")
    lines = result.out.splitlines()
    assert lines[0] == "egmd: 9 single hits of 6 recordings"
    assert lines[1].split() == (
        ["kd", "12", "notes;", "clips:", "train", "2,", "validation", "2,", "test", "2"]
    )
    assert lines[-1] == "out of step with their MIDI files: 3 recordings, 9 clips"
    assert json.loads((out / "segments.json").read_text())["classes"] == ["kd", "sd"]
    assert (out / "segments.png").stat().st_size > 5000
    result = bandscribe("segment", performances, "-o", out, "--classes", 2, "--no-clean-up")
    assert "18 single hits" in result.out and "which are kept" in result.out
    result = bandscribe("segment", performances, "-o", out, "--classes", 3)
    assert (result.code, len(result.complaints)) == (1, 1)
    assert "cut otherwise" in result.err


@pytest.mark.parametrize(
    ("row", "named"),
    [
        ("9.wav,1_in_time.midi,../../../X,performance 9,Jazz,3.0", "'../../../X'"),
        ("../evil.wav,1_in_time.midi,train,performance 9,Jazz,3.0", "'../evil.csv'"),
    ],
)
def test_a_table_names_no_file_outside(
    bandscribe, performances: Path, tmp_path: Path, row: str, named: str
) -> None:
    folder = performances / "e-gmd-v1.0.0"
    for path in (folder / "9.wav", performances / "evil.wav"):
        path.write_bytes((folder / "1_in_time.wav").read_bytes())
    with (folder / "e-gmd-v1.0.0.csv").open("a") as table:
        table.write(row + "\n")
    before = sorted(tmp_path.rglob("*"))
    out = tmp_path / "a/b/out"
    result = bandscribe("segment", performances, "-o", out, "--classes", 2)
    assert (result.code, len(result.complaints)) == (1, 1)
    assert f"{named}: no name for a file below" in result.err
    made = sorted(path for path in tmp_path.rglob("*") if out.parent not in path.parents)
    assert made == sorted([*before, tmp_path / "a", tmp_path / "a/b"])


def test_a_bad_recording_has_its_line(bandscribe, performances: Path, tmp_path: Path) -> None:
    folder = performances / "e-gmd-v1.0.0"
    (folder / "1_in_time.wav").write_text("no sound")
    (folder / "2_in_time.midi").unlink()
    result = bandscribe("segment", performances, "-o", tmp_path / "out", "--classes", 2)
    assert (result.code, len(result.complaints)) == (1, 2)
    assert "2_in_time.midi" in result.complaints[0] and "1_in_time.wav" in result.complaints[1]
    assert "3 single hits of 4 recordings" in result.out


def test_the_corpus_hits_reads_the_clips(bandscribe, clips: Path) -> None:
    result = bandscribe("corpus", "hits", clips)
    assert (result.code, result.err) == (0, "")
    assert "hits: 12 tracks" in result.out


def test_joins_a_supercut(bandscribe, clips: Path) -> None:
    result = bandscribe("supercut", clips, "--class", "KD", "--seconds", 2.5, "-o", "out/kd.wav")
    assert (result.code, result.err) == (0, "")
    assert result.out == "out/kd.wav: 0:02 of 6 clips of KD\n"
    assert soundfile.info("out/kd.wav").frames == round(2.5 * 44100)
    bandscribe("supercut", clips, "--class", "KD", "--seconds", 2.5, "-o", "again.wav")
    assert Path("again.wav").read_bytes() == Path("out/kd.wav").read_bytes()


def test_a_supercut_goes_on_without_a_bad_clip(bandscribe, clips: Path) -> None:
    rows = csv.DictReader((clips / "labels.csv").read_text().splitlines())
    kicks = [row["file"] for row in rows if row["label"] == "kd"]
    (clips / kicks[0]).write_text("no sound")
    result = bandscribe("supercut", clips, "--class", "kd", "--seconds", 9, "-o", "kd.wav")
    assert (result.code, len(result.complaints)) == (1, 1)
    assert "0:09 of 5 clips" in result.out
    for kick in kicks:
        (clips / kick).unlink(missing_ok=True)
    result = bandscribe("supercut", clips, "--class", "kd", "-o", "none.wav")
    assert (result.code, len(result.complaints)) == (1, 7)
    assert not Path("none.wav").exists()


def test_wrong_usage_of_supercut(bandscribe, clips: Path) -> None:
    for options, named, code in (
        (["--class", "RD", "-o", "a.wav"], "no clip is RD; its labels are kd, phh, sd", 1),
        (["--class", "kd", "-o", "a.wav", "--seconds", "0"], "--seconds: expected a positive", 2),
        (["--class", "kd", "-o", "a.wav", "--seconds", "inf"], "--seconds: expected a positive", 2),
        (["--class", "kd", "-o", "a.doc"], "a.doc: expected one of .wav", 1),
    ):
        result = bandscribe("supercut", clips, *options)
        assert (result.code, len(result.complaints)) == (code, 1)
        assert named in result.err


def test_a_supercut_overwrites_no_clip(bandscribe, clips: Path) -> None:
    rows = csv.DictReader((clips / "labels.csv").read_text().splitlines())
    kick = next(clips / row["file"] for row in rows if row["label"] == "kd")
    before = kick.read_bytes()
    result = bandscribe("supercut", clips, "--class", "kd", "-o", kick)
    assert (result.code, "would overwrite an input" in result.err) == (2, True)
    assert kick.read_bytes() == before


def read_page(path: Path) -> dict[str, list[dict[str, Any]]]:
    found = re.search(r'"application/json">(.*?)</script>', path.read_text(), re.DOTALL)
    assert found
    data: dict[str, list[dict[str, Any]]] = json.loads(found.group(1))
    return data


def test_explores_clips(bandscribe, clips: Path) -> None:
    result = bandscribe("explore", clips, "-o", "page.html", "--count", 7, "--model", "none")
    assert (result.code, result.err) == (0, "")
    assert result.out == "page.html: 12 clips, 7 of them playable\n"
    data = read_page(Path("page.html"))
    assert sum(row["clips"] for row in data["counts"]) == 12
    # As many of each as there are, kicks being twice as many.
    labels = sorted(clip["label"] for clip in data["clips"])
    assert labels in (
        ["kd"] * 3 + ["phh"] * 2 + ["sd"] * 2,
        ["kd"] * 2 + ["phh"] * 3 + ["sd"] * 2,
        ["kd"] * 2 + ["phh"] * 2 + ["sd"] * 3,
    )
    assert {clip["kit"] for clip in data["clips"]} == {"Jazz"}
    result = bandscribe("explore", clips, "-o", "page.txt")
    assert (result.code, len(result.complaints)) == (2, 1)


def test_explores_a_plain_folder(bandscribe, clips: Path) -> None:
    (clips / "labels.csv").unlink()
    result = bandscribe("explore", clips, "-o", "page.html", "--model", "none")
    assert "24 clips, 24 of them playable" in result.out


def test_explores_names_that_are_no_text(bandscribe, tmp_path: Path) -> None:
    folder = tmp_path / "samples"
    folder.mkdir()
    path = folder / os.fsdecode(b"\xff.wav")
    soundfile.write(os.fsencode(path), strike("KD"), SAMPLE_RATE)
    result = bandscribe("explore", folder, "-o", "page.html", "--model", "none")
    assert (result.code, result.err) == (0, "")
    assert [clip["file"] for clip in read_page(Path("page.html"))["clips"]] == ["\ufffd.wav"]


def test_a_page_needs_clips(bandscribe, tmp_path: Path) -> None:
    folder = tmp_path / "samples"
    folder.mkdir()
    (folder / "a.wav").write_text("no sound")
    options = ["-o", "page.html", "--model", "none"]
    for arguments, words, code in (
        ((folder,), "none of its clips can be read", 1),
        ((folder / "a.wav",), "there is no such folder", 1),
        ((folder, "--seed", -1), "--seed: expected 0 or more", 2),
        ((folder, "--count", 0), "--count: expected 1 or more", 2),
    ):
        result = bandscribe("explore", *arguments, *options)
        assert (result.code, words in result.err) == (code, True), result.err
    assert not Path("page.html").exists()


@pytest.fixture
def samples(tmp_path: Path) -> Path:
    """Two kicks, a snare, and a file that is no sound."""
    folder = tmp_path / "samples"
    folder.mkdir()
    for name, label in (("a", "KD"), ("b", "SD"), ("c", "KD")):
        soundfile.write(folder / f"{name}.wav", strike(label), SAMPLE_RATE)
    (folder / "d.wav").write_text("no sound")
    return folder


def test_a_model_says_what_sounds_are(bandscribe, samples: Path, tmp_path: Path) -> None:
    model = write_classifier(tmp_path / "tiny.onnx", hits_card())
    options = ["--seconds", 2, "-o", "kd.wav", "--model", model]
    result = bandscribe("supercut", samples, "--class", "KD", *options)
    assert (result.code, len(result.complaints)) == (1, 1)
    assert "d.wav" in result.err and "0:02 of 2 clips of KD" in result.out
    result = bandscribe("supercut", samples, "--class", "kick", *options)
    assert (result.code, len(result.complaints)) == (2, 1)
    assert "--class: expected one of KD" in result.err
    result = bandscribe("supercut", samples, "--class", "RD", *options)
    assert result.code == 1 and "names no sound there RD" in result.err


def test_the_page_says_what_a_model_names(bandscribe, samples: Path, tmp_path: Path) -> None:
    model = write_classifier(tmp_path / "tiny.onnx", hits_card())
    (samples / "labels.csv").write_text("file,label\na.wav,kd\nb.wav,kd\nc.wav,KD\nd.wav,kd\n")
    result = bandscribe("explore", samples, "-o", "page.html", "--model", model)
    assert (result.code, len(result.complaints)) == (1, 1)
    told = {clip["file"]: clip for clip in read_page(Path("page.html"))["clips"]}
    assert {name: (clip["named"], clip["differs"]) for name, clip in told.items()} == {
        "a.wav": ("KD", False), "b.wav": ("SD", True), "c.wav": ("KD", False),
    }  # fmt: skip
    assert all(clip["probability"] > 0.9 for clip in told.values())


def test_judges_segments(bandscribe, performances: Path, tmp_path: Path) -> None:
    result = bandscribe("study", "segments", performances, "-o", tmp_path / "study")
    assert (result.code, result.err) == (0, "")
    rows = list(csv.DictReader((tmp_path / "study/precision.csv").read_text().splitlines()))
    told = {(row["notes"], row["files"]): row for row in rows}
    plain, aligned = told["by the MIDI files", "all"], told["aligned with the sound", "all"]
    assert (plain["clips"], plain["clips_kept"]) == ("24", "12")
    assert (float(plain["precision"]), float(plain["precision_kept"])) == (0.5, 1.0)
    assert (float(aligned["precision"]), float(aligned["good_kept"])) == (1.0, 1.0)
    assert told["by the MIDI files", "late"]["clips"] == "12"


def test_judges_the_segments_of_what_can_be_read(
    bandscribe, performances: Path, tmp_path: Path
) -> None:
    folder = performances / "e-gmd-v1.0.0"
    (folder / "1_in_time.wav").write_text("no sound")
    (folder / "2_in_time.midi").unlink()
    result = bandscribe("study", "segments", performances, "-o", tmp_path / "study")
    assert (result.code, len(result.complaints)) == (1, 3)  # of one sound, plain and aligned
    rows = list(csv.DictReader((tmp_path / "study/precision.csv").read_text().splitlines()))
    assert rows[0]["clips"] == "16"


def test_compares_rows(bandscribe, clips: Path, tmp_path: Path) -> None:
    pytest.importorskip("torch")
    out = tmp_path / "study"
    arguments = [
        "study", "hits", "clean_up", "--clips", clips, "-o", out, "--steps", 12, "--threads", 1,
        "--batch", 4, "--validate-every", 6, "--options", '{"channels": [2, 4], "hidden": 8}',
        "--features", '{"n_mels": 16, "scale": "levels"}', "--learning-rate", "0.01",
    ]  # fmt: skip
    result = bandscribe(*arguments)
    assert result.code == 0
    assert "the report's final model, seed 0" in result.out and "without clean-up" in result.out
    rows = list(csv.DictReader((out / "clean_up.csv").read_text().splitlines()))
    assert [row["row"] for row in rows[:2]] == ["the report's final model", "without clean-up"]
    assert rows.pop()["row"] == "in the report, on E-GMD"
    # Four hits a recording; the late ones are learned from without the clean-up alone.
    assert [float(row["training_clips"]) for row in rows] == [4, 8]
    assert {float(row["test_clips"]) for row in rows} == {4}
    assert all(0 <= float(row["accuracy"]) <= 1 for row in rows)
    named = list(csv.DictReader((out / "clean_up_confusion.csv").read_text().splitlines()))
    assert [sum(int(row[name]) for name in ("kd", "sd", "phh")) for row in named] == [2, 1, 1]
    layers = list(csv.DictReader((out / "clean_up_kernels.csv").read_text().splitlines()))
    assert [row["kernels"] for row in layers] == ["2", "8"]
    for name in ("clean_up", "clean_up_losses", "clean_up_confusion", "clean_up_kernels"):
        assert (out / f"{name}.png").stat().st_size > 5000
    # What is evaluated is left alone; another seed is another run.
    before = {path: path.stat().st_mtime_ns for path in (out / "scores").iterdir()}
    result = bandscribe(*arguments[:2], "report", *arguments[3:], "--seeds", "0,1")
    assert "seed 0" not in result.out and "the report's final model, seed 1" in result.out
    assert len(before) == 2
    assert {path: path.stat().st_mtime_ns for path in before} == before
    first = next(csv.DictReader((out / "report.csv").read_text().splitlines()))
    assert first["seeds"] == "2" and first["accuracy.spread"] != ""


def test_wrong_usage_of_the_study(bandscribe, clips: Path, tmp_path: Path) -> None:
    pytest.importorskip("torch")
    for arguments, named in (
        (["volumes", "--clips", clips], "NAME: expected one of report, layers"),
        (["report", "--clips", clips, "--seeds", "a"], "--seeds: expected whole numbers"),
        (["report", "--clips", clips, "--stepz", "1"], "stepz: no such field"),
        (["report", "--clips", clips, "--classes", "kd,sd"], "classes: the study sets it"),
        (["report", "--clips", tmp_path], "segments.json: missing"),
    ):
        result = bandscribe("study", "hits", *arguments, "-o", tmp_path / "out")
        assert (result.code, len(result.complaints)) == (2, 1)
        assert named in result.err


def test_performances_need_something_to_play(bandscribe, tmp_path: Path) -> None:
    result = bandscribe("synthesize", "performances", "-o", tmp_path / "out")
    assert (result.code, len(result.complaints)) == (2, 1)
    assert "--groove" in result.err
