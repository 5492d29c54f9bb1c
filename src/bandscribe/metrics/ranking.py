"""How well scores put what is there before what is not.

Both figures are those of scikit-learn: `average_precision_score` and
`label_ranking_average_precision_score`, equal scores taken together.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from bandscribe.metrics.counts import divide


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
    gained = np.sum(positives * divide(found, named, 0.0), axis=-1)
    return divide(gained, np.sum(positives, axis=-1), undefined)


def label_ranking_average_precision(
    targets: NDArray[np.bool_], scores: NDArray[np.floating]
) -> NDArray[np.float64]:
    """Of the labels ranked at or above each label that applies, the share that applies; (clip,).

    `targets` and `scores` are (clip, class). Averaged over the labels that apply to a clip; 1 for
    a clip to which none applies. The mean over clips is scikit-learn's figure.
    """
    above = scores[:, None, :] >= scores[:, :, None]  # (clip, label, at or above it)
    shares = (above & targets[:, None, :]).sum(axis=-1) / np.maximum(1, above.sum(axis=-1))
    return divide((shares * targets).sum(axis=-1), targets.sum(axis=-1), 1.0)
