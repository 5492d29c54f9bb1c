"""What a drum network learns: onset targets, the weights of rare classes, and the loss."""

from __future__ import annotations

from collections.abc import Iterable

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

    The neighbours say that a frame early or late is half right (target widening; Fosse 2025,
    section 5.2.1), which steadies training where labels are a few milliseconds off. An onset's own
    frame is never lowered by a neighbour. Onsets outside of the excerpt are left out; one just
    beyond its end still marks the last frame as a neighbour.
    """
    targets = np.zeros((frames, len(transcription.classes)), dtype=np.float32)
    if not frames:
        return targets
    column = {label: index for index, label in enumerate(transcription.classes)}
    classes = np.array([column[str(label)] for label in transcription.labels], dtype=np.intp)
    at = np.round(transcription.onsets * frame_rate).astype(np.intp)
    for shift, value in ((-1, neighbours), (1, neighbours), (0, 1.0)):
        inside = (at + shift >= 0) & (at + shift < frames)
        targets[at[inside] + shift, classes[inside]] = value
    return targets


def joint_targets(
    transcription: Transcription, *, frames: int, frame_rate: float, neighbours: float = 0.5
) -> NDArray[np.float32]:
    """(frame, output) targets of all outputs of a drum network, ordered as `drums.name_outputs`.

    The onsets of each class (see `onset_targets`); the velocity of each, in the same frames and 0
    elsewhere and where it is not known; beats and downbeats, widened like onsets, or `UNKNOWN`
    where there is no beat grid.

    Raises ValueError when the transcription has no velocities.
    """
    if transcription.velocities is None:
        raise ValueError("transcription: expected velocities")
    onsets = onset_targets(
        transcription, frames=frames, frame_rate=frame_rate, neighbours=neighbours
    )
    velocities = np.zeros_like(onsets)
    column = {label: index for index, label in enumerate(transcription.classes)}
    classes = np.array([column[str(label)] for label in transcription.labels], dtype=np.intp)
    at = np.round(transcription.onsets * frame_rate).astype(np.intp)
    for shift in (-1, 1, 0):
        inside = (at + shift >= 0) & (at + shift < frames)
        velocities[at[inside] + shift, classes[inside]] = transcription.velocities[inside]
    return np.concatenate(
        [onsets, velocities, _beat_targets(transcription, frames, frame_rate, neighbours)], axis=1
    )


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
    """(class,) weights that make rare classes count, with mean 1.

    A class that sounds in a share p of the frames carries -p ln p - (1 - p) ln(1 - p) nats a frame;
    the weight is the inverse of that entropy (Cartwright and Bello 2018; Fosse 2025, section
    5.2.2), raised to `exponent`: 1 is the published rule, 0 weighs all alike. A class that never or
    always sounds counts as if one frame differed.
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

    Every class is a question of its own ("does it start here?"), so that several may sound at
    once. Working on logits keeps the loss finite however confident the network: it grows linearly
    with a wrong logit and vanishes with a right one. At a neighbouring frame with target t the
    loss is least, but above zero, where the sigmoid equals t; that floor is the same for every
    network. The weight multiplies hits and silences of its class alike: it shifts attention
    between the classes, and leaves the probabilities calibrated.

    `logits` and `targets` (batch, frame, class), `weights` (class,); source: Fosse 2025, 5.2.2.
    """
    losses = F.binary_cross_entropy_with_logits(logits.float(), targets, reduction="none")
    return (losses * weights).mean()


def joint_loss(
    logits: Tensor, targets: Tensor, weights: Tensor, *, velocity_weight: float, beat_weight: float
) -> Tensor:
    """One number for onsets, velocities and beats: a sum with the given weights.

    Onsets: `weighted_bce`. Velocities: squared error of the sigmoid, averaged over the frames and
    classes with an onset or beside one whose velocity is known, since nobody asks how hard a
    silence was struck (Hawthorne et al. 2018, "Onsets and Frames", section 3.3). Beats: binary
    cross-entropy, averaged over the frames whose truth is known.

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
