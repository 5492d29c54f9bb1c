"""Laws that the shipped classifier of single hits keeps."""

import numpy as np
import pytest

from bandscribe import hits, runtime
from bandscribe.types import Audio

RATE = 32000
MODEL = runtime.load("hits")
GAINS_DB = (-40, -20, -6, 6, 20)


def sound(seed: int) -> np.ndarray:
    """Something like a drum: decaying noise in a band, and a falling tone, (n,)."""
    rng = np.random.default_rng(seed)
    t = np.arange(RATE) / RATE
    spectrum = np.fft.rfft(rng.standard_normal(RATE))
    frequencies = np.fft.rfftfreq(RATE, 1 / RATE)
    low = np.exp(rng.uniform(np.log(40), np.log(6000)))
    spectrum[(frequencies < low) | (frequencies > low * rng.uniform(2, 60))] = 0
    noise = np.fft.irfft(spectrum, RATE)
    noise *= rng.uniform(0, 1) / np.abs(noise).max() * np.exp(-t / rng.uniform(0.02, 0.8))
    pitch = np.exp(rng.uniform(np.log(50), np.log(900)))
    phase = 2 * np.pi * pitch * (t + 0.02 * rng.uniform(0, 3) * (1 - np.exp(-t / 0.02)))
    tone = rng.uniform(0, 1) * np.sin(phase) * np.exp(-t / rng.uniform(0.03, 0.6))
    return np.asarray(0.4 * (noise + tone), dtype=np.float32)


def classify(samples: np.ndarray) -> str | None:
    return hits.classify(Audio(samples[np.newaxis], RATE), model=MODEL).label


@pytest.fixture(scope="module")
def plain() -> list[str | None]:
    return [classify(sound(seed)) for seed in range(50)]


@pytest.mark.parametrize("gain_db", GAINS_DB)
def test_no_gain_changes_the_class(gain_db: int, plain: list[str | None]) -> None:
    gain = np.float32(10 ** (gain_db / 20))
    same = [classify(gain * sound(seed)) == label for seed, label in enumerate(plain)]
    assert len({*plain}) > 5
    assert np.mean(same) >= 0.98


def test_neither_polarity_nor_silence_before_it_changes_the_class(plain: list[str | None]) -> None:
    silence = np.zeros(5 * 512, dtype=np.float32)  # whole frames
    changed = [np.concatenate([silence, -sound(seed)]) for seed in range(50)]
    same = [classify(one) == label for one, label in zip(changed, plain, strict=True)]
    assert np.mean(same) >= 0.98


@pytest.mark.parametrize("count", [1, 10, 100, 319])
def test_what_is_shorter_than_10_ms_has_no_class(count: int) -> None:
    assert all(classify(sound(seed)[:count]) is None for seed in range(5))
