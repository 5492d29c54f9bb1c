"""From a run to the file that people install: the transcriber and its model card in one ONNX."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import torch
from torch import Tensor, nn

from bandscribe.features.samples import Samples
from bandscribe.runtime import ACTIVATIONS
from bandscribe.training import export, record
from bandscribe.training.checkpoints import read_weights
from bandscribe.training.drummernet.analysis import HOP, Analysis
from bandscribe.training.drummernet.components import to_classes
from bandscribe.training.drummernet.loss import SAMPLE_RATE
from bandscribe.training.drummernet.recipe import FRAME_RATE, Recipe, build, read
from bandscribe.training.drummernet.sounds import SILENCE
from bandscribe.training.drummernet.validation import PICKINGS
from bandscribe.training.task import Export, make_card
from bandscribe.vocabulary import DRUMS_10


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


def describe(run: Path, name: str) -> Export:
    """What a run is exported as.

    Raises ValueError when the run has no metrics yet, or the recipe's credits leave a source out.
    """
    recipe = read(run)
    metrics = export.read_metrics(run)
    card = make_card(
        run,
        recipe,
        name,
        metrics,
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
    )
    weights = read_weights(run / "best.pt")
    analysis = build(recipe)
    analysis.load_state_dict({name: weights[f"analysis.{name}"] for name in analysis.state_dict()})
    return Export(card, Transcriber(analysis), HOP, ACTIVATIONS)


def check(recipe: Recipe) -> tuple[dict[str, str], ...]:
    """The credits of a run's sources. Raises ValueError when the recipe's leave one out."""
    sources = [*recipe.kits, *recipe.sound_kits, *recipe.validation_kits, *recipe.audio]
    sources += [recipe.groove] if recipe.groove else []
    return tuple(record.read_credits(recipe.credits, sources))
