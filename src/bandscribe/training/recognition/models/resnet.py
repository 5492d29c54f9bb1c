"""The residual network on mel spectrograms."""

from __future__ import annotations

from typing import Any

import torch.nn.functional as F
from torch import Tensor, nn

from bandscribe.training.recognition.models.pretrained import load


class ResNet50(nn.Module):
    """ResNet-50 that takes a spectrogram for a picture.

    Source: Harmony Is All You Need 2023, section 4.4; He et al. 2016. The spectrogram is resized to
    `size` × `size` and repeated for red, green and blue; bands lie along the height. Dropout and
    one linear layer replace the classifier. The published weights were trained on ImageNet-1K;
    `origin` says where this network's come from (see `pretrained.load`).
    """

    def __init__(
        self,
        bins: int,
        classes: int,
        *,
        weights: str | None = None,
        size: int = 256,
        dropout: float = 0.2,
        config: dict[str, Any] | None = None,
    ) -> None:
        """23,530,571 parameters with 11 classes. `config` changes entries of `ResNetConfig`."""
        super().__init__()
        self.size = size
        self.body, self.origin = load(
            "ResNet", weights=weights, published="microsoft/resnet-50", **(config or {})
        )
        width: int = self.body.config.hidden_sizes[-1]
        self.head = nn.Sequential(nn.Dropout(dropout), nn.Linear(width, classes))

    def forward(self, features: Tensor) -> Tensor:
        """`features` (batch, frame, bin) to logits (batch, class)."""
        image = features.transpose(1, 2).unsqueeze(1)  # (batch, 1, bin, frame)
        image = F.interpolate(image, size=(self.size, self.size), mode="bilinear")
        pooled = self.body(image.expand(-1, 3, -1, -1)).pooler_output  # (batch, width, 1, 1)
        logits: Tensor = self.head(pooled.flatten(1))
        return logits
