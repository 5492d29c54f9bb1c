"""Baselines without a network: scikit-learn on features averaged over a window's time.

What the literature that Harmony Is All You Need 2023 builds on did, with the means of cepstral
coefficients: a line, a support vector machine, boosted trees. One classifier per instrument.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bandscribe.training.recognition.corpora import Windows
from bandscribe.training.recognition.front_end import FrontEnd

Floats = NDArray[np.float32]


def means(front_end: FrontEnd) -> Callable[[Floats], Floats]:
    """Samples (n,) to the mean of each feature over time, (bin,)."""
    return lambda samples: front_end(samples).mean(axis=0)


def train(
    model: str, windows: Windows, front_end: FrontEnd, *, seed: int
) -> Callable[[NDArray[np.float32]], NDArray[np.float64]]:
    """Fit on every window; returns the function from means (window, bin) to (window, class).

    Raises ValueError when scikit-learn is missing.
    """
    describe = means(front_end)
    described = np.stack([describe(windows.read(index)) for index in range(len(windows))])
    targets = windows.targets
    fitted = [
        _fit(model, described[known], column[known] == 1, seed)
        for column in targets.T
        for known in [~np.isnan(column)]
    ]
    return lambda given: np.stack([each(given) for each in fitted], axis=1)


def _fit(
    model: str, described: Floats, targets: NDArray[np.bool_], seed: int
) -> Callable[[Floats], NDArray[np.float64]]:
    rarest = min(int(targets.sum()), int((~targets).sum()))
    if rarest < 2:  # nothing to tell apart
        share = float(targets.mean())
        return lambda given: np.full(len(given), share)
    classifier = _make(model, seed, rarest).fit(described, targets)
    return lambda given: np.asarray(classifier.predict_proba(given)[:, 1])


def _make(model: str, seed: int, rarest: int) -> Any:
    try:
        pipeline = import_module("sklearn.pipeline").make_pipeline
        scale = import_module("sklearn.preprocessing").StandardScaler()
        if model == "linear":
            linear = import_module("sklearn.linear_model")
            return pipeline(scale, linear.LogisticRegression(max_iter=1000))
        if model == "svm":
            # Distances to the border become probabilities by those of windows left out.
            calibrate = import_module("sklearn.calibration").CalibratedClassifierCV
            machine = import_module("sklearn.svm").SVC(random_state=seed)
            return pipeline(scale, calibrate(machine, cv=min(3, rarest), ensemble=False))
        ensemble = import_module("sklearn.ensemble")
        # Of a rare instrument there are few windows.
        return ensemble.HistGradientBoostingClassifier(min_samples_leaf=5, random_state=seed)
    except ImportError:
        raise ValueError(f"model: {model} needs pip install scikit-learn") from None
