"""From a run to the file that people install: the network and its model card in one ONNX."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

from bandscribe.drums import name_outputs
from bandscribe.training import export
from bandscribe.training.drums import sources
from bandscribe.training.drums.recipe import Recipe, build, front_end, read
from bandscribe.training.drums.spectra import are_spectra
from bandscribe.training.drums.validation import PEAKS
from bandscribe.training.task import Export, load_best, make_card
from bandscribe.vocabulary import DRUMS


def check(recipe: Recipe) -> tuple[dict[str, str], ...]:
    """The credits of a run's sources.

    Raises ValueError when the recipe's leave one out, and where a network learned from spectrograms
    that others computed.
    """
    if any(map(are_spectra, recipe.corpora)):
        raise ValueError("corpora: a network of spectrograms by others cannot be run on audio")
    return tuple(sources.read_credits(recipe))


def describe(run: Path, name: str) -> Export:
    """What a run is exported as.

    Raises ValueError when the run has no metrics yet, or the recipe's credits leave a source out.
    """
    recipe = read(run)
    metrics = export.read_metrics(run)
    features, classes = front_end(recipe), DRUMS[recipe.classes]
    card = make_card(
        run,
        recipe,
        name,
        metrics,
        task="drums",
        classes=classes,
        outputs=name_outputs(classes),
        features=asdict(features),
        frame_rate=features.frame_rate,
        chunk_seconds=recipe.chunk_seconds,
        overlap_seconds=recipe.overlap_seconds,
        thresholds=metrics.pop("thresholds"),
        calibration={},
        peaks=PEAKS,
        sources=check(recipe),
    )
    return Export(card, load_best(build(recipe), run), features.n_bins)
