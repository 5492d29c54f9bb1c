"""From a run to the file that `bandscribe recognize` and `track` run: network and card in one."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

from bandscribe import chunks
from bandscribe.instruments import MODEL, name_outputs
from bandscribe.runtime import ModelCard
from bandscribe.training import export, recipes, record
from bandscribe.training.activity.recipe import Recipe, build, front_end, read
from bandscribe.vocabulary import INSTRUMENTS


def check(recipe: Recipe) -> tuple[dict[str, str], ...]:
    """The credits of a run's sources. Raises ValueError where there are none."""
    return tuple(record.read_credits(recipe.credits))


def card(run: Path, name: str) -> ModelCard:
    """The model card of a run. Raises ValueError when it has no metrics yet, or no credits."""
    recipe = read(run)
    metrics = export.read_metrics(run)
    listen = front_end(recipe)
    return ModelCard(
        name=name,
        task="activity",
        classes=INSTRUMENTS,
        outputs=name_outputs(INSTRUMENTS),
        features=asdict(listen),
        frame_rate=listen.frame_rate,
        chunk_seconds=recipe.chunk_seconds,
        overlap_seconds=recipe.overlap_seconds,
        thresholds={
            kind: metrics[kind].pop("thresholds") for kind in ("frame", *chunks.STRATEGIES)
        },
        calibration={
            strategy: {
                part: metrics[strategy]["calibration"].pop(part) for part in ("slope", "intercept")
            }
            for strategy in chunks.STRATEGIES
        },
        peaks={},
        sources=check(recipe),
        metrics=metrics,
        recipe=json.loads(recipes.to_json(recipe)),
        commit=export.read_commit(run),
    )


def ship(run: Path, path: Path, *, name: str = MODEL) -> ModelCard:
    """Export the best weights of a run to `path`, and return the card that went in.

    Raises ValueError as `card` does, and when onnxruntime and torch disagree.
    """
    described = card(run, name)
    recipe = read(run)
    export.export_best(run, build(recipe), described, path, bins=front_end(recipe).n_bins)
    return described
