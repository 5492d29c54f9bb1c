"""Pitch classes, how they are tuned, and where they lie on the Tonnetz.

Source: Ferković and Smoljan 2023, Harmony Is All You Need, sections 2.2.9 and 2.2.10;
the numbers are librosa's.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bandscribe.features import filterbanks, spectrogram
from bandscribe.features.constant_q import ConstantQ
from bandscribe.features.filterbanks import A4

Floats = NDArray[np.float32]

PITCH_CLASSES = ("C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B")
TONNETZ = ("5x", "5y", "m3x", "m3y", "M3x", "M3y")

_TINY = np.finfo(np.float32).tiny


def chroma(magnitude: Floats, sample_rate: int, *, tuning: float | None = None) -> Floats:
    """Power of the twelve pitch classes, C first: magnitudes (frame, bin) to (frame, 12).

    Each frame's strongest class is 1; silence is all zeros. `tuning` is a deviation from A4 = 440
    Hz in semitones; None estimates it from the clip, as librosa does.
    """
    power = np.square(magnitude)
    if tuning is None:
        tuning = estimate_tuning(power, sample_rate)
    n_fft = 2 * (magnitude.shape[1] - 1)
    classes = power @ filterbanks.chroma(sample_rate, n_fft, tuning=tuning)
    return _divide(classes, classes.max(axis=1, keepdims=True))


def constant_q_chroma(
    samples: Floats, sample_rate: int, *, hop_length: int = 512, tuning: float | None = None
) -> Floats:
    """Magnitude of the twelve pitch classes, C first: samples (n,) to (1 + n // hop_length, 12).

    As `chroma`, from a constant-Q transform: low notes lie apart, too. `tuning` in thirds of a
    semitone, which are its bins; None estimates it.
    """
    transform = ConstantQ()
    per_octave = transform.bins_per_octave
    if tuning is None:
        spectrum = spectrogram.magnitude(samples, n_fft=2048, hop_length=512, double=True)
        tuning = estimate_tuning(spectrum, sample_rate, bins_per_octave=per_octave)
    bins = transform.magnitude(samples, sample_rate, hop_length=hop_length, tuning=tuning)
    octaves = bins.reshape(len(bins), -1, per_octave)
    # The bin of a class and its neighbours; the one below C closes the octave.
    thirds = np.roll(octaves, 1, axis=2).reshape(len(bins), -1, 12, per_octave // 12)
    classes = thirds.sum(axis=(1, 3))
    return _divide(classes, classes.max(axis=1, keepdims=True))


def tonnetz(chroma: Floats) -> Floats:
    """Tonal centroid: chroma (frame, 12) to (frame, 6), in the order of `TONNETZ`.

    Sine and cosine on the circles of fifths, minor thirds and major thirds (radius ½), averaged
    over the pitch classes by their share. By default librosa takes the chroma from a constant-Q
    transform (`constant_q_chroma`).

    Source: Harte, Sandler and Gasser 2006, Detecting harmonic change in musical audio, section 3.
    """
    angles = np.pi * np.outer(np.arange(12), [7 / 6, 3 / 2, 2 / 3])
    circles = np.stack([np.sin(angles), np.cos(angles)], axis=2) * [[1], [1], [0.5]]
    shares = _divide(chroma, chroma.sum(axis=1, keepdims=True))
    return shares @ circles.reshape(12, 6).astype(np.float32)


def estimate_tuning(
    spectrum: Floats,
    sample_rate: int,
    *,
    fmin: float = 150.0,
    fmax: float = 4000.0,
    bins_per_octave: int = 12,
) -> float:
    """Commonest deviation of the spectral peaks from A4 = 440 Hz, in bins (semitones), [-0.5, 0.5).

    Of the peaks between `fmin` and `fmax` Hz that reach a tenth of their frame's maximum, the
    louder half, in steps of 0.01 bins; 0 if there are none. `spectrum` is (frame, bin of the FFT).
    """
    frequencies, heights = _peaks(spectrum, sample_rate, fmin, fmax)
    if not len(frequencies):
        return 0.0
    frequencies = frequencies[heights >= np.median(heights)]
    deviations = np.mod(bins_per_octave * np.log2(frequencies.astype(np.float64) / A4), 1.0)
    deviations[deviations >= 0.5] -= 1.0
    counts, edges = np.histogram(deviations, np.linspace(-0.5, 0.5, 101))
    return float(edges[counts.argmax()])


def _peaks(spectrum: Floats, sample_rate: int, fmin: float, fmax: float) -> tuple[Floats, Floats]:
    """Frequencies in Hz and heights of all peaks, (n,) each, by a parabola through three bins."""
    n_fft = 2 * (spectrum.shape[1] - 1)
    bins = filterbanks.fft_frequencies(sample_rate, n_fft)
    in_range = np.flatnonzero((bins >= fmin) & (bins < min(fmax, sample_rate / 2)))
    if not len(in_range):
        return np.empty(0, dtype=np.float32), np.empty(0, dtype=np.float32)
    first, last = int(in_range[0]), int(in_range[-1]) + 1
    left, centre, right = (spectrum[:, first + k : last + k] for k in (-1, 0, 1))
    loud = centre > np.float32(0.1) * spectrum.max(axis=1, keepdims=True)
    frame, at = np.nonzero(loud & (centre > left) & (centre >= right))
    left, centre, right = left[frame, at], centre[frame, at], right[frame, at]
    curve, slope = left + right - 2 * centre, (right - left) / 2
    shift = np.divide(-slope, curve, where=np.abs(slope) < np.abs(curve), out=np.zeros_like(slope))
    return (at + first + shift) * np.float32(sample_rate / n_fft), centre + slope * shift / 2


def _divide(values: Floats, by: Floats) -> Floats:
    """Left as they are where there is nothing to divide by."""
    return np.asarray(values / np.where(by < _TINY, 1, by), dtype=np.float32)
