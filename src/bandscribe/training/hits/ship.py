"""From a run to the file that `bandscribe classify` runs: network and model card in one ONNX."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

from torch import nn

from bandscribe.runtime import ACTIVATIONS
from bandscribe.training import export, record
from bandscribe.training.hits.recipe import Recipe, build, front_end, outputs, read
from bandscribe.training.task import Export, load_best, make_card


def check(recipe: Recipe) -> tuple[dict[str, str], ...]:
    """The credits of a run's sources. Raises ValueError where there are none."""
    return tuple(record.read_credits(recipe.credits))


def describe(run: Path, name: str) -> Export:
    """What a run is exported as.

    A head of softmax gives probabilities that add up to 1, and cannot abstain.

    Raises ValueError when it has no metrics yet, and as `check`.
    """
    recipe = read(run)
    sources = check(recipe)
    metrics = export.read_metrics(run)
    features = front_end(recipe)
    network = load_best(build(recipe), run)
    softmax = recipe.head == "softmax"
    if softmax:
        network = nn.Sequential(network, nn.Softmax(dim=1))
        thresholds = {"label": dict.fromkeys(recipe.classes, 0.5), "heard": {"any": 0.01}}
        fitted: dict[str, Any] = {
            "slope": dict.fromkeys(recipe.classes, 1.0),
            "intercept": dict.fromkeys(recipe.classes, 0.0),
        }
    else:
        fitted = metrics["label"]["calibration"]
        thresholds = {
            "label": metrics["label"].pop("thresholds"),
            "heard": {"any": metrics["heard"].pop("threshold")},
        }
    card = make_card(
        run,
        recipe,
        name,
        metrics,
        task="hits",
        classes=recipe.classes,
        outputs=outputs(recipe),
        features=asdict(features),
        frame_rate=features.frame_rate,
        chunk_seconds=recipe.seconds,
        overlap_seconds=0.0,
        thresholds=thresholds,
        calibration={"label": {part: fitted.pop(part) for part in ("slope", "intercept")}},
        peaks={},
        sources=sources,
    )
    return Export(card, network, features.n_bins, ACTIVATIONS if softmax else "logits")
