"""The constant-Q transform against its definition, and against librosa."""

import numpy as np
import pytest

from bandscribe.features.cqt import ConstantQ

RATE = 44100


def music(seconds: float) -> np.ndarray:
    """Decaying tones of ten partials over a little noise."""
    rng = np.random.default_rng(0)
    times = np.arange(round(seconds * RATE)) / RATE
    sound = 1e-3 * rng.standard_normal(len(times))
    for start in np.arange(0, seconds, 0.3):
        pitch = 55 * 2 ** rng.uniform(0, 4)
        age = np.maximum(times - start, 0)
        for partial in range(1, 11):
            tone = np.sin(2 * np.pi * pitch * partial * age + rng.uniform(0, 6))
            sound += 0.1 / partial * tone * np.exp(-3 * age) * (times >= start)
    return sound.astype(np.float32)


def test_filters_of_the_default() -> None:
    """By librosa's formula, of which the lengths are those of `constant_q_lengths`."""
    librosa = pytest.importorskip("librosa")
    transform = ConstantQ()
    assert transform.n_bins == 192
    assert transform.frequencies[[0, 24, 191]] == pytest.approx([27.5, 55, 27.5 * 2 ** (191 / 24)])
    lengths, _ = librosa.filters.wavelet_lengths(
        freqs=transform.frequencies, sr=RATE, window="hann", filter_scale=1
    )
    np.testing.assert_allclose(transform.lengths, lengths, rtol=1e-10)


@pytest.mark.parametrize("hop_length", [512, 1024])
def test_each_frame_is_a_filters_inner_product(hop_length: int) -> None:
    """Computed by hand in the middle, where filters begin before the sound, and after its end."""
    sound = music(1.2)
    transform = ConstantQ(hop_length=hop_length, octaves=6, fmin=110.0)
    found = transform(sound)
    assert found.shape == (1 + len(sound) // hop_length, 144)
    padded = np.pad(sound, 40000).astype(np.float64)
    for bin_ in (0, 37, 143):
        frequency, length = transform.frequencies[bin_], transform.lengths[bin_]
        times = np.arange(np.floor(-length / 2), np.floor(length / 2))
        window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(len(times)) / len(times))
        tone = window / window.sum() * np.exp(-2j * np.pi * frequency / RATE * times)
        for frame in (0, 20, len(found) - 1):
            around = padded[40000 + frame * hop_length + times.astype(int)]
            expected = abs(around @ tone) * np.sqrt(length)
            assert found[frame, bin_] == pytest.approx(expected, abs=3e-5 * float(found.max()))


def test_agrees_with_librosa() -> None:
    librosa = pytest.importorskip("librosa")
    sound = music(3.0)
    found = ConstantQ()(sound)
    settings = {"hop_length": 1024, "fmin": 27.5, "n_bins": 192, "bins_per_octave": 24}
    theirs = np.abs(librosa.cqt(sound, sr=RATE, **settings)).T
    assert found.shape == theirs.shape
    assert np.abs(found - theirs).max() < 0.008 * theirs.max()
    assert np.square(found - theirs).sum() < 1e-4 * np.square(theirs).sum()
    closer = np.abs(librosa.cqt(sound, sr=RATE, sparsity=0, **settings)).T
    assert np.square(found - closer).sum() < 4e-5 * np.square(closer).sum()


def test_a_long_sound_is_transformed_in_blocks_as_one() -> None:
    """Blocks are 1024 frames of which some lend context; a shift by frames moves the result."""
    transform = ConstantQ(hop_length=128, bins_per_octave=12, octaves=4, fmin=220.0)
    sound = np.tile(music(1.0), 5)
    whole = transform(sound)
    assert len(whole) > 1200
    for first in (300, 700, 1000):
        part = transform(sound[first * 128 :][: 400 * 128])
        middle = slice(100, 300)  # further from the cut than any filter reaches
        np.testing.assert_allclose(part[middle], whole[first:][middle], atol=2e-4 * whole.max())


def test_silence_and_no_sound() -> None:
    transform = ConstantQ()
    assert transform(np.zeros(5000, np.float32)).max() == 0
    assert transform(np.zeros(0, np.float32)).shape == (1, 192)


def test_refuses_what_it_cannot_transform() -> None:
    with pytest.raises(ValueError, match=r"between 0 and 22050 Hz, got 27\.5 to"):
        ConstantQ(octaves=10)
    with pytest.raises(ValueError, match=r"one channel \(n,\), got \(2, 100\)"):
        ConstantQ()(np.zeros((2, 100), np.float32))
