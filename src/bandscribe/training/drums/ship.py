"""From a run to the file that people install: the network and its model card in one ONNX."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import torch

from bandscribe.drums import name_outputs
from bandscribe.runtime import ModelCard
from bandscribe.training import export, recipes
from bandscribe.training.drums import sources
from bandscribe.training.drums.recipe import build, front_end, read
from bandscribe.training.drums.validation import PEAKS
from bandscribe.vocabulary import DRUMS_10


def card(run: Path, name: str) -> ModelCard:
    """The model card of a run.

    Raises ValueError when the run has no metrics yet, or the recipe's credits leave a source out.
    """
    recipe = read(run)
    if not (run / "metrics.json").is_file():
        raise ValueError(f"{run}: no metrics.json in it; train until the first validation")
    metrics = json.loads((run / "metrics.json").read_text(encoding="utf-8"))
    versions = json.loads((run / "versions.json").read_text(encoding="utf-8"))
    features = front_end(recipe)
    return ModelCard(
        name=name,
        task="drums",
        classes=DRUMS_10,
        outputs=name_outputs(DRUMS_10),
        features=asdict(features),
        frame_rate=features.frame_rate,
        chunk_seconds=recipe.chunk_seconds,
        overlap_seconds=recipe.overlap_seconds,
        thresholds=metrics.pop("thresholds"),
        calibration={},
        peaks=PEAKS,
        sources=tuple(sources.read_credits(recipe)),
        metrics=metrics,
        recipe=json.loads(recipes.to_json(recipe)),
        commit=versions["starts"][-1]["commit"] or "",
    )


def ship(run: Path, path: Path, *, name: str = "drums", quantise: bool = False) -> ModelCard:
    """Export the best weights of a run to `path`, and return the card that went in.

    `quantise` as in `training.export.export`.

    Raises ValueError as `card` does, and when onnxruntime and torch disagree.
    """
    described = card(run, name)
    recipe = read(run)
    network = build(recipe)
    network.load_state_dict(torch.load(run / "best.pt", map_location="cpu"))
    export.export(network, described, path, bins=front_end(recipe).n_bins, quantise=quantise)
    return described
