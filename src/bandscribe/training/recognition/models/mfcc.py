"""The two-dimensional network on cepstral coefficients."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor, nn

from bandscribe.training.recognition.models.blocks import head

_KERNELS = ((4, 4), (10, 2), (10, 2), (10, 2))  # frames, bins


class MfccCNN(nn.Module):
    """Convolutions over time and coefficients, of an image that is always `frames` wide.

    Source: Harmony Is All You Need 2023, section 4.2: 256 frames by 40 coefficients, the frames
    resized, so that any length goes in. The longer side of the 2 × 10 kernels lies along time: four
    poolings by 2 leave too few of 40 coefficients for the other way. The mean over what is left of
    time and coefficients, two linear layers.
    """

    def __init__(
        self,
        bins: int,
        classes: int,
        *,
        frames: int = 256,
        resized_bins: int = 0,
        dropout: float = 0.2,
    ) -> None:
        """879,275 parameters with 11 classes.

        Fewer coefficients than 22 do not outlast four poolings: `resized_bins` says how many the
        image is resized to; 0 leaves them. Raises ValueError when pooling leaves nothing.
        """
        super().__init__()
        bins = resized_bins or bins
        self.size = (frames, bins)
        channels = (1, 32, 64, 128, 256)
        blocks: list[nn.Module] = []
        left = (frames, bins)
        for i, kernel in enumerate(_KERNELS):
            blocks += [
                nn.Conv2d(channels[i], channels[i + 1], kernel),
                nn.ReLU(),
                nn.BatchNorm2d(channels[i + 1]),
                nn.MaxPool2d(2),
            ]
            left = ((left[0] - kernel[0] + 1) // 2, (left[1] - kernel[1] + 1) // 2)
        if min(left) < 1:
            raise ValueError(
                f"bins: expected more frames or bins, got {frames} frames × {bins} bins"
            )
        self.convolve = nn.Sequential(*blocks)
        self.head = head(256, classes, hidden=64, dropout=dropout)

    def forward(self, features: Tensor) -> Tensor:
        """`features` (batch, frame, bin) to logits (batch, class)."""
        image = features.unsqueeze(1)  # (batch, 1, frame, bin)
        image = F.interpolate(image, size=self.size, mode="bilinear")
        x = self.convolve(image)  # (batch, 256, frame, bin)
        logits: Tensor = self.head(x.mean((2, 3)))
        return logits
