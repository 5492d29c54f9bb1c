"""`bandscribe transcribe` with inputs, outputs and options that are bad: one clear line each."""

import errno
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile

from bandscribe import files
from tiny import SAMPLE_RATE

from .conftest import listing


@pytest.fixture
def bad(tmp_path: Path) -> dict[str, Path]:
    folder = tmp_path / "bad"
    (folder / "nothing").mkdir(parents=True)
    (folder / "empty.wav").write_bytes(b"")
    (folder / "text.wav").write_text("This is no sound at all, but a letter to a friend.\n" * 50)
    broken = np.zeros(1000, dtype=np.float32)
    for name, value in (("nan", np.nan), ("inf", np.inf)):
        broken[500] = value
        soundfile.write(folder / f"{name}.wav", broken, SAMPLE_RATE, subtype="FLOAT")
    names = ("missing.wav", "nothing", "empty.wav", "text.wav", "nan.wav", "inf.wav")
    return {name: folder / name for name in names}


@pytest.mark.parametrize(
    "name", ["missing.wav", "nothing", "empty.wav", "text.wav", "nan.wav", "inf.wav"]
)
def test_bad_input_is_one_line_and_the_others_are_done(transcribe, bad, song, name) -> None:
    result = transcribe(bad[name], song)
    assert result.code == 1
    assert len(result.complaints) == 1
    assert result.err.startswith(f"bandscribe: {bad[name]}: ")
    assert result.err.count(str(bad[name])) == 1
    assert listing(Path()) == ["song.mid"]


def test_all_bad_inputs_in_one_batch(transcribe, bad, song) -> None:
    result = transcribe(*bad.values(), song)
    assert (result.code, len(result.complaints), len(result.out.splitlines())) == (1, 6, 1)


def refuse(number: int) -> Callable[..., object]:
    def write(path: Path, *_: object, **__: object) -> None:
        with files.whole(path):
            raise OSError(number, os.strerror(number))

    return write


@pytest.mark.parametrize(
    ("number", "reason"),
    [
        (errno.ENOSPC, "no space left on device; free some space"),
        (errno.EACCES, "permission denied; change its permissions"),
    ],
)
def test_a_disk_that_refuses(transcribe, song, monkeypatch, number, reason) -> None:
    monkeypatch.setattr("bandscribe.formats.csv.write", refuse(number))
    Path("song.csv").write_text("old")
    result = transcribe(song, "--format", "csv,midi")
    assert (result.code, len(result.complaints)) == (1, 1)
    assert f"{song}: song.csv: {reason}" in result.err
    assert Path("song.csv").read_text() == "old"
    assert listing(Path()) == ["song.csv"]


def test_unreadable_input(transcribe, song, album, monkeypatch) -> None:
    """As root every file can be read, so that opening it is made to fail."""
    opened = Path.open

    def refuse_song(path: Path, *arguments: object, **options: object) -> object:
        if path == song:
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return opened(path, *arguments, **options)

    monkeypatch.setattr(Path, "open", refuse_song)
    monkeypatch.setattr(os, "access", lambda path, mode: mode != os.R_OK)
    result = transcribe(song, album / "b.wav")
    assert (result.code, len(result.complaints)) == (1, 1)
    assert result.err.startswith(f"bandscribe: {song}: ")
    assert "permission" in result.err
    assert listing(Path()) == ["b.mid"]


def test_a_locked_folder_in_a_folder(transcribe, album, monkeypatch) -> None:
    scan = os.scandir

    def refuse_disc(path: object = ".") -> object:
        if Path(str(path)).name == "disc 2":
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return scan(path)

    monkeypatch.setattr(os, "scandir", refuse_disc)
    result = transcribe(album)
    assert (result.code, len(result.complaints)) == (1, 1)
    assert result.err.startswith(f"bandscribe: {album / 'disc 2'}: permission denied; ")
    assert listing(Path()) == ["b.mid"]


def test_a_broken_link_in_a_folder(transcribe, album) -> None:
    (album / "link.wav").symlink_to("nowhere")
    result = transcribe(album)
    assert (result.code, len(result.complaints), len(result.out.splitlines())) == (1, 1, 2)
    assert result.err.startswith(f"bandscribe: {album / 'link.wav'}: there is no such file")


def test_an_output_below_a_file(transcribe, song) -> None:
    Path("file").write_text("in the way")
    result = transcribe(song, "-o", "file/song.mid")
    assert (result.code, len(result.complaints)) == (1, 1)
    assert "file: file exists; what has this name is no folder" in result.err
    assert listing(Path()) == ["file"]


def test_no_output_has_the_name_of_a_sound_file(transcribe, song) -> None:
    Path("take.wav").write_text("not to be lost")
    result = transcribe(song, "-o", "take.wav")
    assert (result.code, len(result.complaints)) == (2, 1)
    assert "-o take.wav: has the name of a sound file" in result.err
    assert "--format preview" in result.err
    assert Path("take.wav").read_text() == "not to be lost"


def test_two_inputs_never_share_an_output(transcribe, album) -> None:
    other = Path("other")
    shutil.copytree(album, other)
    result = transcribe(album / "b.wav", other / "b.wav", "-o", "out")
    assert (result.code, len(result.complaints)) == (1, 1)
    assert f"its output out/b.mid is also that of {album / 'b.wav'}" in result.err
    assert listing(Path("out")) == ["b.mid"]


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (
            ["--classes", "4"],
            ": --classes: expected 3, 5 or 10, got 4; see bandscribe transcribe --help",
        ),
        (["--classes", "many"], ": --classes: expected a whole number; see"),
        (["--sensitivity", "much"], ": --sensitivity: expected a number; see"),
        (["--sensitivity", "2"], "--sensitivity: expected 0 to 1, got 2"),
        (["--sensitivity", "nan"], "sensitivity: expected 0 to 1"),
        (["--metre", "4/5"], "--metre: expected a signature such as 4/4, 3/4 or 6/8, got '4/5'"),
        (["--tempo", "fast"], "--tempo: expected a number or a range, such as 124 or 100-140"),
        (
            ["--tempo", "140-100"],
            "--tempo: expected 30 to 300 beats per minute, the slower",
        ),
        (
            ["--format", "mp3"],
            "expected some of midi,csv,jams,json,npz,png,musicxml,svg,pdf,preview,quantised",
        ),
        (["--model", "nobody"], "--model: there is no 'nobody'; shipped are"),
        (["--loud"], "--loud"),
        (["--format", "midi,csv", "-o", "part.csv"], "name a folder for several results"),
        (["--format", "pdf", "-o", "part.mid"], "name a file that ends with .pdf"),
        (["--format", "pdf", "-o", "part.midi"], "name a file that ends with .pdf"),
        (["--format", "preview", "-o", "part.mid"], "not the suffix of --format preview"),
        (["-o", "part.gp5"], "no format has this suffix; expected one of .mid, .csv"),
        (["--jobs", "0"], ": --jobs: expected 1 or more; see bandscribe transcribe --help"),
        (["--format", "midi,csv", "-o", "-"], "standard output takes one input in one format"),
        (
            ["--format", "midi,csv", "-o", "a file"],
            "is a file, but without a suffix",
        ),
    ],
)
def test_wrong_usage_is_one_line(transcribe, song, arguments, reason) -> None:
    Path("a file").write_text("")
    result = transcribe(song, *arguments)
    assert (result.code, result.out, len(result.complaints)) == (2, "", 1)
    assert result.err.startswith("bandscribe: ")
    assert reason in result.err
    assert listing(Path()) == ["a file"]


def test_no_input_at_all(transcribe) -> None:
    result = transcribe()
    assert (result.code, len(result.complaints)) == (2, 1)


def test_ctrl_c(transcribe, song, monkeypatch) -> None:
    def stop(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("bandscribe.drums.transcribe_blocks", stop)
    result = transcribe(song)
    assert (result.code, result.out) == (130, "")
    assert result.complaints == [
        "bandscribe: interrupted: 0 of 1 done; the same command with --skip-existing does the rest"
    ]
    assert listing(Path()) == []
