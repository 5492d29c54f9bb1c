"""The convolutional network."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn

from bandscribe.training.drums.models.output import Output
from bandscribe.training.layers import FrameConvolutions, NormaliseBins


class CNN(nn.Module):
    """Convolutions look at a frame and its close neighbours: an onset is a local thing.

    Source: Fosse 2025, Automatic Drum Transcription using Deep Learning, section 3.2. Blocks of
    convolutions (see `FrameConvolutions`), `layers` dense layers of `hidden` units with ReLU, frame
    by frame, and one linear layer. Searched there: 1 to 3 blocks of 32, 64 and 96 kernels, 1 to 4
    dense layers of 72, 144, 288 or 576 units. A block with two convolutions sees two frames further
    to each side: three blocks 60 ms before and after, at 100 frames a second.

    Ours: the input normalised per bin by batch statistics; and, as in the CRNN, two convolutions in
    each block, with pooling by 3.
    """

    def __init__(
        self,
        bins: int,
        classes: int,
        *,
        channels: Sequence[int] = (32, 64),
        convolutions: int = 2,
        pooling: int = 3,
        hidden: int = 288,
        layers: int = 2,
        dropout: float = 0.3,
    ) -> None:
        """`pooling` is the factor of every block. Raises ValueError when it leaves no bins."""
        super().__init__()
        self.normalise = NormaliseBins(bins)
        self.convolve = FrameConvolutions(
            bins, channels, [pooling] * len(channels), convolutions=convolutions, dropout=dropout
        )
        dense: list[nn.Module] = []
        width = self.convolve.width
        for _ in range(layers):
            dense += [nn.Linear(width, hidden), nn.ReLU()]
            width = hidden
        self.dense = nn.Sequential(*dense)
        self.output = Output(width, classes)

    def forward(self, features: Tensor) -> Tensor:
        """`features` (batch, frame, bin) to logits (batch, frame, class)."""
        x = self.convolve(self.normalise(features))  # (batch, frame, kernel × bin)
        logits: Tensor = self.output(self.dense(x))
        return logits
