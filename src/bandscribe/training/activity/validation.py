"""Validation of an activity network on whole pieces, and choice of its thresholds."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from torch import nn

from bandscribe import chunks
from bandscribe.metrics import frames, tags
from bandscribe.training import calibration
from bandscribe.training.activity.pieces import Mixture, Pieces
from bandscribe.training.activity.recipe import Recipe, front_end
from bandscribe.training.activity.scenes import Scenes
from bandscribe.training.activity.targets import describe
from bandscribe.training.device import infer
from bandscribe.types import LEVEL_FLOOR_DB, Activations
from bandscribe.vocabulary import INSTRUMENTS

#: Seconds that an instrument plays to count as present in the piece.
PRESENT_SECONDS = 0.2
#: Length of a scene that is drawn to validate on.
SECONDS = 12.0
#: The highest false positive rate of a class, over frames.
FALSE_POSITIVE_RATE = 0.1
THRESHOLDS = np.round(np.arange(0.05, 0.96, 0.05), 2)


@dataclass(frozen=True, eq=False)
class ValidationPieces:
    """Of each piece the features (frame, bin) of its mixture, and the targets (frame, 2 · class).

    `chunk` and `overlap` are frames.
    """

    features: tuple[NDArray[np.float32], ...]
    targets: tuple[NDArray[np.float32], ...]
    frame_rate: float
    chunk: int
    overlap: int


def prepare(recipe: Recipe) -> ValidationPieces:
    """All pieces of the validation split, or scenes drawn from it.

    Raises ValueError where there are none, or one cannot be read.
    """
    extract = front_end(recipe)
    rate = extract.frame_rate
    chunk, overlap = round(recipe.chunk_seconds * rate), round(recipe.overlap_seconds * rate)
    if recipe.validation_recordings:
        scenes = Scenes.load(recipe.validation_recordings, "validation", codec=recipe.codec_share)
        count = recipe.validation_scenes
        first = count - round(count * recipe.continuous_share)  # of the continuous ones
        mixtures: Iterable[Mixture] = (
            scenes.draw(np.random.default_rng([recipe.seed, 1, i]), SECONDS, continuous=i >= first)
            for i in range(count)
        )
    else:
        pieces = Pieces.load(recipe.validation_stems, "validation")
        mixtures = pieces.read(extract.sample_rate)
    features, targets = zip(*(describe(each, extract) for each in mixtures), strict=True)
    return ValidationPieces(features, targets, rate, chunk, overlap)


def infer_pieces(model: nn.Module, validation: ValidationPieces) -> list[NDArray[np.float32]]:
    """The network's activations for each piece, (frame, 2 · class) in [0, 1]."""

    def infer_chunk(features: NDArray[np.float32]) -> NDArray[np.float32]:
        probabilities: NDArray[np.float32] = infer(model, features[np.newaxis])[0].sigmoid().numpy()
        return probabilities

    return [
        np.concatenate(
            list(chunks.stitch([features], infer_chunk, validation.chunk, validation.overlap))
        )
        for features in validation.features
    ]


def validate(model: nn.Module, validation: ValidationPieces) -> dict[str, float]:
    """The scores of a validation, for the history."""
    activations = infer_pieces(model, validation)
    presence = frames.presence_figures(_count(activations, validation))
    present, scores, known = _clips(activations, validation, "s1")
    learned = tags.learn_thresholds(present, scores, ["validation"] * len(scores), known=known)
    whole = tags.figures(present, scores, INSTRUMENTS, learned, known=known)
    return {
        "map": presence["map"],
        "micro_f1": presence["micro.f1"],
        "macro_f1": presence["macro.f1"],
        "level_error_db": _level_error(activations, validation),
        "clip_micro_f1": whole["micro.f1"],
        "clip_macro_f1": whole["macro.f1"],
    }


def report(model: nn.Module, validation: ValidationPieces) -> dict[str, Any]:
    """Thresholds of frames, and of whole pieces by S1 and S2; calibration; and scores.

    Figures at thresholds chosen on the same pieces are slightly optimistic.
    """
    activations = infer_pieces(model, validation)
    chosen = _choose(activations, validation)
    counted = _count(activations, validation, list(chosen.values()))
    figures: dict[str, Any] = {
        "pieces": len(activations),
        "classes": INSTRUMENTS,
        "frame": {
            "figures": frames.presence_figures(counted),
            "thresholds": chosen,
            "level_error_db": _level_error(activations, validation),
        },
    }
    for strategy in chunks.STRATEGIES:
        present, scores, known = _clips(activations, validation, strategy)
        figures[strategy] = calibration.evaluate(
            present, scores, INSTRUMENTS, [str(i) for i in range(len(scores))], known=known
        )
    return figures


def _count(
    activations: list[NDArray[np.float32]],
    validation: ValidationPieces,
    thresholds: ArrayLike = frames.ACTIVE,
) -> frames.Presence:
    """Frames in which classes are present and predicted; doubtful ones are left out."""
    count = len(INSTRUMENTS)

    def make(values: NDArray[np.float32]) -> Activations:
        return Activations(values, validation.frame_rate, 0.0, INSTRUMENTS)

    presence = [targets[:, :count] for targets in validation.targets]
    return frames.count_presence(
        [make(np.nan_to_num(each)) for each in presence],
        [make(found[:, :count]) for found in activations],
        thresholds,
        known=[~np.isnan(each) for each in presence],
    )


def _choose(
    activations: list[NDArray[np.float32]], validation: ValidationPieces
) -> dict[str, float]:
    counted = [
        _count(activations, validation, threshold).counts.sum(axis=0) for threshold in THRESHOLDS
    ]
    return dict(zip(INSTRUMENTS, choose_thresholds(np.stack(counted)), strict=True))


def choose_thresholds(counted: NDArray[np.int64]) -> list[float]:
    """The threshold of each class with the highest F1 of frames; of equals the middle one.

    `counted` (threshold, class, 4) are true and false positives, false and true negatives. Only
    thresholds with a false positive rate of at most `FALSE_POSITIVE_RATE` qualify: on music unlike
    the pieces it will be higher.
    """
    tp, fp, fn, tn = np.moveaxis(counted, -1, 0)  # (threshold, class) each
    f1 = 2 * tp / np.maximum(2 * tp + fp + fn, 1)
    f1[fp > FALSE_POSITIVE_RATE * (fp + tn)] = -1
    chosen = []
    for column in f1.T:
        best = np.flatnonzero(column == column.max())
        # Where none keeps to it, the highest.
        middle = best[len(best) // 2] if column.max() >= 0 else len(THRESHOLDS) - 1
        chosen.append(float(THRESHOLDS[middle]))
    return chosen


def _clips(
    activations: list[NDArray[np.float32]], validation: ValidationPieces, strategy: chunks.Strategy
) -> tuple[NDArray[np.bool_], NDArray[np.float32], NDArray[np.bool_]]:
    """Whether classes are present in each piece (piece, class), their scores, what is known."""
    count = len(INSTRUMENTS)
    least = PRESENT_SECONDS * validation.frame_rate
    present = np.stack([(each[:, :count] == 1).sum(axis=0) >= least for each in validation.targets])
    scores = np.stack([chunks.aggregate(each[:, :count], strategy) for each in activations])
    known = np.stack([~np.isnan(each[:, :count]).all(axis=0) for each in validation.targets])
    return present, scores, known


def _level_error(activations: list[NDArray[np.float32]], validation: ValidationPieces) -> float:
    """Mean absolute error of levels in dB where a class is present."""
    count = len(INSTRUMENTS)
    errors = [
        np.abs(found[:, count:] - targets[:, count:])[targets[:, :count] == 1]
        for targets, found in zip(validation.targets, activations, strict=True)
    ]
    return float(np.concatenate(errors).mean() * -LEVEL_FLOOR_DB)
