"""From an adaptation to a model that takes the place of the one it began with."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

from bandscribe import drums
from bandscribe.runtime import ModelCard
from bandscribe.training import export, recipes
from bandscribe.training.adaptation.recipe import read
from bandscribe.training.adaptation.train import Adapting
from bandscribe.training.drums import weights


def ship(run: Path, path: Path, *, name: str, quantise: bool = False) -> ModelCard:
    """Export the weights that were kept to `path`, and return the card that went in.

    It is the first model's card, with its thresholds. `quantise` as in `training.export.export`.

    Raises ValueError when the run has no metrics yet, and when onnxruntime and torch disagree.
    """
    recipe = read(run)
    first, network = weights.load(recipe.initial)
    metrics = export.read_metrics(run)
    heard = tuple(
        {"name": Path(folder).name, "licence": "unknown", "origin": "recordings adapted to"}
        for folder in recipe.audio
    )
    described = replace(
        first,
        name=name,
        sources=(*first.sources, *heard),
        metrics={"adaptation": metrics},
        recipe={**first.recipe, "adaptation": json.loads(recipes.to_json(recipe))},
        commit=export.read_commit(run),
    )
    bins = drums.front_end(first).n_bins
    export.export_best(run, Adapting(network), described, path, bins=bins, quantise=quantise)
    return described
