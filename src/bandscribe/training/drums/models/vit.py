"""The vision transformer."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from bandscribe.training.drums.models.output import Output
from bandscribe.training.layers import NormaliseBins, attention_over_time


class VisionTransformer(nn.Module):
    """Attention over time on small cuts of the spectrogram, without convolutions.

    Source: Fosse 2025, Automatic Drum Transcription using Deep Learning, section 3.5, which is
    empty; after the thesis's later state: patches of one frame by 7, 14 or 21 of 84 bands, learned
    positions of the bands, width 576, 10 layers. A patch is embedded by a layer that all bands
    share, and its band's position is added; the patches of a frame are joined into one embedding of
    `width` values; then sinusoidal positions, `layers` attention blocks of `heads` heads and one
    linear layer, as in the convolutional transformer. Searched: these patches; 2, 4, 6, 8 or 10
    layers; 2, 4, 6 or 8 heads; widths of 72, 144, 288 and 576.

    Ours: the input normalised per bin by batch statistics; patches take an equal part each of
    `width`, through a GELU before a linear layer joins them, since a position added to what is only
    added up would be no more than a bias.
    """

    def __init__(
        self,
        bins: int,
        classes: int,
        *,
        patch: int = 21,
        width: int = 576,
        heads: int = 6,
        layers: int = 10,
        dropout: float = 0.1,
    ) -> None:
        """Raises ValueError when patches do not share out the bins, or heads the width."""
        super().__init__()
        if bins % patch:
            raise ValueError(f"patch: expected a divisor of {bins} bins, got {patch}")
        self.patches = bins // patch
        part = -(-width // self.patches)
        self.normalise = NormaliseBins(bins)
        self.embed = nn.Linear(patch, part)
        self.bands = nn.Parameter(torch.empty(self.patches, part))
        nn.init.normal_(self.bands, std=0.02)
        self.join = nn.Linear(self.patches * part, width)
        self.attend = attention_over_time(width, heads=heads, layers=layers, dropout=dropout)
        self.output = Output(width, classes)

    def forward(self, features: Tensor) -> Tensor:
        """`features` (batch, frame, bin) to logits (batch, frame, class)."""
        x = self.normalise(features).reshape(*features.shape[:2], self.patches, -1)
        x = F.gelu(self.embed(x) + self.bands)  # (batch, frame, patch, part)
        x = self.attend(self.join(x.flatten(2)))  # (batch, frame, width)
        logits: Tensor = self.output(x)
        return logits
