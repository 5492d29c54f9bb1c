"""From a shipped network and unlabelled recordings to a network adapted to them."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import torch.nn.functional as F
from torch import Tensor, nn

from bandscribe import runtime
from bandscribe.training.adaptation.recipe import Recipe
from bandscribe.training.adaptation.recordings import PseudoLabelledExamples, label
from bandscribe.training.batches import Batch, Batches, stream
from bandscribe.training.device import infer
from bandscribe.training.drummernet.sounds import Recordings
from bandscribe.training.drums.targets import UNKNOWN
from bandscribe.training.exported import load_drums
from bandscribe.training.fit import FitResult, fit

_HELD_OUT = 8  # excerpts


class Adapting(nn.Module):
    """A network in training but for its normalisation, which stays that of the first training."""

    def __init__(self, network: nn.Module) -> None:
        """The weights are those of `network`."""
        super().__init__()
        self.network = network

    def train(self, mode: bool = True) -> Adapting:
        """As of any network, normalisation aside."""
        super().train(mode)
        for part in self.modules():
            if isinstance(part, nn.modules.batchnorm._BatchNorm):
                part.eval()
        return self

    def forward(self, features: Tensor) -> Tensor:
        """(batch, frame, bin) to logits (batch, frame, output)."""
        logits: Tensor = self.network(features)
        return logits


def train(recipe: Recipe, run: Path) -> FitResult:
    """Adapt the network of a recipe into the folder `run`, or go on where that run stopped.

    The weights that are kept are those closest to the first network, on unchanged excerpts.

    Raises ValueError when the recipe names no recordings, or `run` holds a run with another recipe,
    and as `load_drums`.
    """
    if not recipe.audio:
        raise ValueError("audio: expected folders of recordings")
    card, network = load_drums(recipe.initial)
    teacher = runtime.load(recipe.initial)
    paths = Recordings.find(recipe.audio).paths
    recordings = [label(path, teacher, recipe.doubt) for path in paths]
    frames = round(recipe.excerpt_seconds * card.frame_rate)
    linear = card.features.get("compression") == 0
    draw = PseudoLabelledExamples(recordings, frames, recipe.tone_db, linear)
    unchanged = PseudoLabelledExamples(recordings, frames, 0.0, linear)
    held_out = Batches(unchanged, seed=recipe.seed + 1, size=_HELD_OUT, steps=1).make(0)

    return fit(
        recipe,
        run,
        task="adaptation",
        build=lambda: Adapting(network),
        loss=agree,
        batches=stream(draw, recipe),
        validate=partial(_validate, held_out=held_out),
        report=lambda _: {
            "files": len(recordings),
            "minutes": float(sum(len(r.features) for r in recordings) / card.frame_rate / 60),
        },
        criterion="-validation_loss",
    )


def agree(logits: Tensor, targets: Tensor) -> Tensor:
    """Cross-entropy of all outputs that are known; a scalar."""
    known = targets != UNKNOWN
    loss: Tensor = F.binary_cross_entropy_with_logits(logits[known], targets[known])
    return loss


def _validate(model: nn.Module, held_out: Batch) -> dict[str, float]:
    features, targets = held_out
    return {"validation_loss": float(agree(infer(model, features.numpy()), targets))}
