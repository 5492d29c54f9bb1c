"""Validation of a DrummerNet on rendered performances: its loss, which selects weights, and F1.

The F1 of kick, snare and hi-hat (±50 ms) is that of the paper's figure 4. It needs the notes of the
performances, and nothing is decided by it. It is given for peaks as the paper picks them, and for
peaks of amplitudes related to the level around (`peaks.normalize_by_local_max`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from bandscribe import audio, drums, peaks
from bandscribe.metrics import onsets
from bandscribe.training.batches import Example, LabelledSource
from bandscribe.training.device import infer
from bandscribe.training.drummernet.loss import SAMPLE_RATE, OnsetLoss
from bandscribe.training.drummernet.network import DrummerNet, to_classes
from bandscribe.training.drummernet.recipe import FRAME_RATE
from bandscribe.types import Transcription
from bandscribe.vocabulary import DRUMS, DRUMS_3, DRUMS_10, reduce

#: Peak picking of the paper, equation 1 and section 4.1: 50, 100 and 50 ms, and δ.
PEAKS: Mapping[str, int] = {"max_frames": 50, "mean_frames": 100, "wait_frames": 50}
THRESHOLD = 0.2
#: The same, after amplitudes within 20 ms were gathered and related to the loudest within 4 s.
LEVEL: Mapping[str, int] = {"gather_frames": 20, "level_frames": 4000}
PICKINGS: Mapping[str, Mapping[str, int]] = {"paper": PEAKS, "level": {**PEAKS, **LEVEL}}
#: The one with the highest F1 on rendered performances is shipped, unless that of the paper is
#: requested.
THRESHOLDS = (0.05, 0.075, 0.1, 0.125, 0.15, 0.175, 0.2, 0.225, 0.25, 0.3, 0.35, 0.4)

_BATCH = 8  # excerpts at a time, on as many kits
_GAP_FRAMES = 256  # silence between joined excerpts, wider than any window or tolerance


@dataclass(frozen=True, eq=False)
class ValidationWaveforms:
    """Excerpts (excerpt, sample) with a peak of 1, and the `reference` of all, joined, if known."""

    samples: NDArray[np.float32]
    reference: Transcription | None


def render(
    source: LabelledSource, *, seed: int, minutes: float, seconds: float
) -> ValidationWaveforms:
    """Draw excerpts of this many seconds; the same seed gives the same ones."""
    length = round(seconds * SAMPLE_RATE)
    drawn: list[NDArray[np.float32]] = []
    times: list[NDArray[np.float64]] = []
    labels: list[NDArray[np.str_]] = []
    offset = 0.0
    for item in range(max(1, round(minutes * 60 / seconds))):
        sound, notes = source.draw(np.random.default_rng([seed, item]), seconds)
        samples = audio.resample(sound, SAMPLE_RATE).samples[0][:length]
        peak = max(float(np.abs(samples).max(initial=0)), 1e-3)
        padded = np.pad(samples, (0, length - len(samples)))
        drawn.append(np.asarray(padded / peak, dtype=np.float32))
        inside = notes.onsets < seconds
        times.append(notes.onsets[inside] + offset)
        labels.append(notes.labels[inside])
        offset += length / SAMPLE_RATE + _GAP_FRAMES / FRAME_RATE
    reference = Transcription(
        np.concatenate(times), np.concatenate(labels).astype(np.str_), None, offset, DRUMS_10
    )
    return ValidationWaveforms(np.stack(drawn), reference)


def gather(
    draw: Callable[[np.random.Generator], Example], *, seed: int, minutes: float
) -> ValidationWaveforms:
    """As many excerpts as these minutes take, of recordings without annotation."""
    first, _ = draw(np.random.default_rng([seed, 0]))
    count = max(1, round(minutes * 60 * SAMPLE_RATE / len(first)))
    others = [draw(np.random.default_rng([seed, item]))[0] for item in range(1, count)]
    return ValidationWaveforms(np.stack([first, *others]), None)


def to_activations(amplitudes: Tensor) -> drums.DrumActivations:
    """Amplitudes (excerpt, frame, component) in ten classes, the excerpts joined."""
    by_class = np.minimum(amplitudes.numpy() @ to_classes(), 1)
    joined = np.pad(by_class, ((0, 0), (0, _GAP_FRAMES), (0, 0)))
    return drums.split(joined.reshape(-1, len(DRUMS_10)), FRAME_RATE, DRUMS_10)


@torch.no_grad()
def validate(
    model: DrummerNet, validation: ValidationWaveforms, loss: OnsetLoss
) -> dict[str, float]:
    """The loss, which needs no notes; and the F1 of kick, snare and hi-hat, and their mean."""
    device = next(model.parameters()).device
    losses, amplitudes = [], []
    for part in torch.split(torch.from_numpy(validation.samples).to(device), _BATCH):
        amplitudes.append(model.analysis(part))
        losses.append(loss(model.play(amplitudes[-1]), part).item() * len(part))
    figures = {"validation_loss": sum(losses) / len(validation.samples)}
    if validation.reference is None:
        return figures
    activations = to_activations(torch.cat(amplitudes).cpu())
    for picking in PICKINGS:
        found = score(activations, validation.reference, 3, picking)
        f1 = [float(np.nan_to_num(found.per_class[name].f1)) for name in DRUMS_3]
        names = [f"{picking}_{name.lower()}_f1" for name in (*DRUMS_3, "mean")]
        figures |= dict(zip(names, [*f1, float(np.mean(f1))], strict=True))
    return figures


def score(
    inferred: drums.DrumActivations,
    reference: Transcription,
    count: int,
    picking: str,
    thresholds: Mapping[str, float] | None = None,
) -> onsets.OnsetReport:
    """Compare the peaks of one of the `PICKINGS` with the notes, in this many classes.

    Without `thresholds` of the classes, the paper's is taken.
    """
    activations, _ = drums.reduce_classes(inferred, count)
    values = activations.values
    if picking == "level":
        values = peaks.normalize_by_local_max(values, **LEVEL)
    given = thresholds or {}
    deltas = [given.get(name, THRESHOLD) for name in activations.classes]
    found = peaks.pick(values, thresholds=deltas, **PEAKS)
    estimate = Transcription(
        found.frames / FRAME_RATE,
        np.array(activations.classes, dtype=np.str_)[found.classes],
        None,
        reference.duration,
        activations.classes,
    )
    return onsets.score([reduce(reference, count)], [estimate], activations.classes)


def choose(
    inferred: drums.DrumActivations, reference: Transcription, count: int
) -> dict[str, float]:
    """The threshold of each class with the highest F1, amplitudes related to their level.

    Of thresholds that score alike, the middle one.
    """
    names = DRUMS[count]
    found = [
        score(inferred, reference, count, "level", dict.fromkeys(names, each))
        for each in THRESHOLDS
    ]
    chosen = {}
    for name in names:
        f1 = np.array([np.nan_to_num(each.per_class[name].f1) for each in found])
        equals = np.flatnonzero(f1 == f1.max())
        chosen[name] = THRESHOLDS[equals[len(equals) // 2]]
    return chosen


def report(model: DrummerNet, validation: ValidationWaveforms, picking: str) -> dict[str, Any]:
    """Thresholds by number of classes, and scores in ten, five and three, if notes are known.

    Thresholds are the paper's with its picking, and where no notes are known; else they are chosen.
    """
    thresholds = {n: dict.fromkeys(names, THRESHOLD) for n, names in DRUMS.items()}
    figures: dict[str, Any] = {"thresholds": thresholds}
    if validation.reference is None:
        return figures
    activations = to_activations(infer(model.analysis, validation.samples, batch=_BATCH))
    for count in DRUMS:
        if picking == "level":
            thresholds[count] = choose(activations, validation.reference, count)
        found = score(activations, validation.reference, count, picking, thresholds[count])
        figures[f"classes_{count}"] = found.figures()
    return figures
