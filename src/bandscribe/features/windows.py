"""Features of windows of a recording, whose samples are normalised as those of a training set.

Source: Harmony Is All You Need 2023, sections 3.1 and 3.3: one mean and one standard deviation over
all values of all training examples normalise samples, and of the features only the AST's, whose
deviation becomes one half (Gong et al. 2021, AST, section 2.1). Its text has Hamming windows
(`filterbank`); the published weights were trained with Hann windows (`filterbank_hanning`). `bands`
are ours: the front end of `bandscribe recognize`, on samples as they are.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from bandscribe.features import kaldi
from bandscribe.features.clip import FEATURES, ClipAnalysis, stack
from bandscribe.features.frames import decibels
from bandscribe.features.spectrogram import LogSpectrogram
from bandscribe.readers import refused
from bandscribe.types import Floats


class Kind(NamedTuple):
    """Features (frame, bin) of samples (n,), which are `normalised` or as they are.

    `masked` ones are pictures that masks are laid on.
    """

    bins: int
    sample_rate: int
    masked: bool
    compute: Callable[[Floats], Floats]
    normalised: bool = True


def mel_levels(samples: Floats) -> Floats:
    """256 mel bands (frame, 256) in dB below the window's loudest, [-80, 0].

    Section 3.1.2 leaves open that the picture is one of levels; the authors' code makes it so.
    """
    power = FEATURES["mel_256"](ClipAnalysis(samples))
    return decibels(power, reference=float(power.max(initial=0.0)))


#: The front end of a recognizer that ships.
BANDS = LogSpectrogram()


def bands(samples: Floats) -> Floats:
    """The frames that begin within the samples, as many as a chunk has when recognizing."""
    return BANDS(samples)[: len(samples) // BANDS.hop_length]


#: The choices of `features`.
KINDS: dict[str, Kind] = {
    "audio": Kind(1, 44100, False, lambda samples: samples[:, np.newaxis]),
    "mfcc_13": Kind(13, 44100, True, lambda samples: FEATURES["mfcc_13"](ClipAnalysis(samples))),
    "mfcc_40": Kind(40, 44100, True, lambda samples: FEATURES["mfcc_40"](ClipAnalysis(samples))),
    "stack": Kind(40, 44100, False, lambda samples: stack(ClipAnalysis(samples))),
    "mel_256": Kind(256, 44100, True, mel_levels),
    "filterbank": Kind(128, 16000, True, kaldi.log_mel),
    "filterbank_hanning": Kind(128, 16000, True, partial(kaldi.log_mel, window="hanning")),
    "bands": Kind(BANDS.n_bins, BANDS.sample_rate, True, bands, normalised=False),
}


@dataclass(frozen=True)
class RecognitionFrontEnd:
    """The line from samples to what the network is given.

    `samples` are the statistics of the training set's samples, `values` those of its features,
    which are brought to `deviation`; None leaves them as they are, as the paper does for all
    networks but the AST. Frames without any sound, such as fill up a recording that is shorter than
    its window, are no part of them, and become the mean, 0: most of a ten-second window around
    three seconds of music would else be its own contrast.
    """

    features: str
    samples: FeatureStatistics
    values: FeatureStatistics | None = None
    deviation: float = 0.5

    @classmethod
    def read(cls, described: dict[str, Any]) -> RecognitionFrontEnd:
        """The inverse of `describe`. Raises ValueError for other content."""
        with refused("features: expected those of a window"):
            values = described["values"]
            front_end = cls(
                described["features"],
                FeatureStatistics(**described["samples"]),
                FeatureStatistics(**values) if values else None,
                float(described["deviation"]),
            )
            known = [front_end.samples, *filter(None, [front_end.values])]
            if front_end.features not in KINDS or not all(each.deviation > 0 for each in known):
                raise ValueError(f"{front_end.features}, {known}")
        return front_end

    def describe(self) -> dict[str, Any]:
        """All of it as plain values, for a file."""
        return asdict(self)

    @property
    def kind(self) -> Kind:
        """The features' kind."""
        return KINDS[self.features]

    @property
    def sample_rate(self) -> int:
        """The rate of the samples that it takes."""
        return self.kind.sample_rate

    def __call__(self, samples: Floats) -> Floats:
        """Samples (n,) at the kind's sample rate to features (frame, bin) float32."""
        kind = self.kind
        features = kind.compute(normalise(samples, self.samples) if kind.normalised else samples)
        if self.values is None:
            return np.ascontiguousarray(features, dtype=np.float32)
        normalised = normalise(features, self.values, deviation=self.deviation)
        normalised[is_silent(features)] = 0
        return normalised


def is_silent(features: Floats) -> NDArray[np.bool_]:
    """Which frames of (frame, bin) have the same value in all of several bins, as silence has."""
    if features.shape[1] == 1:
        return np.zeros(len(features), dtype=bool)
    return np.asarray(np.ptp(features, axis=1) == 0)


@dataclass(frozen=True)
class FeatureStatistics:
    """The mean and standard deviation of all values of a training set."""

    mean: float
    deviation: float


def normalise(
    values: Floats, of: FeatureStatistics, *, deviation: float = 1.0
) -> NDArray[np.float32]:
    """The values with the training set's mean at 0 and its deviation at `deviation`, same shape.

    Raises ValueError when the training set is constant.
    """
    if not of.deviation > 0:
        raise ValueError(f"of: expected a positive deviation, got {of.deviation:g}")
    return np.asarray((values - of.mean) * (deviation / of.deviation), dtype=np.float32)
