"""Mel bands of a spectrum, and the cepstrum of the bands.

Source: Ferković and Smoljan 2023, Harmony Is All You Need, sections 2.2.11, 2.2.12, 3.1.1 and
3.1.2, with librosa's defaults: Slaney's mel scale, power spectra, an orthonormal DCT.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bandscribe.features import filterbanks
from bandscribe.features.frames import decibels


def mel_power(
    magnitude: NDArray[np.float32],
    sample_rate: int,
    *,
    n_mels: int = 128,
    fmin: float = 0.0,
    fmax: float | None = None,
) -> NDArray[np.float32]:
    """Power in mel bands: magnitudes (frame, bin) to (frame, n_mels). The paper's image has 256."""
    n_fft = 2 * (magnitude.shape[1] - 1)
    filters = filterbanks.mel(sample_rate, n_fft, n_mels=n_mels, fmin=fmin, fmax=fmax)
    return np.square(magnitude) @ filters


def dct(n_bands: int, n_coefficients: int) -> NDArray[np.float32]:
    """The orthonormal cosine transform of type II as a matrix (n_bands, n_coefficients).

    √(2 / n_bands) · cos(π · k · (2b + 1) / 2 n_bands), and √(1 / n_bands) for k = 0.
    """
    if not 1 <= n_coefficients <= n_bands:
        raise ValueError(f"n_coefficients: expected 1 to {n_bands}, got {n_coefficients}")
    turns = np.outer(2 * np.arange(n_bands) + 1, np.arange(n_coefficients)) / (2 * n_bands)
    matrix = np.sqrt(2 / n_bands) * np.cos(np.pi * turns)
    matrix[:, 0] /= np.sqrt(2)
    return np.asarray(matrix, dtype=np.float32)


def mfcc(power: NDArray[np.float32], *, n_mfcc: int = 13) -> NDArray[np.float32]:
    """Cepstral coefficients of band powers: (frame, band) to (frame, n_mfcc).

    The bands in dB, cut off 80 dB below the clip's loudest, then the DCT. The paper takes 13 in
    the stack of features and 40 for the network of section 4.2, out of 128 mel bands.
    """
    levels = decibels(power).astype(np.float64)
    return (levels @ dct(power.shape[1], n_mfcc)).astype(np.float32)
