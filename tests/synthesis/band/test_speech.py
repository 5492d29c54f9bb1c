"""Speech made of pulse trains through formants and noise bursts: read, split, sung and talked."""

from pathlib import Path

import numpy as np
import pytest
import scipy.signal

from bandscribe import audio
from bandscribe.synthesis.band.speech import Speech, brighten, split, talk
from bandscribe.synthesis.band.voice import sing_speech
from bandscribe.synthesis.sound import SAMPLE_RATE
from bandscribe.types import Audio

SYLLABLE = 0.4  # seconds: 80 ms of s, 220 ms of a, silence


def spoken(count: int, rate: int = SAMPLE_RATE) -> np.ndarray:
    """`count` syllables "sa" at 120 Hz, made at 44.1 kHz and resampled; a pause after each four."""
    rng = np.random.default_rng(1)
    hiss = scipy.signal.butter(4, [5000, 12000], "band", fs=SAMPLE_RATE, output="sos")
    s = 0.1 * scipy.signal.sosfilt(hiss, rng.standard_normal(int(0.08 * SAMPLE_RATE)))
    pulses = np.zeros(int(0.22 * SAMPLE_RATE))
    pulses[:: SAMPLE_RATE // 120] = 1
    a = np.zeros(len(pulses))
    for formant, level in ((730, 1.0), (1090, 0.5), (2440, 0.2)):
        radius = np.exp(-np.pi * 80 / SAMPLE_RATE)
        poles = [1, -2 * radius * np.cos(2 * np.pi * formant / SAMPLE_RATE), radius**2]
        a += level * scipy.signal.lfilter([0.05], poles, pulses)
    syllable = np.zeros(int(SYLLABLE * SAMPLE_RATE))
    syllable[: len(s)] = s
    syllable[len(s) : len(s) + len(a)] = a * np.hanning(len(a)) ** 0.3
    row = np.concatenate([syllable] * count).astype(np.float32)[None]
    return audio.resample(Audio(row, SAMPLE_RATE), rate).samples[0]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("speech")
    audio.write(path / "one.flac", Audio(spoken(8, 16000)[None], 16000))
    audio.write(path / "two.wav", Audio(spoken(8)[None], SAMPLE_RATE))
    return path


@pytest.fixture(scope="module")
def speech(folder: Path) -> Speech:
    return Speech.load(folder)


def level(samples: np.ndarray, low: float, high: float, rate: int = SAMPLE_RATE) -> float:
    power = np.abs(np.fft.rfft(samples * np.hanning(len(samples)))) ** 2
    f = np.fft.rfftfreq(len(samples), 1 / rate)
    return float(power[(f >= low) & (f < high)].sum())


def test_syllables_are_found_where_they_are() -> None:
    syllables, phrases = split(spoken(6))
    assert len(syllables) == 6
    seconds = syllables / SAMPLE_RATE
    np.testing.assert_allclose(seconds[:, 1], np.arange(6) * SYLLABLE + 0.08, atol=0.025)
    np.testing.assert_allclose(seconds[:, 2], np.arange(6) * SYLLABLE + 0.30, atol=0.025)
    np.testing.assert_allclose(seconds[1:, 0], np.arange(1, 6) * SYLLABLE, atol=0.11)
    assert (np.diff(syllables, axis=1) >= 0).all()
    assert phrases[0, 0] == 0
    assert phrases[-1, 1] == 6


def test_short_files_of_a_folder_are_one_speaker(speech: Speech) -> None:
    (recording,) = speech.recordings
    assert len(recording.syllables) == 16
    assert recording.samples.dtype == np.int16


def test_a_long_file_is_a_speaker_of_its_own(folder: Path, tmp_path: Path) -> None:
    for name in ("one.flac", "two.wav"):
        (tmp_path / name).write_bytes((folder / name).read_bytes())
    audio.write(tmp_path / "long.wav", Audio(spoken(80, 16000)[None], 16000))
    counts = [len(recording.syllables) for recording in Speech.load(tmp_path).recordings]
    assert counts == [80, 16]


def test_no_sound_or_no_voice_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no sound files"):
        Speech.load(tmp_path)
    audio.write(tmp_path / "silence.wav", Audio(np.zeros((1, 44100), np.float32), SAMPLE_RATE))
    with pytest.raises(ValueError, match="no voice"):
        Speech.load(tmp_path)


def test_white_noise_goes_on_above_the_cutoff_at_its_level() -> None:
    noise = np.random.default_rng(0).standard_normal(2 * SAMPLE_RATE).astype(np.float32)
    dull = scipy.signal.butter(12, 7200, fs=SAMPLE_RATE, output="sos")
    bright = brighten(scipy.signal.sosfilt(dull, noise).astype(np.float32), 7200)
    below, above = level(bright, 6000, 7000) / 1000, level(bright, 7600, 8600) / 1000
    # The slope is 9 dB per octave from 7200 Hz on: 1.5 dB down at 8.1 kHz.
    assert 10 * np.log10(above / below) == pytest.approx(-1.5, abs=1.5)
    assert level(bright, 17000, 20000) < 0.01 * level(bright, 5000, 7000)


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_notes_are_sung_at_their_pitch(speech: Speech, seed: int) -> None:
    notes = [(0.5, 1.5, 60), (1.5, 2.5, 64)]
    samples = sing_speech(speech, notes, 3.0, np.random.default_rng(seed))
    for start, _, pitch in notes:
        middle = samples[int((start + 0.3) * SAMPLE_RATE) : int((start + 0.7) * SAMPLE_RATE)]
        spectrum = np.abs(np.fft.rfft(middle * np.hanning(len(middle)), 1 << 17)) ** 2
        r = np.fft.irfft(spectrum)[: SAMPLE_RATE // 70]
        first = SAMPLE_RATE // 500
        f0 = SAMPLE_RATE / (first + int(np.argmax(r[first:])))
        octaves = np.log2(f0 / (440 * 2 ** ((pitch - 69) / 12)))
        assert abs(octaves - round(octaves)) < np.log2(1.03)


def test_consonants_come_before_the_note(speech: Speech) -> None:
    starts = [0.5, 1.1, 1.7, 2.3]
    notes = [(start, start + 0.5, 60) for start in starts]
    samples = sing_speech(speech, notes, 3.0, np.random.default_rng(4))
    sos = scipy.signal.butter(4, 7500, "high", fs=SAMPLE_RATE, output="sos")
    power = scipy.signal.sosfilt(sos, samples) ** 2
    for start in starts:
        at = int(start * SAMPLE_RATE)
        before, after = power[at - 3500 : at].mean(), power[at + 1800 : at + 8000].mean()
        assert before > 10 * after


def test_duration_peak_and_seed(speech: Speech) -> None:
    notes = [(0.2, 0.5, 50), (0.2, 0.6, 62), (0.55, 1.0, 90), (0.9, 5.0, 64), (7.0, 8.0, 60)]
    beats = np.arange(0.1, 2.0, 0.5)
    for make in (
        lambda rng: sing_speech(speech, notes, 2.0, rng),
        lambda rng: talk(speech, beats, 2.0, rng),
    ):
        samples = make(np.random.default_rng(3))
        assert samples.shape == (2 * SAMPLE_RATE,)
        assert samples.dtype == np.float32
        assert np.isfinite(samples).all()
        assert np.abs(samples).max() == pytest.approx(1.0)
        np.testing.assert_array_equal(samples, make(np.random.default_rng(3)))


def test_nothing_to_sing_is_silence(speech: Speech) -> None:
    rng = np.random.default_rng(0)
    assert not sing_speech(speech, [], 1.0, rng).any()
    assert not sing_speech(speech, [(5.0, 6.0, 60)], 1.0, rng).any()
    assert not talk(speech, np.zeros(0), 1.0, rng).any()


def test_talk_begins_vowels_on_the_grid(speech: Speech) -> None:
    beats = np.arange(0.5, 8.0, 0.5)
    samples = talk(speech, beats, 8.0, np.random.default_rng(0))
    syllables, _ = split(samples)
    sixteenths = syllables[:, 1] / SAMPLE_RATE / 0.125
    assert len(syllables) > 4
    assert np.abs(sixteenths - np.round(sixteenths)).max() * 0.125 < 0.03
