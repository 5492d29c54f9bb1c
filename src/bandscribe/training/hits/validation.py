"""Validation of a classifier of hits, and choice of its thresholds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from bandscribe.calibration import Calibration
from bandscribe.metrics import hits, tags
from bandscribe.training import calibration
from bandscribe.training.device import infer
from bandscribe.training.hits.examples import UNKNOWN, HitExamples, loss

THRESHOLDS = np.round(np.arange(0.05, 0.96, 0.01), 2)


@dataclass(frozen=True, eq=False)
class ValidationHits:
    """Features (example, frame, bin), and targets (example, class + 1) (see `examples`)."""

    features: NDArray[np.float32]
    targets: NDArray[np.float32]
    classes: tuple[str, ...]

    @property
    def single(self) -> NDArray[np.bool_]:
        """Which examples are hits of one drum, (example,)."""
        return np.asarray(self.targets[:, :-1].sum(axis=1) == 1)

    @property
    def typical(self) -> torch.Tensor:
        """Features of up to 64 of the examples, from all of them."""
        return torch.tensor(self.features[:: len(self.features) // 64 + 1])


def prepare(draw: HitExamples, *, examples: int, seed: int) -> ValidationHits:
    """So many examples of `draw` where it augments, else each of its clips once.

    Raises ValueError when there are no clips.
    """
    if not draw.clips:
        raise ValueError("validation: expected clips, got none")
    made = (
        [draw(np.random.default_rng([seed, i])) for i in range(examples)]
        if draw.augment
        else [draw.take(clip) for clip in draw.clips]
    )
    features, targets = (np.stack(arrays) for arrays in zip(*made, strict=True))
    return ValidationHits(features, targets, draw.classes)


def validate(model: nn.Module, validation: ValidationHits) -> dict[str, float]:
    """The scores of a validation: loss, and accuracies of hits of one drum.

    The loss is that of the classes alone: velocities are hard to infer of an unknown kit, and would
    decide which weights are the best.
    """
    logits = infer(model, validation.features, batch=128).numpy()
    targets = torch.from_numpy(validation.targets)
    value = loss(torch.from_numpy(logits), targets, velocity_weight=0.0)
    figures = hits.figures(confuse(logits, validation), validation.classes)
    names = ("accuracy", "balanced_accuracy")
    return {"validation_loss": float(value), **{name: figures[name] for name in names}}


def confuse(logits: NDArray[np.float32], validation: ValidationHits) -> NDArray[np.int64]:
    """Hits of one drum by their class and the most probable one (see `metrics.hits.confuse`)."""
    single, count = validation.single, len(validation.classes)
    there = validation.targets[single, :count].argmax(axis=1)
    named = logits[single, :count].argmax(axis=1)
    return hits.confuse(
        [validation.classes[i] for i in there],
        [validation.classes[i] for i in named],
        validation.classes,
        ["all"] * len(there),
    )


def report(model: nn.Module, validation: ValidationHits) -> dict[str, Any]:
    """Accuracies, the confusion matrix, and what a head of sigmoids needs beside.

    That is the thresholds and calibration of each class by itself (those of the figures are learned
    on the same examples, and flatter a little), the threshold of any drum (`heard`), and the mean
    error of the velocity.
    """
    logits = infer(model, validation.features, batch=128).numpy()
    matrix = confuse(logits, validation)
    count = len(validation.classes)
    figures: dict[str, Any] = {
        "examples": len(logits),
        "classes": validation.classes,
        "single": hits.figures(matrix, validation.classes),
        "confusion": matrix.sum(axis=0).tolist(),
    }
    if logits.shape[1] == count:
        return figures
    scores = (0.5 + 0.5 * np.tanh(0.5 * logits.astype(np.float64))).astype(np.float32)
    struck = validation.targets[:, :count] == 1
    fitted_labels = calibration.evaluate(
        struck, scores[:, :count], validation.classes, [str(i) for i in range(len(scores))]
    )
    fitted = fitted_labels["calibration"]
    calibrate = Calibration(
        *(
            np.array([fitted[part][c] for c in validation.classes])
            for part in ("slope", "intercept")
        )
    )
    probabilities = calibrate(scores[:, :count])
    thresholds = tags.learn_thresholds(struck, probabilities, ["validation"] * len(scores))
    fitted_labels["thresholds"] = dict(
        zip(validation.classes, np.clip(thresholds, 0.01, 0.99).tolist(), strict=True)
    )
    velocity = validation.targets[:, count]
    known = velocity != UNKNOWN
    error = np.abs(scores[known, count] - velocity[known])
    return {
        **figures,
        "label": fitted_labels,
        "heard": choose_presence(probabilities, struck),
        "velocity_error": float(error.mean()) if len(error) else None,
    }


def choose_presence(
    probabilities: NDArray[np.floating], struck: NDArray[np.bool_]
) -> dict[str, float]:
    """The threshold on the probability of any drum, and what it does.

    Of `probabilities` and `struck` (example, class). It is the threshold with the highest mean of
    two shares: single hits that are classified right, and sounds that are no drum and rejected; the
    middle one of equals. Without sounds that are no drum it is 0.5.
    """
    any_drum = 1 - np.prod(1 - probabilities, axis=1)
    single, null = struck.sum(axis=1) == 1, ~struck.any(axis=1)
    right = probabilities.argmax(axis=1) == struck.argmax(axis=1)
    shares = np.array(
        [
            ((right & (any_drum >= t))[single].mean(), (any_drum < t)[null].mean())
            for t in THRESHOLDS
            if single.any() and null.any()
        ]
    )
    if not len(shares):
        return {"threshold": 0.5}
    best = np.flatnonzero(shares.mean(axis=1) == shares.mean(axis=1).max())
    at = int(best[len(best) // 2])
    return {
        "threshold": float(THRESHOLDS[at]),
        "named": float(shares[at, 0]),
        "abstained": float(shares[at, 1]),
    }
