"""Judging a drum network on rendered audio that it does not train on, and choosing thresholds."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from bandscribe import drums, peaks
from bandscribe.features.spectrogram import LogSpectrogram
from bandscribe.metrics import onsets
from bandscribe.types import Activations, Audio, Transcription
from bandscribe.vocabulary import DRUMS, DRUMS_10, reduce

#: Peak picking for well trained networks (Fosse 2025, section 2.4.3; Vogl et al. 2018).
PEAKS = {"max_frames": 2, "mean_frames": 2, "wait_frames": 2}
THRESHOLDS = np.round(np.arange(0.05, 0.91, 0.05), 2)

_GAP_FRAMES = 20  # silence between joined excerpts, wider than any window or tolerance


class Source(Protocol):
    """Labelled audio without end."""

    def draw(self, rng: np.random.Generator, seconds: float) -> tuple[Audio, Transcription]:
        """Mono audio of this length, and its notes in the ten classes."""


@dataclass(frozen=True, eq=False)
class Validation:
    """Excerpts as `features` (excerpt, frame, bin), and the `reference` of all, joined.

    The excerpts are judged as one recording, with short silences between them.
    """

    features: NDArray[np.float32]
    reference: Transcription
    frame_rate: float


def render(
    source: Source, front_end: LogSpectrogram, *, seed: int, minutes: float, seconds: float
) -> Validation:
    """Draw excerpts of this many seconds; the same seed gives the same ones."""
    features: list[NDArray[np.float32]] = []
    times: list[NDArray[np.float64]] = []
    labels: list[NDArray[np.str_]] = []
    offset = 0.0
    for item in range(max(1, round(minutes * 60 / seconds))):
        audio, notes = source.draw(np.random.default_rng([seed, item]), seconds)
        features.append(front_end(audio.samples[0]))
        inside = notes.onsets < audio.duration
        times.append(notes.onsets[inside] + offset)
        labels.append(notes.labels[inside])
        offset += (len(features[-1]) + _GAP_FRAMES) / front_end.frame_rate
    joined = Transcription(
        np.concatenate(times), np.concatenate(labels).astype(np.str_), None, offset, DRUMS_10
    )
    return Validation(np.stack(features), joined, front_end.frame_rate)


@torch.no_grad()
def activate(model: nn.Module, validation: Validation, *, batch: int = 16) -> Activations:
    """What the network says about the joined excerpts."""
    device = next(model.parameters()).device
    said: list[NDArray[np.float32]] = []
    for first in range(0, len(validation.features), batch):
        features = torch.from_numpy(validation.features[first : first + batch]).to(device)
        said.append(model(features).sigmoid().cpu().numpy())
    values = np.pad(np.concatenate(said), ((0, 0), (0, _GAP_FRAMES), (0, 0)))
    return Activations(values.reshape(-1, values.shape[-1]), validation.frame_rate, 0.0, DRUMS_10)


def choose(
    activations: Activations, reference: Transcription
) -> tuple[dict[str, float], dict[str, Any]]:
    """The threshold of each class with the highest F1 (±50 ms), and the scores it gives.

    `reference` is in the classes of the activations. Of thresholds that score alike the middle one
    is taken, farthest from where it matters. Scores that thresholds were chosen on flatter a
    little.
    """
    thresholds: dict[str, float] = {}
    estimates: list[NDArray[np.float64]] = []
    for column, name in enumerate(activations.classes):
        values = activations.values[:, [column]]
        wanted = reference.onsets[reference.labels == name]
        picked = []
        for threshold in THRESHOLDS:
            found = peaks.pick(values, thresholds=[threshold], **PEAKS)
            picked.append(peaks.refine(values, found) / activations.frame_rate)
        f1 = [_f1(wanted, times) for times in picked]
        equals = [index for index, value in enumerate(f1) if value == max(f1)]
        middle = equals[len(equals) // 2]
        thresholds[name] = float(THRESHOLDS[middle])
        estimates.append(picked[middle])
    times = np.concatenate(estimates)
    order = np.argsort(times, kind="stable")
    labels = np.repeat(np.array(activations.classes), [len(found) for found in estimates])
    estimate = Transcription(
        times[order], labels[order], None, reference.duration, activations.classes
    )
    report = onsets.score([reference], [estimate], activations.classes)
    scores = {"micro": asdict(report.micro), "macro": asdict(report.macro)}
    scores["per_class"] = {name: asdict(row) for name, row in report.per_class.items()}
    return thresholds, scores


def validate(model: nn.Module, validation: Validation) -> dict[str, float]:
    """Micro and macro F1 over ten classes, at the best threshold of each class."""
    _, scores = choose(activate(model, validation), validation.reference)
    return {f"{kind}_f1": float(np.nan_to_num(scores[kind]["f1"])) for kind in ("micro", "macro")}


def report(model: nn.Module, validation: Validation) -> dict[str, Any]:
    """Thresholds by number of classes, and scores in ten, five and three classes."""
    activations = activate(model, validation)
    figures: dict[str, Any] = {"thresholds": {}}
    for count in DRUMS:
        reduced = drums.reduce_activations(activations, count)
        thresholds, scores = choose(reduced, reduce(validation.reference, count))
        figures["thresholds"][str(count)] = thresholds
        figures[f"classes_{count}"] = scores
    return figures


def _f1(reference: NDArray[np.float64], estimate: NDArray[np.float64]) -> float:
    hits = len(onsets.match(reference, estimate).reference)
    return 2 * hits / max(1, len(reference) + len(estimate))
