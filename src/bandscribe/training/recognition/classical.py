"""Baselines without a network: scikit-learn on features averaged over a window's time.

What the literature that Harmony Is All You Need 2023 builds on did, with the means of cepstral
coefficients: a line, a support vector machine, boosted trees. One classifier per instrument.
"""

from __future__ import annotations

import pickle
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bandscribe.extras import install

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Baseline:
    """A classifier per class, or the share of the windows that have it where that is all known."""

    fitted: tuple[Any, ...]

    def __call__(self, features: Floats) -> NDArray[np.float64]:
        """Features (window, frame, bin) to probabilities (window, class)."""
        means = features.mean(axis=1)
        return np.stack(
            [
                np.full(len(means), each)
                if isinstance(each, float)
                else each.predict_proba(means)[:, 1]
                for each in self.fitted
            ],
            axis=1,
        )


def train(model: str, features: Floats, targets: Floats, *, seed: int) -> Baseline:
    """Fit on the features (window, frame, bin) of every window, and its targets (window, class).

    Raises ValueError when scikit-learn is missing.
    """
    means = features.mean(axis=1)
    return Baseline(
        tuple(
            _fit(model, means[known], column[known] == 1, seed)
            for column in targets.T
            for known in [~np.isnan(column)]
        )
    )


def save(baseline: Baseline, path: Path) -> None:
    """Write a baseline. A pickle: to be loaded by its author alone."""
    path.write_bytes(pickle.dumps(baseline))


def load(path: Path) -> Baseline:
    """Read what `save` wrote. Never open one of unknown origin: it can run any code."""
    baseline: Baseline = pickle.loads(path.read_bytes())
    return baseline


def _fit(model: str, means: Floats, targets: NDArray[np.bool_], seed: int) -> Any:
    rarest = min(int(targets.sum()), int((~targets).sum()))
    if rarest < 2:  # nothing to distinguish
        return float(targets.mean())
    return _make(model, seed, rarest).fit(means, targets)


def _make(model: str, seed: int, rarest: int) -> Any:
    try:
        from sklearn.calibration import CalibratedClassifierCV
        from sklearn.ensemble import HistGradientBoostingClassifier
        from sklearn.linear_model import LogisticRegression
        from sklearn.pipeline import make_pipeline
        from sklearn.preprocessing import StandardScaler
        from sklearn.svm import SVC
    except ImportError:
        raise ValueError(f"model: {model} needs scikit-learn: {install('recognition')}") from None
    if model == "linear":
        return make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000))
    if model == "svm":
        # Distances to the border become probabilities by those of windows left out.
        machine = SVC(random_state=seed)
        calibrated = CalibratedClassifierCV(machine, cv=min(3, rarest), ensemble=False)
        return make_pipeline(StandardScaler(), calibrated)
    # Of a rare instrument there are few windows.
    return HistGradientBoostingClassifier(min_samples_leaf=5, random_state=seed)
