import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bandscribe.features.windows import FeatureStatistics
from bandscribe.training.recognition import augmentation
from bandscribe.training.recognition.augmentation import Masks

SAMPLE_RATE = 22050
NOISE = FeatureStatistics(mean=0.02, deviation=0.1)


def tone(frequency: float, seconds: float = 1.0) -> np.ndarray:
    times = np.arange(round(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    return (0.3 * np.sin(2 * np.pi * frequency * times)).astype(np.float32)


def pitch(samples: np.ndarray) -> float:
    """The strongest frequency, between bins of the spectrum."""
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples)), 8 * len(samples)))
    return float(spectrum.argmax() * SAMPLE_RATE / (8 * len(samples)))


def test_noise_has_the_training_set_s_mean_and_deviation() -> None:
    silence = np.zeros(200_000, dtype=np.float32)
    noisy = augmentation.add_noise(silence, NOISE, np.random.default_rng(0), alpha=0.005)
    assert noisy.dtype == np.float32
    assert noisy.mean() == pytest.approx(0.005 * 0.02, abs=4 * 0.005 * 0.1 / 200_000**0.5)
    assert noisy.std() == pytest.approx(0.005 * 0.1, rel=0.01)


@pytest.mark.parametrize("semitones", [-6, -2.5, 0, 3.3, 6])
def test_pitch_moves_and_length_and_level_stay(semitones: float) -> None:
    pytest.importorskip("python_stretch")
    given_ = tone(440)
    shifted = augmentation.shift_pitch(given_, SAMPLE_RATE, semitones)
    assert (shifted.shape, shifted.dtype) == (given_.shape, np.float32)
    cents = 1200 * np.log2(pitch(shifted) / (440 * 2 ** (semitones / 12)))
    assert abs(cents) < 8
    middle = slice(len(given_) // 4, -len(given_) // 4)
    level = 20 * np.log10(shifted[middle].std() / given_[middle].std())
    assert abs(level) < 0.5


def test_a_shift_of_pitch_moves_no_onset() -> None:
    pytest.importorskip("python_stretch")
    click = np.zeros(SAMPLE_RATE, dtype=np.float32)
    click[11025:13025] = tone(700, 2000 / SAMPLE_RATE) * np.exp(-np.arange(2000) / 100)
    energy = np.cumsum(augmentation.shift_pitch(click, SAMPLE_RATE, 4.0) ** 2)
    assert np.searchsorted(energy, energy[-1] / 10) == pytest.approx(11025, abs=0.005 * SAMPLE_RATE)


def test_time_shift_by_the_source_s_example() -> None:
    """3 s, one second forward: starts at what was one second, ends with what was the first."""
    samples = np.repeat(np.arange(3, dtype=np.float32), 100)
    assert augmentation.shift_time(samples, 1 / 3)[::100].tolist() == [1, 2, 0]
    assert augmentation.shift_time(samples, -1 / 3)[::100].tolist() == [2, 0, 1]
    shifted = augmentation.shift_time(samples, 0.4)
    np.testing.assert_array_equal(augmentation.shift_time(shifted, -0.4), samples)


def test_shifts_are_drawn_over_their_whole_range() -> None:
    rng = np.random.default_rng(0)
    drawn = [augmentation.draw_shifts(rng) for _ in range(2000)]
    for values, largest in (([d.semitones for d in drawn], 6), ([d.time for d in drawn], 0.4)):
        assert np.abs(values).max() <= largest
        np.testing.assert_allclose(np.quantile(values, [0.25, 0.75]), [-largest / 2, largest / 2],
                                   atol=largest / 20)  # fmt: skip


def test_a_draw_can_be_replayed() -> None:
    pytest.importorskip("python_stretch")
    shifts = augmentation.draw_shifts(np.random.default_rng(3))
    samples = tone(300)
    once, twice = (augmentation.apply_shifts(samples, SAMPLE_RATE, shifts, NOISE) for _ in range(2))
    np.testing.assert_array_equal(once, twice)
    by_hand = augmentation.add_noise(samples, NOISE, np.random.default_rng(shifts.noise_seed))
    by_hand = augmentation.shift_pitch(by_hand, SAMPLE_RATE, shifts.semitones)
    np.testing.assert_array_equal(once, augmentation.shift_time(by_hand, shifts.time))


def test_masks_by_hand() -> None:
    features = np.arange(200, dtype=np.float32).reshape(20, 10)
    masked = augmentation.apply_masks(features, Masks(bins=((0.1, 0.5),), frames=((0.1, 0.99),)))
    expected = features.copy()
    expected[:, 5] = expected[18:] = 99.5  # bin 5 of 0 to 9, frame 18 of 0 to 18
    np.testing.assert_array_equal(masked, expected)
    assert features[0, 5] == 5  # a copy


@given(st.integers(1, 300), st.integers(1, 128), st.integers(0, 10_000))
def test_masks_stay_within_their_shares(frames: int, bins: int, seed: int) -> None:
    features = np.random.default_rng(0).uniform(1, 2, (frames, bins)).astype(np.float32)
    masks = augmentation.draw_masks(np.random.default_rng(seed))
    changed = augmentation.apply_masks(features, masks) != features
    assert changed.all(axis=1).sum() <= 2 * round(0.1 * frames) or changed.all()
    assert changed.all(axis=0).sum() <= 2 * round(0.1 * bins) or changed.all()


def test_a_tenth_is_masked_on_average() -> None:
    """Two masks of 0 to 10 %; those that overlap hide a little less, 0.25 % at most."""
    features = np.random.default_rng(0).uniform(1, 2, (1000, 100)).astype(np.float32)
    frames, bins, edges = [], [], np.zeros(1000)
    for seed in range(300):
        masks = augmentation.draw_masks(np.random.default_rng(seed))
        changed = augmentation.apply_masks(features, masks) != features
        frames.append(changed.all(axis=1).mean())
        bins.append(changed.all(axis=0).mean())
        edges += changed.all(axis=1)
    assert np.mean(frames) == pytest.approx(0.0985, abs=0.01)
    assert np.mean(bins) == pytest.approx(0.0985, abs=0.01)
    assert edges[:50].sum() > 0 and edges[-50:].sum() > 0
