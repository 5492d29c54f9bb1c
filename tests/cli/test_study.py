"""`bandscribe study` on a tiny folder of labelled clips."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest
import soundfile

from tiny_clips import CLASSES, write_clips


@pytest.fixture
def clips(tmp_path: Path) -> Path:
    """Four low and four high tones, two of each per recording."""
    root = tmp_path / "clips"
    root.mkdir()
    rng = np.random.default_rng(0)
    lines = ["file,label,split,group"]
    for i in range(8):
        label, pitch = (("cello", 110), ("flute", 1760))[i % 2]
        seconds = np.arange(4410) / 44100
        tone = np.sin(2 * np.pi * pitch * rng.uniform(0.98, 1.02) * seconds)
        soundfile.write(root / f"{i}.wav", 0.3 * tone + 0.001 * rng.standard_normal(4410), 44100)
        lines.append(f"{i}.wav,{label},train,song {i // 4}")
    (root / "labels.csv").write_text("\n".join(lines) + "\n")
    return root


def test_studies_the_features_of_a_corpus(bandscribe, clips: Path, tmp_path: Path) -> None:
    result = bandscribe("study", "features", "clips", clips, "-o", tmp_path / "out")
    assert (result.code, result.err) == (0, "")
    lines = result.out.splitlines()
    assert lines[0] == "clips (train): 8 clips of 2 classes: cel 4, flu 4"
    centroid = next(line.split() for line in lines if line.startswith("centroid"))
    # The ranks of four and four are never as unlikely as 0.001.
    assert centroid[1:5] == ["1", "1", "1", "0"]
    assert "these 8 are of 2 recordings" in lines[-1]
    rows = list(csv.DictReader((tmp_path / "out/features.csv").read_text().splitlines()))
    assert len(rows) == 1 + 1 + 1 + 1 + 7 + 1 + 1 + 1 + 2 + 3 + 12 + 6 + 40 + 256 + 1025
    told = json.loads((tmp_path / "out/features.json").read_text())
    assert told["clips"] == {"cel": 4, "flu": 4}
    standing = told["features"]["centroid"]["best"]["standing"]
    assert standing["flu"] > 0 > standing["cel"]
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "features.csv", "features.json", "features.png",
    ]  # fmt: skip


def test_a_bad_clip_has_its_line_and_the_others_are_studied(bandscribe, clips: Path) -> None:
    (clips / "0.wav").write_text("no sound")
    (clips / "1.wav").unlink()
    result = bandscribe("study", "features", "clips", clips, "--only", "rms,chroma")
    assert (result.code, len(result.complaints)) == (1, 2)
    assert "0.wav" in result.complaints[0]
    assert "1.wav" in result.complaints[1]
    assert "6 clips of 2 classes: cel 3, flu 3" in result.out


def test_a_recording_is_counted_once(bandscribe, clips: Path) -> None:
    result = bandscribe("study", "features", "clips", clips, "--only", "rms", "--by-group")
    assert "4 recordings of 2 classes: cel 2, flu 2" in result.out


def test_wrong_usage(bandscribe, clips: Path) -> None:
    for arguments, named in (
        (["egmd", clips], "egmd="),
        (["clips", clips, "--only", "rms,brightness"], "'brightness'"),
    ):
        result = bandscribe("study", "features", *arguments)
        assert (result.code, len(result.complaints)) == (2, 1)
        assert named in result.err
    result = bandscribe("study", "clip", clips / "0.wav", "--duration", "500")
    assert (result.code, len(result.complaints)) == (2, 1)


def test_one_instrument_is_no_comparison(bandscribe, clips: Path) -> None:
    (clips / "labels.csv").write_text("file,label\n0.wav,cello\n2.wav,cello\n1.wav,flute\n")
    result = bandscribe("study", "features", "clips", clips, "--only", "rms")
    assert (result.code, len(result.complaints)) == (1, 1)
    assert "two classes of two clips or more, got cel 2, flu 1" in result.err


def test_draws_a_clip(bandscribe, clips: Path) -> None:
    result = bandscribe("study", "clip", clips / "0.wav")
    assert (result.code, result.out) == (0, "0.features.png\n")
    assert Path("0.features.png").stat().st_size > 50_000
    result = bandscribe("study", "clip", clips / "labels.csv")
    assert (result.code, len(result.complaints)) == (1, 1)


def test_a_missing_extra_is_answered_with_its_cure(bandscribe, clips: Path, monkeypatch) -> None:
    monkeypatch.setattr("bandscribe.cli.report.find_spec", lambda name: None)
    result = bandscribe("study", "features", "clips", clips)
    assert (result.code, len(result.complaints)) == (1, 1)
    assert " -m pip install " in result.err and "'torch<" in result.err


def test_compares_runs(bandscribe, tmp_path: Path) -> None:
    pytest.importorskip("torch")
    root = tmp_path / "tones"
    root.mkdir()
    source = f"clips={write_clips(root)}"
    arguments = [
        "schedules", "-o", tmp_path / "out", "--corpora", source, "--test-corpora", source,
        "--model", "features", "--window-seconds=0.5", "--steps", 6, "--augment", "false",
        "--classes", ",".join(CLASSES), "--workers", 0, "--threads", 1,
    ]  # fmt: skip
    result = bandscribe("study", "recognition", *arguments)
    assert result.code == 0, result.err
    assert "Which learning-rate schedule? (chapter 4)" in result.out
    assert "polynomial decay" in result.out and "chance: at random by frequency" in result.out
    rows = list(csv.DictReader((tmp_path / "out/schedules.csv").read_text().splitlines()))
    assert [row["row"] for row in rows[:2]] == ["polynomial decay", "plateau"]
    told = json.loads((tmp_path / "out/schedules.json").read_text())
    assert told["fields"]["model"] == "features" and told["training"] == [source]
    assert (tmp_path / "out/schedules.png").stat().st_size > 10_000


def test_the_paper_of_neuroment_is_one_command(bandscribe, tmp_path: Path) -> None:
    pytest.importorskip("torch")
    root = tmp_path / "tones"
    root.mkdir()
    source = f"clips={write_clips(root)}"
    arguments = [
        "mel", "-o", tmp_path / "out", "--solos", source, "--validation-solos", source,
        "--classes", ",".join(CLASSES), "--options", '{"channels": [2, 2, 2]}',
        "--mixing-epochs", 1, "--steps", 1, "--validate-every", 1, "--threads", 1,
    ]  # fmt: skip
    result = bandscribe("study", "activity", *arguments)
    assert result.code == 0, result.err
    (row, *constant) = csv.DictReader((tmp_path / "out/mel.csv").read_text().splitlines())
    assert (row["row"], row["paper.test_bce"]) == ("mel", "0.022")
    # No network predicts better than the target itself.
    target = next(each for each in constant if each["row"] == "the target itself")
    assert float(row["validation_bce"]) > float(target["validation_bce"]) > 0


def test_wrong_usage_of_comparisons(bandscribe, tmp_path: Path) -> None:
    pytest.importorskip("torch")
    needed = ["-o", tmp_path, "--training", "clips=a", "--test", "clips=a"]
    for arguments, named in (
        (["volumes", *needed], "NAME: expected one of windows, networks"),
        (["windows", *needed, "--seeds", "0,x"], "--seeds: expected whole numbers, got '0,x'"),
        (["windows", *needed, "--window-seconds", "1"], "window_seconds: each row sets it"),
        (["windows", *needed, "--stepz", "1"], "stepz: no such field"),
        (["windows", *needed[:2], "--training", "a", "--test", "b"], "a: expected NAME=ROOT"),
        (["corpora", *needed], "--corpora: expected two corpora"),
    ):
        result = bandscribe("study", "recognition", *arguments)
        assert (result.code, len(result.complaints)) == (2, 1)
        assert named in result.err


def test_draws_augmentations(bandscribe, clips: Path) -> None:
    pytest.importorskip("python_stretch")
    result = bandscribe("study", "augmentation", clips / "0.wav")
    assert (result.code, result.out) == (0, "0.augmentation.png\n")
    assert Path("0.augmentation.png").stat().st_size > 20_000
    soundfile.write(clips / "still.wav", np.zeros(4410), 44100)
    result = bandscribe("study", "augmentation", clips / "still.wav")
    assert (result.code, len(result.complaints)) == (1, 1)
    assert "nothing sounds in the 3 s from 0 s on" in result.err
    result = bandscribe("study", "augmentation", clips / "0.wav", "--duration", "0")
    assert (result.code, len(result.complaints)) == (2, 1)
