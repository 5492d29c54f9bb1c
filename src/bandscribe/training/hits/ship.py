"""From a run to the file that `bandscribe classify` runs: network and model card in one ONNX."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

from bandscribe.hits import name_outputs
from bandscribe.training import export, record
from bandscribe.training.hits.recipe import Recipe, build, front_end, read
from bandscribe.training.task import Export, load_best, make_card


def check(recipe: Recipe) -> tuple[dict[str, str], ...]:
    """The credits of a run's sources.

    Raises ValueError for what keeps the run from being exported: a head that cannot abstain, or no
    credits.
    """
    if recipe.head != "sigmoid":
        raise ValueError("head: classifying abstains; train a network with --head sigmoid")
    return tuple(record.read_credits(recipe.credits))


def describe(run: Path, name: str) -> Export:
    """What a run is exported as.

    Raises ValueError when it has no metrics yet, and as `check`.
    """
    recipe = read(run)
    sources = check(recipe)
    metrics = export.read_metrics(run)
    features = front_end(recipe)
    fitted = metrics["label"]["calibration"]
    card = make_card(
        run,
        recipe,
        name,
        metrics,
        task="hits",
        classes=recipe.classes,
        outputs=name_outputs(recipe.classes),
        features=asdict(features),
        frame_rate=features.frame_rate,
        chunk_seconds=recipe.seconds,
        overlap_seconds=0.0,
        thresholds={
            "label": metrics["label"].pop("thresholds"),
            "heard": {"any": metrics["heard"].pop("threshold")},
        },
        calibration={"label": {part: fitted.pop(part) for part in ("slope", "intercept")}},
        peaks={},
        sources=sources,
    )
    return Export(card, load_best(build(recipe), run), features.n_bins)
