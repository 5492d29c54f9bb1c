"""Files that hold more, or other things, than their first header says."""

from __future__ import annotations

import re
import shutil
import sys
import warnings
from itertools import product
from pathlib import Path

import numpy as np
import pytest
import soundfile

from bandscribe import audio
from bandscribe.decode import decode, length
from bandscribe.types import Audio
from tiny_sounds import RATE, bundle, clicks, encode, untagged


def read_warned(path: Path) -> tuple[Audio, str]:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        sound = audio.read(path)
    [warning] = caught
    assert issubclass(warning.category, audio.AudioWarning)
    return sound, str(warning.message)


def join(path: Path, *parts: Path | bytes) -> Path:
    path.write_bytes(b"".join(p if isinstance(p, bytes) else p.read_bytes() for p in parts))
    return path


def id3(content: bytes) -> bytes:
    """An ID3 tag, version 2.4: the size has seven bits per byte."""
    sizes = bytes(len(content) >> shift & 127 for shift in (21, 14, 7, 0))
    return b"ID3\x04\x00\x00" + sizes + content


# Several recordings after one another ------------------------------------------------------------


@pytest.mark.parametrize("suffix", [".ogg", ".opus", ".flac", ".mp3", ".wav", ".aiff"])
def test_joined_files_are_read_one_after_another(tmp_path: Path, suffix: str) -> None:
    parts = []
    for i, seconds in enumerate((0.5, 1.1, 0.3)):
        parts.append(tmp_path / f"{i}{suffix}")
        audio.write(parts[-1], clicks(seconds, 48_000, 2))
    wanted = np.concatenate([audio.read(part).samples for part in parts], axis=1)
    path = join(tmp_path / f"all{suffix}", *parts)
    np.testing.assert_array_equal(audio.read(path).samples, wanted)
    for start, duration in [(0.3, 0.1), (0.4, 0.6), (0.4, 1.4), (0.7, 0.2), (1.62, 9)]:
        part = audio.read(path, start=start, duration=duration).samples
        first, last = round(start * 48_000), round((start + duration) * 48_000)
        np.testing.assert_allclose(part, wanted[:, first:last], atol=1e-6)
    if suffix != ".flac":
        assert length(path) == pytest.approx(1.9)
    with pytest.raises(ValueError, match="holds no samples after 2 s"):
        audio.read(path, start=2.0)


@pytest.mark.parametrize("suffix", [".ogg", ".opus", ".flac", ".mp3", ".wav"])
def test_the_last_of_joined_files_breaks_off(tmp_path: Path, suffix: str) -> None:
    audio.write(tmp_path / f"one{suffix}", clicks(2.0, 48_000))
    data = (tmp_path / f"one{suffix}").read_bytes()
    path = join(tmp_path / f"both{suffix}", data, data[: len(data) * 2 // 3])
    sound, message = read_warned(path)
    assert 2.3 < sound.duration < 3.9
    assert f"broke off after {sound.duration:.1f} s" in message


@pytest.mark.parametrize("suffix", [".ogg", ".opus", ".flac", ".mp3"])
def test_the_first_of_joined_files_breaks_off(tmp_path: Path, suffix: str) -> None:
    audio.write(tmp_path / f"one{suffix}", clicks(2.0, 48_000))
    data = (tmp_path / f"one{suffix}").read_bytes()
    path = join(tmp_path / f"both{suffix}", data[: len(data) * 2 // 3], data)
    sound, message = read_warned(path)
    assert 2.3 < sound.duration < 3.9
    [seconds] = re.findall(r"broke off after (\S+) s", message)
    assert float(seconds) == pytest.approx(sound.duration - 2, abs=0.0501)
    np.testing.assert_array_equal(
        sound.samples[:, -96_000:], audio.read(tmp_path / f"one{suffix}").samples
    )


FORMS = {"44.1 kHz": (44_100, 2), "22 kHz": (22_050, 2), "48 kHz mono": (48_000, 1)}


@pytest.mark.parametrize("suffix", [".ogg", ".flac", ".mp3", "untagged.mp3"])
@pytest.mark.parametrize(("first", "second"), list(product(FORMS, FORMS)))
def test_the_rate_or_the_channels_change(
    tmp_path: Path, first: str, second: str, suffix: str
) -> None:
    sounds = []
    for i, (rate, channels) in enumerate((FORMS[first], FORMS[second])):
        sounds.append(tmp_path / f"{i}{suffix}")
        audio.write(sounds[i], clicks(0.7, rate, channels))
        if suffix.startswith("untagged"):
            untagged(sounds[i])
    one, two = map(audio.read, sounds)
    both = audio.read(join(tmp_path / f"both{suffix}", *sounds))
    assert (both.sample_rate, len(both.samples)) == FORMS[first]
    n = one.samples.shape[1]
    tail = 1152 if first == second else 0  # frames of one stream lap over
    np.testing.assert_array_equal(both.samples[:, : n - tail], one.samples[:, : n - tail])
    mono = audio.resample(audio.downmix(two), one.sample_rate).samples[0]
    found = both.samples[0, n:]
    assert len(found) == pytest.approx(len(mono), abs=1)
    mixed = found if len(two.samples) == 1 or len(one.samples) == 1 else both.samples[:, n:].mean(0)
    m = min(len(mono), len(mixed))
    np.testing.assert_allclose(mixed[2500:m], mono[2500:m], atol=2e-3)


# Streams of mp3 ----------------------------------------------------------------------------------

_BETWEEN = {
    "nothing": b"",
    "a tag": id3(b"TIT2" + bytes(60)),
    "a tag with a picture": id3(np.random.default_rng(3).bytes(90_000) + b"\xff\xfb\x90\x64" * 99),
    "an old tag": b"TAG" + b" " * 125,
    "both": b"TAG" + b" " * 125 + id3(b"TIT2" + bytes(60)),
    "zeros": bytes(5000),
}


@pytest.mark.parametrize("between", _BETWEEN)
@pytest.mark.parametrize("tagged", list(product((True, False), repeat=2)))
def test_mp3_streams_with_tags_between(
    tmp_path: Path, tagged: tuple[bool, bool], between: str
) -> None:
    paths = [tmp_path / "one.mp3", tmp_path / "two.mp3"]
    for path, has_tag, seconds in zip(paths, tagged, (0.8, 0.6), strict=True):
        audio.write(path, clicks(seconds))
        if not has_tag:
            untagged(path)
    both = join(tmp_path / "both.mp3", paths[0], _BETWEEN[between], paths[1])
    wanted = np.concatenate([audio.read(path).samples[0] for path in paths])
    found = audio.read(both).samples[0]
    assert len(found) == len(wanted)
    if between != "nothing" or any(tagged):
        np.testing.assert_array_equal(found, wanted)
    assert length(both) == pytest.approx(len(wanted) / RATE)


@pytest.mark.parametrize("tail", [bytes(20_000), b"TAG" + b" " * 125, b"APETAGEX" + bytes(24)])
@pytest.mark.parametrize("tagged", [True, False])
def test_what_follows_an_mp3_is_no_damage(tmp_path: Path, tagged: bool, tail: bytes) -> None:
    path = tmp_path / "sound.mp3"
    audio.write(path, clicks())
    if not tagged:
        untagged(path)
    whole = audio.read(path).samples
    path.write_bytes(path.read_bytes() + tail)
    np.testing.assert_array_equal(audio.read(path).samples, whole)  # and no warning


def test_an_untagged_mp3_that_breaks_off(tmp_path: Path) -> None:
    path = tmp_path / "sound.mp3"
    audio.write(path, clicks())
    data = untagged(path).read_bytes()
    path.write_bytes(data[: len(data) * 2 // 3])
    sound, message = read_warned(path)
    assert 1.0 < sound.duration < 1.6
    assert "(its last frame is incomplete)" in message


def ending_later(content: bytes, frames: int) -> bytes:
    """An Ogg file whose last page promises more frames."""
    start = content.rfind(b"OggS")
    page = bytearray(content[start:])
    end = int.from_bytes(page[6:14], "little") + frames
    page[6:14], page[22:26] = end.to_bytes(8, "little"), bytes(4)
    checksum = 0
    for byte in page:
        checksum ^= byte << 24
        for _ in range(8):
            checksum = (checksum << 1 ^ (0x104C11DB7 if checksum >> 31 else 0)) & 0xFFFFFFFF
    page[22:26] = checksum.to_bytes(4, "little")
    return content[:start] + bytes(page)


def test_an_ogg_whose_last_block_is_short_is_whole(tmp_path: Path) -> None:
    """As FFmpeg writes it where it cuts a recording."""
    whole, longer = tmp_path / "whole.ogg", tmp_path / "longer.ogg"
    audio.write(whole, clicks(2.0))
    assert ending_later(whole.read_bytes(), 0) == whole.read_bytes()
    longer.write_bytes(ending_later(whole.read_bytes(), 300))
    expected = audio.read(whole).samples
    found = audio.read(longer).samples  # and what the last block decodes to after the end
    assert found.shape[1] < expected.shape[1] + 300
    np.testing.assert_array_equal(found[:, : expected.shape[1]], expected)
    longer.write_bytes(ending_later(whole.read_bytes(), 5_000))
    assert "broke off after 2.0 s (its header promises 2.1 s)" in read_warned(longer)[1]


def test_junk_within_an_mp3_is_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "one.mp3"
    audio.write(path, clicks())
    data = untagged(path).read_bytes()
    junk = np.random.default_rng(5).bytes(20_000)
    sound, message = read_warned(join(tmp_path / "both.mp3", data, junk, data))
    assert sound.duration == pytest.approx(2 * audio.read(path).duration)
    assert "broke off after 2.0 s (damaged there)" in message


# Headers that are wrong ---------------------------------------------------------------------------


def sizes_zeroed(path: Path, *names: bytes) -> None:
    data = bytearray(path.read_bytes())
    for name in names:
        at = data.index(name) + 4
        data[at : at + 4] = bytes(4)
    path.write_bytes(data)


@pytest.mark.parametrize("names", [(b"data",), (b"data", b"RIFF")])
@pytest.mark.parametrize("subtype", ["PCM_16", "PCM_24", "FLOAT"])
def test_a_wav_that_was_never_completed(
    tmp_path: Path, subtype: str, names: tuple[bytes, ...]
) -> None:
    path = tmp_path / "sound.wav"
    audio.write(path, clicks(1.0, channels=2), subtype=subtype)
    whole = audio.read(path).samples
    sizes_zeroed(path, *names)
    sound, message = read_warned(path)
    np.testing.assert_array_equal(sound.samples, whole)
    assert message.endswith("its header was never completed; it is read to the end of the file")
    with pytest.warns(audio.AudioWarning):
        assert length(path) == 1.0
    with pytest.warns(audio.AudioWarning):
        part = audio.read(path, start=0.5)
    np.testing.assert_array_equal(part.samples, whole[:, 22_050:])


def test_an_rf64_and_an_au_that_were_never_completed(tmp_path: Path) -> None:
    sound = clicks(0.5, channels=2)
    for name, kind, first, size in (("a.rf64", "RF64", 20, 16), ("a.au", "AU", 8, 4)):
        path = tmp_path / name
        soundfile.write(path, sound.samples.T, RATE, format=kind, subtype="PCM_16")
        whole = audio.read(path).samples
        data = path.read_bytes()
        path.write_bytes(data[:first] + bytes(size) + data[first + size :])
        found, message = read_warned(path)
        np.testing.assert_array_equal(found.samples, whole)
        assert "never completed" in message


def test_a_wav_without_samples_stays_empty(tmp_path: Path) -> None:
    path = tmp_path / "sound.wav"
    audio.write(path, Audio(np.zeros((1, 0), np.float32), RATE))
    path.write_bytes(path.read_bytes() + b"LIST" + (200).to_bytes(4, "little") + bytes(200))
    with pytest.raises(ValueError, match="holds no samples"):
        audio.read(path)


def test_a_damaged_mp3_in_a_wav_is_read_in_silence(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    data = bytearray(encode(tmp_path / "sound.wav", clicks(3.0), "libmp3lame").read_bytes())
    for start in range(500, len(data) - 300, 900):  # no three frames in a row
        data[start : start + 300] = bytes(300)
    (tmp_path / "bad.wav").write_bytes(data)
    for start in (0.0, 1.0):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                audio.read(tmp_path / "bad.wav", start=start)
            except ValueError:
                continue
    assert capfd.readouterr().err == ""


def test_an_mp3_in_a_wav(tmp_path: Path) -> None:
    path = encode(tmp_path / "sound.wav", clicks(3.0), "libmp3lame")
    assert soundfile.info(path).subtype == "MPEG_LAYER_III"
    sound = audio.read(path)  # and no warning
    assert 3.0 <= sound.duration < 3.06
    assert length(path) == pytest.approx(sound.duration)


# Codecs that cannot seek -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("suffix", "subtype"),
    [
        *product((".wav", ".aiff", ".w64"), ("GSM610",)),
        *product((".wav", ".au"), ("G721_32",)),
        *product((".au",), ("G723_24", "G723_40")),
        *product((".wav",), ("NMS_ADPCM_16", "NMS_ADPCM_24", "NMS_ADPCM_32")),
        *product((".aiff",), ("DWVW_16", "DWVW_24")),
        *product((".wav",), ("IMA_ADPCM", "MS_ADPCM")),
    ],
)
def test_codecs_of_telephones_and_samplers(tmp_path: Path, suffix: str, subtype: str) -> None:
    path = tmp_path / f"sound{suffix}"
    time = np.arange(3 * 8_000) / 8_000
    tone = 0.4 * np.sin(2 * np.pi * 300 * time).astype(np.float32)
    soundfile.write(path, tone, 8_000, subtype=subtype)
    sound = audio.read(path)  # and no warning
    assert sound.duration == pytest.approx(3.0, abs=0.07)
    found = sound.samples[0, : len(tone)]
    assert np.corrcoef(found, tone[: len(found)])[0, 1] > 0.95
    later = audio.read(path, start=1.0, duration=1.0)
    np.testing.assert_array_equal(later.samples, sound.samples[:, 8_000:16_000])


def test_decode_has_no_empty_blocks(tmp_path: Path) -> None:
    path = tmp_path / "sound.wav"
    soundfile.write(path, np.zeros(3 * 4096), 8_000, subtype="GSM610")
    assert all(block.samples.shape[1] for block in decode(path, 1.0))


# Several streams in one file ---------------------------------------------------------------------

_SILENCE = Audio(np.zeros((1, RATE), np.float32), RATE)


@pytest.mark.parametrize("decoder", ["PyAV", "ffmpeg"])
@pytest.mark.parametrize(
    ("default", "chosen"), [(0, "1, the default"), (1, "2, the default"), (None, "2, the longest")]
)
def test_of_several_streams_one_is_read_and_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, default: int, chosen: str, decoder: str
) -> None:
    sound = clicks(1.5)
    path = bundle(tmp_path / "sound.mka", _SILENCE, sound, default=default)
    if decoder == "ffmpeg":
        if shutil.which("ffmpeg") is None:
            pytest.skip("needs ffmpeg")
        monkeypatch.setitem(sys.modules, "av", None)
        chosen = chosen.replace("2, the longest", "1, the first")  # it does not tell their lengths
    found, message = read_warned(path)
    assert message == (
        f"{path}: holds 2 sound streams; stream {chosen}, is read (--stream takes another)"
    )
    assert found.samples.any() == chosen.startswith("2")
    again = audio.read(path, stream=2)  # and no warning
    np.testing.assert_allclose(again.samples, sound.samples, atol=1e-4)
    assert not audio.read(path, stream=1).samples.any()
    [block] = audio.stream(path, sample_rate=RATE, stream=2)
    np.testing.assert_array_equal(block.samples, again.samples)
    with pytest.raises(ValueError, match=r"sound\.mka: has no sound stream 3; the last one is 2"):
        audio.read(path, stream=3)


def test_what_holds_one_stream_has_no_second(tmp_path: Path) -> None:
    path = tmp_path / "sound.wav"
    audio.write(path, clicks(0.1))
    np.testing.assert_array_equal(audio.read(path, stream=1).samples, audio.read(path).samples)
    with pytest.raises(ValueError, match=r"sound\.wav: has no sound stream 2; the last one is 1"):
        audio.read(path, stream=2)
    with pytest.raises(ValueError, match="stream: expected 1 or more"):
        audio.read(path, stream=0)


def test_aac_whose_rate_changes(tmp_path: Path) -> None:
    parts = [
        encode(tmp_path / f"{rate}.aac", clicks(1.0, rate), "aac") for rate in (44_100, 22_050)
    ]
    both = audio.read(join(tmp_path / "both.aac", *parts))
    assert both.duration == pytest.approx(sum(audio.read(part).duration for part in parts))


# Numbers that no recording has -------------------------------------------------------------------


@pytest.mark.parametrize("rate", [1, 20, 999, 768_001, 2**31 - 1])
def test_absurd_rates_are_refused(tmp_path: Path, rate: int) -> None:
    path = tmp_path / "sound.wav"
    soundfile.write(path, np.zeros(30_000), rate)
    for read in (audio.read, length, lambda path: list(audio.stream(path, sample_rate=RATE))):
        with pytest.raises(
            ValueError, match=rf"sound\.wav: a sample rate of {rate} Hz, where 1000"
        ):
            read(path)


@pytest.mark.parametrize("rate", [1_000, 768_000])
def test_the_ends_of_what_is_a_rate(tmp_path: Path, rate: int) -> None:
    path = tmp_path / "sound.wav"
    soundfile.write(path, np.full(3_000, 0.5), rate)
    assert audio.read(path, sample_rate=RATE).duration == pytest.approx(3_000 / rate, rel=1e-2)


@pytest.mark.parametrize("value", [1e30, -1e30, 5e9])
def test_absurd_samples_are_refused(tmp_path: Path, value: float) -> None:
    samples = np.zeros((RATE, 2), np.float32)
    samples[11_025, 1] = value
    path = tmp_path / "sound.wav"
    soundfile.write(path, samples, RATE, subtype="FLOAT")
    with pytest.raises(
        ValueError, match=r"sound\.wav: a sample at 0\.250 s is -?\de\+\d\d, where 1 is"
    ):
        audio.read(path)


def test_samples_in_the_range_of_integers_are_read(tmp_path: Path) -> None:
    samples = np.linspace(-(2.0**31), 2.0**31, 100, dtype=np.float32)
    soundfile.write(tmp_path / "sound.wav", samples, RATE, subtype="FLOAT")
    np.testing.assert_array_equal(audio.read(tmp_path / "sound.wav").samples, samples[None])


def test_a_file_that_gives_nothing_has_one_line(tmp_path: Path) -> None:
    path = tmp_path / "sound.flac"
    audio.write(path, clicks())
    path.write_bytes(path.read_bytes()[:300])
    with pytest.raises(ValueError, match="no sound that can be decoded"):
        audio.read(path)  # and no warning
