"""Evaluating trained runs on other recordings, one alone or several as an ensemble.

Source: Harmony Is All You Need 2023, section 5.8, which proposes an ensemble of networks that were
trained with and without dynamic sampling.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bandscribe import chunks
from bandscribe.metrics import tags
from bandscribe.readers import refused
from bandscribe.training import checkpoints, recipes
from bandscribe.training import device as devices
from bandscribe.training.export import read_metrics
from bandscribe.training.recognition import classical, corpora, survey, validation
from bandscribe.training.recognition.recipe import CLASSICAL, Recipe, build
from bandscribe.training.recognition.train import read_front_end
from bandscribe.training.recognition.validation import ValidationWindows


def evaluate(runs: Sequence[Path], sources: Sequence[str], split: str = "test") -> dict[str, Any]:
    """Figures after S1 and S2 on the recordings of `sources`, the mean of the runs' S1.

    At a threshold of 0.5 (`s1`, `s2`), and at the thresholds that the runs, together, learn on
    their validation recordings (`s1_learned`, `s2_learned`).

    Raises ValueError when a run is not whole, or runs differ in their classes or in what they were
    validated on.
    """
    recordings, mean = _infer_ensemble(runs, sources, split)
    targets, known, classes = recordings.targets, recordings.known, recordings.classes
    figures: dict[str, Any] = {"runs": [run.name for run in runs], "recordings": len(targets)}
    thresholds = _learn_thresholds(runs)
    for strategy in chunks.STRATEGIES:
        scores = _aggregate(mean, strategy)
        figures[strategy] = tags.figures(targets, scores, classes, known=known)
        figures[f"{strategy}_learned"] = tags.figures(
            targets, scores, classes, thresholds[strategy], known=known
        )
    return figures


def infer_run(
    run: Path, sources: Sequence[str], split: str
) -> tuple[ValidationWindows, NDArray[np.float32]]:
    """The recordings, with the run's features, and its S1 scores of them (recording, class).

    What cannot be read is reported and left out. The network is computed on the device that it was
    trained on, where this machine has that.
    """
    recipe = recipes.read(run, Recipe)
    front_end, classes = read_front_end(run)
    recordings = corpora.load(sources, split, classes)
    cache, workers = Path(recipe.cache) if recipe.cache else None, devices.workers(recipe)
    windows = corpora.cut(recordings, recipe.window_seconds, front_end.kind.sample_rate)
    windows = survey.usable(windows, workers=workers, folder=cache)
    features = corpora.describe(windows, front_end, cache, workers=workers)
    prepared = validation.prepare(windows, classes, features)
    if recipe.model in CLASSICAL:
        probabilities: NDArray[np.floating] = classical.load(run / "best.pkl")(features)
    else:
        network = build(recipe, len(classes), trained=True).eval()
        checkpoints.fill(network, run / "best.pt").to(devices.nearest(recipe.device))
        probabilities = validation.infer_windows(network, prepared)
    return prepared, validation.gather(probabilities, prepared.owner, "s1")


def _infer_ensemble(
    runs: Sequence[Path], sources: Sequence[str], split: str
) -> tuple[ValidationWindows, NDArray[np.float64]]:
    """The recordings, with the first run's features, and the mean of all runs' S1 scores."""
    inferred = [infer_run(run, sources, split) for run in runs]
    recordings = inferred[0][0]
    if any(each.classes != recordings.classes for each, _ in inferred):
        raise ValueError("runs: expected networks with the same classes in the same order")
    return recordings, np.mean([scores for _, scores in inferred], axis=0)


def _aggregate(mean: NDArray[np.floating], strategy: chunks.Strategy) -> NDArray[np.float32]:
    """S2 of windows is S2 of their mean: the sum and the mean have the same largest class."""
    return np.stack([chunks.aggregate(row[np.newaxis], strategy) for row in mean])


def _learn_thresholds(runs: Sequence[Path]) -> dict[str, NDArray[np.float64]]:
    """Thresholds (class,) per strategy; one run learned its own when it was trained."""
    if len(runs) == 1:
        metrics = read_metrics(runs[0])
        with refused(f"{runs[0] / 'metrics.json'}: no thresholds of a recognizer"):
            return {
                strategy: np.array(
                    [metrics[strategy]["thresholds"][name] for name in metrics["classes"]]
                )
                for strategy in chunks.STRATEGIES
            }
    sources, *others = [recipes.read(run, Recipe).held_out for run in runs]
    if any(each != sources for each in others):
        raise ValueError("runs: expected networks that were validated on the same recordings")
    recordings, mean = _infer_ensemble(runs, sources, "validation")
    every = ["validation"] * len(mean)
    return {
        strategy: tags.learn_thresholds(
            recordings.targets, _aggregate(mean, strategy), every, known=recordings.known
        )
        for strategy in chunks.STRATEGIES
    }
