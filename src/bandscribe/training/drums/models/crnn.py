"""The convolutional recurrent network."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from bandscribe.training.drums.models.output import Output
from bandscribe.training.layers import (
    FrameConvolutions,
    LevelInvariant,
    NormaliseBins,
    Unit,
    recurrent,
)


class CRNN(nn.Module):
    """Convolutions see the shape of a hit, recurrent layers see the music around it.

    Source: Fosse 2025, Automatic Drum Transcription using Deep Learning, section 3.3; Vogl et al.
    2017. Blocks of convolutions (see `FrameConvolutions`), `layers` bidirectional recurrent layers
    of `hidden` units each way, and one linear layer. Searched there: GRU or LSTM, 2 to 5 layers of
    72, 144 or 288 units, after two blocks of 32 and 64 kernels.

    Ours: the defaults, and the input normalised per bin by batch statistics. With `level_invariant`
    the network takes magnitudes (a front end with a compression of 0), and no gain changes what it
    gives (see `LevelInvariant`).
    """

    def __init__(
        self,
        bins: int,
        classes: int,
        *,
        channels: Sequence[int] = (32, 64),
        convolutions: int = 2,
        pooling: Sequence[int] = (3, 3),
        unit: Unit = "lstm",
        hidden: int = 96,
        layers: int = 2,
        dropout: float = 0.3,
        level_invariant: bool = False,
    ) -> None:
        """Raises ValueError when the options do not fit each other, or the number of bins."""
        super().__init__()
        inputs = LevelInvariant.channels if level_invariant else 1
        self.scale = LevelInvariant() if level_invariant else nn.Identity()
        self.normalise = NormaliseBins(inputs * bins)
        self.convolve = FrameConvolutions(
            bins, channels, pooling, convolutions=convolutions, dropout=dropout, inputs=inputs
        )
        self.recur = recurrent(
            self.convolve.width, unit=unit, hidden=hidden, layers=layers, dropout=dropout
        )
        self.output = Output(2 * hidden, classes)

    def forward(self, features: Tensor) -> Tensor:
        """`features` (batch, frame, bin) to logits (batch, frame, class)."""
        x = self.convolve(self.normalise(self.scale(features)))  # (batch, frame, kernel × bin)
        # Recurrent layers gain little from half precision, and lose accuracy over long excerpts.
        with torch.autocast(features.device.type, enabled=False):
            x, _ = self.recur(x.float())  # (batch, frame, 2 × hidden)
        logits: Tensor = self.output(x)
        return logits
