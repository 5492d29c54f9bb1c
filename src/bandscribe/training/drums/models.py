"""Networks for drum transcription.

They take features `(batch, frame, bin)` and give logits `(batch, frame, class)`, whose sigmoid is
the activation. A network keeps the number of frames, takes any length and any batch size, and
brings its input to scale by itself, so that features go in as the front end gives them. `MODELS`
lists the choices; every entry is called with `bins`, `classes` and options by name.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import torch
from torch import Tensor, nn

#: Where the outputs start: an onset of a given class is in about one frame of fifty.
ONSET_LOGIT = -4.0


class CRNN(nn.Module):
    """Convolutions see the shape of a hit, recurrent layers see the music around it.

    Source: Fosse 2025, Automatic Drum Transcription using Deep Learning, section 3.3; Vogl et al.
    2017. A block is one or more 3 × 3 convolutions, each with batch normalisation and ReLU, then
    max-pooling over frequency and dropout. `channels` gives the kernels of each block, `pooling`
    its factor over frequency, and `convolutions` how many convolutions it has. Then come `layers`
    bidirectional recurrent layers of `hidden` units each way, and one linear layer.

    Ours: the input is normalised per bin by batch statistics; dropout leaves out whole kernels
    (`Dropout2d`), which costs next to nothing on a CPU where single values take longer to draw
    than the convolutions take to compute. An LSTM is about twice as fast as a GRU on a CPU.
    """

    def __init__(
        self,
        bins: int,
        classes: int,
        *,
        channels: Sequence[int] = (32, 64),
        convolutions: int = 2,
        pooling: Sequence[int] = (3, 3),
        unit: Literal["lstm", "gru"] = "lstm",
        hidden: int = 96,
        layers: int = 2,
        dropout: float = 0.3,
    ) -> None:
        """Raises ValueError when the options do not fit each other, or the number of bins."""
        super().__init__()
        if len(channels) != len(pooling):
            raise ValueError(f"pooling: expected {len(channels)} factors, got {len(pooling)}")
        if unit not in ("lstm", "gru"):
            raise ValueError(f"unit: expected 'lstm' or 'gru', got {unit!r}")
        self.normalise = nn.BatchNorm1d(bins)
        blocks: list[nn.Module] = []
        width = 1
        for kernels, pool in zip(channels, pooling, strict=True):
            for _ in range(convolutions):
                blocks += [
                    nn.Conv2d(width, kernels, kernel_size=3, padding=1, bias=False),
                    nn.BatchNorm2d(kernels),
                    nn.ReLU(),
                ]
                width = kernels
            blocks += [nn.MaxPool2d((1, pool)), nn.Dropout2d(dropout)]
            bins //= pool
        if bins < 1:
            raise ValueError(f"pooling: {tuple(pooling)} leaves no bins")
        # Channels last: a third faster on a CPU.
        self.convolve = nn.Sequential(*blocks)
        self.convolve.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        recurrent = nn.LSTM if unit == "lstm" else nn.GRU
        self.recur = recurrent(
            width * bins,
            hidden,
            layers,
            batch_first=True,
            bidirectional=True,
            dropout=dropout if layers > 1 else 0.0,
        )
        self.output = nn.Linear(2 * hidden, classes)
        nn.init.constant_(self.output.bias, ONSET_LOGIT)

    def forward(self, features: Tensor) -> Tensor:
        """`features` (batch, frame, bin) to logits (batch, frame, class)."""
        x = self.normalise(features.transpose(1, 2))  # (batch, bin, frame)
        x = x.transpose(1, 2).unsqueeze(1)  # (batch, 1, frame, bin)
        x = self.convolve(x.contiguous(memory_format=torch.channels_last))
        x = x.permute(0, 2, 1, 3).flatten(2)  # (batch, frame, kernel × bin)
        # Recurrent layers gain little from half precision, and lose accuracy over long excerpts.
        with torch.autocast(features.device.type, enabled=False):
            x, _ = self.recur(x.float())  # (batch, frame, 2 × hidden)
            logits: Tensor = self.output(x)
        return logits


MODELS = {"crnn": CRNN}
