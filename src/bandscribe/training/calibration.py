"""Slopes and intercepts that make scores into probabilities (see `bandscribe.calibration`).

Source: Platt 1999, Probabilistic outputs for support vector machines, with his smoothed targets;
Guo et al. 2017, On calibration of modern neural networks, section 4.1. NumPy only.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

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
    same clips: slightly optimistic. `error_after` is cross-validated over groups of clips (five
    folds), None where there is one group.
    """
    learned = tags.learn_thresholds(targets, scores, ["validation"] * len(scores), known=known)
    fitted = fit(targets, scores, known=known)
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
            "error_before": error(targets, scores, known=known),
            "error_after": after,
        },
    }


def error(targets: Flags, scores: Values, *, known: Flags | None = None) -> float:
    """The expected calibration error of all classes together (see `metrics.tags`)."""
    return tags.calibration_error(tags.calibrate(targets, scores, known=known))


def _fit_class(targets: Flags, x: NDArray[np.float64]) -> tuple[float, float]:
    """Newton's method with halved steps: the loss is convex."""
    positive, negative = int(targets.sum()), int((~targets).sum())
    smooth = np.where(targets, (positive + 1) / (positive + 2), 1 / (negative + 2))
    design = np.stack([x, np.ones_like(x)], axis=1)
    prior = float(np.log((positive + 1) / (negative + 1)))
    weights = np.array([0.0, prior])
    loss = _loss(design @ weights, smooth)
    for _ in range(100):
        p = sigmoid(design @ weights)
        gradient = design.T @ (p - smooth)
        hessian = design.T @ (design * (p * (1 - p))[:, np.newaxis]) + 1e-9 * np.eye(2)
        step = np.linalg.solve(hessian, gradient)
        size = 1.0
        while size > 1e-6 and _loss(design @ (weights - size * step), smooth) > loss:
            size /= 2
        weights = weights - size * step
        new = _loss(design @ weights, smooth)
        if loss - new < 1e-10 * len(x):
            break
        loss = new
    if weights[0] <= 0:
        return 0.0, prior
    return float(weights[0]), float(weights[1])


def _loss(z: NDArray[np.float64], smooth: NDArray[np.float64]) -> float:
    return float(np.sum(np.logaddexp(0, z) - smooth * z))
