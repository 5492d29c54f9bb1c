"""From an adaptation to a model that takes the place of the one it began with."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

from bandscribe import drums
from bandscribe.training import export, recipes
from bandscribe.training.adaptation.recipe import read
from bandscribe.training.adaptation.train import Adapting
from bandscribe.training.drums import weights
from bandscribe.training.task import Export, load_best


def describe(run: Path, name: str) -> Export:
    """What a run is exported as: the first model's card, with its thresholds.

    Raises ValueError when the run has no metrics yet.
    """
    recipe = read(run)
    first, network = weights.load(recipe.initial)
    recordings = tuple(
        {"name": Path(folder).name, "licence": "unknown", "origin": "recordings adapted to"}
        for folder in recipe.audio
    )
    card = replace(
        first,
        name=name,
        sources=(*first.sources, *recordings),
        metrics={"adaptation": export.read_metrics(run)},
        recipe={**first.recipe, "adaptation": json.loads(recipes.to_json(recipe))},
        commit=export.read_commit(run),
    )
    return Export(card, load_best(Adapting(network), run), drums.front_end(first).n_bins)
