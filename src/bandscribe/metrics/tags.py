"""Metrics of tagging clips with the instruments that are present.

Task: `targets` (clip, class) are the classes that apply to a clip, `scores` (clip, class) the
model's confidence in each, in [0, 1]. A class is predicted when its score is at least its
threshold.

Metrics, those of Harmony Is All You Need (2023), section 5.1, and the field's usual ones:

- Hamming score: the share of (clip, class) decisions that are right;
- exact match: the share of clips with every decision right;
- precision, recall, F1: per class, micro, macro, and `track_mean` over clips;
- label-ranking average precision, average precision per class, and its mean over classes (mAP):
  these need no threshold;
- expected calibration error: how far scores are from being frequencies.

All equal scikit-learn's. Undefined figures are 0 there by default, and here (`undefined`), so that
they may be compared with published ones; nan leaves them out of means. Thresholds are learned on
a validation split and nowhere else.

Where a corpus leaves open whether a class applies (OpenMIC-2018), `known` (clip, class) is False:
such a decision counts neither for nor against anything.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bandscribe.metrics import counts

THRESHOLD = 0.5
BINS = 10

Flags = NDArray[np.bool_]
Values = NDArray[np.floating]


class Reliability(NamedTuple):
    """Scores against frequencies in equal bins of [0, 1], each (bin,); nan where a bin is empty.

    `confidence` is the mean score in a bin, `frequency` the share of it that applies, `number` how
    many (clip, class) decisions it holds.
    """

    confidence: NDArray[np.float64]
    frequency: NDArray[np.float64]
    number: NDArray[np.int64]


def indicate(labels: Sequence[Collection[str]], classes: Sequence[str]) -> Flags:
    """Which classes apply to each clip, (clip, class); labels that are no class are left out."""
    rows = [[name in present for name in classes] for present in labels]
    return np.array(rows, dtype=bool).reshape(len(labels), len(classes))


def figures(
    targets: Flags,
    scores: Values,
    classes: Sequence[str],
    thresholds: ArrayLike = THRESHOLD,
    *,
    known: Flags | None = None,
    undefined: float = 0.0,
) -> dict[str, float]:
    """Every figure by name: `hamming`, `exact_match`, `micro.f1`, `cel.recall`, `cel.ap`, `map`,
    `lrap`, `ece` and so on.

    `thresholds` is one number or one per class. As a statistic for the bootstrap, clips being the
    tracks: `lambda t: figures(targets[t], scores[t], classes)`.

    Raises ValueError when shapes differ, or scores are not in [0, 1].
    """
    targets, scores, known = _mask(targets, scores, known)
    if targets.shape[1] != len(classes):
        raise ValueError(f"classes: expected {targets.shape[1]}, got {len(classes)}")
    decisions = known & (scores >= np.asarray(thresholds))
    right = decisions == targets
    precisions = average_precision(targets, scores, undefined)
    return {
        "hamming": _mean(right[known]),
        "exact_match": _mean(right.all(axis=1)),
        **counts.figures(count(targets, decisions), classes, undefined),
        "map": float(counts.mean(precisions)),
        **{f"{name}.ap": float(area) for name, area in zip(classes, precisions, strict=True)},
        "lrap": _mean(label_ranking_average_precision(targets, scores)),
        "ece": calibration_error(calibrate(targets, scores, known=known)),
    }


def count(targets: Flags, decisions: Flags) -> NDArray[np.int64]:
    """True positives, false positives, false negatives, (clip, class, 3): see `metrics.counts`."""
    kinds = [targets & decisions, ~targets & decisions, targets & ~decisions]
    return np.stack(kinds, axis=-1).astype(np.int64)


def average_precision(
    targets: NDArray[np.bool_], scores: NDArray[np.floating], undefined: float = 0.0
) -> NDArray[np.float64]:
    """Area under the precision-recall steps of each class, (class,).

    `targets` and `scores` are (item, class). A class that never occurs has the value `undefined`
    (0 in scikit-learn).
    """
    areas = np.empty(targets.shape[1])
    for c in range(len(areas)):
        distinct, place = np.unique(-scores[:, c], return_inverse=True)
        positives = np.bincount(place[targets[:, c]], minlength=len(distinct))
        everything = np.bincount(place, minlength=len(distinct))
        areas[c] = step_area(positives, everything - positives, undefined)
    return areas


def step_area(
    positives: NDArray[Any], negatives: NDArray[Any], undefined: float = 0.0
) -> NDArray[np.float64]:
    """Average precision from counts per distinct score (…, score), from the highest score down.

    Σ (recall gained at a score) × (precision of all at or above it).
    """
    found = np.cumsum(positives, axis=-1, dtype=np.float64)
    named = found + np.cumsum(negatives, axis=-1, dtype=np.float64)
    gained = np.sum(positives * counts.divide(found, named, 0.0), axis=-1)
    return counts.divide(gained, np.sum(positives, axis=-1), undefined)


def label_ranking_average_precision(
    targets: NDArray[np.bool_], scores: NDArray[np.floating]
) -> NDArray[np.float64]:
    """Of the labels ranked at or above each label that applies, the share that applies; (clip,).

    `targets` and `scores` are (clip, class). Averaged over the labels that apply to a clip; 1 for
    a clip to which none applies. The mean over clips is scikit-learn's figure.
    """
    above = scores[:, None, :] >= scores[:, :, None]  # (clip, label, at or above it)
    shares = (above & targets[:, None, :]).sum(axis=-1) / np.maximum(1, above.sum(axis=-1))
    return counts.divide((shares * targets).sum(axis=-1), targets.sum(axis=-1), 1.0)


def learn_thresholds(
    targets: Flags, scores: Values, splits: Sequence[str], *, known: Flags | None = None
) -> NDArray[np.float64]:
    """The threshold of each class with the highest F1 on validation clips, (class,).

    `splits` names the split of each clip. Thresholds lie half-way between two scores; of those
    that do equally well, the one in the widest gap is taken. A class that no clip has keeps 0.5.

    Raises ValueError when a clip is of another split than `validation`: thresholds chosen on what
    is then reported flatter, and training clips are scored too confidently.
    """
    targets, scores, known = _mask(targets, scores, known)
    others = sorted(set(splits) - {"validation"})
    if others or len(splits) != len(targets):
        got = ", ".join(others) or f"{len(splits)} splits for {len(targets)} clips"
        raise ValueError(f"splits: expected every clip to be of 'validation', got {got}")
    thresholds = np.full(targets.shape[1], THRESHOLD)
    for c in range(targets.shape[1]):
        order = np.argsort(-scores[known[:, c], c], kind="stable")
        ranked = scores[known[:, c], c][order].astype(np.float64)
        hits = np.cumsum(targets[known[:, c], c][order])
        if not hits.size or not hits[-1]:
            continue
        # Naming the first k clips: F1 = 2 tp / (named + there); only where the score drops.
        f1 = 2 * hits / (np.arange(1, len(ranked) + 1) + hits[-1])
        drops = ranked - np.append(ranked[1:], 0.0)
        possible = drops > 0
        if not possible.any():  # every score is 0
            thresholds[c] = 0.0
            continue
        best = possible & (f1 == f1[possible].max())
        at = int(np.argmax(np.where(best, drops, -1.0)))
        thresholds[c] = ranked[at] - drops[at] / 2
    return thresholds


def calibrate(
    targets: Flags, scores: Values, *, bins: int = BINS, known: Flags | None = None
) -> Reliability:
    """The reliability curve over all classes together; pass one column for that of a class.

    As `sklearn.calibration.calibration_curve`, with empty bins kept: a score at the border of two
    bins is of the lower one.
    """
    targets, scores, known = _mask(targets, scores, known)
    values = scores[known].astype(np.float64)
    place = np.searchsorted(np.linspace(0, 1, bins + 1)[1:-1], values)
    number = np.bincount(place, minlength=bins)
    return Reliability(
        confidence=counts.divide(np.bincount(place, values, bins), number),
        frequency=counts.divide(np.bincount(place, targets[known], bins), number),
        number=number,
    )


def calibration_error(curve: Reliability) -> float:
    """Mean distance between confidence and frequency over all decisions, in [0, 1].

    Expected calibration error of Guo et al. 2017, On Calibration of Modern Neural Networks,
    section 2, of the probability that a class applies.
    """
    gaps = np.where(curve.number > 0, np.abs(curve.confidence - curve.frequency), 0.0)
    return float(counts.divide(gaps @ curve.number, curve.number.sum()))


def _mask(targets: Flags, scores: Values, known: Flags | None) -> tuple[Flags, Values, Flags]:
    """Unknown labels apply to nothing, and rank below all others."""
    if targets.ndim != 2 or targets.dtype != bool:
        raise ValueError(f"targets: expected (clip, class) bool, got {targets.shape}")
    if scores.shape != targets.shape:
        raise ValueError(f"scores: expected {targets.shape}, got {scores.shape}")
    if known is None:
        known = np.ones(targets.shape, dtype=bool)
    if known.shape != targets.shape:
        raise ValueError(f"known: expected {targets.shape}, got {known.shape}")
    seen = scores[known]
    if seen.size and not (seen.min() >= 0 and seen.max() <= 1):
        raise ValueError("scores: expected probabilities in [0, 1]")
    return targets & known, np.where(known, scores, -np.inf), known


def _mean(values: NDArray[Any]) -> float:
    return float(np.mean(values)) if values.size else float("nan")
