"""Every feature of a clip by its name, and the stack of forty that a network takes.

Source: Ferković and Smoljan 2023, Harmony Is All You Need, sections 2.2 and 3.1: 2048
samples to a frame, 512 to a hop, at the recording's own 44.1 kHz.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from bandscribe.features import chroma, descriptors, spectrogram
from bandscribe.features.frames import decibels

Floats = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class ClipAnalysis:
    """Mono `samples` (n,) float32, with what several features share computed once, on demand."""

    samples: Floats
    sample_rate: int = 44100
    n_fft: int = 2048
    hop_length: int = 512

    def __post_init__(self) -> None:
        if self.samples.ndim != 1:
            raise ValueError(f"samples: expected one channel (n,), got {self.samples.shape}")

    @property
    def frame_rate(self) -> float:
        """Frames per second; frame `i` is centred on `i / frame_rate` seconds."""
        return self.sample_rate / self.hop_length

    @cached_property
    def magnitude(self) -> Floats:
        """(1 + n // hop_length, n_fft // 2 + 1)."""
        return spectrogram.magnitude(
            self.samples, n_fft=self.n_fft, hop_length=self.hop_length, double=True
        )

    @cached_property
    def mel_power(self) -> Floats:
        """(frame, 128)."""
        return descriptors.mel_power(self.magnitude, self.sample_rate)

    @cached_property
    def chroma(self) -> Floats:
        """(frame, 12)."""
        return chroma.chroma(self.magnitude, self.sample_rate)

    @cached_property
    def _frame(self) -> dict[str, int]:
        return {"frame_length": self.n_fft, "hop_length": self.hop_length}


def log_spectrogram(magnitude: Floats) -> Floats:
    """Magnitudes (frame, bin) in dB below the clip's loudest, [-80, 0]."""
    power = np.square(magnitude)
    return decibels(power, reference=float(power.max(initial=0.0)))


# Name to (frame, n): all that section 2.2 describes, mel bands as powers.
FEATURES: dict[str, Callable[[ClipAnalysis], Floats]] = {
    "zero_crossing_rate": lambda c: descriptors.zero_crossing_rate(c.samples, **c._frame),
    "rms": lambda c: descriptors.rms(c.samples, **c._frame),
    "centroid": lambda c: descriptors.centroid(c.magnitude, c.sample_rate),
    "bandwidth": lambda c: descriptors.bandwidth(c.magnitude, c.sample_rate),
    "contrast": lambda c: descriptors.contrast(c.magnitude, c.sample_rate),
    "rolloff": lambda c: descriptors.rolloff(c.magnitude, c.sample_rate),
    "flatness": lambda c: descriptors.flatness(c.magnitude),
    "polynomial_0": lambda c: descriptors.polynomial(c.magnitude, c.sample_rate, order=0),
    "polynomial_1": lambda c: descriptors.polynomial(c.magnitude, c.sample_rate, order=1),
    "polynomial_2": lambda c: descriptors.polynomial(c.magnitude, c.sample_rate, order=2),
    "chroma": lambda c: c.chroma,
    "tonnetz": lambda c: chroma.tonnetz(
        chroma.constant_q_chroma(c.samples, c.sample_rate, hop_length=c.hop_length)
    ),
    "mfcc_13": lambda c: descriptors.mfcc(c.mel_power, n_mfcc=13),
    "mfcc_40": lambda c: descriptors.mfcc(c.mel_power, n_mfcc=40),
    "mel_128": lambda c: c.mel_power,
    "mel_256": lambda c: descriptors.mel_power(c.magnitude, c.sample_rate, n_mels=256),
    "log_spectrogram": lambda c: log_spectrogram(c.magnitude),
}

# Section 3.1.3 in its order: 13 + 12 + 1 + 1 + 1 + 7 + 1 + 1 + 1 + 2 = 40. The text gives the total
# alone; librosa's default of a straight line (two coefficients) is what makes it forty.
STACKED = (
    "mfcc_13", "chroma", "zero_crossing_rate", "centroid", "rms", "contrast", "bandwidth",
    "rolloff", "flatness", "polynomial_1",
)  # fmt: skip


def stack(clip: ClipAnalysis) -> Floats:
    """The forty general features side by side, (frame, 40), in the order of `STACKED`."""
    return np.concatenate([FEATURES[name](clip) for name in STACKED], axis=1)
