"""The audio spectrogram transformer."""

from __future__ import annotations

from typing import Any

import torch.nn.functional as F
from torch import Tensor, nn

from bandscribe.training.recognition.models.pretrained import load


class AST(nn.Module):
    """Attention over overlapping patches of a spectrogram.

    Source: Harmony Is All You Need 2023, section 4.5; Gong et al. 2021, AST. 100 frames a second of
    a filterbank of 128 bands, normalised to mean 0 and deviation 0.5; patches of 16 × 16, 10 apart;
    12 layers of width 768. Fewer frames than `frames` are filled up with zeros, the mean; more are
    cut off, as the source does. The published weights were trained on AudioSet with 10 seconds,
    1024 frames; another number of patches gets new position embeddings, normally distributed.
    `origin` says where the weights come from (see `pretrained.load`).

    As in the `transformers` library, which the source used: two tokens in place of one [CLS], their
    outputs averaged, and a layer normalisation before the linear layer.
    """

    def __init__(
        self,
        bins: int,
        classes: int,
        *,
        weights: str | None = None,
        frames: int = 1024,
        config: dict[str, Any] | None = None,
    ) -> None:
        """86,197,259 parameters with 128 bins and 11 classes, 847,872 fewer with 98 frames (1 s).

        `config` changes other entries of `ASTConfig`.
        """
        super().__init__()
        self.frames = frames
        self.body, self.origin = load(
            "AST",
            weights=weights,
            published="MIT/ast-finetuned-audioset-10-10-0.4593",
            num_mel_bins=bins,
            max_length=frames,
            **(config or {}),
        )
        embeddings = self.body.embeddings
        for token in (
            embeddings.cls_token,
            embeddings.distillation_token,
            embeddings.position_embeddings,
        ):
            if token.device.type == "meta" or not token.any():  # the library starts with zeros
                nn.init.normal_(token, std=0.02)
        width: int = self.body.config.hidden_size
        self.head = nn.Sequential(nn.LayerNorm(width, eps=1e-12), nn.Linear(width, classes))

    def forward(self, features: Tensor) -> Tensor:
        """`features` (batch, frame, bin) to logits (batch, class)."""
        features = features[:, : self.frames]
        features = F.pad(features, (0, 0, 0, self.frames - features.shape[1]))
        logits: Tensor = self.head(self.body(features).pooler_output)
        return logits
