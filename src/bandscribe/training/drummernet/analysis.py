"""The transcriber of DrummerNet: samples in, the amplitudes of eleven drum components out.

Source: Choi and Cho 2019, Deep unsupervised drum transcription, section 3.1 and table 3. At 16 kHz
it gives 1000 amplitudes a second.

What the paper leaves open, and how it is read here:

- Convolutions are padded with silence, so that the sizes are exactly those of table 3; they have no
  biases, as in the authors' code.
- The decoder's six steps are: interpolate by 2, lay the encoder's map of that length beside,
  convolve.
- Widths of recurrent layers count both directions: the bidirectional layer is 50 forwards and 50
  backwards.
- The third recurrent layer runs along the 50 channels of each frame, as over a sequence of numbers;
  what it remembers at the end, K numbers, are the K components.

The authors' code has 203,869 parameters, this 230,946. In their U-net the first layer is
50 wide and not 128, there is a convolution more between encoder and decoder, and one after it that
doubles the channels, with biases: 195,250 against 177,084. Their recurrent layers are K wide, and
the third passes on one number from channel to channel: 8,619 against 53,862.
"""

from __future__ import annotations

from typing import Any, Literal, get_args

import torch
import torch.nn.functional as F
from torch import Tensor, nn

Sparsity = Literal["sparsemax", "softmax"]
Memory = Literal["gru", "conv"]
#: Halvings of the length by the encoder, and doublings by the decoder.
DOWN, UP = 10, 6
#: Samples in a frame: 16.
HOP = 2 ** (DOWN - UP)
#: Frames within which each component sounds at one moment, ideally: 64 ms.
BLOCK = 64


class Analysis(nn.Module):
    """The whole transcriber."""

    def __init__(
        self,
        components: int,
        *,
        first: int = 128,
        channels: int = 50,
        memory: Memory = "gru",
        sparsity: Sparsity = "sparsemax",
    ) -> None:
        """`memory` "conv" is the paper's CONV, `sparsity` "softmax" its SOFT (section 4.5).

        Raises ValueError for another name.
        """
        super().__init__()
        for name, given, known in (
            ("memory", memory, get_args(Memory)),
            ("sparsity", sparsity, get_args(Sparsity)),
        ):
            if given not in known:
                raise ValueError(f"{name}: expected one of {', '.join(known)}, got {given!r}")
        self.unet = UNet(first, channels)
        layers = Recurrent if memory == "gru" else Convolutional
        self.memory = layers(channels, components)
        self.sparsity = sparsity

    def forward(self, samples: Tensor) -> Tensor:
        """Samples (batch, n) to amplitudes (batch, n / 16, component) in [0, 1].

        A length that is no multiple of 1024 ends in silence, and gives ceil(n / 16) frames.
        """
        n = samples.shape[1]
        silence = samples.new_zeros(samples.shape[0], -n % 2**DOWN)
        padded = torch.cat([samples, silence], dim=1)
        scores = self.memory(self.unet(padded[:, None]))
        sparse = gate(scores) if self.sparsity == "sparsemax" else soften(scores)
        return sparse[:, : (n + HOP - 1) // HOP]


class UNet(nn.Module):
    """(batch, 1, n) to the representation r (batch, channel, n / 16)."""

    def __init__(self, first: int, channels: int) -> None:
        """`first` channels at the rate of the samples, then `channels`."""
        super().__init__()
        self.first = _convolution(1, first)
        self.down = nn.ModuleList(
            _convolution(first if step == 0 else channels, channels) for step in range(DOWN)
        )
        self.up = nn.ModuleList(_convolution(2 * channels, channels) for _ in range(UP))

    def forward(self, x: Tensor) -> Tensor:
        """The bottom, n / 1024 long, is where 3,072 samples have met."""
        x = F.elu(self.first(x))  # (batch, 128, n)
        maps = []
        for convolve in self.down:
            x = F.max_pool1d(F.elu(convolve(x)), 2)
            maps.append(x)  # (batch, 50, n / 2), (batch, 50, n / 4), …, (batch, 50, n / 1024)
        maps.pop()
        for convolve in self.up:
            x = torch.cat([double(x), maps.pop()], dim=1)  # (batch, 100, n / 512), …
            x = F.elu(convolve(x))
        return x


class Recurrent(nn.Module):
    """(batch, channel, frame) to scores (batch, frame, component), by three recurrent layers."""

    def __init__(self, channels: int, components: int) -> None:
        """As wide as the representation, which has `channels`, but for the last."""
        super().__init__()
        self.around = nn.GRU(channels, channels, batch_first=True, bidirectional=True)
        self.onward = nn.GRU(2 * channels, channels, batch_first=True)
        self.across = nn.GRU(1, components, batch_first=True)

    def forward(self, x: Tensor) -> Tensor:
        """What is around a frame, what was before it, and which components go together."""
        x = F.elu(self.around(x.transpose(1, 2))[0])  # (batch, frame, 100)
        x = F.elu(self.onward(x)[0])  # (batch, frame, 50)
        batch, frames, channels = x.shape
        _, last = self.across(x.reshape(batch * frames, channels, 1))
        return F.elu(last.reshape(batch, frames, -1))


class Convolutional(nn.Module):
    """The same of three convolutions: the ablation CONV of section 4.5."""

    def __init__(self, channels: int, components: int) -> None:
        """As wide as the representation, which has `channels`, but for the last."""
        super().__init__()
        self.layers = nn.ModuleList(
            _convolution(channels, width) for width in (channels, channels, components)
        )

    def forward(self, x: Tensor) -> Tensor:
        """What is around a frame, up to three frames away."""
        for convolve in self.layers:
            x = F.elu(convolve(x))
        return x.transpose(1, 2)


def gate(scores: Tensor) -> Tensor:
    """Two sparsemaxes of (batch, frame, component), multiplied; frames are a multiple of 64.

    One shares each moment among the components, the other shares each block of 64 frames of a
    component among its frames. Where the two do not meet, nothing sounds.
    """
    blocks = _cut(scores)
    across = sparsemax(blocks, dim=3)
    along = sparsemax(blocks, dim=2)
    return (across * along).reshape(scores.shape)


def soften(scores: Tensor) -> Tensor:
    """The ablation SOFT: two softmaxes in sequence, first over components, then over blocks."""
    return _cut(scores).softmax(dim=3).softmax(dim=2).reshape(scores.shape)


def sparsemax(scores: Tensor, dim: int = -1) -> Tensor:
    """Shares in [0, 1] that add up to 1 along `dim`, of scores of any size; exact.

    The point of the simplex that is nearest to the scores. Like softmax, but most scores get
    exactly nothing. Source: Martins and Astudillo 2016, From softmax to sparsemax, algorithm 1 and
    section 2.5.
    """
    last = scores.dim() - 1
    shares: Tensor = _Sparsemax.apply(scores.transpose(dim, last))  # type: ignore[no-untyped-call]
    return shares.transpose(dim, last)


class _Sparsemax(torch.autograd.Function):
    """Along the last dimension, with the gradient of the closed form.

    Going backward through the sorting would give the same one, and take longer.
    """

    @staticmethod
    def forward(context: Any, scores: Tensor) -> Tensor:
        # The greatest is subtracted: the result stays, and large scores lose no digits.
        scores = scores - scores.amax(dim=-1, keepdim=True)
        ordered = scores.sort(dim=-1, descending=True).values
        sums = ordered.cumsum(dim=-1)
        rank = torch.arange(1, scores.shape[-1] + 1, device=scores.device, dtype=scores.dtype)
        size = (1 + rank * ordered > sums).sum(dim=-1, keepdim=True)  # of the support
        threshold = (sums.gather(-1, size - 1) - 1) / size
        shares = (scores - threshold).clamp(min=0)
        context.save_for_backward(shares)
        return shares

    @staticmethod
    def backward(context: Any, gradient: Tensor) -> Tensor:
        # Section 2.5: within the support, the gradient without its mean; outside, nothing.
        (shares,) = context.saved_tensors
        support = (shares > 0).to(gradient.dtype)
        mean = (gradient * support).sum(dim=-1, keepdim=True) / support.sum(dim=-1, keepdim=True)
        found: Tensor = support * (gradient - mean)
        return found


def double(x: Tensor) -> Tensor:
    """(batch, channel, n) to (batch, channel, 2 n), interpolated linearly.

    As `F.interpolate` with `align_corners=False`, of operations that every runtime knows.
    """
    before = torch.cat([x[..., :1], x[..., :-1]], dim=-1)
    after = torch.cat([x[..., 1:], x[..., -1:]], dim=-1)
    pairs = torch.stack([0.75 * x + 0.25 * before, 0.75 * x + 0.25 * after], dim=-1)
    return pairs.flatten(start_dim=-2)


def _cut(scores: Tensor) -> Tensor:
    """(batch, frame, component) to (batch, block, 64, component)."""
    batch, frames, components = scores.shape
    return scores.reshape(batch, frames // BLOCK, BLOCK, components)


def _convolution(inputs: int, outputs: int) -> nn.Conv1d:
    return nn.Conv1d(inputs, outputs, 3, padding=1, bias=False)
