"""Augmentation: parameters are drawn first, applied second.

Source: Harmony Is All You Need 2023, section 3.4. Samples: noise, pitch, time. Features: masked
bins and frames, after Park et al. 2019, SpecAugment. All are applied, each time.

Pitch is shifted by Signalsmith Stretch (`python-stretch`, the library that audiomentations shifts
with): 0.3 MB, no dependencies, length and level kept, the same output for the same input. librosa's
phase vocoder costs seconds of import and loses a tenth of the level; audiomentations brings librosa
along, and draws from global generators.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bandscribe.extras import install
from bandscribe.features.windows import FeatureStatistics

Samples = NDArray[np.float32]
Features = NDArray[np.float32]
#: Width, as a share of the axis, and start, as a share of the starts that are possible.
Mask = tuple[float, float]


@dataclass(frozen=True)
class Shifts:
    """One draw for samples: the seed of the noise, the pitch, and the share of the length."""

    noise_seed: int
    semitones: float
    time: float


@dataclass(frozen=True)
class Masks:
    """One draw for features: the masked stretches of bins and of frames."""

    bins: tuple[Mask, ...]
    frames: tuple[Mask, ...]


def draw_shifts(rng: np.random.Generator, *, semitones: float = 6.0, time: float = 0.4) -> Shifts:
    """Up to `semitones` up or down, and up to the share `time` of the length to either side."""
    return Shifts(
        noise_seed=int(rng.integers(2**32)),
        semitones=float(rng.uniform(-semitones, semitones)),
        time=float(rng.uniform(-time, time)),
    )


def apply_shifts(
    samples: Samples,
    sample_rate: int,
    shifts: Shifts,
    noise: FeatureStatistics,
    *,
    alpha: float = 0.005,
) -> Samples:
    """Samples (sample,) with noise, then at another pitch, then at another time, same length.

    `noise` is the statistics of the training set's samples, in the scale of `samples`.
    """
    changed = add_noise(samples, noise, np.random.default_rng(shifts.noise_seed), alpha=alpha)
    if shifts.semitones:
        changed = shift_pitch(changed, sample_rate, shifts.semitones)
    return shift_time(changed, shifts.time)


def add_noise(
    samples: Samples, noise: FeatureStatistics, rng: np.random.Generator, *, alpha: float = 0.005
) -> Samples:
    """samples + alpha · noise, the noise having the training set's mean and deviation."""
    drawn = rng.standard_normal(samples.shape, dtype=np.float32)
    return np.asarray(samples + alpha * (noise.mean + noise.deviation * drawn), dtype=np.float32)


def shift_pitch(samples: Samples, sample_rate: int, semitones: float) -> Samples:
    """Samples (sample,) at another pitch, at the same speed.

    Raises ValueError when the library is missing.
    """
    try:
        from python_stretch import Signalsmith
    except ImportError:
        raise ValueError(
            f"augmentation: pitch shifts need python-stretch: {install('recognition')}"
        ) from None
    stretch = Signalsmith.Stretch(0)
    stretch.preset(1, float(sample_rate))
    stretch.setTransposeSemitones(semitones)
    shifted = np.asarray(stretch.process(samples[np.newaxis]), dtype=np.float32)
    return shifted.reshape(samples.shape)


def shift_time(samples: Samples, share: float) -> Samples:
    """Samples that start where `share` of their length was; what was before comes last.

    The paper's example: one second forward, and the last second is what was the first.
    """
    return np.roll(samples, -round(share * len(samples)))


def draw_masks(rng: np.random.Generator, *, count: int = 2, largest: float = 0.1) -> Masks:
    """`count` masks of bins and of frames, each 0 to `largest` of its axis wide."""

    def draw() -> tuple[Mask, ...]:
        return tuple((float(rng.uniform(0, largest)), float(rng.uniform())) for _ in range(count))

    return Masks(bins=draw(), frames=draw())


def apply_masks(features: Features, masks: Masks) -> Features:
    """Features (frame, bin) with their own mean where they are masked, a copy."""
    masked, mean = features.copy(), features.mean()
    for width, start in masks.frames:
        masked[_stretch(len(features), width, start)] = mean
    for width, start in masks.bins:
        masked[:, _stretch(features.shape[1], width, start)] = mean
    return masked


def _stretch(length: int, width: float, start: float) -> slice:
    """f = width of the axis, beginning at 0 to v - f, all equally likely."""
    masked = round(width * length)
    first = int(start * (length - masked + 1))
    return slice(first, first + masked)
