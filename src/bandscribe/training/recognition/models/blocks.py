"""What the convolutional networks share. Time comes last in here, where torch convolves over it."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn


def head(width: int, classes: int, *, hidden: int, dropout: float) -> nn.Sequential:
    """(batch, width) to logits (batch, class), through `hidden` units, ReLU and dropout."""
    return nn.Sequential(
        nn.Linear(width, hidden), nn.ReLU(), nn.Dropout(dropout), nn.Linear(hidden, classes)
    )


def convolve_time(
    channels: Sequence[int], kernels: Sequence[int], *, pooling: int, stride: int = 1
) -> nn.Sequential:
    """Unpadded convolutions over time, each with ReLU, batch normalisation and max-pooling.

    (batch, channels[0], frame) to (batch, channels[-1], fewer frames). `stride` is that of the
    first convolution.
    """
    blocks: list[nn.Module] = []
    for i, kernel in enumerate(kernels):
        blocks += [
            nn.Conv1d(channels[i], channels[i + 1], kernel, stride=1 if i else stride),
            nn.ReLU(),
            nn.BatchNorm1d(channels[i + 1]),
            nn.MaxPool1d(pooling),
        ]
    return nn.Sequential(*blocks)


def least_frames(kernels: Sequence[int], *, pooling: int, stride: int = 1) -> int:
    """The shortest input of which `convolve_time` leaves a frame."""
    frames = 1
    for i, kernel in reversed(list(enumerate(kernels))):
        frames = (frames * pooling - 1) * (1 if i else stride) + kernel
    return frames


def check_frames(features: Tensor, least: int) -> None:
    """Raise ValueError when `features` (batch, frame, bin) have fewer than `least` frames."""
    if features.shape[1] < least:
        raise ValueError(f"features: expected {least} frames or more, got {features.shape[1]}")
