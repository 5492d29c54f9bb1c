"""Sound is written: what each format holds, equal bytes for equal sound, and a full disk."""

from __future__ import annotations

import errno
import os
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile

from bandscribe import audio
from bandscribe.types import Audio
from tiny_sounds import RATE, clicks


def test_write_refuses_what_a_format_cannot_hold(tmp_path: Path) -> None:
    for name, sound, subtype in [
        ("a.txt", clicks(0.1), None),
        ("a.mp3", clicks(0.1, channels=8), None),
        ("a.opus", clicks(0.1), None),
        ("a.flac", clicks(0.1), "FLOAT"),
        ("a.wav", clicks(0.1), "NONSENSE"),
    ]:
        with pytest.raises(ValueError, match=name):
            audio.write(tmp_path / name, sound, subtype=subtype)
    with pytest.raises(FileNotFoundError, match=r"missing/a\.wav"):
        audio.write(tmp_path / "missing" / "a.wav", clicks(0.1))
    assert not list(tmp_path.iterdir())


def test_write_clips(tmp_path: Path) -> None:
    audio.write(tmp_path / "loud.wav", Audio(np.array([[2, -2, 0.5]], np.float32), RATE))
    np.testing.assert_allclose(audio.read(tmp_path / "loud.wav").samples, [[1, -1, 0.5]], atol=1e-4)


@pytest.mark.parametrize("suffix", ["mp3", "ogg", "opus"])
def test_write_clips_before_lossy_encoders(tmp_path: Path, suffix: str) -> None:
    """Of which LAME aborts the process over such samples."""
    noise = np.float32(3e8) * np.random.default_rng(0).normal(size=(1, 24000)).astype(np.float32)
    for name, samples in (("loud", noise), ("clipped", np.clip(noise, -1, 1))):
        audio.write(tmp_path / f"{name}.{suffix}", Audio(samples, 48000))
    loud, clipped = (tmp_path / f"{name}.{suffix}" for name in ("loud", "clipped"))
    assert loud.read_bytes() == clipped.read_bytes()


@pytest.mark.parametrize(
    ("name", "subtype"),
    [
        ("a.wav", None), ("a.wav", "FLOAT"), ("a.wav", "DOUBLE"), ("a.aiff", "FLOAT"),
        ("a.caf", "FLOAT"), ("a.flac", None), ("a.mp3", None), ("a.ogg", None), ("a.opus", None),
    ],
)  # fmt: skip
def test_equal_sound_is_equal_bytes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, subtype: str | None
) -> None:
    """Whenever it is written; what is written is still what libsndfile, and its checksums, read."""
    times = np.arange(2 * 48000) / 48000
    tone = np.stack([0.4 * np.sin(2 * np.pi * f * times) for f in (440, 660)]).astype(np.float32)
    audio.write(tmp_path / name, Audio(tone, 48000), subtype=subtype)
    first = (tmp_path / name).read_bytes()
    time.sleep(1.1 if subtype in ("FLOAT", "DOUBLE") else 0)
    audio.write(tmp_path / name, Audio(tone, 48000), subtype=subtype)
    assert (tmp_path / name).read_bytes() == first
    read, rate = soundfile.read(tmp_path / name, always_2d=True)
    assert (rate, read.shape[1]) == (48000, 2)
    assert np.abs(read[4800:90000] - tone.T[4800:90000]).max() < 0.05


@pytest.mark.parametrize("suffix", [".ogg", ".opus"])
def test_streams_keep_apart_by_their_number(tmp_path: Path, suffix: str) -> None:
    """The checksum of a page is Ogg's (RFC 3533, section 6); other sound, other number."""

    def crc(page: bytes) -> int:
        register = 0
        for byte in page:
            register ^= byte << 24
            for _ in range(8):
                register = (register << 1) ^ (0x04C11DB7 if register & 1 << 31 else 0)
            register &= 0xFFFFFFFF
        return register

    numbers = set()
    for level in (0.1, 0.2):
        path = tmp_path / f"a{suffix}"
        audio.write(path, Audio(np.full((1, 4800), level, dtype=np.float32), 48000))
        data = path.read_bytes()
        pages = [b"OggS" + part for part in data.split(b"OggS")[1:]]
        for page in pages:
            whole = page[:22] + bytes(4) + page[26:]
            assert crc(whole) == int.from_bytes(page[22:26], "little")
        numbers |= {page[14:18] for page in pages}
    assert len(numbers) == 2


@pytest.mark.parametrize("suffix", [".wav", ".flac", ".ogg", ".mp3", ".aiff"])
def test_blocks_are_written_as_they_come(tmp_path: Path, suffix: str) -> None:
    sound = np.random.default_rng(0).uniform(-0.5, 0.5, (2, 90_000)).astype(np.float32)
    audio.write(tmp_path / f"whole{suffix}", Audio(sound, 44100))
    parts = (Audio(part, 44100) for part in np.split(sound, [65536], axis=1))
    audio.write(tmp_path / f"parts{suffix}", parts)
    whole, joined = ((tmp_path / f"{name}{suffix}").read_bytes() for name in ("whole", "parts"))
    assert whole == joined
    with pytest.raises(ValueError, match="expected sound to write, got none"):
        audio.write(tmp_path / f"none{suffix}", [])

    def fail() -> Iterator[Audio]:
        yield Audio(sound, 44100)
        raise ValueError("the second block is bad")

    with pytest.raises(ValueError, match=r"^the second block is bad"):
        audio.write(tmp_path / f"none{suffix}", fail())
    assert {path.stem for path in tmp_path.iterdir()} == {"whole", "parts"}


@pytest.mark.parametrize("suffix", [".wav", ".flac", ".ogg", ".opus", ".mp3"])
@pytest.mark.parametrize("room", [0, 9000])
def test_a_full_disk_is_told_of(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, suffix: str, room: int
) -> None:
    """Whatever libsndfile makes of it."""
    left, put = room, os.write

    def write(number: int, data: bytes) -> int:
        nonlocal left
        if not left:
            raise OSError(errno.ENOSPC, "No space left on device")
        left -= (count := min(left, len(data)))
        return put(number, data[:count])

    monkeypatch.setattr(audio.os, "write", write)
    noise = np.random.default_rng(0).uniform(-0.5, 0.5, (1, 96_000)).astype(np.float32)
    with pytest.raises(OSError, match="No space left on device"):
        audio.write(tmp_path / f"a{suffix}", Audio(noise, 48000))
    assert list(tmp_path.iterdir()) == []
