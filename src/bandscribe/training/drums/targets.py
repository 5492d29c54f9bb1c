"""Targets of a drum network, class weights, and the loss."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from bandscribe.drums import BEATS
from bandscribe.types import Transcription

#: Target of an output whose truth is not known: it is left out of the loss.
UNKNOWN = -1.0


def onset_targets(
    transcription: Transcription, *, frames: int, frame_rate: float, neighbours: float = 0.5
) -> NDArray[np.float32]:
    """(frame, class) targets: 1 in the frame nearest to each onset, `neighbours` beside it.

    Target widening (Fosse 2025, section 5.2.1) stabilises training where annotations are off by a
    few milliseconds. A neighbour never lowers an onset's own frame. Onsets outside of the excerpt
    are ignored, but one just beyond its end still marks the last frame as a neighbour.
    """
    return _mark(transcription, frames, frame_rate, {-1: neighbours, 1: neighbours, 0: 1.0})


def joint_targets(
    transcription: Transcription, *, frames: int, frame_rate: float, neighbours: float = 0.5
) -> NDArray[np.float32]:
    """(frame, output) targets of all outputs of a drum network, ordered as `drums.name_outputs`.

    Onsets of each class (see `onset_targets`); velocities in the same frames, 0 elsewhere and
    where unknown; beats and downbeats, widened like onsets, or `UNKNOWN` without a beat grid.

    Raises ValueError when the transcription has no velocities.
    """
    if transcription.velocities is None:
        raise ValueError("transcription: expected velocities")
    onsets = onset_targets(
        transcription, frames=frames, frame_rate=frame_rate, neighbours=neighbours
    )
    struck = dict.fromkeys((-1, 1, 0), transcription.velocities)
    velocities = _mark(transcription, frames, frame_rate, struck)
    beats = _beat_targets(transcription, frames, frame_rate, neighbours)
    return np.concatenate([onsets, velocities, beats], axis=1)


def _mark(
    transcription: Transcription,
    frames: int,
    frame_rate: float,
    values: Mapping[int, float | NDArray[np.float64]],
) -> NDArray[np.float32]:
    """(frame, class), with `values` (scalar or (note,)) so many frames after the onset's."""
    marked = np.zeros((frames, len(transcription.classes)), dtype=np.float32)
    column = {label: index for index, label in enumerate(transcription.classes)}
    classes = np.array([column[str(label)] for label in transcription.labels], dtype=np.intp)
    at = np.round(transcription.onsets * frame_rate).astype(np.intp)
    for shift, value in values.items():
        inside = (at + shift >= 0) & (at + shift < frames)
        marked[at[inside] + shift, classes[inside]] = np.broadcast_to(value, at.shape)[inside]
    return marked


def _beat_targets(
    transcription: Transcription, frames: int, frame_rate: float, neighbours: float
) -> NDArray[np.float32]:
    grid = transcription.beats
    if grid is None:
        return np.full((frames, len(BEATS)), UNKNOWN, dtype=np.float32)
    first = grid.positions == 1
    times = np.concatenate([grid.times, grid.times[first]])
    labels = np.repeat(np.array(BEATS), [len(grid.times), int(first.sum())])
    order = np.argsort(times, kind="stable")
    beats = Transcription(times[order], labels[order], None, transcription.duration, BEATS)
    return onset_targets(beats, frames=frames, frame_rate=frame_rate, neighbours=neighbours)


def infrequency_weights(
    targets: Iterable[NDArray[np.float32]], *, exponent: float = 0.5
) -> NDArray[np.float32]:
    """(class,) weights with mean 1, larger for rare classes.

    The inverse entropy -p ln p - (1 - p) ln(1 - p) of a class with onsets in a share p of frames
    (Cartwright and Bello 2018; Fosse 2025, section 5.2.2), to the power of `exponent`: 1 is the
    published rule, 0 weighs all alike. p is clipped to one frame from 0 and 1.
    """
    if not 0 <= exponent <= 1:
        raise ValueError(f"exponent: expected a number in [0, 1], got {exponent}")
    active, frames = 0.0, 0
    for excerpt in targets:
        active = active + (excerpt == 1).sum(axis=0)
        frames += len(excerpt)
    if frames < 2:
        raise ValueError(f"targets: expected two frames or more, got {frames}")
    p = np.clip(np.asarray(active) / frames, 1 / frames, 1 - 1 / frames)
    entropy = -p * np.log(p) - (1 - p) * np.log(1 - p)
    weights = entropy**-exponent
    return np.asarray(weights / weights.mean(), dtype=np.float32)


def weighted_bce(logits: Tensor, targets: Tensor, weights: Tensor) -> Tensor:
    """Binary cross-entropy of each frame and class, times the class's weight, averaged.

    Classes are independent, so that several may sound at once. A weight scales positives and
    negatives of its class alike, which leaves probabilities calibrated. At a neighbouring frame
    with target t the minimum is above zero, the same for every network.

    `logits` and `targets` (batch, frame, class), `weights` (class,); source: Fosse 2025, 5.2.2.
    """
    losses = F.binary_cross_entropy_with_logits(logits.float(), targets, reduction="none")
    return (losses * weights).mean()


def joint_loss(
    logits: Tensor, targets: Tensor, weights: Tensor, *, velocity_weight: float, beat_weight: float
) -> Tensor:
    """The weighted sum of the losses of onsets, velocities and beats.

    Onsets: `weighted_bce`. Velocities: squared error of the sigmoid, averaged over frames and
    classes with a known velocity (Hawthorne et al. 2018, "Onsets and Frames", section 3.3). Beats:
    binary cross-entropy, averaged over frames with known beats.

    `logits` and `targets` (batch, frame, output) in the order of `joint_targets`; `weights`
    (class,).
    """
    sizes = [len(weights), len(weights), len(BEATS)]
    onsets, velocities, beats = torch.split(logits.float(), sizes, dim=-1)
    onset_target, velocity_target, beat_target = torch.split(targets, sizes, dim=-1)
    struck = (onset_target > 0) & (velocity_target > 0)
    known = beat_target >= 0
    off = F.mse_loss(velocities.sigmoid(), velocity_target, reduction="none") * struck
    missed = F.binary_cross_entropy_with_logits(beats, beat_target.clamp(min=0), reduction="none")
    velocity_loss = off.sum() / struck.sum().clamp(min=1)
    beat_loss = (missed * known).sum() / known.sum().clamp(min=1)
    onset_loss = weighted_bce(onsets, onset_target, weights)
    return onset_loss + velocity_weight * velocity_loss + beat_weight * beat_loss
