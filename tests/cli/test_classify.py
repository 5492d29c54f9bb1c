"""`bandscribe classify`: what it prints and writes, and what it does with files."""

import csv
import io
import json
import os
import shutil
from pathlib import Path

import pytest
import soundfile

from bandscribe.hits import CLASSES
from tiny_hits import SAMPLE_RATE, hits_card, strike, write_classifier

#: What is in the folder, by the classes that are struck; none is silence.
FOLDER = {"a/one.wav": ("KD",), "a/two.flac": ("KD", "CR"), "b/one.wav": ("SD",), "b/no.wav": ()}


@pytest.fixture(scope="module")
def classifier(tmp_path_factory) -> Path:
    return write_classifier(tmp_path_factory.mktemp("model") / "tiny.onnx", hits_card())


@pytest.fixture
def samples(tmp_path) -> Path:
    root = tmp_path / "samples"
    for name, labels in FOLDER.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        soundfile.write(root / name, strike(*labels), SAMPLE_RATE)
    return root


@pytest.fixture
def classify(bandscribe, classifier):
    return lambda *arguments: bandscribe("classify", "--model", classifier, *arguments)


def tree(root: Path) -> dict[str, bytes]:
    """Every file below a folder, but for lists of steps."""
    return {
        path.relative_to(root).as_posix(): path.read_bytes()
        for path in sorted(root.rglob("*"))
        if path.is_file() and not path.name.startswith("undo")
    }


# what it says -------------------------------------------------------------------------------------


def test_a_table(classify, samples) -> None:
    result = classify(samples)
    assert (result.code, result.err) == (0, "")
    lines = result.out.splitlines()
    assert [line.split()[0] for line in lines] == ["KD", lines[1].split()[0], "-", "SD"]
    assert lines[0] == f"KD     kick drum      0.98  {samples}/a/one.wav"
    assert lines[1].endswith(("two.flac  +CR", "two.flac  +KD"))
    assert lines[2] == f"-      no drum        0.00  {samples}/b/no.wav"


def test_json(classify, samples) -> None:
    entries = json.loads(classify(samples, "--format", "json").out)
    assert [Path(entry["file"]).name for entry in entries] == [
        "one.wav", "two.flac", "no.wav", "one.wav",
    ]  # fmt: skip
    first, both, silent, _ = entries
    assert list(first) == ["file", "class", "probability", "classes", "velocity", "scores"]
    assert first["class"] == "KD"
    assert first["probability"] == first["scores"]["KD"] == pytest.approx(0.982, abs=0.003)
    assert list(first["scores"]) == list(CLASSES)
    assert set(both["classes"]) == {"KD", "CR"}
    assert (silent["class"], silent["classes"]) == (None, [])


def test_csv_into_a_file(classify, samples, tmp_path) -> None:
    result = classify(samples, "-o", tmp_path / "out/found.csv")
    assert (result.code, result.out) == (0, "")
    rows = list(csv.DictReader(io.StringIO((tmp_path / "out/found.csv").read_text())))
    assert list(rows[0]) == ["file", "class", "probability", "classes", "velocity", *CLASSES]
    assert [row["class"] for row in rows][2:] == ["", "SD"]
    assert rows[1]["classes"] in ("KD;CR", "CR;KD")
    assert float(rows[3]["SD"]) == float(rows[3]["probability"])


def test_many_files_come_in_their_order(classify, tmp_path) -> None:
    for i in range(40):
        soundfile.write(tmp_path / f"{i:02}.wav", strike(CLASSES[i % 14]), SAMPLE_RATE)
    entries = json.loads(classify(tmp_path, "--format", "json").out)
    assert [entry["class"] for entry in entries] == [CLASSES[i % 14] for i in range(40)]


# what it does with files --------------------------------------------------------------------------


def test_sorting_copies(classify, samples, tmp_path) -> None:
    before = tree(samples)
    result = classify(samples, "--sort-into", tmp_path / "sorted")
    assert result.code == 0
    assert tree(samples) == before
    sorted_ = tree(tmp_path / "sorted")
    assert set(sorted_) > {"KD/one.wav", "SD/one.wav", "unknown/no.wav"}
    assert sorted_["KD/one.wav"] == before["a/one.wav"]
    assert len(sorted_) == 4
    assert "4 files copied" in result.err


def test_names_that_are_taken_get_a_number(classify, samples, tmp_path) -> None:
    for name in ("b/ONE.wav", "c/one.wav"):
        (samples / name).parent.mkdir(exist_ok=True)
        soundfile.write(samples / name, strike("KD"), SAMPLE_RATE)
    there = tmp_path / "sorted/KD/one-2.wav"
    there.parent.mkdir(parents=True)
    there.write_bytes(b"mine")
    assert classify(samples, "--sort-into", tmp_path / "sorted").code == 0
    assert there.read_bytes() == b"mine"
    kicks = tree(tmp_path / "sorted/KD")
    copies = [sound for name, sound in kicks.items() if name not in ("one-2.wav", "two.flac")]
    assert copies == [(samples / "a/one.wav").read_bytes()] * 3


def test_a_copy_can_be_taken_back(classify, bandscribe, samples, tmp_path) -> None:
    before = tree(samples)
    classify(samples, "--sort-into", tmp_path / "sorted")
    changed = tmp_path / "sorted/SD/one.wav"
    changed.write_bytes(b"worked on since")
    result = bandscribe("classify", "--undo", tmp_path / "sorted/undo.csv")
    assert result.code == 1
    assert "no copy of" in result.err
    assert tree(tmp_path / "sorted") == {"SD/one.wav": b"worked on since"}
    assert not (tmp_path / "sorted/KD").exists()
    assert tree(samples) == before


def test_moving_can_be_undone(classify, bandscribe, samples, tmp_path) -> None:
    before = tree(samples)
    assert classify(samples, "--sort-into", tmp_path / "sorted", "--move").code == 0
    assert not tree(samples)
    assert len(tree(tmp_path / "sorted")) == 4
    assert bandscribe("classify", "--undo", tmp_path / "sorted/undo.csv").code == 0
    assert tree(samples) == before
    assert not tree(tmp_path / "sorted")


def test_renaming(classify, bandscribe, samples) -> None:
    before = tree(samples)
    result = classify(samples, "--rename")
    assert result.code == 0
    assert "3 files renamed" in result.err
    renamed = tree(samples)
    assert {"a/KD_one.wav", "b/SD_one.wav", "b/no.wav"} < set(renamed)
    assert sorted(renamed.values()) == sorted(before.values())
    again = classify(samples, "--rename")
    assert "nothing to rename" in again.err
    assert tree(samples) == renamed
    assert bandscribe("classify", "--undo", samples / "undo.csv").code == 0
    assert tree(samples) == before


def test_stopped_in_the_middle_it_says_how_to_take_back_what_was_done(
    classify, bandscribe, samples, tmp_path, monkeypatch
) -> None:
    copy, copied = shutil.copy2, []

    def stop(source: Path, target: Path) -> None:
        if copied:
            raise KeyboardInterrupt
        copied.append(copy(source, target))

    monkeypatch.setattr(shutil, "copy2", stop)
    result = classify(samples, "--sort-into", tmp_path / "sorted")
    assert result.code == 130
    assert result.complaints == [
        "bandscribe: 1 file copied; to take it back: "
        f"bandscribe classify --undo {tmp_path}/sorted/undo.csv"
    ]
    assert set(tree(tmp_path / "sorted")) == {"KD/one.wav"}
    assert "1 file taken back" in bandscribe("classify", "--undo", "../sorted/undo.csv").err
    assert tree(tmp_path / "sorted") == {}


def test_odd_names(classify, bandscribe, samples, tmp_path) -> None:
    names = [os.fsdecode(b"\xff\xfe.wav"), "two\nlines, and a comma.wav", "-dash.wav"]
    for name in names:
        soundfile.write(os.fsencode(samples / name), strike("SD"), SAMPLE_RATE)
    assert classify(samples, "--sort-into", tmp_path / "sorted").code == 0
    assert {f"SD/{name}" for name in names} < set(tree(tmp_path / "sorted"))
    entries = json.loads(classify(samples, "--format", "json").out)
    assert len(entries) == 7
    assert bandscribe("classify", "--undo", tmp_path / "sorted/undo.csv").code == 0
    assert tree(tmp_path / "sorted") == {}


def test_copies_may_be_renamed(classify, samples, tmp_path) -> None:
    classify(samples / "b", "--sort-into", tmp_path / "sorted", "--rename")
    assert set(tree(tmp_path / "sorted")) == {"SD/SD_one.wav", "unknown/no.wav"}


def test_what_was_sorted_into_the_folder_is_not_sorted_again(classify, samples) -> None:
    classify(samples, "--sort-into", samples / "sorted")
    first = tree(samples)
    for more in ([], ["--move"]):
        result = classify(samples, "--sort-into", samples / "sorted", *more)
        assert "bandscribe: 4 files left, copies of which are there\n" in result.err
        assert tree(samples) == first
    (samples / "sorted/SD/one.wav").write_bytes(b"worked on since")
    result = classify(samples / "b", "--sort-into", samples / "sorted")
    assert "1 file left" in result.err and "1 file copied" in result.err
    assert set(tree(samples)) - set(first) == {"sorted/SD/one-2.wav"}
    assert "2 files left" in classify(samples / "b", "--sort-into", samples / "sorted").err


def test_an_old_name_that_is_there_again_is_left_alone(classify, bandscribe, samples) -> None:
    classify(samples / "a/one.wav", "--rename")
    (samples / "a/one.wav").write_bytes(b"new")
    result = bandscribe("classify", "--undo", samples / "a/undo.csv")
    assert result.code == 1
    assert "is there again" in result.err
    assert (samples / "a/one.wav").read_bytes() == b"new"
    assert (samples / "a/KD_one.wav").is_file()


# evaluate hits ------------------------------------------------------------------------------------


def test_evaluating(bandscribe, classifier, samples, tmp_path) -> None:
    (samples / "labels.csv").write_text(
        "file,label,split\na/one.wav,Bass_drum,test\nb/one.wav,ride,train\nb/no.wav,Flute,test\n"
        "gone.wav,KD,test\n"
    )
    evaluate = ("evaluate", "hits", "hits", samples, "--model", classifier)
    result = bandscribe(*evaluate, "-o", tmp_path / "result")
    assert result.code == 1
    assert "all classes                  accuracy 0.500" in result.out
    assert [("gone.wav" in line) for line in result.complaints] == [True]
    summary = json.loads((tmp_path / "result/metrics.json").read_text())
    assert summary["null"] == {"number": 1, "abstained": 1.0}
    assert "accuracy 0.000" in bandscribe(*evaluate, "--split", "train").out
    result = bandscribe(*evaluate, "--split", "validation")
    assert (result.code, "there are no clips of validation" in result.err) == (1, True)
    assert bandscribe(*evaluate, "--tolerance-ms", "9").code == 2


# wrong usage --------------------------------------------------------------------------------------


def test_wrong_usage(classify, bandscribe, samples, tmp_path, classifier) -> None:
    notes = tmp_path / "notes.csv"
    notes.write_text("a,b\n")
    for arguments, words in (
        ((), "INPUT: name sound files"),
        ((samples, "--undo", notes), "INPUT: name sound files"),
        ((samples, "--move"), "--move: is for --sort-into"),
        ((samples, "--format", "midi"), "--format: expected one of table, json, csv"),
        ((samples, "-o", samples), "names a folder"),
        ((samples, "-o", tmp_path / "x.wav"), "has the name of a sound file"),
    ):
        result = classify(*arguments)
        assert (result.code, words in result.err) == (2, True), result.err
    result = bandscribe("classify", samples, "--model", "nothing")
    assert result.code == 2
    result = bandscribe("classify", "--undo", notes)
    assert (result.code, "not a list that" in result.err) == (1, True)
