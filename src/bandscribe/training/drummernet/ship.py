"""From a run to the file that people install: the transcriber and its model card in one ONNX."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import torch
from torch import Tensor, nn

from bandscribe.features.samples import Samples
from bandscribe.runtime import ACTIVATIONS, ModelCard
from bandscribe.training import export, recipes, record
from bandscribe.training.drummernet.analysis import HOP, Analysis
from bandscribe.training.drummernet.components import to_classes
from bandscribe.training.drummernet.loss import SAMPLE_RATE
from bandscribe.training.drummernet.recipe import FRAME_RATE, Recipe, build, read
from bandscribe.training.drummernet.sounds import SILENCE
from bandscribe.training.drummernet.validation import PICKINGS
from bandscribe.training.fit import read_weights
from bandscribe.vocabulary import DRUMS_10

MODEL = "drummernet"


class Transcriber(nn.Module):
    """The transcriber as it is shipped: chunks of any level in, the ten classes out."""

    def __init__(self, analysis: Analysis) -> None:
        """Components are added up by class; what no class holds is left out."""
        super().__init__()
        self.analysis = analysis
        self.classes: Tensor
        self.register_buffer("classes", torch.from_numpy(to_classes()))

    def forward(self, frames: Tensor) -> Tensor:
        """(batch, frame, 16) samples to amplitudes (batch, frame, class) in [0, 1].

        The loudest sample of a chunk becomes 1, as that of an excerpt in training, but for silence.
        """
        samples = frames.flatten(start_dim=1)
        peak = samples.abs().amax(dim=1, keepdim=True).clamp(min=SILENCE)
        amplitudes: Tensor = self.analysis(samples / peak) @ self.classes
        return amplitudes.clamp(max=1)


def card(run: Path, name: str) -> ModelCard:
    """The model card of a run.

    Raises ValueError when the run has no metrics yet, or the recipe's credits leave a source out.
    """
    recipe = read(run)
    metrics = export.read_metrics(run)
    return ModelCard(
        name=name,
        task="drums",
        classes=DRUMS_10,
        outputs=DRUMS_10,
        features=asdict(Samples(SAMPLE_RATE, HOP)),
        frame_rate=FRAME_RATE,
        chunk_seconds=recipe.chunk_seconds,
        overlap_seconds=recipe.overlap_seconds,
        thresholds=metrics.pop("thresholds"),
        calibration={},
        peaks=dict(PICKINGS[recipe.picking]),
        sources=check(recipe),
        metrics=metrics,
        recipe=json.loads(recipes.to_json(recipe)),
        commit=export.read_commit(run),
    )


def check(recipe: Recipe) -> tuple[dict[str, str], ...]:
    """The credits of a run's sources. Raises ValueError when the recipe's leave one out."""
    return tuple(read_credits(recipe))


def read_credits(recipe: Recipe) -> list[dict[str, str]]:
    """Name, licence and origin of all that was played and listened to, out of `credits`.

    A source is known there by the last part of its path. Raises ValueError when one is missing.
    """
    known = {row["name"]: row for row in record.read_credits(recipe.credits)}
    paths = [*recipe.kits, *recipe.sound_kits, *recipe.validation_kits, *recipe.audio]
    paths += [recipe.groove] if recipe.groove else []
    names = sorted({Path(path.partition("#")[0]).name for path in paths})
    if missing := [name for name in names if name not in known]:
        raise ValueError(f"{recipe.credits}: no row for {', '.join(missing)}")
    return [known[name] for name in names]


def ship(run: Path, path: Path, *, name: str = MODEL) -> ModelCard:
    """Export the best weights of a run to `path`, and return the card that went in.

    Raises ValueError as `card` does, and when onnxruntime and torch disagree.
    """
    described = card(run, name)
    analysis = build(read(run))
    saved = read_weights(run / "best.pt")
    mine = {k.removeprefix("analysis."): v for k, v in saved.items() if k.startswith("analysis.")}
    analysis.load_state_dict(mine)
    export.export(Transcriber(analysis), described, path, bins=HOP, output=ACTIVATIONS)
    return described
