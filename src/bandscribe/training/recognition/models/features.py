"""The one-dimensional network on audio features."""

from __future__ import annotations

from torch import Tensor, nn

from bandscribe.training.recognition.models.blocks import (
    check_frames,
    convolve_time,
    head,
    least_frames,
)

_KERNELS = (8, 2, 2, 2)
_POOLING = 2


class FeatureCNN(nn.Module):
    """Convolutions over time, a feature being a channel of its own.

    Source: Harmony Is All You Need 2023, section 4.3; 40 features, 87 frames of a second. The
    channels are those of the MFCC network, the kernels follow from its number of parameters. Needs
    37 frames.
    """

    def __init__(self, bins: int, classes: int, *, dropout: float = 0.2) -> None:
        """114,859 parameters with 40 bins and 11 classes."""
        super().__init__()
        self.convolve = convolve_time((bins, 32, 64, 128, 256), _KERNELS, pooling=_POOLING)
        self.least = least_frames(_KERNELS, pooling=_POOLING)
        self.head = head(256, classes, hidden=64, dropout=dropout)

    def forward(self, features: Tensor) -> Tensor:
        """`features` (batch, frame, bin) to logits (batch, class)."""
        check_frames(features, self.least)
        x = self.convolve(features.transpose(1, 2))  # (batch, 256, frame)
        logits: Tensor = self.head(x.mean(2))
        return logits
