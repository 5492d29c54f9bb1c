"""Filterbanks: matrices `(n_fft // 2 + 1, band)` that turn spectra into bands."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

A4 = 440.0


def fft_frequencies(sample_rate: float, n_fft: int) -> NDArray[np.float64]:
    """Centre of each bin of a real FFT in Hz, (n_fft // 2 + 1,)."""
    return np.asarray(np.fft.rfftfreq(n_fft, 1.0 / sample_rate), dtype=np.float64)


def logarithmic(
    sample_rate: int,
    n_fft: int,
    *,
    bands_per_octave: int = 12,
    fmin: float = 20,
    fmax: float = 20000,
) -> NDArray[np.float32]:
    """Triangular filters of unit area, `bands_per_octave` to the octave, centred on A4.

    Corner frequencies lie at 440 · 2^(k / bands_per_octave) Hz between `fmin` and `fmax`, each
    moved to the nearest FFT bin, where several low ones fall together and count once; each
    filter rises from one corner to the next and falls to the one after. 44.1 kHz, 2048 samples
    and 12 bands per octave give the 84 bands of the literature.

    Source: Fosse 2025, Automatic Drum Transcription using Deep Learning, section 2.3.7, after
    Vogl et al. 2017, Drum transcription via joint beat and drum modeling, section 3.1.
    """
    if not 0 < fmin < fmax <= sample_rate / 2:
        raise ValueError(
            f"fmin, fmax: expected 0 < fmin < fmax <= {sample_rate / 2:g}, got {fmin:g}, {fmax:g}"
        )
    low = np.ceil(bands_per_octave * np.log2(fmin / A4))
    high = np.floor(bands_per_octave * np.log2(fmax / A4))
    corners = A4 * 2.0 ** (np.arange(low, high + 1) / bands_per_octave)
    bins = np.unique(np.rint(corners * n_fft / sample_rate).astype(int))
    return _triangles(bins[bins < n_fft // 2].astype(float), np.arange(n_fft // 2 + 1.0))


@lru_cache(maxsize=8)  # a tenth of the time of a second's features
def mel(
    sample_rate: int, n_fft: int, *, n_mels: int = 128, fmin: float = 0.0, fmax: float | None = None
) -> NDArray[np.float32]:
    """Triangular filters on Slaney's mel scale, each of unit area in Hz (librosa's default).

    Linear below 1 kHz (200/3 Hz per mel), logarithmic above (27 mels for a factor of 6.4).
    Source: Slaney 1998, Auditory Toolbox.
    """
    fmax = sample_rate / 2 if fmax is None else fmax
    if not 0 <= fmin < fmax <= sample_rate / 2:
        raise ValueError(
            f"fmin, fmax: expected 0 <= fmin < fmax <= {sample_rate / 2:g}, got {fmin:g}, {fmax:g}"
        )
    corners = _mel_to_hz(np.linspace(_hz_to_mel(fmin), _hz_to_mel(fmax), n_mels + 2))
    filters = _triangles(corners, fft_frequencies(sample_rate, n_fft), unit_peak=True)
    filters *= (2.0 / (corners[2:] - corners[:-2])).astype(np.float32)
    filters.setflags(write=False)  # all who ask share it
    return filters


def mel_kaldi(
    sample_rate: int, n_fft: int, *, n_mels: int = 128, fmin: float = 20.0
) -> NDArray[np.float32]:
    """Triangular filters as Kaldi has them: on 1127 · ln(1 + f / 700), straight there, peak 1.

    Where bands are narrower than a bin, some of them contain no bin and are all zero.
    Source: Povey et al., Kaldi, feat/mel-computations.h.
    """
    if not 0 <= fmin < sample_rate / 2:
        raise ValueError(f"fmin: expected 0 <= fmin < {sample_rate / 2:g}, got {fmin:g}")
    low, high = _hz_to_kaldi_mel(np.array([fmin, sample_rate / 2]))
    points = _hz_to_kaldi_mel(fft_frequencies(sample_rate, n_fft))
    return _triangles(np.linspace(low, high, n_mels + 2), points, unit_peak=True)


def chroma(sample_rate: int, n_fft: int, *, tuning: float = 0.0) -> NDArray[np.float32]:
    """Filters for the twelve pitch classes, C first, (n_fft // 2 + 1, 12): librosa's default.

    Around every octave of a class a Gaussian bump exp(-(2d / w)² / 2), where d is the distance in
    semitones and w the width of a bin, at least one; each bin's twelve weights have unit norm and
    are then damped by their distance of o octaves from the fifth above A0 = 27.5 Hz,
    exp(-((o - 5) / 2)² / 2). `tuning` moves A4 = 440 Hz by semitones.

    Source: Ellis 2007, Chroma feature analysis and synthesis (chroma_stft); McFee et al., librosa.
    """
    frequencies = np.arange(1, n_fft) * (sample_rate / n_fft)
    semitones = 12 * np.log2(frequencies / (A4 / 16 * 2.0 ** (tuning / 12)))
    semitones = np.concatenate([[semitones[0] - 18], semitones])[: n_fft // 2 + 2]
    widths = np.maximum(np.diff(semitones), 1)[:, None]
    semitones = semitones[:-1, None]
    distances = np.mod(semitones - np.arange(12) + 6, 12) - 6
    filters = np.exp(-0.5 * (2 * distances / widths) ** 2)
    filters /= np.linalg.norm(filters, axis=1, keepdims=True)
    filters *= np.exp(-0.5 * ((semitones / 12 - 5) / 2) ** 2)
    return np.roll(filters, -3, axis=1).astype(np.float32)  # from A to C


def _triangles(
    corners: NDArray[np.float64], points: NDArray[np.float64], *, unit_peak: bool = False
) -> NDArray[np.float32]:
    """Triangles over consecutive corners, (point, len(corners) - 2), of unit sum or unit peak."""
    left, centre, right = corners[:-2], corners[1:-1], corners[2:]
    rising = (points[:, None] - left) / (centre - left)
    falling = (right - points[:, None]) / (right - centre)
    filters = np.maximum(0.0, np.minimum(rising, falling))
    if not unit_peak:
        filters /= filters.sum(axis=0)
    return filters.astype(np.float32)


def _hz_to_mel(frequency: float) -> float:
    if frequency < 1000:
        return frequency * 3 / 200
    return 15 + 27 * float(np.log(frequency / 1000)) / float(np.log(6.4))


def _mel_to_hz(mels: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.where(mels < 15, mels * 200 / 3, 1000 * 6.4 ** ((mels - 15) / 27))


def _hz_to_kaldi_mel(frequencies: NDArray[np.float64]) -> NDArray[np.float64]:
    return 1127.0 * np.log(1.0 + frequencies / 700.0)
