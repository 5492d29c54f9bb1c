"""What a network should say of a mixture: who is heard in each frame, and how loud beside it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import maximum_filter1d
from torch import Tensor
from torch.nn import functional as F

from bandscribe.datasets.levels import power
from bandscribe.types import LEVEL_FLOOR_DB, Audio

#: An instrument is heard at a moment where it is no further below all that sounds around it; below
#: the second level it is not; between them nobody is asked.
HEARD_DB, UNHEARD_DB = -25.0, -35.0
#: Below the loudest moment nothing counts as heard.
SILENT_DB = -50.0
#: Seconds around a frame that count, so that an instrument is heard between quick strokes.
AROUND = 0.16

#: Mean square below which a recording is silent: what is left of a player who rests.
_SILENCE = 1e-8
_TINY = 1e-12


def make_targets(
    stems: Mapping[str, NDArray[np.float32]],
    classes: Sequence[str],
    *,
    sample_rate: int,
    hop_length: int,
) -> NDArray[np.float32]:
    """Of parts (n,) by class, what is to be said of each frame: (frame, 2 · class).

    First 1 where a class is heard, 0 where not, nan where it is doubtful; then its level relative
    to all parts together in that frame, 0 for -60 dB and 1 for 0 dB. Frame i is centred on sample
    i · hop_length.
    """
    powers = {
        name: power([Audio(stem[np.newaxis], sample_rate)], hop_length)
        for name, stem in stems.items()
    }
    together = np.sum(list(powers.values()), axis=0)
    width = 2 * round(AROUND * sample_rate / hop_length / 2) + 1
    around = maximum_filter1d(together, width, mode="constant")
    loudest = _decibels(together.max(initial=0.0))
    targets = np.zeros((len(together), 2 * len(classes)), dtype=np.float32)
    for column, name in enumerate(classes):
        if name not in powers:
            continue
        near = _decibels(maximum_filter1d(powers[name], width, mode="constant"))
        beside = np.minimum(near - _decibels(around), near - loudest + HEARD_DB - SILENT_DB)
        doubtful = np.where(beside >= UNHEARD_DB, np.nan, 0)
        presence = np.where(beside >= HEARD_DB, 1, doubtful)
        targets[:, column] = np.where(near > _decibels(_SILENCE), presence, 0)
        level = (_decibels(powers[name]) - _decibels(together)).clip(LEVEL_FLOOR_DB, 0)
        level[powers[name] <= _TINY] = LEVEL_FLOOR_DB
        targets[:, len(classes) + column] = 1 - level / LEVEL_FLOOR_DB
    return targets


def loss(logits: Tensor, targets: Tensor, *, level_weight: float) -> Tensor:
    """Cross-entropy of presence, and `level_weight` times that of the levels of what is heard.

    Both are (batch, frame, 2 · class), the result a scalar; presence that is nan counts neither
    way. Who is not heard has no level, so that doubt about presence does not lower levels.
    """
    presence, level = targets.chunk(2, dim=2)
    said, loud = logits.chunk(2, dim=2)
    known = ~presence.isnan()
    each = F.binary_cross_entropy_with_logits(said, presence.nan_to_num(), reduction="none")
    missed = F.binary_cross_entropy_with_logits(loud, level, reduction="none")
    heard = presence == 1
    return _mean(each, known) + level_weight * _mean(missed, heard)


def _mean(values: Tensor, chosen: Tensor) -> Tensor:
    return (values * chosen).sum() / chosen.sum().clamp(min=1)


def _decibels(powers: NDArray[np.float64] | float) -> NDArray[np.float64]:
    return np.asarray(10 * np.log10(np.maximum(powers, _TINY)))
