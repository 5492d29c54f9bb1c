"""Networks for instrument activity.

They take features `(batch, frame, bin)` and give logits `(batch, frame, output)`. `MODELS` lists
the choices; every entry is called with `bins`, `outputs` and options by name.

The tracker estimates, for any number of frames, whether each class plays, then how loud it is. The
networks of `ENVELOPES` estimate the amplitude of each class in windows of `frames` frames: in all
of these, or in the middle one, `output_frames` of them.

Source of the latter: Häusler and Maier 2022, Neuroment - Instrument Detection using Convolutional
Neural Networks, section 4.3, and the two extensions that it proposes: one frame at a time, and an
encoder-decoder. The paper gives kernels, pooling, dropout and the number of weights for each kind
of features. Widths of 16, 32 and 64 kernels and one dense layer give exactly those numbers
(1,390,832 for 128 bins, 1,915,120 for 192, 8,730,864 for 1025, of eight classes and 16 frames);
they leave no room for batch normalisation.

Two additions, without which these networks predict each class's mean and nothing else in runs of a
few hundred steps: features are standardised per bin, by statistics that are measured before the
first step and saved with the weights; and output biases start at the mean of each class's
envelopes.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from bandscribe.training.layers import (
    FrameConvolutions,
    NormaliseBins,
    NormaliseLevel,
    attention_over_time,
)

#: Frames of an observation window: 348 ms at 44.1 kHz and a hop of 1024 samples.
FRAMES = 16


class Tracker(nn.Module):
    """Convolutions for timbre, attention for seconds of context: the network that ships.

    Blocks of convolutions (see `FrameConvolutions`), a projection of each frame to `width` values,
    `layers` attention blocks of `heads` heads, and one linear layer. The input is normalised per
    bin by batch statistics. With `level_invariant`, the input is magnitudes (a front end with
    `compression` 0), which are brought to one level first (see `NormaliseLevel`).
    """

    def __init__(
        self,
        bins: int,
        outputs: int,
        *,
        channels: Sequence[int] = (24, 48, 96),
        convolutions: int = 2,
        pooling: Sequence[int] = (3, 3, 3),
        width: int = 160,
        heads: int = 4,
        layers: int = 3,
        dropout: float = 0.1,
        convolution_dropout: float = 0.15,
        level_invariant: bool = False,
    ) -> None:
        """Raises ValueError when the options do not fit each other, or the number of bins."""
        super().__init__()
        self.scale = NormaliseLevel() if level_invariant else nn.Identity()
        self.normalise = NormaliseBins(bins)
        self.convolve = FrameConvolutions(
            bins, channels, pooling, convolutions=convolutions, dropout=convolution_dropout
        )
        self.project = nn.Linear(self.convolve.width, width)
        self.attend = attention_over_time(width, heads=heads, layers=layers, dropout=dropout)
        self.output = nn.Linear(width, outputs)

    def forward(self, features: Tensor) -> Tensor:
        """`features` (batch, frame, bin) to logits (batch, frame, output)."""
        x = self.convolve(self.normalise(self.scale(features)))  # (batch, frame, kernel × bin)
        x = self.attend(self.project(x))  # (batch, frame, width)
        logits: Tensor = self.output(x)
        return logits


class Standardise(nn.Module):
    """Brings each bin to mean 0 and deviation 1 by fixed statistics; a new one does nothing."""

    mean: Tensor
    deviation: Tensor

    def __init__(self, bins: int) -> None:
        """Mean 0, deviation 1."""
        super().__init__()
        self.register_buffer("mean", torch.zeros(bins))
        self.register_buffer("deviation", torch.ones(bins))

    def fit(self, mean: Tensor, deviation: Tensor) -> None:
        """Set the statistics (bin,). Raises ValueError unless all deviations are positive."""
        if not (deviation > 0).all():
            raise ValueError(f"deviation: expected positive numbers, got {deviation.min():g}")
        self.mean.copy_(mean)
        self.deviation.copy_(deviation)

    def forward(self, features: Tensor) -> Tensor:
        """(…, bin), the same shape."""
        return (features - self.mean) / self.deviation


class Neuroment(nn.Module):
    """Three pairs of convolutions, pooled over frequency alone, and one dense layer.

    Convolutions are followed by a ReLU; after the first two pools whole kernels are left out with
    the chance `dropout`. The network takes windows of `frames` frames and predicts all of them, or
    the middle one (`output_frames` 1): the paper's first approaches have 1 of both.
    """

    def __init__(
        self,
        bins: int,
        outputs: int,
        *,
        frames: int = FRAMES,
        output_frames: int | None = None,
        channels: Sequence[int] = (16, 32, 64),
        kernels: Sequence[int] = (3, 5, 7),
        pooling: Sequence[int] = (2, 2, 4),
        dropout: float = 0.1,
    ) -> None:
        """`output_frames` is 1 or `frames`, the default.

        Raises ValueError for another, or when channels, kernels and pooling differ in number or
        leave no bins.
        """
        super().__init__()
        self.frames = frames
        self.output_frames = frames if output_frames is None else output_frames
        if self.output_frames not in (1, frames):
            raise ValueError(f"output_frames: expected 1 or {frames}, got {output_frames}")
        self.outputs = outputs
        self.standardise = Standardise(bins)
        self.convolve, width = _convolutions(bins, channels, kernels, pooling, dropout)
        self.output = nn.Linear(width * frames, outputs * self.output_frames)
        # Channels last: a quarter faster on a CPU, half as fast again in bfloat16.
        self.to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    def init_bias(self, means: Tensor) -> None:
        """Start the outputs at these amplitudes (output,), each above 0 and below 1."""
        with torch.no_grad():
            self.output.bias.copy_(means.logit().repeat(self.output_frames))

    def forward(self, features: Tensor) -> Tensor:
        """`features` (batch, frame, bin) to logits (batch, `output_frames`, output)."""
        _check(features, self.frames)
        x = self.convolve(self.standardise(features).unsqueeze(1))  # (batch, kernel, frame, bin)
        logits: Tensor = self.output(x.flatten(1)).reshape(-1, self.output_frames, self.outputs)
        return logits


class EncoderDecoder(nn.Module):
    """An encoder as the network above, and a decoder that looks back at it, frame by frame.

    The paper's conclusion proposes "an Encoder-Decoder approach" and no more, so this is ours: the
    encoder's three levels are Neuroment's pairs; time is halved between them, so that the last one
    sees the whole window; the decoder doubles it again, and takes in what the encoder has at each
    level, projected over frequency (a U-Net over time). Each frame is read out alike.
    """

    frames: int

    def __init__(
        self,
        bins: int,
        outputs: int,
        *,
        frames: int = FRAMES,
        channels: Sequence[int] = (16, 32, 64),
        kernels: Sequence[int] = (3, 5, 7),
        pooling: Sequence[int] = (2, 2, 4),
        width: int = 64,
        dropout: float = 0.1,
    ) -> None:
        """Raises ValueError for frames that cannot be halved between levels, or too few bins."""
        super().__init__()
        halvings = len(channels) - 1
        if frames % 2**halvings:
            raise ValueError(f"frames: expected a multiple of {2**halvings}, got {frames}")
        self.frames = self.output_frames = frames
        self.standardise = Standardise(bins)
        self.encode = nn.ModuleList()
        self.read = nn.ModuleList()
        self.decode = nn.ModuleList()
        seen = 1
        for level, (kept, kernel, pool) in enumerate(zip(channels, kernels, pooling, strict=True)):
            block, bins = _pair(seen, kept, kernel, pool, bins)
            self.encode.append(nn.Sequential(*block, nn.Dropout2d(dropout if level < 2 else 0.0)))
            self.read.append(nn.Linear(kept * bins, width))
            seen = kept
        for _ in range(halvings):
            self.decode.append(nn.Conv1d(2 * width, width, 3, padding=1))
        self.output = nn.Linear(width, outputs)
        self.to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    def init_bias(self, means: Tensor) -> None:
        """Start the outputs at these amplitudes (output,), each above 0 and below 1."""
        with torch.no_grad():
            self.output.bias.copy_(means.logit())

    def forward(self, features: Tensor) -> Tensor:
        """`features` (batch, frame, bin) to logits (batch, frame, output)."""
        _check(features, self.frames)
        x = self.standardise(features).unsqueeze(1)  # (batch, kernel, frame, bin)
        skipped: list[Tensor] = []
        for level, (encode, read) in enumerate(zip(self.encode, self.read, strict=True)):
            x = encode(x if not level else F.max_pool2d(x, (2, 1)))
            skipped.append(read(x.transpose(1, 2).flatten(2)).relu())  # (batch, frame, width)
        y = skipped.pop().transpose(1, 2)  # (batch, width, frame)
        for decode in self.decode:
            beside = skipped.pop().transpose(1, 2)
            y = decode(torch.cat([y.repeat_interleave(2, dim=2), beside], dim=1)).relu()
        logits: Tensor = self.output(y.transpose(1, 2))
        return logits


ENVELOPES: dict[str, type[Neuroment] | type[EncoderDecoder]] = {
    "neuroment": Neuroment,
    "encoder_decoder": EncoderDecoder,
}
MODELS: dict[str, type[nn.Module]] = {"tracker": Tracker, **ENVELOPES}


def _convolutions(
    bins: int,
    channels: Sequence[int],
    kernels: Sequence[int],
    pooling: Sequence[int],
    dropout: float,
) -> tuple[nn.Sequential, int]:
    """All pairs, with dropout between them, and how many values they make of a frame."""
    blocks: list[nn.Module] = []
    seen = 1
    for kept, kernel, pool in zip(channels, kernels, pooling, strict=True):
        if blocks:
            blocks.append(nn.Dropout2d(dropout))
        block, bins = _pair(seen, kept, kernel, pool, bins)
        blocks += block
        seen = kept
    return nn.Sequential(*blocks), seen * bins


def _pair(seen: int, kept: int, kernel: int, pool: int, bins: int) -> tuple[list[nn.Module], int]:
    """Two convolutions and a pool, and the bins that are left."""
    if bins // pool < 1:
        raise ValueError(f"pooling: {pool} leaves none of {bins} bins")
    made: list[nn.Module] = []
    for width in (seen, kept):
        made += [nn.Conv2d(width, kept, kernel, padding=kernel // 2), nn.ReLU()]
    return [*made, nn.MaxPool2d((1, pool))], bins // pool


def _check(features: Tensor, frames: int) -> None:
    if features.shape[1] != frames:
        raise ValueError(f"features: expected windows of {frames} frames, got {features.shape[1]}")
