"""The one-dimensional network on samples."""

from __future__ import annotations

from torch import Tensor, nn

from bandscribe.training.recognition.models.blocks import (
    check_frames,
    convolve_time,
    head,
    least_frames,
)

_KERNELS = (440, 6, 3, 3, 3, 3)
_POOLING = 4
_STRIDE = 2


class AudioCNN(nn.Module):
    """Convolutions over samples: the first kernel is 10 ms long at 44.1 kHz.

    Source: Harmony Is All You Need 2023, section 4.1 and table 4.2; one second at 44.1 kHz. The
    mean over what is left of time, two linear layers. A frame is a sample here, and `bins` the
    number of channels: 1. Needs 14,110 samples.
    """

    def __init__(self, bins: int, classes: int, *, dropout: float = 0.2) -> None:
        """180,427 parameters with 1 bin and 11 classes."""
        super().__init__()
        channels = (bins, 32, 32, 64, 64, 128, 256)
        self.convolve = convolve_time(channels, _KERNELS, pooling=_POOLING, stride=_STRIDE)
        self.least = least_frames(_KERNELS, pooling=_POOLING, stride=_STRIDE)
        self.head = head(256, classes, hidden=64, dropout=dropout)

    def forward(self, features: Tensor) -> Tensor:
        """Samples (batch, sample, 1) to logits (batch, class)."""
        check_frames(features, self.least)
        x = self.convolve(features.transpose(1, 2))  # (batch, 256, frame)
        logits: Tensor = self.head(x.mean(2))
        return logits
