"""Training a DrummerNet on unlabelled drum recordings."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np

from bandscribe.synthesis import source
from bandscribe.training.batches import Example, stream
from bandscribe.training.drummernet import validation
from bandscribe.training.drummernet.network import DrummerNet
from bandscribe.training.drummernet.recipe import Recipe, make_loss, start
from bandscribe.training.drummernet.sounds import Recordings, WaveformExamples
from bandscribe.training.drummernet.validation import ValidationWaveforms
from bandscribe.training.fit import FitResult, fit


def train(recipe: Recipe, run: Path) -> FitResult:
    """Train the network of a recipe into the folder `run`, or resume that run.

    Raises ValueError when the recipe names no kits, or nothing to train on, or `run` holds a run
    with another recipe.
    """
    if not (recipe.audio or recipe.sound_kits):
        raise ValueError("audio, sound_kits: expected folders or kits to train on")
    draw = WaveformExamples(
        Recordings.find(recipe.audio) if recipe.audio else None,
        load_source(recipe, recipe.sound_kits, "train") if recipe.sound_kits else None,
        recipe.rendered_share,
        recipe.excerpt_seconds,
    )
    if recipe.validation_kits:
        held_out = validation.render(
            load_source(recipe, recipe.validation_kits, "validation"),
            seed=recipe.validation_seed,
            minutes=recipe.validation_minutes,
            seconds=recipe.chunk_seconds,
        )
    else:
        held_out = validation.gather(
            replace(draw, seconds=recipe.chunk_seconds),
            seed=recipe.validation_seed,
            minutes=recipe.validation_minutes,
        )
    return train_on(recipe, run, partial(start, recipe), draw, held_out)


def train_on(
    recipe: Recipe,
    run: Path,
    build: Callable[[], DrummerNet],
    draw: Callable[[np.random.Generator], Example],
    held_out: ValidationWaveforms,
) -> FitResult:
    """Train a network on what is drawn; keep the weights with the lowest loss on `held_out`.

    Writes what `fit` writes, and metrics.json: thresholds, and where notes are known the scores of
    those weights in ten, five and three classes, by the recipe's peak picking.
    """
    loss = make_loss(recipe)
    return fit(
        recipe,
        run,
        task="drummernet",
        build=build,
        loss=loss,
        batches=stream(draw, recipe),
        validate=partial(validation.validate, validation=held_out, loss=loss),
        report=partial(validation.report, validation=held_out, picking=recipe.picking),
        criterion="-validation_loss",
    )


def load_source(recipe: Recipe, kits: tuple[str, ...], split: str) -> source.SyntheticSource:
    """Drums alone, played on these kits."""
    return source.SyntheticSource.load(
        kits,
        groove=recipe.groove,
        split=split,
        groove_share=recipe.groove_share,
        percussion_share=recipe.percussion_share,
        drumless_share=0.0,
    )
