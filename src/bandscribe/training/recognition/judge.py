"""Trained runs on other recordings: one alone, or several as an ensemble.

Source: Harmony Is All You Need 2023, section 5.8, which proposes an ensemble of networks that were
trained with and without dynamic sampling.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from bandscribe import chunks
from bandscribe.metrics import tags
from bandscribe.training.recognition import classical, corpora, validation
from bandscribe.training.recognition.described import describe
from bandscribe.training.recognition.recipe import CLASSICAL, build, read
from bandscribe.training.recognition.train import read_front_end
from bandscribe.training.recognition.validation import Validation


def judge(runs: Sequence[Path], sources: Sequence[str], split: str = "test") -> dict[str, Any]:
    """Figures at 0.5 after S1 and S2 on the recordings of `sources`, the mean of the runs' S1.

    One run is also judged at the thresholds that it learned on its validation recordings
    (`s1_learned`, `s2_learned`).

    Raises ValueError when a run is not whole, or runs differ in their classes.
    """
    heard = [listen(run, sources, split) for run in runs]
    judged = heard[0][0]
    if any(each.classes != judged.classes for each, _ in heard):
        raise ValueError("runs: expected networks with the same classes in the same order")
    mean = np.mean([scores for _, scores in heard], axis=0)
    targets, known, classes = judged.targets, judged.known, judged.classes
    said: dict[str, Any] = {"runs": [run.name for run in runs], "recordings": len(targets)}
    for strategy in chunks.STRATEGIES:
        # S2 of windows is S2 of their mean: the sum and the mean have the same largest class.
        scores = np.stack([chunks.aggregate(row[np.newaxis], strategy) for row in mean])
        said[strategy] = tags.figures(targets, scores, classes, known=known)
        if len(runs) == 1:
            learned = _thresholds(runs[0], strategy, classes)
            said[f"{strategy}_learned"] = tags.figures(
                targets, scores, classes, learned, known=known
            )
    return said


def listen(run: Path, sources: Sequence[str], split: str) -> tuple[Validation, NDArray[np.float32]]:
    """The recordings as the run hears them, and their S1 scores (recording, class)."""
    recipe = read(run)
    front_end, classes = read_front_end(run)
    recordings = corpora.load(sources, split, classes)
    windows = corpora.cut(recordings, recipe.window_seconds, front_end.kind.sample_rate)
    features = describe(windows, front_end, Path(recipe.cache) if recipe.cache else None)
    heard = validation.prepare(windows, classes, features)
    if recipe.model in CLASSICAL:
        probabilities: NDArray[np.floating] = classical.load(run / "best.pkl")(features)
    else:
        network = build(recipe, len(classes)).eval()
        network.load_state_dict(torch.load(run / "best.pt", map_location="cpu"))
        probabilities = validation.listen(network, heard)
    return heard, validation.gather(probabilities, heard.owner, "s1")


def _thresholds(run: Path, strategy: str, classes: Sequence[str]) -> list[float]:
    metrics = json.loads((run / "metrics.json").read_text(encoding="utf-8"))
    return [metrics[strategy]["thresholds"][name] for name in classes]
