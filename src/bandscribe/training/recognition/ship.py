"""From a run to the file that `bandscribe recognize` runs: network and model card in one ONNX."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

from bandscribe import chunks
from bandscribe.datasets.address import CorpusAddress
from bandscribe.training import export, record
from bandscribe.training.recognition.front_end import BANDS
from bandscribe.training.recognition.recipe import CLASSICAL, Recipe, build, read
from bandscribe.training.recognition.train import read_front_end
from bandscribe.training.task import Export, load_best, make_card


def check(recipe: Recipe) -> tuple[dict[str, str], ...]:
    """The credits of a run's sources.

    Raises ValueError for what keeps the run from being exported: no network, other features than
    `bands`, or credits with other columns.
    """
    if recipe.features != "bands" or recipe.model in CLASSICAL:
        raise ValueError(
            f"features: a model to recognize with is a network with --features bands, "
            f"not {recipe.model} with {recipe.features}"
        )
    return tuple(read_credits(recipe))


def describe(run: Path, name: str) -> Export:
    """What a run is exported as.

    Raises ValueError when the run has no metrics yet, and as `check`.
    """
    recipe = read(run)
    sources = check(recipe)
    metrics = export.read_metrics(run)
    classes = read_front_end(run)[1]
    card = make_card(
        run,
        recipe,
        name,
        metrics,
        task="recognition",
        classes=classes,
        outputs=classes,
        features=asdict(BANDS),
        frame_rate=BANDS.frame_rate,
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
    return Export(card, load_best(build(recipe, len(classes), trained=True), run), BANDS.n_bins)


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
