from typing import Any

import librosa
import numpy as np
import pytest

from bandscribe.features import chroma
from bandscribe.features.constant_q import ConstantQ
from bandscribe.features.spectrogram import magnitude
from parity import assert_parity

# What librosa says of sounds shorter than a frame, and of silence.
pytestmark = [
    pytest.mark.filterwarnings("ignore:n_fft="),
    pytest.mark.filterwarnings("ignore:Trying to estimate tuning from empty"),
]


#: Where the last part of a kernel's spectrum that counts is as large as another but for rounding,
#: either may be left out.
ROUNDING = 2e-3
#: As Neuroment 2022, section 2.2, has it.
NEUROMENT = ConstantQ(24, 8, 27.5)


@pytest.mark.parametrize(
    ("transform", "tuning"), [(ConstantQ(), 0.0), (ConstantQ(), -0.4), (NEUROMENT, 0.0)]
)
def test_magnitudes_are_librosas(sound: Any, transform: ConstantQ, tuning: float) -> None:
    rate, bins = sound.sample_rate, transform.bins_per_octave
    ours = transform.magnitude(sound.samples, rate, hop_length=sound.hop_length, tuning=tuning)
    if len(sound.samples) < 2:  # librosa has no transform of so few
        assert ours.shape == (1, transform.n_bins) and ours.any() == sound.samples.any()
        return
    theirs = librosa.cqt(
        sound.samples, sr=rate, hop_length=sound.hop_length, tuning=tuning, fmin=transform.fmin,
        n_bins=ours.shape[1], bins_per_octave=bins,
    )  # fmt: skip
    expected = np.abs(theirs).T[: len(ours)]
    assert ours.dtype == np.float32 and ours.shape == expected.shape
    error = np.abs(ours - expected).max(axis=0) / max(expected.max(), 1e-15)
    assert np.sort(error)[-3] <= 1e-5
    assert error.max() <= ROUNDING
    lengths, _ = librosa.filters.wavelet_lengths(
        freqs=transform.fmin * 2 ** (np.arange(transform.n_bins) / bins), sr=rate, window="hann",
        filter_scale=1,
    )  # fmt: skip
    np.testing.assert_allclose(transform.lengths(rate), lengths, rtol=1e-10)


def test_a_frame_is_the_inner_product_of_a_tone_and_its_window() -> None:
    """By the definition (Brown 1991), in the middle of a sound, and where it begins."""
    sound = np.random.default_rng(0).standard_normal(44100).astype(np.float32)
    found = NEUROMENT.magnitude(sound, 44100, hop_length=1024)
    padded = np.pad(sound, 40000).astype(np.float64)
    for bin_ in (100, 150, 191):
        frequency = 27.5 * 2 ** (bin_ / 24)
        length = NEUROMENT.lengths(44100)[bin_]
        times = np.arange(np.floor(-length / 2), np.floor(length / 2))
        window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(len(times)) / len(times))
        wave = window / window.sum() * np.exp(-2j * np.pi * frequency / 44100 * times)
        for frame in (0, 20):
            around = padded[40000 + frame * 1024 + times.astype(int)]
            expected = abs(around @ wave) * np.sqrt(length)
            assert found[frame, bin_] == pytest.approx(expected, abs=0.006 * float(found.max()))


def test_chroma_is_librosas(sound: Any) -> None:
    place = {"sr": sound.sample_rate, "hop_length": sound.hop_length}
    ours = chroma.constant_q_chroma(sound.samples, sound.sample_rate, hop_length=sound.hop_length)
    if len(sound.samples) < 2:  # librosa has no transform of so few
        assert ours.shape == (1, 12) and ours.any() == sound.samples.any()
        return
    theirs = librosa.feature.chroma_cqt(y=sound.samples, **place).T[: len(ours)]
    assert_parity(ours, theirs, tolerance=ROUNDING, scale=1.0)


def tone(hertz: float, sample_rate: int = 44100) -> Any:
    seconds = np.arange(sample_rate) / sample_rate
    return np.sin(2 * np.pi * hertz * seconds).astype(np.float32)


def test_a_tone_is_its_bin() -> None:
    for semitones in (0, 1, 27, 82):  # C1 and up
        found = ConstantQ().magnitude(tone(ConstantQ.fmin * 2 ** (semitones / 12)), 44100)
        assert found.shape == (87, 252)
        assert int(found.mean(axis=0).argmax()) == 3 * semitones
    found = ConstantQ().magnitude(tone(440 * 2 ** (0.5 / 36)), 44100, tuning=0.5)
    assert int(found.mean(axis=0).argmax()) == 3 * 45


def test_low_notes_lie_apart() -> None:
    """The spectrum of 2048 samples has bins of four semitones there."""
    low = tone(librosa.note_to_hz("D#2"))
    share = chroma.constant_q_chroma(low, 44100).mean(axis=0)
    blurred = chroma.chroma(magnitude(low, hop_length=512), 44100).mean(axis=0)
    assert share[3] == share.max() and np.sort(share)[-2] < 0.3 * share[3]
    assert np.sort(blurred)[-2] > 0.9 * blurred.max()


def test_an_octave_beyond_half_the_rate_is_absent() -> None:
    low = ConstantQ().magnitude(tone(110, 8000), 8000, hop_length=200)
    assert low.shape == (41, 6 * 36)
    assert int(low.mean(axis=0).argmax()) == 36 + 27
    assert int(chroma.constant_q_chroma(tone(110, 8000), 8000).mean(axis=0).argmax()) == 9


def test_a_sound_of_no_length_is_a_silent_frame() -> None:
    for n in (0, 1):
        assert not ConstantQ().magnitude(np.zeros(n, np.float32), 44100).any()
