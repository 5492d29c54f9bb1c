"""Sound files that are odd, as the commands take them."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from bandscribe.cli import inputs
from bandscribe.cli.report import visible
from bandscribe.types import Audio
from tiny import SAMPLE_RATE, hits
from tiny_sounds import bundle


def test_another_stream_of_a_file(transcribe, tmp_path: Path, groove: dict[float, str]) -> None:
    silence = Audio(np.zeros((1, 1000), np.float32), SAMPLE_RATE)
    song = Audio(hits(groove, 2.5)[None], SAMPLE_RATE)
    path = bundle(tmp_path / "song.mka", silence, song, default=0)
    result = transcribe(path)
    assert result.code == 0
    assert result.out == f"{path} → song.mid  0:00  0 notes\n"
    assert result.complaints == [
        f"bandscribe: {path}: holds 2 sound streams; stream 1, the default, is read "
        "(--stream takes another)"
    ]
    result = transcribe("--stream", 2, path)
    assert (result.code, result.err) == (0, "")
    assert "8 notes" in result.out
    result = transcribe("--stream", 3, path)
    assert (result.code, len(result.complaints)) == (1, 1)
    assert transcribe("--stream", 0, path).code == 2


@pytest.mark.parametrize("command", ["transcribe", "recognize", "track", "classify"])
def test_every_command_that_analyses_sound_takes_a_stream(bandscribe, command: str) -> None:
    assert "--stream" in bandscribe(command, "--help").out


# Folders -----------------------------------------------------------------------------------------


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """Sound files by name alone, and links between folders that lead around in circles."""
    for name in (
        "album/one.wav",
        "album/disc/two.mp3",
        "elsewhere/three.flac",
        "elsewhere/x/y.ogg",
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    links = {
        "album/again": ".",
        "album/disc/up": "..",
        "album/a link": "../elsewhere",
        "album/another": "../elsewhere/x",
        "elsewhere/x/back": "../../album/disc",
        "album/.hidden": "../elsewhere",
        "album/broken": "nowhere",
    }
    for name, target in links.items():
        (tmp_path / name).symlink_to(target, target_is_directory=True)
    return tmp_path / "album"


def test_linked_folders_are_searched_once_each(tree: Path) -> None:
    search = inputs.find(tree)
    assert [str(source.relative) for source in search.found] == [
        "a link/three.flac",
        "a link/x/y.ogg",
        "disc/two.mp3",
        "one.wav",
    ]
    assert (search.locked, search.others) == ([], {"": 1})  # the broken link


@pytest.mark.parametrize(
    "suffix",
    [
        "weba",
        "wmv",
        "flv",
        "ts",
        "mpg",
        "mpeg",
        "m2ts",
        "vob",
        "ogv",
        "asf",
        "eac3",
        "tta",
        "voc",
        "WMV",
    ],
)
def test_suffixes_of_sound(tmp_path: Path, suffix: str) -> None:
    (tmp_path / f"sound.{suffix}").touch()
    assert len(inputs.find(tmp_path).found) == 1


def test_files_that_are_no_sound_are_counted(transcribe, tmp_path: Path, groove_wav: Path) -> None:
    folder = tmp_path / "album"
    folder.mkdir()
    shutil.copy(groove_wav, folder / "song.wav")
    (folder / "notes.txt").touch()
    (folder / ".DS_Store").touch()
    result = transcribe(folder)
    assert result.code == 0
    assert result.err == "bandscribe: passed over 1 file that is no sound by suffix (.txt 1)\n"
    for name in ("a.jpg", "b.JPG", "c", "d.pdf", "e.cue", "f.m3u", "g.nfo"):
        (folder / name).touch()
    result = transcribe(folder)
    assert result.err == (
        "bandscribe: passed over 8 files that are no sound by suffix "
        "(.jpg 2, none 1, .cue 1, .m3u 1, .nfo 1, …)\n"
    )


@pytest.mark.parametrize("command", ["transcribe", "recognize", "track", "classify"])
def test_an_empty_name_is_no_folder(bandscribe, command: str) -> None:
    result = bandscribe(command, "")
    assert (result.code, len(result.complaints)) == (2, 1)
    assert result.err.startswith("bandscribe: Invalid value for 'INPUT': an empty name; ")


def test_a_link_to_nothing_is_named(transcribe, tmp_path: Path) -> None:
    (tmp_path / "song.mp3").symlink_to("gone.mp3")
    result = transcribe(tmp_path / "song.mp3")
    assert (result.code, len(result.complaints)) == (1, 1)
    assert "song.mp3: a link to gone.mp3, which is not there" in result.err


def test_an_output_that_is_a_link_to_itself(transcribe, groove_wav: Path, tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.symlink_to(folder.name)
    for output in (folder, folder / "x.mid"):
        result = transcribe(groove_wav, "-o", output)
        assert result.code == 1
        assert f"{folder}: file exists; what has this name is no folder" in result.err
    loop = tmp_path / "loop.mid"
    loop.symlink_to(loop.name)
    result = transcribe(groove_wav, "-o", loop)
    assert (result.code, len(result.complaints)) == (1, 1)
    assert f"{loop}: too many levels of symbolic links" in result.err


# Names -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("a\nb.wav", "a\\nb.wav"),
        ("\x1b[31mred\x1b[0m.wav", "\\x1b[31mred\\x1b[0m.wav"),
        ("\x1b]0;title\x07.wav", "\\x1b]0;title\\x07.wav"),
        ("a\rb.wav", "a\\rb.wav"),
        ("back\u202ewards.wav", "back\\u202ewards.wav"),
        ("\x9b2J.wav", "\\x9b2J.wav"),
        ("größer　大\u00a0🥁.wav", "größer　大\u00a0🥁.wav"),
    ],
)
def test_names_are_printed_visibly(
    transcribe, bandscribe, tmp_path: Path, groove_wav: Path, name: str, shown: str
) -> None:
    shutil.copy(groove_wav, tmp_path / name)
    result = transcribe(tmp_path / name, "-o", "out.mid")
    assert result.out.startswith(f"{tmp_path}/{shown} → out.mid  0:02")
    for command in ("recognize", "classify", "track"):
        (tmp_path / name).write_text("no sound")
        result = bandscribe(command, tmp_path / name)
        assert result.complaints == [
            f"bandscribe: {tmp_path}/{shown}: no sound that can be decoded; "
            "check that it is a sound file, and whole"
        ]
    assert visible(f"{tmp_path / name}") == f"{tmp_path}/{shown}"
