"""Other parameters than the paper's against librosa, and what a hand can work out."""

from typing import Any

import librosa
import numpy as np
import pytest
import scipy.fft

from bandscribe.features import descriptors
from bandscribe.features.spectrogram import magnitude
from parity import assert_parity

RATE = 8000
FLAT = np.ones((3, 513), dtype=np.float32)


@pytest.fixture
def spectrum(sound: Any) -> Any:
    return magnitude(sound.samples, n_fft=sound.n_fft, hop_length=sound.hop_length, double=True)


def test_other_parameters_are_librosas_too(sound: Any, spectrum: Any) -> None:
    rate = sound.sample_rate
    given = {"S": spectrum.T, "sr": rate}
    feature = librosa.feature
    for p in (1, 3):
        theirs = feature.spectral_bandwidth(**given, p=p)
        assert_parity(descriptors.bandwidth(spectrum, rate, p=p), theirs.T)
    theirs = feature.spectral_rolloff(**given, roll_percent=0.5)
    assert_parity(descriptors.rolloff(spectrum, rate, share=0.5), theirs.T)
    theirs = feature.spectral_contrast(**given, n_bands=4, fmin=150, quantile=0.1)
    ours = descriptors.contrast(spectrum, rate, n_bands=4, fmin=150, quantile=0.1)
    assert_parity(ours, theirs.T, scale=100)  # dB
    theirs = feature.spectral_flatness(S=spectrum.T, amin=1e-6)
    assert_parity(descriptors.flatness(spectrum, floor=1e-6), theirs.T)
    theirs = feature.poly_features(**given, order=4)
    assert_parity(descriptors.polynomial(spectrum, rate, order=4), theirs.T)


def test_zero_crossings_by_hand() -> None:
    # + - + - ...: a change at every sample but a frame's first, and equation 2.2's count of them.
    samples = np.tile(np.array([1, -1], dtype=np.float32), 100)
    rate = descriptors.zero_crossing_rate(samples, frame_length=8, hop_length=8)
    np.testing.assert_allclose(rate[1:-1], 7 / 8)
    # Beyond the ends nothing changes: the first frame holds four copies of the first sample.
    np.testing.assert_allclose(rate[0], 3 / 8)


def test_rms_of_a_sine_is_its_amplitude_over_root_two() -> None:
    samples = np.sin(2 * np.pi * np.arange(RATE) / 16).astype(np.float32)
    level = descriptors.rms(samples, frame_length=1024, hop_length=256)
    np.testing.assert_allclose(level[2:-3], np.sqrt(0.5), rtol=1e-6)


def test_a_single_bin_by_hand() -> None:
    line = np.zeros((1, 513), dtype=np.float32)
    line[0, 128] = 3  # 128 / 1024 of 8000 Hz
    assert descriptors.centroid(line, RATE) == 1000
    assert descriptors.bandwidth(line, RATE) == 0
    assert descriptors.rolloff(line, RATE) == 1000


def test_a_flat_spectrum_by_hand() -> None:
    np.testing.assert_allclose(descriptors.centroid(FLAT, RATE), 2000, rtol=1e-6)
    np.testing.assert_allclose(descriptors.flatness(FLAT), 1, rtol=1e-6)
    # Mean distance from the middle of 0, 1 ... 512 bins, 7.8125 Hz each: 256 · 257 / 513 bins.
    mean = 256 * 257 / 513 * RATE / 1024
    np.testing.assert_allclose(descriptors.bandwidth(FLAT, RATE, p=1), mean, rtol=1e-6)
    # Of 513 equal bins, the 437th is the first to make 85 % (436.05).
    np.testing.assert_allclose(descriptors.rolloff(FLAT, RATE), 436 * RATE / 1024)
    np.testing.assert_allclose(descriptors.contrast(FLAT, RATE, n_bands=4), 0, atol=1e-6)


def test_a_parabola_is_found_again() -> None:
    hertz = np.fft.rfftfreq(1024, 1 / RATE)
    curve = (2e-6 * hertz**2 - 3e-3 * hertz + 5).astype(np.float32)[None]
    found = descriptors.polynomial(curve, RATE, order=2)
    np.testing.assert_allclose(found, [[2e-6, -3e-3, 5]], rtol=1e-5)
    np.testing.assert_allclose(
        descriptors.polynomial(curve, RATE, order=0), curve.mean(), rtol=1e-6
    )


def test_impossible_demands_are_refused() -> None:
    with pytest.raises(ValueError, match=r"share: expected a number in \(0, 1\), got 1"):
        descriptors.rolloff(FLAT, RATE, share=1)
    with pytest.raises(ValueError, match=r"fmin, n_bands: .* below 4000 Hz, got 200 and 6"):
        descriptors.contrast(FLAT, RATE, n_bands=6)
    with pytest.raises(ValueError, match="no bin between 200 and 400 Hz; a longer FFT than 16"):
        descriptors.contrast(FLAT[:, :9], RATE, n_bands=4)


NOISE = np.random.default_rng(0).standard_normal(9000).astype(np.float32)


@pytest.mark.parametrize(("n_bands", "n_coefficients"), [(128, 13), (128, 40), (10, 10)])
def test_dct_is_scipys(n_bands: int, n_coefficients: int) -> None:
    rows = np.random.default_rng(0).standard_normal((5, n_bands))
    theirs = scipy.fft.dct(rows, type=2, norm="ortho")[:, :n_coefficients]
    np.testing.assert_allclose(rows @ descriptors.dct(n_bands, n_coefficients), theirs, atol=1e-6)


def test_other_mel_bands_are_librosas_too() -> None:
    spectrum = magnitude(NOISE, n_fft=1024, hop_length=200, double=True)
    asked: dict[str, Any] = {"n_mels": 40, "fmin": 30.0, "fmax": 7000.0}
    given = {"y": NOISE, "sr": 16000, "n_fft": 1024, "hop_length": 200, **asked}
    ours = descriptors.mel_power(spectrum, 16000, **asked)
    assert_parity(ours, librosa.feature.melspectrogram(**given).T)
    theirs = librosa.feature.mfcc(**given, n_mfcc=20)
    assert_parity(descriptors.mfcc(ours, n_mfcc=20), theirs.T, scale=100)


def test_more_coefficients_than_bands_are_refused() -> None:
    with pytest.raises(ValueError, match="n_coefficients: expected 1 to 12, got 13"):
        descriptors.dct(12, 13)
