"""The figures of ITU-R BS.1770 and of EBU Tech 3341 that a mono signal can show."""

import numpy as np
import pytest

pytest.importorskip("pyarrow", reason="needs the extra catalogue")

from bandscribe.catalogue.loudness import Meter


def measure(samples: np.ndarray, rate: int, piece: int = 10_000) -> float | None:
    meter = Meter(rate)
    for begin in range(0, len(samples), piece):
        meter.add(samples[begin : begin + piece].astype(np.float32))
    return meter.lufs


def tone(frequency: float, level_db: float, seconds: float, rate: int) -> np.ndarray:
    t = np.arange(round(seconds * rate)) / rate
    return 10 ** (level_db / 20) * np.sin(2 * np.pi * frequency * t)


@pytest.mark.parametrize("rate", [22050, 44100, 48000])
def test_a_tone_of_full_scale_is_3_below(rate: int) -> None:
    assert measure(tone(997, 0, 5, rate), rate) == pytest.approx(-3.01, abs=0.03)


def filter_in_time(samples: np.ndarray) -> np.ndarray:
    """The two filters of the recommendation, at 48 kHz, sample by sample."""
    shelf = (1.53512485958697, -2.69169618940638, 1.19839281085285)
    shelf_poles = (1.0, -1.69065929318241, 0.73248077421585)
    signal = pytest.importorskip("scipy.signal", reason="needs the extra train")
    passed = signal.lfilter(shelf, shelf_poles, samples)
    return signal.lfilter((1.0, -2.0, 1.0), (1.0, -1.99004745483398, 0.99007225036621), passed)


@pytest.mark.parametrize("frequency", [40, 100, 500, 1000, 2000, 4000, 10_000])
def test_frequencies_are_weighted_as_by_the_filters(frequency: float) -> None:
    samples = tone(frequency, -20, 5, 48000)
    power = np.mean(filter_in_time(samples)[48000:] ** 2)
    expected = -0.691 + 10 * np.log10(power)
    assert measure(samples, 48000) == pytest.approx(expected, abs=0.1)


def test_pink_noise_is_weighted_as_by_the_filters() -> None:
    spectrum = np.fft.rfft(np.random.default_rng(1).normal(size=48000 * 5))
    frequencies = np.maximum(np.arange(len(spectrum)) / 5, 20)
    samples = np.fft.irfft(spectrum / np.sqrt(frequencies))  # pink from 20 Hz on
    expected = -0.691 + 10 * np.log10(np.mean(filter_in_time(samples) ** 2))
    assert measure(samples, 48000) == pytest.approx(expected, abs=0.1)


def test_quiet_parts_do_not_count() -> None:
    # Case 3 of EBU Tech 3341, in mono: 10 s at -36, 60 s at -23, 10 s at -36 dB.
    parts = [tone(1000, level, seconds, 48000) for level, seconds in [(-36, 10), (-23, 60)] * 1]
    samples = np.concatenate([*parts, parts[0]])
    assert measure(samples, 48000) == pytest.approx(-26.0, abs=0.1)


def test_pieces_do_not_matter() -> None:
    samples = np.random.default_rng(0).normal(0, 0.1, 48000 * 3)
    assert measure(samples, 48000, 777) == measure(samples, 48000, 99_999)


def test_silence_and_what_is_too_short_have_none() -> None:
    assert measure(np.zeros(48000), 48000) is None
    assert measure(np.ones(48000 // 3), 48000) is None
