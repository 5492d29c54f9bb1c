"""Sound is read whole, in slices and as a stream, from every container and codec."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile
import soxr

from bandscribe import audio
from bandscribe.types import Audio
from tiny_sounds import RATE, clicks, encode, untagged


def delay(sound: Audio, reference: Audio) -> int:
    """Samples by which mono `sound` is late."""
    n = 1 << 17
    spectra = [np.fft.rfft(a.samples[0][: n // 2], n) for a in (sound, reference)]
    lag = int(np.argmax(np.fft.irfft(spectra[0] * np.conj(spectra[1]), n)))
    return lag - n if lag > n // 2 else lag


def join(blocks: list[Audio]) -> np.ndarray:
    return np.concatenate([block.samples for block in blocks], axis=1)


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


def test_untagged_mp3_after_something_else(tmp_path: Path) -> None:
    path = tmp_path / "sound.mp3"
    audio.write(path, clicks())
    path.write_bytes(b"no tag" + path.read_bytes()[600:])
    assert audio.read(path).duration > 1.8  # and no warning


@pytest.mark.skipif(sys.platform != "linux", reason="names are text")
def test_a_name_that_is_no_text(tmp_path: Path) -> None:
    path = Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xfc.wav"))
    audio.write(path, clicks(0.1))
    assert audio.read(path).duration == pytest.approx(0.1)


@pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="needs ffmpeg")
@pytest.mark.parametrize("kind", ["wav", "flac", "ogg", "mp3"])
def test_a_file_written_to_a_pipe_is_whole(tmp_path: Path, kind: str) -> None:
    audio.write(tmp_path / "sound.caf", clicks())
    command = ["ffmpeg", "-v", "error", "-i", str(tmp_path / "sound.caf"), "-f", kind, "-"]
    path = tmp_path / f"piped.{kind}"
    path.write_bytes(subprocess.run(command, capture_output=True, check=True).stdout)
    assert audio.read(path).duration == pytest.approx(2.0, abs=0.06)  # and no warning


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
