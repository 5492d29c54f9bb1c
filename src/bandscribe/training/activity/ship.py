"""From a run to the file that `bandscribe recognize` and `track` run: network and card in one."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

from bandscribe import chunks
from bandscribe.instruments import name_outputs
from bandscribe.training import export, record
from bandscribe.training.activity.models import ENVELOPES
from bandscribe.training.activity.recipe import Recipe, build, front_end, read
from bandscribe.training.task import Export, load_best, make_card
from bandscribe.vocabulary import INSTRUMENTS


def check(recipe: Recipe) -> tuple[dict[str, str], ...]:
    """The credits of a run's sources.

    Raises ValueError where there are none, or the network cannot be exported.
    """
    if recipe.model in ENVELOPES:
        raise ValueError(
            f"model: {recipe.model} is for evaluation alone: evaluate activity --model RUN"
        )
    return tuple(record.read_credits(recipe.credits))


def describe(run: Path, name: str) -> Export:
    """What a run is exported as. Raises ValueError when it has no metrics yet, and as `check`."""
    recipe = read(run)
    sources = check(recipe)
    metrics = export.read_metrics(run)
    features = front_end(recipe)
    card = make_card(
        run,
        recipe,
        name,
        metrics,
        task="activity",
        classes=INSTRUMENTS,
        outputs=name_outputs(INSTRUMENTS),
        features=asdict(features),
        frame_rate=features.frame_rate,
        chunk_seconds=recipe.chunk_seconds,
        overlap_seconds=recipe.overlap_seconds,
        thresholds={
            kind: metrics[kind].pop("thresholds") for kind in ("frame", *chunks.STRATEGIES)
        },
        calibration={
            "s1": {part: metrics["s1"]["calibration"].pop(part) for part in ("slope", "intercept")}
        },
        peaks={},
        sources=sources,
    )
    return Export(card, load_best(build(recipe), run), features.n_bins)
