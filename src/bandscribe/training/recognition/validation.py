"""Validation on whole recordings: aggregated windows, thresholds and calibration.

Source: Harmony Is All You Need 2023, sections 4.6, 4.7 and 5.1.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import nn

from bandscribe import chunks
from bandscribe.chunks import STRATEGIES, Strategy
from bandscribe.metrics import tags
from bandscribe.training import calibration
from bandscribe.training.device import infer
from bandscribe.training.recognition.corpora import RecordingWindows

_FIGURES = {
    "hamming": "hamming",
    "macro_f1": "macro.f1",
    "micro_f1": "micro.f1",
    "exact_match": "exact_match",
    "lrap": "lrap",
    "macro_precision": "macro.precision",
    "macro_recall": "macro.recall",
}


@dataclass(frozen=True, eq=False)
class ValidationWindows:
    """Features (window, …) of recordings, and what is `known` (recording, class) of `targets`.

    `owner` (window,) is the recording of each window.
    """

    features: NDArray[np.float32]
    owner: NDArray[np.int64]
    targets: NDArray[np.bool_]
    known: NDArray[np.bool_]
    groups: tuple[str, ...]
    classes: tuple[str, ...]


def prepare(
    windows: RecordingWindows, classes: tuple[str, ...], features: NDArray[np.float32]
) -> ValidationWindows:
    """Windows to validate on, with their `features` (window, …)."""
    targets = np.stack([recording.target for recording in windows.recordings])
    return ValidationWindows(
        features,
        windows.owner,
        targets == 1,
        ~np.isnan(targets),
        tuple(recording.group for recording in windows.recordings),
        classes,
    )


def infer_windows(model: nn.Module, validation: ValidationWindows) -> NDArray[np.float32]:
    """The network's probabilities (window, class)."""
    probabilities: NDArray[np.float32] = (
        infer(model, validation.features, batch=32).sigmoid().numpy()
    )
    return probabilities


def gather(
    probabilities: NDArray[np.floating], owner: NDArray[np.int64], strategy: Strategy
) -> NDArray[np.float32]:
    """The scores of recordings (recording, class) from those of windows (window, class)."""
    return np.stack(
        [
            chunks.aggregate(probabilities[owner == recording], strategy)
            for recording in range(int(owner.max()) + 1)
        ]
    )


def loss(
    targets: NDArray[np.bool_], scores: NDArray[np.floating], known: NDArray[np.bool_]
) -> float:
    """Binary cross-entropy of scores (recording, class), the mean over what is known.

    Logarithms are -100 at least, as torch's BCELoss has them: S2 gives 1 to the largest class, and
    where that one is wrong nothing else is finite.
    """
    right = np.where(targets, scores, 1 - scores.astype(np.float64))[known]
    with np.errstate(divide="ignore"):
        return float(-np.maximum(np.log(right), -100).mean())


def summarise(
    probabilities: NDArray[np.floating], validation: ValidationWindows
) -> dict[str, float]:
    """Figures of section 5.1 after S2 and a threshold of 0.5, and the losses of S2 and S1."""
    scores = gather(probabilities, validation.owner, "s2")
    targets, known = validation.targets, validation.known
    figures = tags.figures(targets, scores, validation.classes, known=known)
    summary = {name: figures[full] for name, full in _FIGURES.items()}
    summary["s2_loss"] = loss(targets, scores, known)
    summary["s1_loss"] = loss(targets, gather(probabilities, validation.owner, "s1"), known)
    return summary


def validate(model: nn.Module, validation: ValidationWindows) -> dict[str, float]:
    """The scores of a validation, for the history."""
    return summarise(infer_windows(model, validation), validation)


def report(probabilities: NDArray[np.floating], validation: ValidationWindows) -> dict[str, Any]:
    """Figures, thresholds and calibration for S1 and S2 (see `calibration.evaluate`)."""
    figures_: dict[str, Any] = {
        "recordings": len(validation.targets),
        "classes": validation.classes,
    }
    for strategy in STRATEGIES:
        figures_[strategy] = calibration.evaluate(
            validation.targets,
            gather(probabilities, validation.owner, strategy),
            validation.classes,
            validation.groups,
            known=validation.known,
        )
    return figures_
