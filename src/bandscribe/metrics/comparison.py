"""Is one system better than another, or were the tracks kind to it?

Two systems are compared on the same tracks. Both are scored on the same resamples of tracks (the
paired bootstrap), so that what is hard about a track is hard for both and cancels out: the
interval of the difference is narrower than two intervals side by side suggest.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from bandscribe.metrics.bootstrap import LEVEL, SAMPLES, Interval, Statistic, enclose, resample


class Difference(NamedTuple):
    """A figure of the first and of the second result, and second minus first with its interval.

    `share_better` is the share of resamples where the second result has the higher figure, equal
    ones counted half.
    """

    first: float
    second: float
    difference: float
    interval: Interval
    share_better: float

    @property
    def clear(self) -> bool:
        """Whether the interval lies wholly on one side of zero."""
        return self.interval.low > 0 or self.interval.high < 0


def compare(
    first: Statistic,
    second: Statistic,
    tracks: int,
    rng: np.random.Generator,
    *,
    samples: int = SAMPLES,
    level: float = LEVEL,
) -> dict[str, Difference]:
    """The difference of every figure that both statistics name.

    Index i must mean the same track to both. For onsets, with the counts of two reports:
    `compare(lambda t: figures(a.counts[t], classes), lambda t: figures(b.counts[t], classes), …)`.
    """

    def both(indices: NDArray[np.int64]) -> dict[str, float]:
        one, other = first(indices), second(indices)
        return {name: other[name] - one[name] for name in one if name in other}

    drawn = resample(both, tracks, rng, samples=samples)
    every = np.arange(tracks)
    one, other = first(every), second(every)
    return {
        name: Difference(
            one[name],
            other[name],
            other[name] - one[name],
            enclose(values, level),
            _share_above_zero(values),
        )
        for name, values in drawn.items()
    }


def _share_above_zero(values: NDArray[np.float64]) -> float:
    known = values[~np.isnan(values)]
    return float(np.mean((np.sign(known) + 1) / 2)) if known.size else float("nan")
