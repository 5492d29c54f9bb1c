from dataclasses import dataclass

import numpy as np
import pytest
from numpy.typing import NDArray


@dataclass(frozen=True)
class Sound:
    samples: NDArray[np.float32]
    sample_rate: int
    n_fft: int
    hop_length: int

    @property
    def spectral(self) -> dict[str, object]:
        """As librosa names it."""
        return {
            "y": self.samples,
            "sr": self.sample_rate,
            "n_fft": self.n_fft,
            "hop_length": self.hop_length,
        }

    @property
    def framed(self) -> dict[str, int]:
        return {"frame_length": self.n_fft, "hop_length": self.hop_length}


SETTINGS = {"seed": (44100, 2048, 512), "other": (22050, 1024, 300)}
KINDS = ("noise", "chirp", "tones", "quiet", "interrupted", "silence", "short", "one", "none")


@pytest.fixture(scope="session", params=SETTINGS)
def setting(request: pytest.FixtureRequest) -> tuple[int, int, int]:
    return SETTINGS[request.param]


@pytest.fixture(scope="session", params=KINDS)
def sound(request: pytest.FixtureRequest, setting: tuple[int, int, int]) -> Sound:
    sample_rate = setting[0]
    seconds = np.arange(sample_rate // 2 + 77) / sample_rate
    noise = np.random.default_rng(1).standard_normal(len(seconds))
    # Out of tune by a quarter of a semitone, and decaying.
    tones = sum(np.sin(2 * np.pi * 236.5 * k * seconds) / k for k in range(1, 12))
    tones = 0.2 * tones * np.exp(-3 * seconds) + 0.001 * noise
    samples = {
        "noise": 0.1 * noise,
        "chirp": 0.3 * np.sin(2 * np.pi * (80 * seconds + 0.4 * sample_rate * seconds**2)),
        "tones": tones,
        "quiet": 1e-4 * tones,
        "interrupted": np.where((seconds > 0.15) & (seconds < 0.35), 0, tones),
        "silence": 0 * seconds,
        "short": tones[:300],
        "one": tones[5:6],
        "none": tones[:0],
    }[request.param]
    return Sound(samples.astype(np.float32), *setting)
