"""Training a drum network on labelled audio."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from bandscribe.features.spectrogram import LogSpectrogram
from bandscribe.training import recipes
from bandscribe.training.batches import Example, LabelledSource, stream
from bandscribe.training.drums import sources, targets, validation
from bandscribe.training.drums.precomputed import PrecomputedTracks
from bandscribe.training.drums.recipe import Recipe, front_end, start
from bandscribe.training.drums.spectra import Spectra, are_spectra
from bandscribe.training.exported import transfer_drums
from bandscribe.training.fit import FitResult, fit
from bandscribe.types import Transcription
from bandscribe.vocabulary import DRUMS


@dataclass(frozen=True)
class DrumExamples:
    """Makes training examples out of labelled audio."""

    source: LabelledSource | PrecomputedTracks | Spectra
    front_end: LogSpectrogram
    seconds: float
    neighbours: float

    def __call__(self, rng: np.random.Generator) -> Example:
        """Features (frame, bin) and targets (frame, output) of an excerpt."""
        features, notes = validation.draw(self.source, self.front_end, rng, self.seconds)
        return features, self.targets(notes, len(features))

    def targets(self, notes: Transcription, frames: int) -> NDArray[np.float32]:
        """Targets (frame, output) of an excerpt's notes."""
        return targets.joint_targets(
            notes, frames=frames, frame_rate=self.front_end.frame_rate, neighbours=self.neighbours
        )


def train(recipe: Recipe, run: Path) -> FitResult:
    """Train the network of a recipe into the folder `run`, or go on where that run stopped.

    Raises ValueError when the recipe names neither kits nor corpora, or `run` holds a run with
    another recipe.
    """
    if any(map(are_spectra, recipe.corpora)):
        training, validating, tested = load_spectra(recipe)
        return train_on(recipe, run, training, validating, tested)
    return train_on(recipe, run, *sources.load(recipe))


def load_spectra(recipe: Recipe) -> tuple[Spectra, Spectra, Spectra]:
    """The training, validation and test examples.

    Raises ValueError as `Spectra.load`, and for a recipe that does not fit them.
    """
    if not all(map(are_spectra, recipe.corpora)) or recipe.validation_corpora:
        raise ValueError("corpora: spectrograms and audio do not go together in a training")
    train_, validating, tested = (
        Spectra.load(recipe.corpora, split, classes=recipe.classes, bins=front_end(recipe).n_bins)
        for split in ("train", "validation", "test")
    )
    if not recipe.excerpt_seconds == recipe.chunk_seconds == train_.seconds:
        raise ValueError(
            f"excerpt_seconds, chunk_seconds: expected {train_.seconds:g}, as long as the "
            f"spectrograms, got {recipe.excerpt_seconds:g} and {recipe.chunk_seconds:g}"
        )
    return train_, validating, tested


def train_on(
    recipe: Recipe,
    run: Path,
    training: LabelledSource | PrecomputedTracks | Spectra,
    validating: LabelledSource | Spectra,
    tested: Spectra | None = None,
) -> FitResult:
    """Train on `training`; choose the best weights and their thresholds on `validating`.

    metrics.json holds thresholds and scores of the best weights in ten, five and three classes,
    and with `tested` those on as many test excerpts.
    """
    by_loss = recipe.watch == "loss"
    draw = DrumExamples(training, front_end(recipe), recipe.excerpt_seconds, recipe.neighbours)
    class_weights = torch.from_numpy(_class_weights(draw, recipe))
    render = partial(
        validation.render, front_end=draw.front_end, seed=recipe.validation_seed,
        minutes=recipe.validation_minutes, seconds=recipe.chunk_seconds,
    )  # fmt: skip
    held_out = render(validating)

    def report(model: nn.Module) -> dict[str, Any]:
        figures = validation.report(model, held_out)
        if tested is not None:
            own = figures["thresholds"][str(recipe.classes)]
            figures["test"] = validation.test(model, render(tested), own)
        weighed = dict(zip(DRUMS[recipe.classes], class_weights.tolist(), strict=True))
        return {"weights": weighed, **figures}

    def build() -> nn.Module:
        network = start(recipe)
        if recipe.initial is not None and recipes.is_model(recipe.initial):
            transfer_drums(recipe.initial, network, _typical(draw, recipe))
        return network

    def loss(logits: Tensor, target: Tensor) -> Tensor:
        return targets.joint_loss(
            logits,
            target,
            class_weights.to(logits.device),
            velocity_weight=recipe.velocity_weight,
            beat_weight=recipe.beat_weight,
        )

    frames = held_out.features.shape[1]
    validation_targets = np.stack([draw.targets(notes, frames) for notes in held_out.notes])
    validation_loss = (
        partial(loss, target=torch.from_numpy(validation_targets)) if by_loss else None
    )
    return fit(
        recipe,
        run,
        task="drums",
        build=build,
        loss=loss,
        batches=stream(draw, recipe),
        validate=partial(validation.validate, validation=held_out, loss=validation_loss),
        report=report,
        watched="-validation_loss" if by_loss else None,
    )


def _class_weights(draw: DrumExamples, recipe: Recipe) -> NDArray[np.float32]:
    """Infrequency weights, from excerpts outside of the batches."""
    frames = round(recipe.excerpt_seconds * draw.front_end.frame_rate)

    def draw_notes(item: int) -> Transcription:
        rng = np.random.default_rng([recipe.seed, recipe.steps, 1, item])
        if isinstance(draw.source, Spectra):
            return draw.source.draw(rng)[1]
        return draw.source.draw(rng, draw.seconds)[1]

    return targets.infrequency_weights(
        (
            draw.targets(draw_notes(item), frames)[:, : recipe.classes]
            for item in range(recipe.weight_excerpts)
        ),
        exponent=recipe.weight_exponent,
    )


def _typical(draw: DrumExamples, recipe: Recipe) -> Tensor:
    """Features (batch, frame, bin) of excerpts outside of the batches."""
    examples = (
        draw(np.random.default_rng([recipe.seed, recipe.steps, 2, item])) for item in range(32)
    )
    return torch.from_numpy(np.stack([features for features, _ in examples]))
