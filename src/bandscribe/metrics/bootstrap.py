"""Confidence intervals of figures over tracks, and of differences between two systems.

One function serves every figure of every task. A *statistic* is a function of track indices: it
computes named figures on just these tracks. Tracks are resampled with replacement, many times;
the interval holds the middle 95 % of the statistic's values (the percentile interval of
Efron and Tibshirani 1993, An Introduction to the Bootstrap, chapter 13). Tracks and not onsets,
clips or frames of one track are drawn, because these are not independent of each other. With few
tracks the interval is a rough one.

Two systems are compared on the same tracks: both are scored on the same resamples (the paired
bootstrap), so that what is hard about a track is hard for both and cancels out. The interval of the
difference is narrower than two intervals side by side suggest.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

#: Named figures of the tracks at these indices (n,), which may repeat.
Statistic = Callable[[NDArray[np.int64]], Mapping[str, float]]

SAMPLES = 1000
LEVEL = 0.95


class Interval(NamedTuple):
    """A confidence interval; nan where there was nothing to draw from."""

    low: float
    high: float


def resample(
    statistic: Statistic, tracks: int, rng: np.random.Generator, *, samples: int = SAMPLES
) -> dict[str, NDArray[np.float64]]:
    """Each figure of `statistic` on `samples` bootstrap resamples of the tracks, (sample,).

    Without tracks, one resample of none. Of equal resamples, which are most where tracks are few,
    one is computed. Raises ValueError when `samples` is not positive.
    """
    if samples < 1:
        raise ValueError(f"samples: expected a positive number, got {samples}")
    if not tracks:
        drawn = np.zeros((1, 0), dtype=np.int64)
    else:
        drawn = rng.integers(0, tracks, size=(samples, tracks))
    different, which = np.unique(drawn, axis=0, return_inverse=True)
    figures = [statistic(indices) for indices in different]
    return {name: np.array([row[name] for row in figures])[which.ravel()] for name in figures[0]}


def enclose(values: NDArray[np.float64], level: float = LEVEL) -> Interval:
    """The middle `level` of drawn values (sample,), leaving nan out."""
    known = values[~np.isnan(values)]
    if not known.size:
        return Interval(float("nan"), float("nan"))
    low, high = np.quantile(known, [(1 - level) / 2, (1 + level) / 2])
    return Interval(float(low), float(high))


def intervals(
    statistic: Statistic,
    tracks: int,
    rng: np.random.Generator,
    *,
    samples: int = SAMPLES,
    level: float = LEVEL,
) -> dict[str, Interval]:
    """The interval of every figure that `statistic` names, over `tracks` tracks.

    Resamples where a figure is undefined (nan) are left out of its interval.
    """
    drawn = resample(statistic, tracks, rng, samples=samples)
    return {name: enclose(values, level) for name, values in drawn.items()}


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
