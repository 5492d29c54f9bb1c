"""From a run to the file that `bandscribe classify` runs: network and model card in one ONNX."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

from bandscribe.hits import MODEL, name_outputs
from bandscribe.runtime import ModelCard
from bandscribe.training import export, recipes, record
from bandscribe.training.hits.recipe import Recipe, build, front_end, read


def check(recipe: Recipe) -> tuple[dict[str, str], ...]:
    """The credits of a run's sources.

    Raises ValueError for what keeps the run from being exported: a head that cannot abstain, or no
    credits.
    """
    if recipe.head != "sigmoid":
        raise ValueError("head: classifying abstains; train a network with --head sigmoid")
    return tuple(record.read_credits(recipe.credits))


def card(run: Path, name: str) -> ModelCard:
    """The model card of a run.

    Raises ValueError when it has no metrics yet, and as `check`.
    """
    recipe = read(run)
    sources = check(recipe)
    metrics = export.read_metrics(run)
    listen = front_end(recipe)
    fitted = metrics["label"]["calibration"]
    return ModelCard(
        name=name,
        task="hits",
        classes=recipe.classes,
        outputs=name_outputs(recipe.classes),
        features=asdict(listen),
        frame_rate=listen.frame_rate,
        chunk_seconds=recipe.seconds,
        overlap_seconds=0.0,
        thresholds={
            "label": metrics["label"].pop("thresholds"),
            "heard": {"any": metrics["heard"].pop("threshold")},
        },
        calibration={"label": {part: fitted.pop(part) for part in ("slope", "intercept")}},
        peaks={},
        sources=sources,
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
