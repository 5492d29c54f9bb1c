"""Adapt a shipped network to unlabelled recordings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from bandscribe import audio, drums, runtime
from bandscribe.training.adaptation.recipe import Recipe
from bandscribe.training.batches import Batch, Batches, Example, attempt, stream
from bandscribe.training.device import infer
from bandscribe.training.drummernet.train import Recordings
from bandscribe.training.drums.targets import UNKNOWN, onset_targets
from bandscribe.training.exported import load_drums
from bandscribe.training.fit import FitResult, fit
from bandscribe.training.mapped import leave_out

Array = NDArray[np.float32]
#: Bands that are made louder or softer, from the lowest frequency to the highest.
_BANDS = 5


@dataclass(frozen=True, eq=False)
class PseudoLabelledRecording:
    """Features (frame, bin), and targets (frame, output) that the network predicted."""

    features: Array
    targets: Array


def label(path: Path, model: drums.DrumModel, doubt: float) -> PseudoLabelledRecording:
    """A recording with the predictions of the model: picked onsets, activations of the rest.

    Frames nearer than `doubt` logits to the threshold of a class are unknown.
    """
    front_end = drums.front_end(model.card)
    sound = audio.read(path, sample_rate=front_end.sample_rate, mono=True)
    features = front_end(sound.samples[0])
    activations = drums.infer(sound, model)
    count = len(model.card.classes)
    notes = drums.notes(activations, model.card, classes=count, duration=sound.duration)
    onsets = onset_targets(notes, frames=len(features), frame_rate=model.card.frame_rate)
    given = model.card.thresholds[str(count)]
    thresholds = np.array([given[name] for name in model.card.classes])
    inside = slice(drums.PADDING, drums.PADDING + len(features))
    values = [
        part.values[inside]
        for part in (activations.onsets, activations.velocities, activations.beats)
    ]
    onsets[np.abs(_logit(values[0]) - _logit(thresholds)) < doubt] = UNKNOWN
    return PseudoLabelledRecording(features, np.concatenate([onsets, *values[1:]], axis=1))


@dataclass(frozen=True)
class PseudoLabelledExamples:
    """Makes examples: excerpts of `recordings`, in another tone by up to `tone_db` or so."""

    recordings: Sequence[PseudoLabelledRecording]
    frames: int
    tone_db: float
    #: Whether features are magnitudes, and not log10(1 + c · magnitude).
    linear: bool = False

    def __call__(self, rng: np.random.Generator) -> Example:
        """Features and targets of an excerpt of any recording, long ones more often.

        A shorter recording ends in silence, of which nothing is known.
        """
        lengths = np.array([len(recording.features) for recording in self.recordings])
        recording = self.recordings[int(rng.choice(len(lengths), p=lengths / lengths.sum()))]
        start = int(rng.integers(max(0, len(recording.features) - self.frames) + 1))
        decibels = rng.normal(0, self.tone_db, _BANDS)
        part = slice(start, start + self.frames)
        features, targets = recording.features[part], recording.targets[part]
        missing = ((0, self.frames - len(features)), (0, 0))
        return (
            np.pad(change_tone(features, decibels, linear=self.linear), missing),
            np.pad(targets, missing, constant_values=UNKNOWN),
        )


def change_tone(features: Array, decibels: NDArray[np.float64], *, linear: bool = False) -> Array:
    """Spectra (frame, bin) of a sound in which bands are louder by `decibels` (band,).

    The bands are spread evenly over the bins. Bins are magnitudes where `linear`, else
    log10(1 + c · magnitude), so that a louder sound is no mere shift.
    """
    places = np.linspace(0, len(decibels) - 1, features.shape[1])
    gains = 10 ** (np.interp(places, np.arange(len(decibels)), decibels) / 20)
    if linear:
        return np.asarray(features * gains, dtype=np.float32)
    changed: Array = np.log10(1 + gains * (10**features - 1)).astype(np.float32)
    return changed


def _logit(p: NDArray[np.floating]) -> NDArray[np.floating]:
    kept = np.clip(p, 1e-6, 1 - 1e-6)
    logits: NDArray[np.floating] = np.log(kept / (1 - kept))
    return logits


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
    """Adapt the network of a recipe into the folder `run`, or resume that run.

    The best weights are those closest to the first network on unchanged excerpts.

    Raises ValueError when the recipe names no recordings, or `run` holds a run with another recipe,
    and as `load_drums`.
    """
    if not recipe.audio:
        raise ValueError("audio: expected folders of recordings")
    card, network = load_drums(recipe.initial)
    teacher = runtime.load(recipe.initial)
    paths = Recordings.find(recipe.audio).paths
    labelled = [attempt(partial(label, model=teacher, doubt=recipe.doubt), path) for path in paths]
    recordings = [each for each in labelled if not isinstance(each, str)]
    problems = [each for each in labelled if isinstance(each, str)]
    if not recordings:
        raise ValueError(problems[0])
    leave_out(problems)
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
    known = (targets != UNKNOWN).to(targets.dtype)
    # Weights instead of a mask, for whose number of elements the CPU would wait for the GPU.
    losses: Tensor = F.binary_cross_entropy_with_logits(logits, targets, known, reduction="sum")
    return losses / known.sum()


def _validate(model: nn.Module, held_out: Batch) -> dict[str, float]:
    features, targets = held_out
    return {"validation_loss": float(agree(infer(model, features.numpy()), targets))}
