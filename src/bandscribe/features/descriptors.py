"""Descriptors of a frame: how bright, how noisy, how loud it is; mel bands and their cepstrum.

All give `(frame, n)` float32, frame `i` centred on `i * hop_length`. Those of the spectrum take
the magnitudes `(frame, bin)` that `spectrogram.magnitude` makes, so that one transform serves all.

Source: Ferković and Smoljan 2023, Harmony Is All You Need, section 2.2, which computed
them with librosa; the numbers here are librosa's. Where the paper's formulas differ, the docstring
does too. Mel bands are Slaney's, and the DCT is orthonormal, librosa's defaults.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bandscribe.features.filterbanks import fft_frequencies, mel
from bandscribe.features.frames import cut_centred, decibels

Floats = NDArray[np.float32]

# Samples within this of zero are zero, which counts as positive.
_ZERO = np.float32(1e-10)
_TINY = np.finfo(np.float32).tiny


def zero_crossing_rate(
    samples: Floats, *, frame_length: int = 2048, hop_length: int = 512
) -> Floats:
    """Share of a frame's samples at which the sign changes: (n,) to (frame, 1).

    Beyond the ends the outermost samples continue. Equation 2.2 counts the changes instead:
    `frame_length` times as much.
    """
    negative = cut_centred(samples, frame_length, hop_length, beyond="edge") < -_ZERO
    changes = np.count_nonzero(negative[:, 1:] != negative[:, :-1], axis=1, keepdims=True)
    return np.asarray(changes / frame_length, dtype=np.float32)


def rms(samples: Floats, *, frame_length: int = 2048, hop_length: int = 512) -> Floats:
    """Root of a frame's mean square, √(Σ s² / K): (n,) to (frame, 1). Equation 2.3."""
    frames = cut_centred(samples, frame_length, hop_length)
    power = np.einsum("fs,fs->f", frames, frames) / np.float32(frame_length)
    return np.asarray(np.sqrt(power), dtype=np.float32)[:, None]


def centroid(magnitude: Floats, sample_rate: float) -> Floats:
    """Mean frequency in Hz, weighted by magnitude, Σ m·f / Σ m: (frame, bin) to (frame, 1).

    Equation 2.4, with Hz for its bin numbers. Silence gives 0.
    """
    return (magnitude @ _frequencies(magnitude, sample_rate) / _total(magnitude))[:, None]


def bandwidth(magnitude: Floats, sample_rate: float, *, p: float = 2) -> Floats:
    """Spread around the centroid c in Hz, (Σ m·|f − c|ᵖ / Σ m)^(1/p): (frame, bin) to (frame, 1).

    Equation 2.5 is the one with `p` = 1; librosa's default, which the paper used, is 2. Silence
    gives 0.
    """
    deviation = np.abs(
        _frequencies(magnitude, sample_rate) - centroid(magnitude, sample_rate), dtype=np.float32
    )
    np.power(deviation, np.float32(p), out=deviation)
    spread = np.einsum("fb,fb->f", magnitude, deviation) / _total(magnitude)
    return np.asarray(spread ** np.float32(1 / p), dtype=np.float32)[:, None]


def rolloff(magnitude: Floats, sample_rate: float, *, share: float = 0.85) -> Floats:
    """Lowest frequency in Hz with `share` of the magnitude at or below it, (frame, 1).

    Equation 2.6. Silence gives 0. Raises `ValueError` for a `share` outside (0, 1).
    """
    if not 0 < share < 1:
        raise ValueError(f"share: expected a number in (0, 1), got {share}")
    below = np.cumsum(magnitude, axis=1)
    reached = below >= np.float32(share) * below[:, -1:]
    return _frequencies(magnitude, sample_rate)[reached.argmax(axis=1), None]


def flatness(magnitude: Floats, *, floor: float = 1e-10) -> Floats:
    """Geometric over arithmetic mean of the power, in (0, 1]: (frame, bin) to (frame, 1).

    1 for white noise and for silence, near 0 for a tone (the paper's text has it the other way
    round). Equation 2.7 with the power m² for m, and no bin below `floor`.
    """
    power = np.maximum(np.square(magnitude), np.float32(floor))
    arithmetic = power.mean(axis=1, keepdims=True)
    geometric = np.exp(np.log(power, out=power).mean(axis=1, keepdims=True))
    return np.asarray(geometric / arithmetic, dtype=np.float32)


def contrast(
    magnitude: Floats,
    sample_rate: float,
    *,
    n_bands: int = 6,
    fmin: float = 200.0,
    quantile: float = 0.02,
) -> Floats:
    """Peak over valley in dB, band by band: (frame, bin) to (frame, n_bands + 1).

    The bands are 0 to `fmin` Hz, `n_bands` - 1 octaves above, and all the rest. Peak and valley
    are means over the `quantile` strongest and weakest bins of a band, at least one each, as
    10 · log10(magnitude) cut off 80 dB below the clip's largest.

    Raises `ValueError` if a band has no bin. Source: Jiang et al. 2002, Music type classification
    by spectral contrast feature, section 2.
    """
    bands = _octave_bands(_frequencies(magnitude, sample_rate), n_bands, fmin)
    peak = np.empty((len(magnitude), n_bands + 1), dtype=np.float32)
    valley = np.empty_like(peak)
    for number, (first, last) in enumerate(bands):
        # librosa's reading, kept: all bands but the top one count their last bin and leave it out.
        count = max(1, int(np.rint(quantile * (last - first))))
        end = last if number == n_bands else last - 1
        ranked = np.sort(magnitude[:, first:end], axis=1)
        valley[:, number] = ranked[:, :count].mean(axis=1)
        peak[:, number] = ranked[:, -count:].mean(axis=1)
    return decibels(peak) - decibels(valley)


def polynomial(magnitude: Floats, sample_rate: float, *, order: int = 1) -> Floats:
    """Coefficients of the polynomial in Hz that fits a frame's spectrum best: (frame, order + 1).

    The highest power comes first. Least squares over all bins, section 2.2.8.
    """
    frequencies = _frequencies(magnitude, sample_rate).astype(np.float64)
    scale = frequencies[-1]  # powers of numbers in [0, 1], for a well-conditioned inverse
    powers = np.arange(order, -1, -1)
    fit = np.linalg.pinv((frequencies[:, None] / scale) ** powers) / scale ** powers[:, None]
    return np.asarray(magnitude @ fit.T, dtype=np.float32)


def mel_power(
    magnitude: Floats,
    sample_rate: int,
    *,
    n_mels: int = 128,
    fmin: float = 0.0,
    fmax: float | None = None,
) -> Floats:
    """Power in mel bands: magnitudes (frame, bin) to (frame, n_mels). The paper's image has 256."""
    n_fft = 2 * (magnitude.shape[1] - 1)
    filters = mel(sample_rate, n_fft, n_mels=n_mels, fmin=fmin, fmax=fmax)
    return np.square(magnitude) @ filters


def dct(n_bands: int, n_coefficients: int) -> Floats:
    """The orthonormal cosine transform of type II as a matrix (n_bands, n_coefficients).

    √(2 / n_bands) · cos(π · k · (2b + 1) / 2 n_bands), and √(1 / n_bands) for k = 0.
    """
    if not 1 <= n_coefficients <= n_bands:
        raise ValueError(f"n_coefficients: expected 1 to {n_bands}, got {n_coefficients}")
    turns = np.outer(2 * np.arange(n_bands) + 1, np.arange(n_coefficients)) / (2 * n_bands)
    matrix = np.sqrt(2 / n_bands) * np.cos(np.pi * turns)
    matrix[:, 0] /= np.sqrt(2)
    return np.asarray(matrix, dtype=np.float32)


def mfcc(power: Floats, *, n_mfcc: int = 13) -> Floats:
    """Cepstral coefficients of band powers: (frame, band) to (frame, n_mfcc).

    The bands in dB, cut off 80 dB below the clip's loudest, then the DCT. The paper takes 13 in
    the stack of features and 40 for the network of section 4.2, out of 128 mel bands.
    """
    levels = decibels(power).astype(np.float64)
    return (levels @ dct(power.shape[1], n_mfcc)).astype(np.float32)


def _octave_bands(frequencies: Floats, n_bands: int, fmin: float) -> list[tuple[int, int]]:
    """First bin and one after the last, per band: an octave and the bin below it."""
    edges = fmin * 2.0 ** np.arange(n_bands + 1)
    if not 0 < fmin <= edges[-2] < frequencies[-1]:
        raise ValueError(
            f"fmin, n_bands: expected a lowest octave above 0 Hz and a highest that begins below "
            f"{frequencies[-1]:g} Hz, got {fmin:g} and {n_bands}"
        )
    bands = []
    for low, high in zip([0.0, *edges[:-1]], edges, strict=True):
        first = int(np.searchsorted(frequencies, low, side="left"))
        last = int(np.searchsorted(frequencies, high, side="right"))
        if first == last:
            raise ValueError(
                f"magnitude: no bin between {low:g} and {high:g} Hz; a longer FFT than "
                f"{2 * (len(frequencies) - 1)} samples has one"
            )
        bands.append((max(0, first - 1), last))
    bands[-1] = (bands[-1][0], len(frequencies))
    return bands


def _frequencies(magnitude: Floats, sample_rate: float) -> Floats:
    return fft_frequencies(sample_rate, 2 * (magnitude.shape[1] - 1)).astype(np.float32)


def _total(magnitude: Floats) -> Floats:
    """Sum over the bins, 1 for silence, (frame,)."""
    total = magnitude.sum(axis=1)
    return np.where(total < _TINY, np.float32(1), total)
