"""The convolutional transformer."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn

from bandscribe.training.drums.models.output import Output
from bandscribe.training.layers import FrameConvolutions, NormaliseBins, attention_over_time


class Transformer(nn.Module):
    """Convolutions see the shape of a hit, attention compares it with all others in the excerpt.

    Source: Fosse 2025, Automatic Drum Transcription using Deep Learning, section 3.4. Blocks of
    convolutions (see `FrameConvolutions`), a projection of each frame to `width` values, sinusoidal
    positions, `layers` attention blocks (see `AttentionBlock`) of `heads` heads, and one linear
    layer. Searched there: widths of 72, 144 and 288, 2, 4, 6, 8 or, later, 10 layers, 2, 4, 6 or 8
    heads, after two blocks of 32 and 64 kernels.

    Ours: the input normalised per bin by batch statistics; a normalisation after the last block, as
    Xiong et al. 2020 have it; feed-forward layers four times as wide; and, as in the CRNN, two
    convolutions in each block, with pooling by 3.
    """

    def __init__(
        self,
        bins: int,
        classes: int,
        *,
        channels: Sequence[int] = (32, 64),
        convolutions: int = 2,
        pooling: int = 3,
        width: int = 144,
        heads: int = 4,
        layers: int = 4,
        dropout: float = 0.1,
        convolution_dropout: float = 0.3,
    ) -> None:
        """`pooling` is the factor of every block.

        Raises ValueError when it leaves no bins, or the heads do not share out the width.
        """
        super().__init__()
        self.normalise = NormaliseBins(bins)
        self.convolve = FrameConvolutions(
            bins,
            channels,
            [pooling] * len(channels),
            convolutions=convolutions,
            dropout=convolution_dropout,
        )
        self.project = nn.Linear(self.convolve.width, width)
        self.attend = attention_over_time(width, heads=heads, layers=layers, dropout=dropout)
        self.output = Output(width, classes)

    def forward(self, features: Tensor) -> Tensor:
        """`features` (batch, frame, bin) to logits (batch, frame, class)."""
        x = self.convolve(self.normalise(features))  # (batch, frame, kernel × bin)
        x = self.attend(self.project(x))  # (batch, frame, width)
        logits: Tensor = self.output(x)
        return logits
