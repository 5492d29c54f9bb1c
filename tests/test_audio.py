"""Reading, streaming and writing sound, and every way in which a file may be odd or bad."""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Iterator
from itertools import product
from pathlib import Path

import numpy as np
import pytest
import soundfile
import soxr

from bandscribe import audio
from bandscribe.types import Audio
from tiny_sounds import RATE, clicks, encode, untagged


def cut(path: Path, share: float = 0.6, tail: bytes = b"") -> Path:
    """The first part of a file, under another name, followed by `tail`."""
    data = path.read_bytes()
    shorter = path.with_name(f"cut{path.suffix}")
    shorter.write_bytes(data[: int(len(data) * share)] + tail)
    return shorter


def delay(sound: Audio, reference: Audio) -> int:
    """Samples by which mono `sound` is late."""
    n = 1 << 17
    spectra = [np.fft.rfft(a.samples[0][: n // 2], n) for a in (sound, reference)]
    lag = int(np.argmax(np.fft.irfft(spectra[0] * np.conj(spectra[1]), n)))
    return lag - n if lag > n // 2 else lag


def join(blocks: list[Audio]) -> np.ndarray:
    return np.concatenate([block.samples for block in blocks], axis=1)


# What can be read --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("suffix", "subtype", "rate", "channels", "seconds"),
    [
        (".wav", "PCM_24", 8_000, 1, 0.5),
        (".wav", "FLOAT", 192_000, 8, 0.2),
        (".wav", "DOUBLE", 44_100, 2, 0.05),
        (".aiff", "PCM_16", 48_000, 2, 0.5),
        (".caf", "PCM_16", 22_050, 3, 0.5),
        (".flac", "PCM_24", 96_000, 6, 0.2),
    ],
)
def test_lossless(
    tmp_path: Path, suffix: str, subtype: str, rate: int, channels: int, seconds: float
) -> None:
    sound = clicks(seconds, rate, channels)
    path = tmp_path / f"sound{suffix}"
    audio.write(path, sound, subtype=subtype)
    again = audio.read(path)
    assert again.sample_rate == rate
    np.testing.assert_allclose(again.samples, sound.samples, atol=2 / 2**15)
    mono = audio.read(path, mono=True, sample_rate=RATE)
    assert mono.samples.shape == (1, round(seconds * RATE))


@pytest.mark.parametrize("suffix", [".mp3", ".ogg", ".opus"])
def test_lossy_keeps_onsets(tmp_path: Path, suffix: str) -> None:
    sound = clicks(rate=48_000)
    audio.write(tmp_path / f"sound{suffix}", sound)
    again = audio.read(tmp_path / f"sound{suffix}")
    assert again.samples.shape == sound.samples.shape
    assert abs(delay(again, sound)) <= 1


@pytest.mark.parametrize(("suffix", "codec"), [(".m4a", "aac"), (".webm", "libopus")])
def test_containers_by_pyav(tmp_path: Path, suffix: str, codec: str) -> None:
    sound = clicks(rate=48_000)
    again = audio.read(encode(tmp_path / f"sound{suffix}", sound, codec))
    assert again.duration == pytest.approx(2.0, abs=0.03)
    assert abs(delay(again, sound)) <= 1
    later = audio.read(tmp_path / f"sound{suffix}", start=0.7, duration=0.5)
    np.testing.assert_array_equal(later.samples, again.samples[:, 33_600:57_600])


@pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="needs ffmpeg")
def test_containers_by_ffmpeg(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = encode(tmp_path / "-sound.m4a", clicks(rate=48_000), "aac")
    by_pyav = audio.read(path)
    monkeypatch.setitem(sys.modules, "av", None)
    by_ffmpeg = audio.read(path)
    assert by_ffmpeg.sample_rate == 48_000
    n = 90_000
    np.testing.assert_allclose(by_ffmpeg.samples[:, :n], by_pyav.samples[:, :n], atol=1e-5)
    (tmp_path / "text.m4a").write_text("no sound\n" * 99)
    with pytest.raises(ValueError, match=r"text\.m4a: no sound"):
        audio.read(tmp_path / "text.m4a")


def test_content_counts_more_than_the_suffix(tmp_path: Path) -> None:
    wave = tmp_path / "sound.wav"
    audio.write(wave, clicks())
    for name in ("noname", "sound.m4a", "sound.raw"):
        shutil.copy(wave, tmp_path / name)
        np.testing.assert_array_equal(audio.read(tmp_path / name).samples, audio.read(wave).samples)


def test_silence_is_sound(tmp_path: Path) -> None:
    audio.write(tmp_path / "silence.wav", Audio(np.zeros((2, 2205), np.float32), RATE))
    assert not audio.read(tmp_path / "silence.wav", sample_rate=22_050).samples.any()


def test_untagged_mp3_of_varying_bitrate_is_read_to_its_end(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    noise = Audio(rng.uniform(-0.5, 0.5, (1, 3 * RATE)).astype(np.float32), RATE)
    audio.write(tmp_path / "loud.mp3", noise)
    audio.write(tmp_path / "calm.mp3", Audio(np.zeros((1, 9 * RATE), np.float32), RATE))
    both = tmp_path / "both.mp3"
    parts = [untagged(tmp_path / f"{name}.mp3").read_bytes() for name in ("loud", "calm")]
    both.write_bytes(b"".join(parts))
    whole = audio.read(both)
    assert whole.duration == pytest.approx(12, abs=0.2)
    assert soundfile.info(both).duration < 9 or soundfile.info(both).duration > 13
    part = audio.read(both, start=1.5, duration=2)
    np.testing.assert_array_equal(part.samples, whole.samples[:, 66_150 : 66_150 + 2 * RATE])


# Slices, streams, rates --------------------------------------------------------------------------


def test_untagged_mp3_after_something_else(tmp_path: Path) -> None:
    path = tmp_path / "sound.mp3"
    audio.write(path, clicks())
    path.write_bytes(b"no tag" + path.read_bytes()[600:])
    assert audio.read(path).duration > 1.8  # and no warning


@pytest.mark.parametrize("suffix", [".wav", ".flac", ".mp3", ".ogg"])
def test_slice(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"sound{suffix}"
    audio.write(path, clicks(channels=2))
    whole = audio.read(path).samples
    part = audio.read(path, start=0.3, duration=0.4).samples
    np.testing.assert_allclose(part, whole[:, 13_230 : 13_230 + 17_640], atol=1e-6)
    rest = audio.read(path, start=1.9, duration=5).samples
    np.testing.assert_allclose(rest, whole[:, 83_790:], atol=1e-6)


@pytest.mark.parametrize(("rate", "to"), [(44_100, 44_100), (8_000, 44_100), (192_000, 44_100)])
def test_stream_equals_read(tmp_path: Path, rate: int, to: int) -> None:
    path = tmp_path / "sound.wav"
    sound = clicks(1.3, rate, 3)
    audio.write(path, sound, subtype="FLOAT")
    whole = audio.read(path, sample_rate=to, mono=True).samples
    for seconds in (0.01, 0.25, 10.0):
        blocks = list(audio.stream(path, sample_rate=to, block_seconds=seconds))
        np.testing.assert_array_equal(join(blocks), whole)
        assert {block.sample_rate for block in blocks} == {to}
        assert all(block.duration >= seconds for block in blocks[:-1])
    at_once = soxr.resample(sound.samples.mean(axis=0), rate, to, quality="HQ")
    np.testing.assert_allclose(whole[0], at_once, atol=1e-6)


def test_resampling_keeps_onsets() -> None:
    impulse = np.zeros((1, 48_000), np.float32)
    impulse[0, 24_000] = 1
    for rate in (8_000, 44_100, 96_000):
        resampled = audio.resample(Audio(impulse, 48_000), rate)
        assert int(np.argmax(resampled.samples)) == rate // 2


def test_downmix_is_the_mean() -> None:
    sound = Audio(np.array([[1, 0.5], [0, -0.5]], np.float32), RATE)
    np.testing.assert_array_equal(audio.downmix(sound).samples, [[0.5, 0.0]])


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


# Files that break off ----------------------------------------------------------------------------


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


@pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="needs ffmpeg")
@pytest.mark.parametrize("kind", ["wav", "flac", "ogg", "mp3"])
def test_a_file_written_to_a_pipe_is_whole(tmp_path: Path, kind: str) -> None:
    audio.write(tmp_path / "sound.caf", clicks())
    command = ["ffmpeg", "-v", "error", "-i", str(tmp_path / "sound.caf"), "-f", kind, "-"]
    path = tmp_path / f"piped.{kind}"
    path.write_bytes(subprocess.run(command, capture_output=True, check=True).stdout)
    assert audio.read(path).duration == pytest.approx(2.0, abs=0.06)  # and no warning


# Bad files ---------------------------------------------------------------------------------------


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


@pytest.mark.skipif(sys.platform != "linux", reason="names are text")
def test_a_name_that_is_no_text(tmp_path: Path) -> None:
    path = Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xfc.wav"))
    audio.write(path, clicks(0.1))
    assert audio.read(path).duration == pytest.approx(0.1)


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


# Writing -----------------------------------------------------------------------------------------


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
