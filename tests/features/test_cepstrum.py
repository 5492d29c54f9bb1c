from typing import Any

import librosa
import numpy as np
import pytest
import scipy.fft

from bandscribe.features import descriptors
from bandscribe.features.spectrogram import magnitude
from parity import assert_parity

NOISE = np.random.default_rng(0).standard_normal(9000).astype(np.float32)


@pytest.mark.parametrize(("n_bands", "n_coefficients"), [(128, 13), (128, 40), (10, 10)])
def test_dct_is_scipys(n_bands: int, n_coefficients: int) -> None:
    rows = np.random.default_rng(0).standard_normal((5, n_bands))
    theirs = scipy.fft.dct(rows, type=2, norm="ortho")[:, :n_coefficients]
    np.testing.assert_allclose(rows @ descriptors.dct(n_bands, n_coefficients), theirs, atol=1e-6)


def test_other_parameters_are_librosas_too() -> None:
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
