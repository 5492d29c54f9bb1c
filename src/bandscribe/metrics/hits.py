"""How well single hits are classified.

Task: each clip holds one hit of one class; a system predicts one class, or None where it abstains.
Metrics: accuracy, recall per class, and the confusion matrix (Drum Classification, project report
2024, section 4, figure 5), with the pairs of classes that are most and least confused.

Hits out of one recording are not independent, so that counts are kept per track.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from bandscribe.metrics.counts import divide, mean


class Pair(NamedTuple):
    """Hits of class `reference` named `estimate`: how many, and which share of the class."""

    reference: str
    estimate: str
    number: int
    share: float


def confuse(
    references: Sequence[str],
    estimates: Sequence[str | None],
    classes: Sequence[str],
    tracks: Sequence[str] | None = None,
) -> NDArray[np.int64]:
    """Hits of each class (row) by what they were named (column), (track, class, class + 1).

    The last column is abstentions. `tracks` is the recording that each hit comes from; without it,
    each hit is its own. Tracks come in the order of their first hit.

    Raises ValueError when lengths differ, or a name is no class.
    """
    if len(references) != len(estimates):
        raise ValueError(f"estimates: expected {len(references)}, got {len(estimates)}")
    if tracks is not None and len(tracks) != len(references):
        raise ValueError(f"tracks: expected {len(references)}, got {len(tracks)}")
    unknown = {*references, *estimates} - {*classes, None}
    if unknown:
        raise ValueError(f"estimates, references: {unknown} are not among {tuple(classes)}")
    place: dict[str | None, int] = {name: c for c, name in enumerate(classes)}
    place[None] = len(classes)
    names = range(len(references)) if tracks is None else tracks
    track = {name: t for t, name in enumerate(dict.fromkeys(names))}
    counts = np.zeros((len(track), len(classes), len(classes) + 1), dtype=np.int64)
    for name, reference, estimate in zip(names, references, estimates, strict=True):
        counts[track[name], place[reference], place[estimate]] += 1
    return counts


def figures(counts: NDArray[np.int64], classes: Sequence[str]) -> dict[str, float]:
    """Every figure of `counts` (track, class, class + 1) by name.

    `accuracy`: right ones among all hits, abstentions being wrong; `answered`: the share that was
    named at all, and `answered_accuracy` the right ones among these; `balanced_accuracy`: the mean
    over classes of their recall, `KD.recall` and so on. Undefined figures are nan. As a statistic
    for the bootstrap: `lambda t: figures(counts[t], classes)`.
    """
    matrix = counts.sum(axis=0)
    right, hits, answered = matrix.diagonal(), matrix.sum(axis=1), matrix[:, :-1].sum()
    recalls = divide(right, hits)
    return {
        "accuracy": float(divide(right.sum(), hits.sum())),
        "balanced_accuracy": float(mean(recalls)),
        "answered": float(divide(answered, hits.sum())),
        "answered_accuracy": float(divide(right.sum(), answered)),
        **{f"{name}.recall": float(value) for name, value in zip(classes, recalls, strict=True)},
    }


def rank_pairs(counts: NDArray[np.int64], classes: Sequence[str]) -> list[Pair]:
    """Pairs of different classes, from the most to the least confused.

    `counts` (track, class, class + 1). By the share of the annotated class, so that a rare class
    counts as much as a common one; pairs whose annotated class never occurs are left out.
    """
    matrix = counts.sum(axis=0)
    pairs = [
        Pair(reference, estimate, int(matrix[i, j]), float(matrix[i, j] / matrix[i].sum()))
        for i, reference in enumerate(classes)
        for j, estimate in enumerate(classes)
        if i != j and matrix[i].any()
    ]
    return sorted(pairs, key=lambda pair: -pair.share)
