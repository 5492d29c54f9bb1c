"""Scores made into probabilities: of the clips that score 0.7, seven in ten have the instrument.

Source: Platt 1999, Probabilistic outputs for support vector machines; Guo et al. 2017, On
calibration of modern neural networks, section 4.1. `training.calibration` fits slopes and
intercepts. Where fewer classes may occur: Saerens, Latinne and Decaestecker 2002, Adjusting the
outputs of a classifier to new a priori probabilities.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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


def shift_of(frequency: NDArray[np.floating], possible: NDArray[np.bool_]) -> float:
    """How much higher the log odds of the `possible` classes (class,) are when no others occur.

    `frequency` (class,) is the share of the clips of the calibration in which each is present. A
    recording is assumed to have as many classes on average as these clips, but at most half of the
    possible ones, so that each of these is more frequent; the shift, 0 or more, is the same for
    all.
    """
    odds = logit(frequency[possible])
    expected = min(float(frequency.sum()), possible.sum() / 2)
    low, high = 0.0, 30.0
    for _ in range(60):
        middle = (low + high) / 2
        if sigmoid(odds + middle).sum() < expected:
            low = middle
        else:
            high = middle
    return low


def in_order(values: Mapping[str, float], classes: Sequence[str]) -> NDArray[np.float64]:
    """The value of each class, (class,), such as those of a card."""
    return np.array([values[name] for name in classes], dtype=np.float64)


def logit(scores: NDArray[np.floating]) -> NDArray[np.float64]:
    """ln(p / (1 - p)), scores held a millionth away from 0 and 1."""
    p = np.clip(scores.astype(np.float64), _EPSILON, 1 - _EPSILON)
    return np.asarray(np.log(p / (1 - p)))


def sigmoid(z: NDArray[np.float64]) -> NDArray[np.float64]:
    """1 / (1 + exp(-z)), without overflow."""
    return np.asarray(np.exp(-np.logaddexp(0, -z)))
