"""How well a transcription finds the onsets of each class.

Task: an estimate names onsets and their classes; the reference is an annotation of the same
recording.

Conventions: an onset of the reference is found if an onset of the estimate of the same class lies
within the tolerance, ±50 ms by default. Each onset is matched at most once, and the matching has
the largest possible size: true positives are exactly those of `mir_eval.util.match_events` and
`mir_eval.onset.f_measure` (Raffel et al. 2014), rounding at the edge of the tolerance included.

Metrics: precision, recall and F1,

- per class: true and false positives and negatives of all tracks are counted together;
- micro: counted together over all classes and tracks;
- macro: the mean over classes of the figures per class;
- per track: counted together over the classes of one track.

Where we deviate from mir_eval: it gives 0 to whatever is undefined. Here precision without an
estimate and recall without a reference are nan, and F1 = 2 tp / (2 tp + fp + fn) is nan only where
both are empty. Such a class shows nan in the table and is left out of the macro mean: there was
nothing to find and nothing was found. A silent track does not change the micro figures.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bandscribe.types import Transcription

TOLERANCE = 0.05


class Matching(NamedTuple):
    """Pairs of indices: `reference[i]` (n,) is matched with `estimate[i]` (n,)."""

    reference: NDArray[np.int64]
    estimate: NDArray[np.int64]


@dataclass(frozen=True)
class Scores:
    """Precision, recall and F1 in [0, 1] (nan where undefined), and the counts behind them."""

    precision: float
    recall: float
    f1: float
    tp: int
    fp: int
    fn: int


@dataclass(frozen=True)
class Report:
    """The figures of one corpus: per class, micro, macro, and one entry per track.

    `counts` (track, class, 3) holds tp, fp and fn, from which all the others follow.
    """

    classes: tuple[str, ...]
    counts: NDArray[np.int64]
    per_class: dict[str, Scores]
    micro: Scores
    macro: Scores
    per_track: tuple[Scores, ...]


class Interval(NamedTuple):
    """A confidence interval."""

    low: float
    high: float


def match(reference: ArrayLike, estimate: ArrayLike, tolerance: float = TOLERANCE) -> Matching:
    """A largest one-to-one matching of two ascending lists of onsets, (n,) and (m,) seconds.

    Around each onset of the estimate lies a window of fixed width. The windows begin and end in
    the order of the onsets, so that giving each in turn the earliest onset that is still free
    matches as many as possible.

    Raises ValueError when a list is not ascending and finite, or the tolerance is negative.
    """
    references, estimates = _ascending(reference, "reference"), _ascending(estimate, "estimate")
    if not tolerance >= 0:
        raise ValueError(f"tolerance: expected seconds, got {tolerance}")
    # The window's ends are rounded as in mir_eval, so that both agree at the very edge.
    starts, ends = (estimates - tolerance).tolist(), (estimates + tolerance).tolist()
    times = references.tolist()
    pairs: list[tuple[int, int]] = []
    i = 0
    for j, (start, end) in enumerate(zip(starts, ends, strict=True)):
        while i < len(times) and times[i] < start:
            i += 1
        if i < len(times) and times[i] <= end:
            pairs.append((i, j))
            i += 1
    found = np.array(pairs, dtype=np.int64).reshape(-1, 2)
    return Matching(found[:, 0], found[:, 1])


def score(
    references: Sequence[Transcription],
    estimates: Sequence[Transcription],
    classes: Sequence[str],
    tolerance: float = TOLERANCE,
) -> Report:
    """Compare the estimate of each track with its reference, in these classes only.

    Raises ValueError when there is not one estimate per reference.
    """
    if len(references) != len(estimates):
        raise ValueError(f"estimates: expected {len(references)}, got {len(estimates)}")
    counts = np.zeros((len(references), len(classes), 3), dtype=np.int64)
    for t, (reference, estimate) in enumerate(zip(references, estimates, strict=True)):
        for c, name in enumerate(classes):
            wanted = reference.onsets[reference.labels == name]
            given = estimate.onsets[estimate.labels == name]
            tp = len(match(wanted, given, tolerance).reference)
            counts[t, c] = tp, len(given) - tp, len(wanted) - tp
    return Report(
        classes=tuple(classes),
        counts=counts,
        per_class={
            name: _scores(row) for name, row in zip(classes, counts.sum(axis=0), strict=True)
        },
        micro=micro(counts),
        macro=macro(counts),
        per_track=tuple(_scores(rows.sum(axis=0)) for rows in counts),
    )


def micro(counts: NDArray[np.int64]) -> Scores:
    """Scores of `counts` (track, class, 3), counted together over tracks and classes."""
    return _scores(counts.sum(axis=(0, 1)))


def macro(counts: NDArray[np.int64]) -> Scores:
    """Mean over classes of the scores of `counts` (track, class, 3); nan is left out."""
    per_class = [_scores(row) for row in counts.sum(axis=0)]
    total = counts.sum(axis=(0, 1))
    return Scores(
        _mean([scores.precision for scores in per_class]),
        _mean([scores.recall for scores in per_class]),
        _mean([scores.f1 for scores in per_class]),
        *total.tolist(),
    )


def bootstrap(
    counts: NDArray[np.int64],
    rng: np.random.Generator,
    *,
    average: Callable[[NDArray[np.int64]], Scores] = micro,
    samples: int = 1000,
    level: float = 0.95,
) -> Interval:
    """Percentile interval of F1 when tracks are drawn anew, with replacement.

    `counts` (track, class, 3) as in `Report`; `average` is `micro` or `macro`. Tracks and not
    onsets are drawn, because the onsets of one track are not independent (Efron and Tibshirani
    1993, chapter 13). With few tracks the interval is a rough one.
    """
    if not len(counts):
        return Interval(float("nan"), float("nan"))
    drawn = rng.integers(0, len(counts), size=(samples, len(counts)))
    f1 = np.array([average(counts[tracks]).f1 for tracks in drawn])
    f1 = f1[~np.isnan(f1)]
    if not f1.size:
        return Interval(float("nan"), float("nan"))
    low, high = np.quantile(f1, [(1 - level) / 2, (1 + level) / 2])
    return Interval(float(low), float(high))


def _scores(counts: NDArray[np.int64]) -> Scores:
    tp, fp, fn = counts.tolist()
    return Scores(
        precision=_ratio(tp, tp + fp),
        recall=_ratio(tp, tp + fn),
        f1=_ratio(2 * tp, 2 * tp + fp + fn),
        tp=tp,
        fp=fp,
        fn=fn,
    )


def _ratio(part: int, whole: int) -> float:
    return part / whole if whole else float("nan")


def _mean(figures: list[float]) -> float:
    known = [figure for figure in figures if not np.isnan(figure)]
    return sum(known) / len(known) if known else float("nan")


def _ascending(times: ArrayLike, name: str) -> NDArray[np.float64]:
    times = np.asarray(times, dtype=np.float64)
    if times.ndim != 1 or not np.all(np.isfinite(times)) or np.any(np.diff(times) < 0):
        raise ValueError(f"{name}: expected finite, ascending times")
    return times
