"""Scenes that are rendered once and altered as spectra each time that they are drawn.

Rendering a scene takes several times as long as a training step of a small network. Bandwidth,
tone, noise floor and level cost next to nothing on a spectrum, and are drawn for every example, so
that none of them reveals the class. Where most convolutions of a
network are fixed, their outputs are computed once, too (`Embedded`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from bandscribe.training.batches import Example
from bandscribe.training.hits.examples import HitExamples
from bandscribe.training.hits.models import Compact
from bandscribe.training.hits.scenes import BEFORE_FRAMES

#: Half a decibel below the loudest of a scene, 0 to 127.5, as power.
_POWER = (10 ** (-np.arange(256) / 20)).astype(np.float32)
#: Points of a tone curve, evenly spaced over the bands, and their deviation in dB.
_POINTS, _TONE_DB = 7, 5.0
#: Examples that are embedded together.
_BATCH = 64
#: Chances of a low-pass, a high-pass, noise, and another dynamic range.
_LOWPASS, _HIGHPASS, _NOISE, _RANGE = 0.3, 0.15, 0.4, 0.3


@dataclass(frozen=True, eq=False)
class Bank:
    """Levels (scene, frame, bin) in half decibels below each scene's loudest, and their targets.

    `targets` (scene, class + 1). Frames begin `BEFORE_FRAMES` before the hit.
    """

    levels: NDArray[np.uint8]
    targets: NDArray[np.float32]
    draw: HitExamples

    @classmethod
    def render(cls, draw: HitExamples, scenes: int, seed: int) -> Bank:
        """So many scenes of `draw`. Raises ValueError where it does not augment."""
        if not draw.augment:
            raise ValueError(
                "scenes: expected 0 without augment, where clips are taken as they are"
            )
        frames = BEFORE_FRAMES + draw.front_end.count(draw.seconds)
        levels = np.zeros((scenes, frames, draw.front_end.n_bins), dtype=np.uint8)
        targets = np.zeros((scenes, len(draw.classes) + 1), dtype=np.float32)
        for i in range(scenes):
            scene, targets[i] = draw.scene(np.random.default_rng([seed, i]))
            levels[i] = quantise(draw.power(scene, BEFORE_FRAMES))
        return cls(levels, targets, draw)

    def __call__(self, rng: np.random.Generator) -> Example:
        """Features (frame, bin) and targets (class + 1,) of an altered scene."""
        i = int(rng.integers(len(self.levels)))
        return self.alter(i, rng), self.targets[i]

    def alter(self, i: int, rng: np.random.Generator) -> NDArray[np.float32]:
        """Features (frame, bin) of scene `i` altered."""
        return self._window(alter(self.levels[i], rng), rng)

    def plain(self, i: int, rng: np.random.Generator) -> NDArray[np.float32]:
        """Features (frame, bin) of scene `i` as it was rendered."""
        return self._window(_POWER[self.levels[i]], rng)

    def _window(self, power: NDArray[np.float32], rng: np.random.Generator) -> NDArray[np.float32]:
        start = int(rng.integers(0, BEFORE_FRAMES + 1))
        return self.draw.front_end.window(power, start, len(power) - BEFORE_FRAMES)


@dataclass(frozen=True, eq=False)
class Embedded:
    """Outputs of the fixed convolutions for a bank, (example, kernel, frame, bin), and targets."""

    outputs: NDArray[np.float16]
    targets: NDArray[np.float32]

    @classmethod
    def make(cls, bank: Bank, network: Compact, seed: int) -> Embedded:
        """Each scene as it is, and once altered."""
        count = len(bank.levels)
        outputs = []
        for first in range(0, 2 * count, _BATCH):
            features = []
            for i in range(first, min(first + _BATCH, 2 * count)):
                rng = np.random.default_rng([seed, i])
                features.append(bank.plain(i, rng) if i < count else bank.alter(i - count, rng))
            outputs.append(network.embed(torch.from_numpy(np.stack(features))).numpy())
        return cls(np.concatenate(outputs).astype(np.float16), np.tile(bank.targets, (2, 1)))

    def __call__(self, rng: np.random.Generator) -> Example:
        """Outputs (kernel, frame, bin) and targets (class + 1,) of one of them."""
        i = int(rng.integers(len(self.outputs)))
        return self.outputs[i].astype(np.float32), self.targets[i]


def quantise(power: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Power as half decibels below its loudest, at most 127.5 dB; of silence all of it."""
    top = float(power.max(initial=0.0))
    if not top:
        return np.full(power.shape, 255, dtype=np.uint8)
    levels = np.log10(np.maximum(power / np.float32(top), np.float32(1e-13)))
    return np.asarray(np.minimum(np.round(-20 * levels), 255), dtype=np.uint8)


def alter(levels: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.float32]:
    """Power (frame, bin) of a scene with another tone, bandwidth, dynamic range and noise floor."""
    bins = levels.shape[1]
    power = _POWER[levels]
    if rng.random() < _RANGE:
        power = power ** np.float32(rng.uniform(0.85, 1.15))
    place = np.linspace(0, 1, bins)
    points = rng.normal(0, rng.choice([0.0, 0.5, 1.0]) * _TONE_DB, _POINTS)
    gain = np.interp(place, np.linspace(0, 1, _POINTS), points)
    if rng.random() < _LOWPASS:
        # Half of them fall off steeply, as after a low sample rate.
        slope = 1000.0 if rng.random() < 0.5 else float(rng.uniform(100, 400))
        gain -= slope * np.maximum(place - rng.uniform(0.45, 0.95), 0)
    if rng.random() < _HIGHPASS:
        gain -= rng.uniform(300, 1000) * np.maximum(rng.uniform(0, 0.12) - place, 0)
    power *= (10 ** (gain / 10)).astype(np.float32)
    if rng.random() < _NOISE:
        tilt = rng.normal(0, 10) * (place - 0.5)
        level = 10 ** ((rng.uniform(-80, -25) + tilt) / 10) * float(power.max())
        power += rng.standard_exponential(power.shape, dtype=np.float32) * level.astype(np.float32)
    return power
