"""Slopes and intercepts that make scores into probabilities (see `bandscribe.calibration`).

Source: Platt 1999, Probabilistic outputs for support vector machines, with his smoothed targets;
Guo et al. 2017, On calibration of modern neural networks, section 4.1.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import optimize

from bandscribe.calibration import Calibration, logit, sigmoid
from bandscribe.metrics import tags

Values = NDArray[np.floating]
Flags = NDArray[np.bool_]

_FOLDS = 5


def fit(targets: Flags, scores: Values, *, known: Flags | None = None) -> Calibration:
    """Platt scaling: slope and intercept of each class from `targets`, `scores` (clip, class).

    A class that is present in all known clips or in none is left uncalibrated. Where the best slope
    is negative it is 0, and the probability is the class's frequency.
    """
    known = np.ones(targets.shape, dtype=bool) if known is None else known
    slope, intercept = np.ones(targets.shape[1]), np.zeros(targets.shape[1])
    for c in range(targets.shape[1]):
        here = targets[known[:, c], c]
        if here.any() and not here.all():
            slope[c], intercept[c] = _fit_class(here, logit(scores[known[:, c], c]))
    return Calibration(slope, intercept)


def cross_fit(
    targets: Flags, scores: Values, groups: Sequence[str], *, known: Flags | None = None
) -> NDArray[np.float64]:
    """Cross-validated probabilities (clip, class), calibrated on other groups of clips.

    Raises ValueError for fewer than two groups.
    """
    names, member = np.unique(np.array(groups), return_inverse=True)
    if len(names) < 2:
        raise ValueError("groups: expected two groups of clips or more to calibrate and to score")
    known = np.ones(targets.shape, dtype=bool) if known is None else known
    fold = member % min(_FOLDS, len(names))
    probabilities = np.empty(scores.shape)
    for each in range(int(fold.max()) + 1):
        others = fold != each
        fitted = fit(targets[others], scores[others], known=known[others])
        probabilities[~others] = fitted(scores[~others])
    return probabilities


def evaluate(
    targets: Flags,
    scores: Values,
    classes: Sequence[str],
    groups: Sequence[str],
    *,
    known: Flags | None = None,
) -> dict[str, Any]:
    """Figures, thresholds and calibration from `targets` and `scores` (clip, class).

    `figures` are at a threshold of 0.5, `learned` at the `thresholds`, which were chosen on the
    same clips: slightly optimistic. `frequency` is the share of clips in which a class is present.
    `error_after` is cross-validated over groups of clips (five
    folds), None where there is one group.
    """
    learned = tags.learn_thresholds(targets, scores, ["validation"] * len(scores), known=known)
    fitted = fit(targets, scores, known=known)
    known = np.ones(targets.shape, dtype=bool) if known is None else known
    frequency = (targets & known).sum(axis=0) / np.maximum(1, known.sum(axis=0))
    after = None
    if len(set(groups)) > 1:
        after = error(targets, cross_fit(targets, scores, groups, known=known), known=known)
    return {
        "figures": tags.figures(targets, scores, classes, known=known),
        "learned": tags.figures(targets, scores, classes, learned, known=known),
        "thresholds": dict(zip(classes, learned.tolist(), strict=True)),
        "calibration": {
            "slope": dict(zip(classes, fitted.slope.tolist(), strict=True)),
            "intercept": dict(zip(classes, fitted.intercept.tolist(), strict=True)),
            "frequency": dict(zip(classes, frequency.tolist(), strict=True)),
            "error_before": error(targets, scores, known=known),
            "error_after": after,
        },
    }


def error(targets: Flags, scores: Values, *, known: Flags | None = None) -> float:
    """The expected calibration error of all classes together (see `metrics.tags`)."""
    return tags.calibration_error(tags.calibrate(targets, scores, known=known))


def _fit_class(targets: Flags, x: NDArray[np.float64]) -> tuple[float, float]:
    positive, negative = int(targets.sum()), int((~targets).sum())
    smooth = np.where(targets, (positive + 1) / (positive + 2), 1 / (negative + 2))
    prior = float(np.log((positive + 1) / (negative + 1)))

    def loss(line: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        """Cross-entropy, which is convex, and its gradient."""
        z = line[0] * x + line[1]
        off = sigmoid(z) - smooth
        return float(np.sum(np.logaddexp(0, z) - smooth * z)), np.array([off @ x, off.sum()])

    found = optimize.minimize(loss, (0.0, prior), jac=True, method="BFGS", options={"gtol": 1e-8})
    slope, intercept = found.x.tolist()
    return (slope, intercept) if slope > 0 else (0.0, prior)
