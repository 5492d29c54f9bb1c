"""`bandscribe listen`, with programs of the tests' own in place of players and a sound device."""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from bandscribe import audio
from bandscribe.cli import players
from bandscribe.types import Audio

Make = Callable[..., Path]


@pytest.fixture
def player(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Make:
    """Makes players of lines of shell, which are the ones that the computer has."""
    known: list[tuple[str, ...]] = []

    def make(*lines: str) -> Path:
        path = tmp_path / f"player-{len(known)}"
        path.write_text("\n".join(["#!/bin/sh", *lines, ""]))
        path.chmod(0o755)
        known.append((str(path),))
        monkeypatch.setattr(players, "OTHERS", tuple(known))
        monkeypatch.setattr(players, "PLAYERS", {})
        return path

    return make


@pytest.fixture
def listen(bandscribe, tiny_model):
    return lambda *arguments: bandscribe("listen", "--model", tiny_model, *arguments)


def test_the_recording_is_left_and_the_drums_are_right(listen, player, groove_wav, groove) -> None:
    player('cp "$1" played.wav')
    result = listen(groove_wav)
    assert (result.code, result.err) == (0, "")
    assert result.out.startswith(f"{groove_wav} → recording left, drums right  0:02  ")
    sound = audio.read("played.wav")
    left, right = sound.samples
    rate = sound.sample_rate
    source = audio.read(groove_wav, sample_rate=rate).samples[0]
    assert np.corrcoef(left, source)[0, 1] > 0.999
    for time in groove:  # the tiny model is right to a frame
        before, after = round((time - 0.03) * rate), round((time + 0.03) * rate)
        assert np.abs(right[before:after]).max() > 0.01
    assert len(list(Path().iterdir())) == 1


def test_corrections_are_played_beside_their_recording(listen, player, tmp_path) -> None:
    player('cp "$1" played.wav')
    audio.write(tmp_path / "a.wav", Audio(np.full((1, 44_100), 0.1, np.float32), 44_100))
    (tmp_path / "a.json").write_text(
        '{"file": "a.wav", "duration": 1, "notes": [{"onset": 0.5, "class": "SD", "velocity": 1}]}'
    )
    assert listen(tmp_path / "a.json").code == 0
    right = audio.read("played.wav").samples[1]
    assert np.argmax(right != 0) == pytest.approx(22_050, abs=2)


def test_the_next_player_where_one_fails(listen, player, groove_wav) -> None:
    player("echo 'connection refused' >&2", "exit 1")
    player("echo 'no device' >&2")  # as ffplay, which calls that a success
    player("touch played")
    assert listen(groove_wav).code == 0
    assert Path("played").exists()


def test_no_device(listen, player, groove_wav) -> None:
    player("echo first >&2", "echo no device >&2", "echo \"Failed to open file '$1'\" >&2")
    player("echo \"Failed to open file '$1'\" >&2", "exit 1")
    player("exit 3")
    result = listen(groove_wav)
    assert (result.code, len(result.complaints)) == (1, 1)
    reasons = (
        "player-0: no device; player-1: Failed to open file 'preview.wav'; player-2: exit code 3"
    )
    assert f"({reasons})" in result.err
    assert "--format preview" in result.err and "audio device" in result.err


def test_no_player(listen, groove_wav, monkeypatch) -> None:
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr("bandscribe.drums.infer", None)  # found out before anything is analysed
    result = listen(groove_wav)
    assert (result.code, result.out, len(result.complaints)) == (1, "", 1)
    assert "no audio player found" in result.err and "--player" in result.err
    assert "(mine)" in listen(groove_wav, "--player", "mine").err


@pytest.mark.parametrize("name", ["my player", "player"])
def test_a_player_of_ones_own_with_options(listen, tmp_path, groove_wav, name) -> None:
    path = tmp_path / name
    path.write_text('#!/bin/sh\necho "$# $1" > called\n')
    path.chmod(0o755)
    assert listen(groove_wav, "--player", path).code == 0
    assert Path("called").read_text().startswith("1 /")
    assert listen(groove_wav, "--player", f"'{path}' --quiet 'a b'").code == 0
    assert Path("called").read_text() == "3 --quiet\n"
    assert listen(groove_wav, "--player", " ").code == 1


@pytest.mark.parametrize("platform", ["darwin", "win32", "linux", "freebsd14"])
def test_every_system_has_a_player(monkeypatch, platform) -> None:
    monkeypatch.setattr("sys.platform", platform)
    monkeypatch.setattr("shutil.which", lambda name: name)
    first = players.find()[0]
    assert first == players.PLAYERS.get(platform, players.OTHERS)[0]


def test_ctrl_c_stops_the_player(listen, player, groove_wav, monkeypatch, tmp_path) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    player("trap '' INT", "exec sleep 60")
    started = []

    def interrupt(process: subprocess.Popen[str]) -> None:
        started.append(process)
        raise KeyboardInterrupt

    monkeypatch.setattr(subprocess.Popen, "communicate", interrupt)
    assert listen(groove_wav).code == 130
    assert [process.returncode for process in started] == [-signal.SIGKILL]
    assert list(tmp_path.glob("bandscribe-*")) == []


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["--instruments", "--click"], "--click: is for drums; leave out --instruments"),
        (
            ["--instruments", "--sensitivity", "0.5"],
            "--sensitivity: is for drums; leave out --instruments",
        ),
        (["--start", "2", "--end", "1"], "--end: expected a time after 2 s, got 1 s"),
        (["--sensitivity", "2"], "sensitivity"),
        (["--model", "nobody"], "--model: there is no 'nobody'"),
    ],
)
def test_wrong_usage(bandscribe, groove_wav, arguments, reason) -> None:
    result = bandscribe("listen", groove_wav, *arguments)
    assert (result.code, result.out, len(result.complaints)) == (2, "", 1)
    assert reason in result.err


def test_notes_are_not_tracked(bandscribe, tmp_path) -> None:
    result = bandscribe("listen", tmp_path / "a.json", "--instruments")
    assert (result.code, len(result.complaints)) == (2, 1)
    assert "a.json holds drum notes; name the recording" in result.err
    result = bandscribe("listen", tmp_path / "a.json", "--sensitivity", "0.7")
    assert (result.code, len(result.complaints)) == (2, 1)
    assert "--sensitivity: has no effect on" in result.err and "a.json" in result.err


@pytest.mark.parametrize(
    ("name", "reason"), [("no.wav", "there is no such file"), (".", "a folder")]
)
def test_what_cannot_be_read(listen, player, name, reason) -> None:
    player("true")
    result = listen(name)
    assert (result.code, len(result.complaints)) == (1, 1)
    assert result.err.startswith(f"bandscribe: {name}: {reason}")
