"""The last layer of every drum network."""

from __future__ import annotations

import torch
from torch import Tensor, nn

#: Where the outputs start: an onset of a given class is in about one frame of fifty.
ONSET_LOGIT = -4.0


class Output(nn.Linear):
    """(batch, frame, width) to logits (batch, frame, class), in full precision."""

    def __init__(self, width: int, classes: int) -> None:
        """Starts with `ONSET_LOGIT` as every bias."""
        super().__init__(width, classes)
        nn.init.constant_(self.bias, ONSET_LOGIT)

    def forward(self, x: Tensor) -> Tensor:
        """(batch, frame, width) to logits (batch, frame, class), float32."""
        with torch.autocast(x.device.type, enabled=False):
            return super().forward(x.float())
