"""A clip before and after each augmentation: Harmony Is All You Need 2023, figures 3.1 to 3.6."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bandscribe.audio import read
from bandscribe.display import augmentation as picture
from bandscribe.display.augmentation import AugmentedClip
from bandscribe.features.windows import mel_levels
from bandscribe.training.recognition import augmentation
from bandscribe.training.recognition.survey import measure

SAMPLE_RATE = 44100
#: Figure 3.2 shifts up by the largest interval, figure 3.3 by the largest share.
_SEMITONES, _SHARE = 6.0, 0.4


def plot(
    file: Path, target: Path, rng: np.random.Generator, *, start: float = 0.0, duration: float = 3.0
) -> None:
    """Plot `duration` seconds of a sound file before and after each augmentation.

    Noise has the mean and the deviation of these seconds, in place of a training set; masks are
    drawn with `rng`. Raises as `audio.read` and `display.augmentation.plot`, and ValueError where
    there is no sound.
    """
    samples = read(
        file, sample_rate=SAMPLE_RATE, mono=True, start=start, duration=duration
    ).samples[0]
    if not samples.any():
        raise ValueError(f"{file}: nothing sounds in the {duration:g} s from {start:g} s on")
    before, after = apply(samples, rng)
    picture.plot(target, before, after, SAMPLE_RATE, title=file.name)


def apply(
    samples: NDArray[np.float32], rng: np.random.Generator
) -> tuple[AugmentedClip, tuple[AugmentedClip, ...]]:
    """Samples (n,) at 44.1 kHz as they are, and after each augmentation of section 3.4."""
    own = measure([samples])
    changed = {
        f"noise, α = {alpha:g}": augmentation.add_noise(samples, own, rng, alpha=alpha)
        for alpha in (0.005, 0.1)
    }
    for semitones in (_SEMITONES, -_SEMITONES):
        name = f"pitch, {semitones:+g} semitones".replace("-", "−")
        changed[name] = augmentation.shift_pitch(samples, SAMPLE_RATE, semitones)
    for share in (_SHARE, -_SHARE):
        changed[f"time, {share:+.0%}".replace("-", "−")] = augmentation.shift_time(samples, share)
    shifted = tuple(AugmentedClip(name, new, mel_levels(new)) for name, new in changed.items())

    before = AugmentedClip("before", samples, mel_levels(samples))
    masks = augmentation.draw_masks(rng)
    masked = tuple(
        AugmentedClip(name, samples, augmentation.apply_masks(before.levels, some))
        for name, some in (
            ("frequency masks", replace(masks, frames=())),
            ("time masks", replace(masks, bins=())),
            ("both masks", masks),
        )
    )
    return before, (*shifted, *masked)
