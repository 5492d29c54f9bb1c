"""Training an activity network."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import torch
from torch import nn

from bandscribe.features.spectrogram import LogSpectrogram
from bandscribe.training import recipes
from bandscribe.training.activity import envelopes, targets, validation
from bandscribe.training.activity.models import ENVELOPES
from bandscribe.training.activity.pieces import Mixture, Pieces
from bandscribe.training.activity.recipe import Recipe, build, front_end, make_optimiser
from bandscribe.training.activity.scenes import Scenes
from bandscribe.training.batches import Example, stream
from bandscribe.training.exported import transfer_tracker
from bandscribe.training.fit import FitResult, fit, start_from


def make_example(
    rng: np.random.Generator,
    draw: Callable[[np.random.Generator], Mixture],
    front_end: LogSpectrogram,
) -> Example:
    """Features (frame, bin) and targets (frame, 2 · class) of a mixture."""
    return targets.describe(draw(rng), front_end)


def train(recipe: Recipe, run: Path) -> FitResult:
    """Train the network of a recipe into the folder `run`, or resume that run.

    metrics.json holds thresholds, calibration and scores of the best weights. Raises ValueError
    when the recipe names neither pieces nor recordings, or `run` holds a run with another recipe.
    """
    if recipe.model in ENVELOPES:
        return envelopes.train(recipe, run)
    extract = front_end(recipe)
    if recipe.recordings and recipe.validation_recordings:
        scenes = Scenes.load(recipe.recordings, "train", codec=recipe.codec_share)
        make = partial(scenes.draw, seconds=recipe.excerpt_seconds)
    elif recipe.stems and recipe.validation_stems:
        pieces = Pieces.load(recipe.stems, "train", codec=recipe.codec_share)
        make = partial(pieces.draw, seconds=recipe.excerpt_seconds, sample_rate=extract.sample_rate)
    else:
        raise ValueError("stems, validation_stems: expected at least one folder each")
    draw = partial(make_example, draw=make, front_end=extract)
    held_out = validation.prepare(recipe)

    def start() -> nn.Module:
        network = build(recipe)
        if recipes.is_model(recipe.initial):
            typical = [draw(np.random.default_rng([recipe.seed, 0, 0, i])) for i in range(32)]
            examples = torch.from_numpy(np.stack([features for features, _ in typical]))
            transfer_tracker(str(recipe.initial), network, examples)
            return network
        return start_from(network, recipe.initial)

    return fit(
        recipe,
        run,
        task="activity",
        build=start,
        loss=partial(targets.loss, level_weight=recipe.level_weight),
        batches=stream(draw, recipe),
        validate=partial(validation.validate, validation=held_out),
        report=partial(validation.report, validation=held_out),
        optimiser=partial(make_optimiser, recipe),
        criterion="map",
        shares=recipe.trained_shares,
    )
