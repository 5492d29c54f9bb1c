"""From a run to the file that `bandscribe recognize` runs: network and model card in one ONNX."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import numpy as np

from bandscribe import chunks
from bandscribe.datasets.address import CorpusAddress
from bandscribe.features.windows import BANDS, RecognitionFrontEnd
from bandscribe.training import export, record
from bandscribe.training.recognition.recipe import CLASSICAL, Recipe, build, read
from bandscribe.training.recognition.train import read_front_end
from bandscribe.training.task import Export, load_best, make_card


def check(recipe: Recipe) -> tuple[dict[str, str], ...]:
    """The credits of a run's sources.

    Raises ValueError for what keeps the run from being exported: no network, or credits with other
    columns.
    """
    if recipe.model in CLASSICAL:
        raise ValueError(f"model: a baseline, {recipe.model}, is no network to recognize with")
    return tuple(read_credits(recipe))


def describe(run: Path, name: str) -> Export:
    """What a run is exported as.

    A network of `bands` has frames of its own; of any other features, a window is a frame, and the
    card holds what its samples are normalised by.

    Raises ValueError when the run has no metrics yet, and as `check`.
    """
    recipe = read(run)
    sources = check(recipe)
    metrics = export.read_metrics(run)
    front_end, classes = read_front_end(run)
    framed = recipe.features == "bands"
    frames = len(front_end(np.zeros(_samples(recipe, front_end), dtype=np.float32)))
    card = make_card(
        run,
        recipe,
        name,
        metrics,
        task="recognition",
        classes=classes,
        outputs=classes,
        features=asdict(BANDS) if framed else front_end.describe(),
        frame_rate=BANDS.frame_rate if framed else 1 / recipe.window_seconds,
        chunk_seconds=recipe.window_seconds,
        overlap_seconds=0.0,
        thresholds={
            # A threshold of 0 or 1 would name everything, or nothing.
            strategy: {
                label: min(max(value, 0.001), 0.999)
                for label, value in metrics[strategy]["thresholds"].items()
            }
            for strategy in chunks.STRATEGIES
        },
        calibration={
            "s1": {part: metrics["s1"]["calibration"][part] for part in ("slope", "intercept")}
        },
        peaks={},
        sources=sources,
    )
    network = load_best(build(recipe, len(classes), trained=True), run)
    return Export(card, network, front_end.kind.bins, frames=None if framed else frames)


def _samples(recipe: Recipe, front_end: RecognitionFrontEnd) -> int:
    """How many there are in a window."""
    return round(recipe.window_seconds * front_end.sample_rate)


def read_credits(recipe: Recipe) -> list[dict[str, str]]:
    """Name, licence and origin of what was trained and validated on.

    All rows of the recipe's `credits`; without that file, the corpora's own metadata.
    Raises ValueError when it has other columns.
    """
    if recipe.credits is None:
        addresses = (*recipe.training, *recipe.validation)
        corpora = [CorpusAddress.parse(each, "recognition").corpus for each in addresses]
        named = {corpus.name: corpus for corpus in corpora}
        return [
            {"name": name, "licence": named[name].licence, "origin": named[name].obtain}
            for name in sorted(named)
        ]
    return record.read_credits(recipe.credits)
