"""Scores made into probabilities: of the clips that score 0.7, seven in ten have the instrument.

Source: Platt 1999, Probabilistic outputs for support vector machines; Guo et al. 2017, On
calibration of modern neural networks, section 4.1. `training.calibration` fits slopes and
intercepts.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_EPSILON = 1e-6  # S2 gives scores of exactly 1


@dataclass(frozen=True, eq=False)
class Calibration:
    """The probability of each class is sigmoid(`slope` · logit(score) + `intercept`), (class,)."""

    slope: NDArray[np.float64]
    intercept: NDArray[np.float64]

    def __call__(self, scores: NDArray[np.floating]) -> NDArray[np.float64]:
        """Scores (…, class) to probabilities (…, class). A higher score is never less probable."""
        return sigmoid(self.slope * logit(scores) + self.intercept)


def logit(scores: NDArray[np.floating]) -> NDArray[np.float64]:
    """ln(p / (1 - p)), scores held a millionth away from 0 and 1."""
    p = np.clip(scores.astype(np.float64), _EPSILON, 1 - _EPSILON)
    return np.asarray(np.log(p / (1 - p)))


def sigmoid(z: NDArray[np.float64]) -> NDArray[np.float64]:
    """1 / (1 + exp(-z)), without overflow."""
    return np.asarray(np.exp(-np.logaddexp(0, -z)))
