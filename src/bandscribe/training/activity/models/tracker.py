"""The network that ships: convolutions for timbre, attention for seconds of context."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn

from bandscribe.training.layers import FrameConvolutions, NormaliseBins, attention_over_time


class Tracker(nn.Module):
    """Convolutions see the colour of a sound, attention compares it with the music around it.

    Blocks of convolutions (see `FrameConvolutions`), a projection of each frame to `width` values,
    `layers` attention blocks of `heads` heads, and one linear layer. The input is normalised per
    bin by batch statistics.
    """

    def __init__(
        self,
        bins: int,
        outputs: int,
        *,
        channels: Sequence[int] = (24, 48, 96),
        convolutions: int = 2,
        pooling: Sequence[int] = (3, 3, 3),
        width: int = 160,
        heads: int = 4,
        layers: int = 3,
        dropout: float = 0.1,
        convolution_dropout: float = 0.15,
    ) -> None:
        """Raises ValueError when the options do not fit each other, or the number of bins."""
        super().__init__()
        self.normalise = NormaliseBins(bins)
        self.convolve = FrameConvolutions(
            bins, channels, pooling, convolutions=convolutions, dropout=convolution_dropout
        )
        self.project = nn.Linear(self.convolve.width, width)
        self.attend = attention_over_time(width, heads=heads, layers=layers, dropout=dropout)
        self.output = nn.Linear(width, outputs)

    def forward(self, features: Tensor) -> Tensor:
        """`features` (batch, frame, bin) to logits (batch, frame, output)."""
        x = self.convolve(self.normalise(features))  # (batch, frame, kernel × bin)
        x = self.attend(self.project(x))  # (batch, frame, width)
        logits: Tensor = self.output(x)
        return logits
