"""Parts that networks are built of. Time comes first: everything here keeps the number of frames.

Nothing writes the length of the exporter's example into an ONNX graph, as `nn.TransformerEncoder`
and `unflatten` do; so attention is our own, on torch's `scaled_dot_product_attention`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Literal, get_args

import torch
import torch.nn.functional as F
from torch import Tensor, nn

Unit = Literal["lstm", "gru", "tanh", "relu"]


class NormaliseBins(nn.BatchNorm1d):
    """Each bin of (batch, frame, bin) to zero mean and unit variance, by batch statistics."""

    def forward(self, features: Tensor) -> Tensor:
        """(batch, frame, bin), the same shape."""
        return super().forward(features.transpose(1, 2)).transpose(1, 2)


class LevelInvariant(nn.Module):
    """Magnitudes on a scale that no gain changes, as they are and as they change.

    Magnitudes (batch, frame, bin) are divided by the level of the excerpt, the root mean square
    over frames of their norm, and compressed: x = log10(1 + 1000 · magnitude / level), so that 60
    dB below the level is where x vanishes. Three channels of x come out, (batch, frame, 3 · bin):
    x; its rise above its mean over the frames 3 to 10 before, zero where it falls; and its
    difference from its mean over half a second. Attacks stand out in the latter two under whatever
    is sustained (cf. Boeck and Widmer 2013, "Maximum filter vibrato suppression", section 2).

    A recording far below -88 dBFS is silence: its level does not fall below that.
    """

    channels = 3
    compression = 1000.0
    #: The level in magnitudes of a 2048 point Hann window of a sound at about -88 dBFS.
    floor = 0.02

    def forward(self, magnitudes: Tensor) -> Tensor:
        """(batch, frame, bin) to (batch, frame, 3 · bin)."""
        power = magnitudes.square().sum(dim=2).mean(dim=1) + self.floor**2
        level = power.sqrt().reshape(-1, 1, 1)
        x = torch.log10(1 + self.compression * magnitudes / level).transpose(1, 2)
        # (batch, bin, frame)
        past = F.avg_pool1d(F.pad(x, (10, 0)), kernel_size=8, stride=1)[:, :, :-3]
        around = F.avg_pool1d(x, kernel_size=51, stride=1, padding=25, count_include_pad=False)
        return torch.cat([x, F.relu(x - past), x - around], dim=1).transpose(1, 2)


class NormaliseLevel(nn.Module):
    """Magnitudes of an excerpt at one level, in logarithms: no gain changes what comes out.

    x = log10(1 + 4000 · magnitude / level). The level is the root of the mean power of the frames,
    each weighted by its power, so that rests and silence around a sound do not lower it. 4000 is
    20 times that level of songs at -20 dBFS: for those, x is `LogSpectrogram` at its compression.

    A recording far below -100 dBFS is silence: its level does not fall below that.
    """

    compression = 4000.0
    #: The level in magnitudes of a 4096 point Hann window of a sound at about -100 dBFS.
    floor = 0.02

    def forward(self, magnitudes: Tensor) -> Tensor:
        """(batch, frame, bin), the same shape."""
        power = magnitudes.square().sum(dim=2)
        floor = self.floor**2
        mean = power.square().sum(dim=1) / (power.sum(dim=1) + floor)
        level = (mean + floor).sqrt().reshape(-1, 1, 1)
        return torch.log10(1 + self.compression * magnitudes / level)


class FrameConvolutions(nn.Sequential):
    """Blocks of convolutions that shrink frequency and leave time as it is.

    A block is `convolutions` 3 × 3 convolutions, each with batch normalisation and ReLU, then
    max-pooling over frequency and dropout. `channels` gives the kernels of each block, `pooling`
    its factor. A frame comes out as `width` values.

    Dropout leaves out whole kernels (`Dropout2d`), which costs next to nothing on a CPU where
    single values take longer to draw than the convolutions take to compute.
    """

    def __init__(
        self,
        bins: int,
        channels: Sequence[int],
        pooling: Sequence[int],
        *,
        convolutions: int,
        dropout: float,
        inputs: int = 1,
    ) -> None:
        """`inputs` is the number of input channels, each of `bins`.

        Raises ValueError when pooling and channels differ in number, or no bins are left.
        """
        if len(channels) != len(pooling):
            raise ValueError(f"pooling: expected {len(channels)} factors, got {len(pooling)}")
        blocks: list[nn.Module] = []
        width = inputs
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
        super().__init__(*blocks)
        self.inputs = inputs
        self.width = width * bins
        # Channels last: a third faster on a CPU.
        self.to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    def forward(self, features: Tensor) -> Tensor:
        """(batch, frame, input · bin) to (batch, frame, width)."""
        x = self.split(features).contiguous(memory_format=torch.channels_last)
        x = super().forward(x)  # type: ignore[no-untyped-call]  # (batch, kernel, frame, bin)
        joined: Tensor = x.permute(0, 2, 1, 3).flatten(2)
        return joined

    def split(self, features: Tensor) -> Tensor:
        """(batch, frame, input · bin) to (batch, input, frame, bin)."""
        return features.reshape(*features.shape[:2], self.inputs, -1).transpose(1, 2)


def recurrent(
    width: int,
    *,
    unit: Unit,
    hidden: int,
    layers: int,
    dropout: float,
    bidirectional: bool = True,
) -> nn.RNNBase:
    """Recurrent layers, (batch, frame, width) to (batch, frame, 2 × hidden), or hidden.

    `unit` "tanh" and "relu" have no gates. An LSTM is about twice as fast as a GRU on a CPU. Raises
    ValueError for another unit.
    """
    if unit not in get_args(Unit):
        raise ValueError(f"unit: expected one of {', '.join(get_args(Unit))}, got {unit!r}")
    made: Callable[..., nn.RNNBase] = {"lstm": nn.LSTM, "gru": nn.GRU}.get(unit) or partial(
        nn.RNN, nonlinearity=unit
    )
    return made(
        width,
        hidden,
        layers,
        batch_first=True,
        bidirectional=bidirectional,
        dropout=dropout if layers > 1 else 0.0,
    )


class SinusoidalPositions(nn.Module):
    """Adds the position of each frame, for any number of frames.

    Source: Vaswani et al. 2017, Attention Is All You Need, section 3.5. Value 2i of frame t gets
    sin(t / 10000^(2i / width)), value 2i + 1 the cosine.
    """

    rates: Tensor

    def __init__(self, width: int) -> None:
        """Raises ValueError when the width is odd."""
        super().__init__()
        if width % 2:
            raise ValueError(f"width: expected an even number, got {width}")
        rates = torch.exp(torch.arange(0, width, 2) * (-math.log(10000) / width))
        self.register_buffer("rates", rates, persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        """(batch, frame, width), the same shape."""
        frames = torch.arange(x.shape[1], device=x.device, dtype=self.rates.dtype)
        angles = frames.unsqueeze(1) * self.rates  # (frame, width / 2)
        return x + torch.stack((angles.sin(), angles.cos()), dim=2).flatten(1)


#: Parts of attention blocks in runs of an earlier version.
EARLIER_NAMES = {
    "before_attention": "norm1", "ask": "qkv", "answer": "out_proj", "before_feed": "norm2",
    "feed": "feed_forward",
}  # fmt: skip


class AttentionBlock(nn.Module):
    """Multi-head self-attention over all frames, then feed-forward layers for each frame.

    Source: Xiong et al. 2020, On Layer Normalization in the Transformer Architecture: normalised
    before attention and before the two feed-forward layers, which are four times as wide, with a
    GELU between them. Dropout acts on what attention and feed-forward layers add.
    """

    def __init__(self, width: int, *, heads: int, dropout: float) -> None:
        """Raises ValueError when the heads do not share out the width."""
        super().__init__()
        if width % heads:
            raise ValueError(f"heads: expected a divisor of width {width}, got {heads}")
        self.heads = heads
        self.norm1 = nn.LayerNorm(width)
        self.qkv = nn.Linear(width, 3 * width)  # queries, keys and values
        self.out_proj = nn.Linear(width, width)
        self.norm2 = nn.LayerNorm(width)
        self.feed_forward = nn.Sequential(
            nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width)
        )
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Tensor) -> Tensor:
        """(batch, frame, width), the same shape."""
        x = x + self.dropout(self._attend(self.norm1(x)))
        added: Tensor = self.dropout(self.feed_forward(self.norm2(x)))
        return x + added

    def _attend(self, x: Tensor) -> Tensor:
        qkv = self.qkv(x).reshape(*x.shape[:2], 3, self.heads, -1)
        query, key, value = qkv.permute(2, 0, 3, 1, 4)  # each (batch, head, frame, part)
        attended = F.scaled_dot_product_attention(query, key, value)
        projected: Tensor = self.out_proj(attended.transpose(1, 2).flatten(2))
        return projected

    def _load_from_state_dict(self, state: dict[str, Tensor], prefix: str, *rest: Any) -> None:
        """As any module, and weights under the names that they had in an earlier version."""
        for old, new in EARLIER_NAMES.items():
            for name in [name for name in state if name.startswith(f"{prefix}{old}.")]:
                state[name.replace(f"{prefix}{old}.", f"{prefix}{new}.", 1)] = state.pop(name)
        super()._load_from_state_dict(state, prefix, *rest)


def attention_over_time(width: int, *, heads: int, layers: int, dropout: float) -> nn.Sequential:
    """Positions, `layers` attention blocks and a last normalisation; (batch, frame, width) stays.

    A network has learned the positions of its training excerpts alone: at inference, chunks should
    be no longer than those.
    """
    blocks = (AttentionBlock(width, heads=heads, dropout=dropout) for _ in range(layers))
    return nn.Sequential(SinusoidalPositions(width), *blocks, nn.LayerNorm(width))
