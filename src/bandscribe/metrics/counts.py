"""Precision, recall and F1 from true positives, false positives and false negatives.

All detections in tracks are scored from one array, `counts` (track, class, 3): true
positives, false positives, false negatives. The figures are

- per class: counted together over the tracks;
- micro: counted together over classes and tracks;
- macro: the mean over classes of the figures per class;
- track mean: the mean over tracks of the figures of each track, counted over its classes.

Precision without an estimate, recall without a reference, and F1 = 2 tp / (2 tp + fp + fn) with
neither, are undefined. They take the value `undefined`, and where that is nan they are left out of
means (as `zero_division` in scikit-learn).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

NAN = float("nan")


@dataclass(frozen=True)
class Scores:
    """Precision, recall and F1 in [0, 1] (nan where undefined), and the counts behind them."""

    precision: float
    recall: float
    f1: float
    tp: int
    fp: int
    fn: int


def micro(counts: NDArray[np.int64]) -> Scores:
    """Scores of `counts` (track, class, 3), counted together over tracks and classes."""
    total = counts.sum(axis=(0, 1))
    return Scores(*rate(total).tolist(), *total.tolist())


def macro(counts: NDArray[np.int64]) -> Scores:
    """Mean over classes of the scores of `counts` (track, class, 3)."""
    return _mean(counts, 0)


def track_mean(counts: NDArray[np.int64]) -> Scores:
    """Mean over tracks of the scores of `counts` (track, class, 3), counted over classes."""
    return _mean(counts, 1)


def per_class(counts: NDArray[np.int64], classes: Sequence[str]) -> dict[str, Scores]:
    """Scores of each class of `counts` (track, class, 3), counted together over tracks."""
    return {name: micro(counts[:, [column]]) for column, name in enumerate(classes)}


def figures(
    counts: NDArray[np.int64], classes: Sequence[str], undefined: float = NAN
) -> dict[str, float]:
    """Every figure of `counts` (track, class, 3) by name: `micro.f1`, `KD.recall` and so on.

    The groups are `micro`, `macro`, `track_mean` and each class; in each, `precision`, `recall`
    and `f1`. As a statistic for the bootstrap: `lambda t: figures(counts[t], classes)`.
    """
    totals = counts.sum(axis=0)
    groups = {
        "micro": rate(totals.sum(axis=0), undefined),
        "macro": mean(rate(totals, undefined)),
        "track_mean": mean(rate(counts.sum(axis=1), undefined)),
        **dict(zip(classes, rate(totals, undefined), strict=True)),
    }
    return {
        f"{group}.{name}": float(value)
        for group, values in groups.items()
        for name, value in zip(("precision", "recall", "f1"), values, strict=True)
    }


def rate(counts: NDArray[np.int64], undefined: float = NAN) -> NDArray[np.float64]:
    """Precision, recall and F1 (…, 3) of counts (…, 3)."""
    tp, fp, fn = np.moveaxis(counts, -1, 0)
    parts = np.stack([tp, tp, 2 * tp], axis=-1)
    wholes = np.stack([tp + fp, tp + fn, 2 * tp + fp + fn], axis=-1)
    return divide(parts, wholes, undefined)


def divide(part: ArrayLike, whole: ArrayLike, undefined: float = NAN) -> NDArray[np.float64]:
    """`part / whole`, and `undefined` where the whole is zero."""
    values = np.full(np.shape(whole), undefined, dtype=np.float64)
    np.divide(part, whole, out=values, where=np.asarray(whole) != 0)
    return values


def mean(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """The mean over the first axis, leaving nan out; nan where nothing is left."""
    known = ~np.isnan(values)
    return divide(np.where(known, values, 0.0).sum(axis=0), known.sum(axis=0))


def _mean(counts: NDArray[np.int64], summed: int) -> Scores:
    means = mean(rate(counts.sum(axis=summed)))
    return Scores(*means.tolist(), *counts.sum(axis=(0, 1)).tolist())
