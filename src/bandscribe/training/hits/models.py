"""Networks that name single hits.

They take features `(batch, frame, bin)` of a window that begins just before a hit, and give logits
`(batch, output)`: of each class, and of the velocity where the head is a sigmoid. Any batch size.
`MODELS` lists the choices; every entry is called with `bins`, `outputs` and options by name.

    choice     features       parameters with 5 classes    with 14 and a velocity
    report     256 × 32                       4,220,677                 4,225,807
    compact    128 × 63                         106,937                   107,587
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class ReportNetwork(nn.Module):
    """Convolutions with max-pooling, dropout and two dense layers, on an image of fixed size.

    Source: Drum Classification, project report 2024, section 3.4 and figure 3: three convolutions;
    two in figure 7. Sizes, and that dropout lies between the dense layers, are those of its
    author's code: 3 × 3 kernels, 16, 32 and 64 of them, pooling by 2, 512 units, dropout of 0.5. An
    image of another number of frames is resized to `frames`.
    """

    def __init__(
        self,
        bins: int,
        outputs: int,
        *,
        frames: int = 32,
        channels: Sequence[int] = (16, 32, 64),
        hidden: int = 512,
        dropout: float = 0.5,
    ) -> None:
        """Raises ValueError when pooling leaves no frames or no bins."""
        super().__init__()
        self.size = (frames, bins)
        left = (frames >> len(channels)) * (bins >> len(channels))
        if not left:
            raise ValueError(f"channels: {len(channels)} poolings leave nothing of {frames}×{bins}")
        blocks: list[nn.Module] = []
        width = 1
        for kernels in channels:
            blocks += [nn.Conv2d(width, kernels, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)]
            width = kernels
        self.convolve = nn.Sequential(*blocks)
        self.dense = nn.Sequential(
            nn.Linear(width * left, hidden), nn.ReLU(), nn.Dropout(dropout),
            nn.Linear(hidden, outputs),
        )  # fmt: skip

    def forward(self, features: Tensor) -> Tensor:
        """`features` (batch, frame, bin) to logits (batch, output)."""
        image = F.interpolate(features.unsqueeze(1), size=self.size, mode="bilinear")
        logits: Tensor = self.dense(self.convolve(image).flatten(1))
        return logits


class Compact(nn.Module):
    """Narrow convolutions with batch normalisation; each band's mean and peak over time.

    Ours, for a file of a few hundred kilobytes. Frequency is kept,
    which separates a kick from a tom; time is pooled, so that any number of frames from 16 on goes
    in, and a hit may begin a little earlier or later.
    """

    def __init__(
        self,
        bins: int,
        outputs: int,
        *,
        channels: Sequence[int] = (12, 24, 48, 64),
        hidden: int = 64,
        dropout: float = 0.2,
        fixed: int = 0,
    ) -> None:
        """The first `fixed` convolutions keep their weights, and all normalisation its statistics.

        That is for going on from trained weights in little time: what is fixed needs no gradients.
        Raises ValueError when pooling leaves no bins.
        """
        super().__init__()
        left = bins >> len(channels)
        if not left:
            raise ValueError(f"channels: {len(channels)} poolings leave nothing of {bins} bins")
        blocks: list[nn.Module] = []
        width = 1
        for kernels in channels:
            blocks += [
                nn.Conv2d(width, kernels, 3, padding=1, bias=False),
                nn.BatchNorm2d(kernels),
                nn.ReLU(),
                nn.MaxPool2d(2),
            ]
            width = kernels
        self.convolve = nn.Sequential(*blocks)
        self.dense = nn.Sequential(
            nn.Linear(2 * width * left, hidden), nn.ReLU(), nn.Dropout(dropout),
            nn.Linear(hidden, outputs),
        )  # fmt: skip
        self.channels, self.fixed = tuple(channels), fixed
        for weight in self.convolve[: 4 * fixed].parameters():
            weight.requires_grad_(False)
        # Channels last: a third faster on a CPU.
        self.to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    def train(self, mode: bool = True) -> Compact:
        """As of any module, but that normalisation keeps its statistics where weights are fixed."""
        super().train(mode)
        if self.fixed:
            self.convolve.eval()
        return self

    def forward(self, features: Tensor) -> Tensor:
        """`features` (batch, frame, bin), or their `embed`, to logits (batch, output)."""
        if features.ndim == 3:
            x = self.convolve(_as_image(features))
        else:
            x = self.convolve[4 * self.fixed :](features)
        # (batch, kernel, frame / 16, bin / 16) to (batch, 2 · kernel · bin)
        logits: Tensor = self.dense(torch.cat([x.mean(2), x.amax(2)], dim=1).flatten(1))
        return logits

    @torch.no_grad()
    def embed(self, features: Tensor) -> Tensor:
        """The outputs of the fixed convolutions, (batch, kernel, frame, bin).

        Normalisation keeps its statistics.
        """
        self.convolve.eval()
        embedded: Tensor = self.convolve[: 4 * self.fixed](_as_image(features))
        return embedded

    @property
    def embeds(self) -> bool:
        """Whether convolutions are fixed, and what they give is no larger than the features."""
        return self.fixed > 0 and self.channels[self.fixed - 1] <= 4**self.fixed


def _as_image(features: Tensor) -> Tensor:
    return features.unsqueeze(1).contiguous(memory_format=torch.channels_last)


MODELS: dict[str, type[nn.Module]] = {"report": ReportNetwork, "compact": Compact}
