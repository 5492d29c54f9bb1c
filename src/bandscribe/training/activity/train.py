"""From recordings of single instruments to a trained activity network."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from bandscribe.features.spectrogram import LogSpectrogram
from bandscribe.training.activity import envelopes, targets, validation
from bandscribe.training.activity.models import ENVELOPES
from bandscribe.training.activity.pieces import Pieces
from bandscribe.training.activity.recipe import Recipe, build, front_end, make_optimiser
from bandscribe.training.batches import Example, stream
from bandscribe.training.fit import Result, fit, start_from
from bandscribe.vocabulary import INSTRUMENTS


@dataclass(frozen=True)
class Draw:
    """Makes training examples out of pieces."""

    pieces: Pieces
    front_end: LogSpectrogram
    seconds: float

    def __call__(self, rng: np.random.Generator) -> Example:
        """Features (frame, bin) and targets (frame, 2 · class) of an excerpt."""
        rate, hop_length = self.front_end.sample_rate, self.front_end.hop_length
        mix, stems = self.pieces.draw(rng, self.seconds, rate)
        features = self.front_end(mix)
        made = targets.make_targets(stems, INSTRUMENTS, sample_rate=rate, hop_length=hop_length)
        return features, made[: len(features)]


def train(recipe: Recipe, run: Path) -> Result:
    """Train the network of a recipe into the folder `run`, or go on where that run stopped.

    Writes what `fit` writes, and metrics.json: thresholds, calibration and scores of the best
    weights, or what `envelopes.train` writes for a network of envelopes. Raises ValueError when the
    recipe names no pieces, or `run` holds a run with another recipe.
    """
    if recipe.model in ENVELOPES:
        return envelopes.train(recipe, run)
    if not recipe.stems or not recipe.validation_stems:
        raise ValueError("stems, validation_stems: expected at least one folder each")
    pieces = Pieces.load(recipe.stems, "train", codec=recipe.codec_share)
    held_out = validation.prepare(recipe)
    return fit(
        recipe,
        run,
        task="activity",
        build=lambda: start_from(build(recipe), recipe.initial),
        loss=partial(targets.loss, level_weight=recipe.level_weight),
        batches=stream(Draw(pieces, front_end(recipe), recipe.excerpt_seconds), recipe),
        validate=partial(validation.validate, validation=held_out),
        report=partial(validation.report, validation=held_out),
        optimiser=partial(make_optimiser, recipe),
        criterion="map",
    )
