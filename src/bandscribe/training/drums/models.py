"""Networks for drum transcription.

They take features `(batch, frame, bin)` and give logits `(batch, frame, class)`, whose sigmoid is
the activation. A network keeps the number of frames, takes any length and any batch size, and
brings its input to scale by itself, so that features go in as the front end gives them. `MODELS`
lists the choices; every entry is called with `bins`, `classes` and options by name.

Source: Fosse 2025, Automatic Drum Transcription using Deep Learning, chapter 3, and its later
state for hidden sizes of 576, ten layers of attention, and the vision transformer. Ours in all: the
input is normalised per bin by batch statistics, and a block has two convolutions and pools by 3.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from bandscribe.training.layers import (
    FrameConvolutions,
    LevelInvariant,
    NormaliseBins,
    Unit,
    attention_over_time,
    recurrent,
)

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


class CRNN(nn.Module):
    """Convolutions see the shape of a hit, recurrent layers see the music around it.

    Source: Fosse 2025, Automatic Drum Transcription using Deep Learning, section 3.3; Vogl et al.
    2017. Blocks of convolutions (see `FrameConvolutions`), `layers` bidirectional recurrent layers
    of `hidden` units each way, and one linear layer. Searched there: GRU or LSTM, 2 to 5 layers of
    72, 144 or 288 units, after two blocks of 32 and 64 kernels.

    With `level_invariant` (ours) it takes magnitudes (a front end with a compression of 0), and no
    gain changes its output (see `LevelInvariant`).
    """

    def __init__(
        self,
        bins: int,
        classes: int,
        *,
        channels: Sequence[int] = (32, 64),
        convolutions: int = 2,
        pooling: Sequence[int] = (3, 3),
        unit: Unit = "lstm",
        hidden: int = 96,
        layers: int = 2,
        dropout: float = 0.3,
        level_invariant: bool = False,
    ) -> None:
        """Raises ValueError when the options do not fit each other, or the number of bins."""
        super().__init__()
        inputs = LevelInvariant.channels if level_invariant else 1
        self.scale = LevelInvariant() if level_invariant else nn.Identity()
        self.normalise = NormaliseBins(inputs * bins)
        self.convolve = FrameConvolutions(
            bins, channels, pooling, convolutions=convolutions, dropout=dropout, inputs=inputs
        )
        self.recur = recurrent(
            self.convolve.width, unit=unit, hidden=hidden, layers=layers, dropout=dropout
        )
        self.output = Output(2 * hidden, classes)

    def forward(self, features: Tensor) -> Tensor:
        """`features` (batch, frame, bin) to logits (batch, frame, class)."""
        x = self.convolve(self.normalise(self.scale(features)))  # (batch, frame, kernel × bin)
        # Recurrent layers gain little from half precision, and lose accuracy over long excerpts.
        with torch.autocast(features.device.type, enabled=False):
            x, _ = self.recur(x.float())  # (batch, frame, 2 × hidden)
        logits: Tensor = self.output(x)
        return logits


class RNN(nn.Module):
    """Recurrent layers read the spectrogram frame by frame, from both ends.

    Source: Fosse 2025, Automatic Drum Transcription using Deep Learning, section 3.1. `layers`
    bidirectional layers of `hidden` units each way, and one linear layer. Searched there: GRU or
    LSTM, 2 to 6 layers of 72, 144, 288 or, later, 576 units.

    The systems of Wu et al. 2018, A review of automatic drum transcription, are of this kind:
    layers that are not `bidirectional`, but may read `lookahead` frames beyond the one they
    predict, which is what training on targets that are so much later comes to.
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
        bidirectional: bool = True,
        lookahead: int = 0,
    ) -> None:
        """`dropout` acts between layers. Raises ValueError for options that cannot be."""
        super().__init__()
        if lookahead < 0:
            raise ValueError(f"lookahead: expected 0 frames or more, got {lookahead}")
        self.lookahead = lookahead
        self.normalise = NormaliseBins(bins)
        self.recur = recurrent(
            bins, unit=unit, hidden=hidden, layers=layers, dropout=dropout,
            bidirectional=bidirectional,
        )  # fmt: skip
        self.output = Output((1 + bidirectional) * hidden, classes)

    def forward(self, features: Tensor) -> Tensor:
        """`features` (batch, frame, bin) to logits (batch, frame, class)."""
        with torch.autocast(features.device.type, enabled=False):  # as in the CRNN
            x = F.pad(self.normalise(features.float()), (0, 0, 0, self.lookahead))
            x, _ = self.recur(x)  # (batch, frame, 2 × hidden)
        logits: Tensor = self.output(x[:, self.lookahead :])
        return logits


class CNN(nn.Module):
    """Convolutions look at a frame and its close neighbours: an onset is a local thing.

    Source: Fosse 2025, Automatic Drum Transcription using Deep Learning, section 3.2. Blocks of
    convolutions (see `FrameConvolutions`), `layers` dense layers of `hidden` units with ReLU, frame
    by frame, and one linear layer. Searched there: 1 to 3 blocks of 32, 64 and 96 kernels, 1 to 4
    dense layers of 72, 144, 288 or 576 units. A block with two convolutions sees two frames further
    to each side: three blocks 60 ms before and after, at 100 frames a second.
    """

    def __init__(
        self,
        bins: int,
        classes: int,
        *,
        channels: Sequence[int] = (32, 64),
        convolutions: int = 2,
        pooling: int = 3,
        hidden: int = 288,
        layers: int = 2,
        dropout: float = 0.3,
    ) -> None:
        """`pooling` is the factor of every block. Raises ValueError when it leaves no bins."""
        super().__init__()
        self.normalise = NormaliseBins(bins)
        self.convolve = FrameConvolutions(
            bins, channels, [pooling] * len(channels), convolutions=convolutions, dropout=dropout
        )
        dense: list[nn.Module] = []
        width = self.convolve.width
        for _ in range(layers):
            dense += [nn.Linear(width, hidden), nn.ReLU()]
            width = hidden
        self.dense = nn.Sequential(*dense)
        self.output = Output(width, classes)

    def forward(self, features: Tensor) -> Tensor:
        """`features` (batch, frame, bin) to logits (batch, frame, class)."""
        x = self.convolve(self.normalise(features))  # (batch, frame, kernel × bin)
        logits: Tensor = self.output(self.dense(x))
        return logits


class Transformer(nn.Module):
    """Convolutions see the shape of a hit, attention compares it with all others in the excerpt.

    Source: Fosse 2025, Automatic Drum Transcription using Deep Learning, section 3.4. Blocks of
    convolutions (see `FrameConvolutions`), a projection of each frame to `width` values, sinusoidal
    positions, `layers` attention blocks (see `AttentionBlock`) of `heads` heads, and one linear
    layer. Searched there: widths of 72, 144 and 288, 2, 4, 6, 8 or, later, 10 layers, 2, 4, 6 or 8
    heads, after two blocks of 32 and 64 kernels.

    Ours: a normalisation after the last block, as Xiong et al. 2020 have it, and feed-forward
    layers four times as wide.
    """

    def __init__(
        self,
        bins: int,
        classes: int,
        *,
        channels: Sequence[int] = (32, 64),
        convolutions: int = 2,
        pooling: int = 3,
        width: int = 144,
        heads: int = 4,
        layers: int = 4,
        dropout: float = 0.1,
        convolution_dropout: float = 0.3,
    ) -> None:
        """`pooling` is the factor of every block.

        Raises ValueError when it leaves no bins, or the heads do not share out the width.
        """
        super().__init__()
        self.normalise = NormaliseBins(bins)
        self.convolve = FrameConvolutions(
            bins,
            channels,
            [pooling] * len(channels),
            convolutions=convolutions,
            dropout=convolution_dropout,
        )
        self.project = nn.Linear(self.convolve.width, width)
        self.attend = attention_over_time(width, heads=heads, layers=layers, dropout=dropout)
        self.output = Output(width, classes)

    def forward(self, features: Tensor) -> Tensor:
        """`features` (batch, frame, bin) to logits (batch, frame, class)."""
        x = self.convolve(self.normalise(features))  # (batch, frame, kernel × bin)
        x = self.attend(self.project(x))  # (batch, frame, width)
        logits: Tensor = self.output(x)
        return logits


class VisionTransformer(nn.Module):
    """Attention over time on small cuts of the spectrogram, without convolutions.

    Source: Fosse 2025, Automatic Drum Transcription using Deep Learning, section 3.5, which is
    empty; after the thesis's later state: patches of one frame by 7, 14 or 21 of 84 bands, learned
    positions of the bands, width 576, 10 layers. A patch is embedded by a layer that all bands
    share, and its band's position is added; the patches of a frame are joined into one embedding of
    `width` values; then sinusoidal positions, `layers` attention blocks of `heads` heads and one
    linear layer, as in the convolutional transformer. Searched: these patches; 2, 4, 6, 8 or 10
    layers; 2, 4, 6 or 8 heads; widths of 72, 144, 288 and 576.

    Ours: patches take an equal part each of `width`, through a GELU before a linear layer joins
    them, since a position added to what is only added up would be no more than a bias.
    """

    def __init__(
        self,
        bins: int,
        classes: int,
        *,
        patch: int = 21,
        width: int = 576,
        heads: int = 6,
        layers: int = 10,
        dropout: float = 0.1,
    ) -> None:
        """Raises ValueError when patches do not share out the bins, or heads the width."""
        super().__init__()
        if bins % patch:
            raise ValueError(f"patch: expected a divisor of {bins} bins, got {patch}")
        self.patches = bins // patch
        part = -(-width // self.patches)
        self.normalise = NormaliseBins(bins)
        self.embed = nn.Linear(patch, part)
        self.bands = nn.Parameter(torch.empty(self.patches, part))
        nn.init.normal_(self.bands, std=0.02)
        self.join = nn.Linear(self.patches * part, width)
        self.attend = attention_over_time(width, heads=heads, layers=layers, dropout=dropout)
        self.output = Output(width, classes)

    def forward(self, features: Tensor) -> Tensor:
        """`features` (batch, frame, bin) to logits (batch, frame, class)."""
        x = self.normalise(features).reshape(*features.shape[:2], self.patches, -1)
        x = F.gelu(self.embed(x) + self.bands)  # (batch, frame, patch, part)
        x = self.attend(self.join(x.flatten(2)))  # (batch, frame, width)
        logits: Tensor = self.output(x)
        return logits


MODELS: dict[str, type[nn.Module]] = {
    "crnn": CRNN,
    "rnn": RNN,
    "cnn": CNN,
    "transformer": Transformer,
    "vit": VisionTransformer,
}
