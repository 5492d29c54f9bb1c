"""Power in mel bands: the front end of the classifier of single hits."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from bandscribe.features import filterbanks, limits, spectrogram

_DEPTH_DB = 80.0


@dataclass(frozen=True)
class MelBands:
    """Power in mel bands, and windows of it.

    Source: Drum Classification, project report 2024, section 3.2 (32 kHz, 2048 samples, 256 bands,
    half a second as 32 frames); its "50 % overlap" would give 16 of them, its author's code has a
    hop of 512. `scale` `"power"` leaves the power as it is, as that code does; `"levels"` is the
    level in dB below the window's loudest, -80 to 0, as 0 to 1: then it does not matter how loud a
    file is. Bands are Slaney's with peak 1, where that code has HTK's.
    """

    sample_rate: int = 32000
    n_fft: int = 2048
    hop_length: int = 512
    n_mels: int = 256
    fmin: float = 0.0
    scale: Literal["power", "levels"] = "power"

    def __post_init__(self) -> None:
        limits.check(
            self,
            {
                "sample_rate": limits.SAMPLE_RATE, "n_fft": limits.N_FFT,
                "hop_length": limits.HOP_LENGTH, "n_mels": limits.BANDS,
                "fmin": limits.FREQUENCY,
            },
        )  # fmt: skip
        if not self.fmin < self.sample_rate / 2:
            raise ValueError(f"fmin: expected less than {self.sample_rate / 2:g}, got {self.fmin}")
        if self.scale not in ("power", "levels"):
            raise ValueError(f"scale: expected power or levels, got {self.scale!r}")

    @property
    def frame_rate(self) -> float:
        """Frames per second."""
        return self.sample_rate / self.hop_length

    @property
    def n_bins(self) -> int:
        """Number of bands."""
        return self.n_mels

    @cached_property
    def filters(self) -> NDArray[np.float32]:
        """(n_fft // 2 + 1, bin)."""
        made = filterbanks.mel(self.sample_rate, self.n_fft, n_mels=self.n_mels, fmin=self.fmin)
        return np.asarray(made / made.max(axis=0, initial=1e-9))

    @cached_property
    def _groups(self) -> spectrogram.Groups:
        return spectrogram.group(self.filters)

    def count(self, seconds: float) -> int:
        """Frames of a window of so many seconds."""
        return 1 + round(seconds * self.sample_rate) // self.hop_length

    def power(self, samples: NDArray[np.float32]) -> NDArray[np.float32]:
        """(n,) samples to (1 + n // hop_length, bin); frame i is centred on i · hop_length."""
        half = self.n_fft // 2
        return spectrogram.filter_frames(
            np.pad(samples, (half, half)), self._groups,
            n_fft=self.n_fft, hop_length=self.hop_length, power=True,
        )  # fmt: skip

    def window(self, power: NDArray[np.float32], start: int, frames: int) -> NDArray[np.float32]:
        """Features (frames, bin) of `power` (frame, bin) from frame `start` on; silence beyond."""
        first, last = max(0, start), max(0, start + frames)
        cut = np.zeros((frames, power.shape[1]), dtype=np.float32)
        inside = power[first:last]
        cut[first - start : first - start + len(inside)] = inside
        if self.scale == "power":
            return cut
        if not (top := float(cut.max(initial=0.0))):
            return cut
        cut /= top
        levels = np.log10(cut, out=np.full_like(cut, -np.inf), where=cut > 0)
        return np.maximum(levels * np.float32(10 / _DEPTH_DB) + 1, 0)

    def __call__(self, samples: NDArray[np.float32]) -> NDArray[np.float32]:
        """(n,) samples to features (1 + n // hop_length, bin)."""
        power = self.power(samples)
        return self.window(power, 0, len(power))
