"""Shared by all synthesis: the sample rate, and levels, envelopes and ramps of samples."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

SAMPLE_RATE = 44100
_BLOCK = 2048  # samples over which levels are measured

Rng = np.random.Generator
Samples = NDArray[np.float32]


def add(out: Samples, first: int, sound: Samples) -> None:
    """Add a sound to `out` from sample `first` on; what lies outside is lost."""
    sound = sound[max(0, -first) :]
    first = max(0, first)
    n = min(len(sound), len(out) - first)
    if n > 0:
        out[first : first + n] += sound[:n]


def fade(sound: Samples, attack: int, release: int) -> Samples:
    """The sound (n,) with linear ramps of so many samples at its ends."""
    n = len(sound)
    i = np.arange(n)
    ramp = np.minimum(1, np.minimum((i + 1) / max(attack, 1), (n - i) / max(release, 1)))
    return sound * ramp.astype(np.float32)


def envelope(samples: Samples, step: int) -> Samples:
    """The peak of each `step` samples; the last, shorter step counts too."""
    padded = np.pad(np.abs(samples), (0, -len(samples) % step))
    largest: Samples = padded.reshape(-1, step).max(axis=1)
    return largest


def loudness(samples: Samples) -> float:
    """Root mean square of what sounds: of the blocks within 20 dB of the loudest one."""
    blocks = samples[: len(samples) // _BLOCK * _BLOCK].reshape(-1, _BLOCK)
    powers = np.einsum("ij,ij->i", blocks, blocks) / _BLOCK
    top = powers.max(initial=0.0)
    return float(np.sqrt(powers[powers >= top / 100].mean())) if top else 0.0


def at_level(samples: Samples, level_db: float) -> Samples:
    """Samples (n,) at a loudness of `level_db`; silence stays silent."""
    return samples * np.float32(10 ** (level_db / 20) / (loudness(samples) or 1.0))
