"""From a run to the file that people install: the network and its model card in one ONNX."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

from bandscribe.drums import name_outputs
from bandscribe.runtime import ModelCard
from bandscribe.training import export, recipes
from bandscribe.training.drums import sources
from bandscribe.training.drums.recipe import Recipe, build, front_end, read
from bandscribe.training.drums.validation import PEAKS
from bandscribe.vocabulary import DRUMS


def check(recipe: Recipe) -> tuple[dict[str, str], ...]:
    """The credits of a run's sources. Raises ValueError when the recipe's leave one out."""
    return tuple(sources.read_credits(recipe))


def card(run: Path, name: str) -> ModelCard:
    """The model card of a run.

    Raises ValueError when the run has no metrics yet, or the recipe's credits leave a source out.
    """
    recipe = read(run)
    metrics = export.read_metrics(run)
    features, classes = front_end(recipe), DRUMS[recipe.classes]
    return ModelCard(
        name=name,
        task="drums",
        classes=classes,
        outputs=name_outputs(classes),
        features=asdict(features),
        frame_rate=features.frame_rate,
        chunk_seconds=recipe.chunk_seconds,
        overlap_seconds=recipe.overlap_seconds,
        thresholds=metrics.pop("thresholds"),
        calibration={},
        peaks=PEAKS,
        sources=check(recipe),
        metrics=metrics,
        recipe=json.loads(recipes.to_json(recipe)),
        commit=export.read_commit(run),
    )


def ship(run: Path, path: Path, *, name: str = "drums", quantise: bool = False) -> ModelCard:
    """Export the best weights of a run to `path`, and return the card that went in.

    `quantise` as in `training.export.export`.

    Raises ValueError as `card` does, and when onnxruntime and torch disagree.
    """
    described = card(run, name)
    recipe = read(run)
    bins = front_end(recipe).n_bins
    export.export_best(run, build(recipe), described, path, bins=bins, quantise=quantise)
    return described
