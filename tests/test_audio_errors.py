"""Every way in which a sound file may break off, be bad or be missing."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
import warnings
from itertools import product
from pathlib import Path

import numpy as np
import pytest

from bandscribe import audio
from bandscribe.types import Audio
from tiny_sounds import RATE, clicks, encode


def cut(path: Path, share: float = 0.6, tail: bytes = b"") -> Path:
    """The first part of a file, under another name, followed by `tail`."""
    data = path.read_bytes()
    shorter = path.with_name(f"cut{path.suffix}")
    shorter.write_bytes(data[: int(len(data) * share)] + tail)
    return shorter


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"sample_rate": 0}, "sample_rate: expected"),
        ({"start": -1.0}, "start: expected"),
        ({"duration": 0.0}, "duration: expected"),
        ({"start": 9.0}, r"holds no samples after 9 s"),
    ],
)
def test_bad_arguments(tmp_path: Path, arguments: dict[str, float], message: str) -> None:
    audio.write(tmp_path / "sound.wav", clicks(0.1))
    with pytest.raises(ValueError, match=message):
        audio.read(tmp_path / "sound.wav", **arguments)


def read_warned(path: Path) -> tuple[Audio, str]:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        sound = audio.read(path)
    assert [w.category for w in caught] == [audio.TruncatedAudioWarning]
    return sound, str(caught[0].message)


@pytest.mark.parametrize(
    ("suffix", "tail"),
    [
        *((suffix, "") for suffix in (".wav", ".aiff", ".flac", ".mp3", ".ogg", ".opus")),
        *product((".flac", ".mp3", ".ogg", ".opus"), ("zeros", "noise")),
    ],
)
def test_truncated(
    tmp_path: Path, suffix: str, tail: str, capfd: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / f"sound{suffix}"
    audio.write(path, clicks(4.0, 48_000))
    whole = audio.read(path)
    noise = np.random.default_rng(1).bytes(9999)
    ends = {"": b"", "zeros": bytes(9999), "noise": noise}
    sound, message = read_warned(cut(path, tail=ends[tail]))
    assert 1.2 < sound.duration < 3.2
    assert message.startswith(f"{tmp_path / 'cut'}{suffix}: broke off after {sound.duration:.1f} s")
    n = sound.samples.shape[1] - 4096
    np.testing.assert_allclose(sound.samples[:, :n], whole.samples[:, :n], atol=1e-6)
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize(
    ("suffix", "codec", "options"),
    [(".m4a", "aac", {"movflags": "faststart"}), (".webm", "libopus", {})],
)
def test_truncated_container(
    tmp_path: Path,
    suffix: str,
    codec: str,
    options: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    path = cut(encode(tmp_path / f"sound{suffix}", clicks(4.0, 48_000), codec, **options))
    sound, message = read_warned(path)
    assert 1.2 < sound.duration < 3.2
    assert f"broke off after {sound.duration:.1f} s" in message
    if shutil.which("ffmpeg"):
        monkeypatch.setitem(sys.modules, "av", None)
        again, message = read_warned(path)
        assert again.duration == pytest.approx(sound.duration, abs=0.1)
        assert "broke off" in message


@pytest.mark.parametrize("suffix", [".wav", ".mp3", ".flac", ".ogg", ".m4a", ""])
def test_text_is_no_sound(tmp_path: Path, suffix: str, capfd: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / f"text{suffix}"
    path.write_text("the quick brown fox\n" * 200)
    with pytest.raises(ValueError, match=rf"text{suffix}: no sound that can be decoded") as error:
        audio.read(path)
    assert "\n" not in str(error.value)
    assert capfd.readouterr().err == ""


def test_no_file(tmp_path: Path) -> None:
    (tmp_path / "empty.wav").touch()
    with pytest.raises(ValueError, match=r"empty\.wav: the file is empty"):
        audio.read(tmp_path / "empty.wav")
    with pytest.raises(ValueError, match=r"a folder, not a sound file"):
        audio.read(tmp_path)
    with pytest.raises(FileNotFoundError, match=r"missing\.wav: there is no such file"):
        audio.read(tmp_path / "missing.wav")


@pytest.mark.skipif(os.name == "nt", reason="no named pipes")
def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.wav")
    with pytest.raises(ValueError, match=r"pipe\.wav: a pipe or a device"):
        audio.read(tmp_path / "pipe.wav")


@pytest.mark.parametrize("start", [0.0, 0.5])
def test_a_flac_that_breaks_off_in_its_first_frame(tmp_path: Path, start: float) -> None:
    path = tmp_path / "sound.flac"
    audio.write(path, clicks())
    path.write_bytes(path.read_bytes()[:300])
    with pytest.raises(ValueError, match=r"sound\.flac: no sound that can be decoded"):
        audio.read(path, start=start)


def test_a_codec_that_nobody_knows(tmp_path: Path) -> None:
    path = encode(tmp_path / "sound.m4a", clicks(0.5), "aac")
    path.write_bytes(path.read_bytes().replace(b"mp4a", b"zzzz").replace(b"esds", b"free"))
    with pytest.raises(ValueError, match=r"sound\.m4a: no sound that can be decoded"):
        audio.read(path)


def test_no_samples(tmp_path: Path) -> None:
    audio.write(tmp_path / "none.wav", Audio(np.zeros((1, 0), np.float32), RATE))
    with pytest.raises(ValueError, match=r"none\.wav: holds no samples"):
        audio.read(tmp_path / "none.wav")
    with pytest.raises(ValueError, match=r"none\.wav: holds no samples"):
        list(audio.stream(tmp_path / "none.wav", sample_rate=8_000))


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_not_finite(tmp_path: Path, bad: float) -> None:
    sound = clicks(channels=2)
    sound.samples[1, 55_125:] = bad
    audio.write(tmp_path / "bad.wav", sound, subtype="FLOAT")
    for start in (0.0, 0.8):
        with pytest.raises(ValueError, match=r"bad\.wav: a sample at 1\.250 s is not a finite"):
            audio.read(tmp_path / "bad.wav", start=start)


def test_no_decoder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = encode(tmp_path / "sound.m4a", clicks(), "aac")
    monkeypatch.setitem(sys.modules, "av", None)
    monkeypatch.setenv("PATH", "")
    cures = r"sound\.m4a: .*-m pip install 'av>=\d+', or put ffmpeg on the PATH$"
    with pytest.raises(ValueError, match=cures):
        audio.read(path)
    with pytest.raises(ValueError, match=r"sound\.wav: no sound .*-m pip install 'av>=\d+'"):
        audio.read(path.rename(tmp_path / "sound.wav"))


def test_no_permission() -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "sound.wav"
        audio.write(path, clicks(0.1))
        path.chmod(0)
        Path(folder).chmod(0o555)
        root = os.geteuid() == 0
        if root:
            os.seteuid(65534)
        try:
            with pytest.raises(PermissionError, match=r"sound\.wav: no permission to read"):
                audio.read(path)
            with pytest.raises(PermissionError, match=r"other\.wav"):
                audio.write(path.with_name("other.wav"), clicks(0.1))
        finally:
            if root:
                os.seteuid(0)
            Path(folder).chmod(0o755)
