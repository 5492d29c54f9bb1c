"""DrummerNet as it is trained: a transcriber, and a synthesizer that plays what it wrote.

Source: Choi and Cho 2019, Deep unsupervised drum transcription, figure 1.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from bandscribe.training.drummernet.analysis import HOP, Analysis
from bandscribe.training.drummernet.loss import SAMPLE_RATE
from bandscribe.training.drummernet.synthesis import Tone, synthesize


class DrummerNet(nn.Module):
    """Sound in, the same sound as a drum kit would play it out."""

    def __init__(self, analysis: Analysis, kits: Tensor, *, shaped: bool = False) -> None:
        """`kits` (kit, component, sample) are waveforms; they are no weights, and not saved.

        Where they are `shaped`, the tone of each component is learned, the same for all kits.
        """
        super().__init__()
        self.analysis = analysis
        self.kits: Tensor
        self.register_buffer("kits", kits, persistent=False)
        self.tone = Tone(kits.shape[1], SAMPLE_RATE) if shaped else None

    def forward(self, samples: Tensor) -> Tensor:
        """(batch, n) to (batch, n), n a multiple of 16."""
        return self.play(self.analysis(samples))

    def play(self, amplitudes: Tensor) -> Tensor:
        """(batch, frame, component) to (batch, frame · 16): a batch on a kit that is drawn.

        The draw is torch's, as that of a dropout, so that a run that goes on draws what it would
        have. In evaluation each item has the next kit, from the first on.
        """
        if self.training:
            kit = int(torch.randint(len(self.kits), ()))
            return synthesize(amplitudes, self.kits[kit], HOP, self.tone)
        return torch.cat(
            [
                synthesize(item[None], self.kits[i % len(self.kits)], HOP, self.tone)
                for i, item in enumerate(amplitudes)
            ]
        )
