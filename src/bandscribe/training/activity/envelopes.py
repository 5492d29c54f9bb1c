"""Training a network that predicts envelopes, and its predictions for whole recordings.

Source: Neuroment 2022. All mixtures are made before the first step, as in the paper; a resumed run
makes the same ones again.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import torch
from torch import nn

from bandscribe.training import checkpoints, recipes
from bandscribe.training.activity import losses, solos
from bandscribe.training.activity.models import EncoderDecoder, Neuroment
from bandscribe.training.activity.pieces import Mixture, Pieces
from bandscribe.training.activity.recipe import Recipe, build_envelopes, classes_of, make_optimiser
from bandscribe.training.activity.windows import (
    Array,
    LogSpectrum,
    Shuffled,
    Windows,
    cut,
    rms,
    stitch,
)
from bandscribe.training.batches import stream
from bandscribe.training.device import infer
from bandscribe.training.fit import FitResult, fit, start_from
from bandscribe.training.settings import count_epochs
from bandscribe.types import LEVEL_FLOOR_DB, Activations

#: Windows that are validated at once.
_AT_ONCE = 256
#: Mean square below which a mixture is silence and noise.
_SILENT = 1e-8


def train(recipe: Recipe, run: Path) -> FitResult:
    """Train a network of envelopes into `run`, or resume that run.

    Raises ValueError when the recipe names no recordings, or the same for training and validation,
    or `run` holds a run with another recipe.
    """
    training, held_out = prepare(recipe, "train"), prepare(recipe, "validation")
    recipe = count_epochs(recipe, len(training))
    return fit(
        recipe,
        run,
        task="activity",
        build=partial(start, recipe, training),
        loss=partial(losses.add, names=recipe.losses),
        batches=stream(Shuffled(training, recipe.seed), recipe, numbered=True),
        validate=partial(validate, windows=held_out, names=recipe.losses),
        report=lambda _: {
            "model": recipe.model,
            "classes": classes_of(recipe),
            "windows": len(training),
            "validation_windows": len(held_out),
            "constant": constant_losses(training, held_out),
        },
        optimiser=partial(make_optimiser, recipe),
        criterion="-validation_loss",
    )


def start(recipe: Recipe, training: Windows) -> Neuroment | EncoderDecoder:
    """A new network, fitted to the statistics of the training windows; or that of `initial`."""
    model = start_from(build_envelopes(recipe), recipe.initial)
    if not recipe.initial:
        mean, deviation = map(torch.from_numpy, training.scale())
        model.standardise.fit(mean, deviation)
        if recipe.prior:
            model.init_bias(torch.from_numpy(training.means()))
    return model


def prepare(recipe: Recipe, split: str) -> Windows:
    """All windows of a split: of the plan of solos, or of excerpts of pieces in stems.

    Validation has mixtures of its own recordings, one tenth as many where they are drawn of stems.
    Raises ValueError when the recipe names no recordings, or a recording is in both splits.
    """
    front_end, classes = LogSpectrum(recipe.spectrum), classes_of(recipe)
    frames = build_envelopes(recipe).frames
    make = partial(cut, front_end=front_end, classes=classes, frames=frames, slices=recipe.slices)
    training = split == "train"
    # Four numbers, so that the generator is none of those of the batches.
    rng = np.random.default_rng([recipe.seed, int(training), 0, 2])
    rate = front_end.sample_rate
    if recipe.material == "solos":
        sources = recipe.solos if training else recipe.validation_solos
        _require("solos, validation_solos", sources)
        found = solos.load(sources, split, classes)
        if not training:
            _refuse_shared(solos.load(recipe.solos, "train", classes), found)
        chosen = solos.balance([solo.label for solo in found], rng, factor=recipe.oversampling)
        plan = solos.draw_mixes(
            chosen, rng,
            epochs=recipe.mixing_epochs, minimum=recipe.minimum, maximum=recipe.maximum,
        )  # fmt: skip
        return make(solos.play(plan, found, rate))
    folders = recipe.stems if training else recipe.validation_stems
    _require("stems, validation_stems", folders)
    pieces = Pieces.load(folders, split, codec=recipe.codec_share if training else 0.0)
    count = recipe.mixes if training else max(1, recipe.mixes // 10)
    seconds = solos.LENGTH / rate
    return make(match_levels(pieces.draw(rng, seconds, rate)) for _ in range(count))


def match_levels(made: Mixture) -> Mixture:
    """A mixture with its parts scaled to add up to its level; silent where all are.

    Effects bring the mixture to a level of its own, and envelopes are absolute.
    """
    power = float(np.mean(np.sum(list(made.parts.values()), axis=0) ** 2))
    gain = np.sqrt(float(np.mean(made.mixture**2)) / power) if power > _SILENT else 0.0
    parts = {name: part * np.float32(gain) for name, part in made.parts.items()}
    return replace(made, parts=parts)


def validate(model: nn.Module, windows: Windows, names: tuple[str, ...]) -> dict[str, float]:
    """The loss, cross-entropy, squared error, and the highest output: near zero, it collapsed."""
    logits = infer(model, windows.features, batch=_AT_ONCE)
    envelopes = losses.select(torch.from_numpy(windows.envelopes), logits.shape[1])
    return {
        "validation_loss": float(losses.add(logits, envelopes, names=names)),
        "validation_bce": float(losses.bce(logits, envelopes)),
        "validation_mse": float(losses.mse(logits, envelopes)),
        "loudest": float(logits.sigmoid().max()),
    }


def constant_losses(training: Windows, held_out: Windows) -> dict[str, float]:
    """Losses on `held_out` of predicting each class's mean, and of predicting zero.

    They are the baselines of a network; the lower bound is the cross-entropy of the envelopes with
    themselves, which is not zero. The zero is 1e-6, since its cross-entropy is infinite.
    """
    targets = torch.from_numpy(held_out.envelopes)
    means = torch.from_numpy(training.means()).logit().expand_as(targets)
    zeros = torch.full_like(targets, 1e-6).logit()
    return {
        "least_bce": float(losses.bce(targets.clamp(1e-6, 1 - 1e-6).logit(), targets)),
        "mean_bce": float(losses.bce(means, targets)),
        "mean_mse": float(losses.mse(means, targets)),
        "zero_mse": float(losses.mse(zeros, targets)),
    }


def infer_recording(model: nn.Module, front_end: LogSpectrum, samples: Array) -> Array:
    """The amplitude of each class in each frame of a recording (n,), (frame, class) in [0, 1].

    Raises ValueError for a network that is none of envelopes.
    """
    if not isinstance(model, Neuroment | EncoderDecoder):
        raise ValueError(f"model: expected a network of envelopes, got a {type(model).__name__}")

    def infer_windows(windows: Array) -> Array:
        amplitudes: Array = infer(model, windows).sigmoid().numpy()
        return amplitudes

    features = front_end(samples)
    return stitch(features, infer_windows, frames=model.frames, output_frames=model.output_frames)


def to_levels(
    amplitudes: Array, mixture: Array, front_end: LogSpectrum, classes: tuple[str, ...]
) -> Activations:
    """Amplitudes (frame, class) in dB below the loudest frame of the mixture (n,), -60 to 0.

    Predicted and reference envelopes are limited alike: Neuroment 2022, section 5.3.
    """
    loudest = float(rms(mixture, front_end.hop_length).max(initial=0.0))
    ratio = amplitudes / max(loudest, 1e-9)
    floor = 10 ** (LEVEL_FLOOR_DB / 20)
    levels = (20 * np.log10(np.clip(ratio, floor, 1))).clip(LEVEL_FLOOR_DB, 0).astype(np.float32)
    return Activations(levels, front_end.frame_rate, 0.0, classes, "level_db")


def load_run(run: Path) -> tuple[Neuroment | EncoderDecoder, Recipe]:
    """The network of a run with its best weights, and the recipe.

    Raises ValueError as `recipes.read`, and for another network.
    """
    recipe = recipes.read(run, Recipe)
    model = build_envelopes(recipe)
    checkpoints.fill(model, run / "best.pt")
    return model.eval(), recipe


def _require(names: str, given: tuple[str, ...]) -> None:
    if not given:
        raise ValueError(f"{names}: expected at least one each")


def _refuse_shared(training: tuple[solos.Solo, ...], held_out: tuple[solos.Solo, ...]) -> None:
    if both := sorted({solo.group for solo in training} & {solo.group for solo in held_out}):
        raise ValueError(f"validation_solos: {both[0]} is also trained on")
