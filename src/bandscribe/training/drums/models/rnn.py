"""The recurrent network."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from bandscribe.training.drums.models.output import Output
from bandscribe.training.layers import NormaliseBins, Unit, recurrent


class RNN(nn.Module):
    """Recurrent layers read the spectrogram frame by frame, from both ends.

    Source: Fosse 2025, Automatic Drum Transcription using Deep Learning, section 3.1. `layers`
    bidirectional layers of `hidden` units each way, and one linear layer. Searched there: GRU or
    LSTM, 2 to 6 layers of 72, 144, 288 or, later, 576 units.

    Ours: the input normalised per bin by batch statistics.
    """

    def __init__(
        self,
        bins: int,
        classes: int,
        *,
        unit: Unit = "gru",
        hidden: int = 144,
        layers: int = 3,
        dropout: float = 0.1,
    ) -> None:
        """`dropout` acts between layers. Raises ValueError for an unknown unit."""
        super().__init__()
        self.normalise = NormaliseBins(bins)
        self.recur = recurrent(bins, unit=unit, hidden=hidden, layers=layers, dropout=dropout)
        self.output = Output(2 * hidden, classes)

    def forward(self, features: Tensor) -> Tensor:
        """`features` (batch, frame, bin) to logits (batch, frame, class)."""
        with torch.autocast(features.device.type, enabled=False):  # as in the CRNN
            x, _ = self.recur(self.normalise(features.float()))  # (batch, frame, 2 × hidden)
        logits: Tensor = self.output(x)
        return logits
