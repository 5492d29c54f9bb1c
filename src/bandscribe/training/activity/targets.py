"""Targets of the tracker: which classes are present in each frame, and how loud, and the loss."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from bandscribe.datasets.levels import find_audible, power
from bandscribe.features.spectrogram import LogSpectrogram
from bandscribe.training.activity.pieces import Mixture
from bandscribe.types import LEVEL_FLOOR_DB, Audio
from bandscribe.vocabulary import INSTRUMENTS

_TINY = 1e-12


def make_targets(
    stems: Mapping[str, NDArray[np.float32]],
    classes: Sequence[str],
    *,
    sample_rate: int,
    hop_length: int,
) -> NDArray[np.float32]:
    """Targets (frame, 2 · class) of parts (n,) by class.

    First the presence of each class, as `find_audible` has it; then its level relative to all
    parts together in that frame, 0 for -60 dB and 1 for 0 dB. Frame i is centred on sample
    i · hop_length.
    """
    powers = {
        name: power([Audio(stem[np.newaxis], sample_rate)], hop_length)
        for name, stem in stems.items()
    }
    together = np.sum(list(powers.values()), axis=0)
    silence = np.zeros(len(together))
    parts = np.stack([powers.get(name, silence) for name in classes], axis=1)
    targets = np.zeros((len(together), 2 * len(classes)), dtype=np.float32)
    targets[:, : len(classes)] = find_audible(parts, together, sample_rate / hop_length)
    for column, name in enumerate(classes):
        if name not in powers:
            continue
        level = (_decibels(powers[name]) - _decibels(together)).clip(LEVEL_FLOOR_DB, 0)
        level[powers[name] <= _TINY] = LEVEL_FLOOR_DB
        targets[:, len(classes) + column] = 1 - level / LEVEL_FLOOR_DB
    return targets


def describe(
    mixture: Mixture, front_end: LogSpectrogram
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Features (frame, bin) and targets (frame, 2 · class) of a mixture.

    Presence is nan where it is unknown: an instrument rests, but the backing may have another.
    """
    rate, hop_length = front_end.sample_rate, front_end.hop_length
    made = make_targets(mixture.parts, INSTRUMENTS, sample_rate=rate, hop_length=hop_length)
    for column, name in enumerate(INSTRUMENTS):
        if name not in mixture.known:
            presence = made[:, column]
            presence[presence != 1] = np.nan
    features = front_end(mixture.mixture)
    return features, made[: len(features)]


def loss(logits: Tensor, targets: Tensor, *, level_weight: float) -> Tensor:
    """Cross-entropy of presence, and `level_weight` times that of the levels of present classes.

    Both are (batch, frame, 2 · class), the result a scalar; presence that is nan counts neither
    way. A class that is absent has no level, so that doubt about presence does not lower levels.
    """
    presence, level = targets.chunk(2, dim=2)
    presence_logits, level_logits = logits.chunk(2, dim=2)
    known = ~presence.isnan()
    each = F.binary_cross_entropy_with_logits(
        presence_logits, presence.nan_to_num(), reduction="none"
    )
    missed = F.binary_cross_entropy_with_logits(level_logits, level, reduction="none")
    return _mean(each, known) + level_weight * _mean(missed, presence == 1)


def _mean(values: Tensor, chosen: Tensor) -> Tensor:
    return (values * chosen).sum() / chosen.sum().clamp(min=1)


def _decibels(powers: NDArray[np.float64] | float) -> NDArray[np.float64]:
    return np.asarray(10 * np.log10(np.maximum(powers, _TINY)))
