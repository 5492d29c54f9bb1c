"""Networks for instrument recognition.

They take features `(batch, frame, bin)` of a window of music and give logits `(batch, class)`,
whose sigmoid is the probability that the class is present. Samples are features of one bin, a frame
each. Any batch size; any number of frames above a network's least. Features go in normalised as
section 3.3 has it (see `front_end`). `MODELS` lists the choices; every entry is called with
`bins`, `classes` and options by name. `head` holds the layers that replace a pretrained
classifier, for a learning rate of their own.

    choice     features                        bins    parameters with 11 classes
    audio      samples at 44.1 kHz                1       180,427
    mfcc       cepstral coefficients             40       879,275
    features   audio features                    40       114,859
    resnet50   mel spectrogram                  256    23,530,571
    ast        filterbank at 16 kHz             128    86,197,259

Source: Harmony Is All You Need 2023, chapter 4.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch.nn.functional as F
from torch import Tensor, nn

from bandscribe.training.recognition.pretrained import RANDOM, load

_MFCC_KERNELS = ((4, 4), (10, 2), (10, 2), (10, 2))  # frames, bins


class TimeCNN(nn.Module):
    """Convolutions over time, the mean over the frames that are left, two linear layers.

    Convolutions are unpadded, each followed by ReLU, batch normalisation and max-pooling; `stride`
    is that of the first one. `least` is the smallest number of frames that leaves one.
    """

    def __init__(
        self,
        channels: Sequence[int],
        classes: int,
        *,
        kernels: Sequence[int],
        pooling: int,
        stride: int = 1,
        dropout: float,
    ) -> None:
        """`channels` are those of the input, then those of each convolution."""
        super().__init__()
        blocks: list[nn.Module] = []
        for i, kernel in enumerate(kernels):
            blocks += [
                nn.Conv1d(channels[i], channels[i + 1], kernel, stride=1 if i else stride),
                nn.ReLU(),
                nn.BatchNorm1d(channels[i + 1]),
                nn.MaxPool1d(pooling),
            ]
        self.convolve = nn.Sequential(*blocks)
        self.least = 1
        for i, kernel in reversed(list(enumerate(kernels))):
            self.least = (self.least * pooling - 1) * (1 if i else stride) + kernel
        self.head = _head(channels[-1], classes, dropout)

    def forward(self, features: Tensor) -> Tensor:
        """`features` (batch, frame, bin) to logits (batch, class)."""
        if features.shape[1] < self.least:
            raise ValueError(
                f"features: expected {self.least} frames or more, got {features.shape[1]}"
            )
        x = self.convolve(features.transpose(1, 2))  # (batch, channel, frame)
        logits: Tensor = self.head(x.mean(2))
        return logits


class AudioCNN(TimeCNN):
    """Convolutions over samples: the first kernel is 10 ms long at 44.1 kHz.

    Source: Harmony Is All You Need 2023, section 4.1 and table 4.2; one second at 44.1 kHz. A frame
    is a sample here, and `bins` the number of channels: 1. Needs 14,110 samples.
    """

    def __init__(self, bins: int, classes: int, *, dropout: float = 0.2) -> None:
        """180,427 parameters with 1 bin and 11 classes."""
        super().__init__(
            (bins, 32, 32, 64, 64, 128, 256), classes,
            kernels=(440, 6, 3, 3, 3, 3), pooling=4, stride=2, dropout=dropout,
        )  # fmt: skip


class FeatureCNN(TimeCNN):
    """Convolutions over time, a feature being a channel of its own.

    Source: Harmony Is All You Need 2023, section 4.3; 40 features, 87 frames of a second. The
    channels are those of the MFCC network, the kernels follow from its number of parameters. Needs
    37 frames.
    """

    def __init__(self, bins: int, classes: int, *, dropout: float = 0.2) -> None:
        """114,859 parameters with 40 bins and 11 classes."""
        super().__init__(
            (bins, 32, 64, 128, 256), classes, kernels=(8, 2, 2, 2), pooling=2, dropout=dropout
        )


class MfccCNN(nn.Module):
    """Convolutions over time and coefficients, of an image that is always `frames` wide.

    Source: Harmony Is All You Need 2023, section 4.2: 256 frames by 40 coefficients, the frames
    resized, so that any length goes in. The longer side of the 2 × 10 kernels lies along time: four
    poolings by 2 leave too few of 40 coefficients for the other way. The mean over what is left of
    time and coefficients, two linear layers.
    """

    def __init__(
        self,
        bins: int,
        classes: int,
        *,
        frames: int = 256,
        resized_bins: int = 0,
        dropout: float = 0.2,
    ) -> None:
        """879,275 parameters with 11 classes.

        Fewer coefficients than 22 do not outlast four poolings: the image is resized to
        `resized_bins`; 0 leaves them. Raises ValueError when pooling leaves nothing.
        """
        super().__init__()
        bins = resized_bins or bins
        self.size = (frames, bins)
        channels = (1, 32, 64, 128, 256)
        blocks: list[nn.Module] = []
        left = (frames, bins)
        for i, kernel in enumerate(_MFCC_KERNELS):
            blocks += [
                nn.Conv2d(channels[i], channels[i + 1], kernel),
                nn.ReLU(),
                nn.BatchNorm2d(channels[i + 1]),
                nn.MaxPool2d(2),
            ]
            left = ((left[0] - kernel[0] + 1) // 2, (left[1] - kernel[1] + 1) // 2)
        if min(left) < 1:
            raise ValueError(
                f"bins: expected more frames or bins, got {frames} frames × {bins} bins"
            )
        self.convolve = nn.Sequential(*blocks)
        self.head = _head(256, classes, dropout)

    def forward(self, features: Tensor) -> Tensor:
        """`features` (batch, frame, bin) to logits (batch, class)."""
        image = features.unsqueeze(1)  # (batch, 1, frame, bin)
        image = F.interpolate(image, size=self.size, mode="bilinear")
        x = self.convolve(image)  # (batch, 256, frame, bin)
        logits: Tensor = self.head(x.mean((2, 3)))
        return logits


class ResNet50(nn.Module):
    """ResNet-50 that takes a spectrogram for a picture.

    Source: Harmony Is All You Need 2023, section 4.4; He et al. 2016. The spectrogram is resized to
    `size` × `size` and repeated for red, green and blue; bands lie along the height. Dropout and
    one linear layer replace the classifier. The published weights were trained on ImageNet-1K;
    `origin` says where this network's come from (see `pretrained.load`).
    """

    published = "microsoft/resnet-50"

    def __init__(
        self,
        bins: int,
        classes: int,
        *,
        pretrained: str = RANDOM,
        size: int = 256,
        dropout: float = 0.2,
        config: dict[str, Any] | None = None,
    ) -> None:
        """23,530,571 parameters with 11 classes. `config` changes entries of `ResNetConfig`."""
        super().__init__()
        self.size = size
        self.body, self.origin = load(
            "ResNet", pretrained=pretrained, published=self.published, **(config or {})
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

    published = "MIT/ast-finetuned-audioset-10-10-0.4593"

    def __init__(
        self,
        bins: int,
        classes: int,
        *,
        pretrained: str = RANDOM,
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
            pretrained=pretrained,
            published=self.published,
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


MODELS: dict[str, type[nn.Module]] = {
    "audio": AudioCNN,
    "mfcc": MfccCNN,
    "features": FeatureCNN,
    "resnet50": ResNet50,
    "ast": AST,
}


def _head(width: int, classes: int, dropout: float) -> nn.Sequential:
    """(batch, width) to logits (batch, class), through 64 units, ReLU and dropout."""
    return nn.Sequential(
        nn.Linear(width, 64), nn.ReLU(), nn.Dropout(dropout), nn.Linear(64, classes)
    )
