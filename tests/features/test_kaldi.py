from pathlib import Path
from typing import Literal

import numpy as np
import pytest
from numpy.typing import NDArray

from bandscribe.features import kaldi
from golden.write_kaldi_filterbank import signal

GOLDEN = Path(__file__).parents[1] / "golden" / "kaldi_filterbank.npz"
SAMPLES = signal()


@pytest.mark.parametrize("window", ["hamming", "hanning"])
def test_it_is_kaldis_and_transformers(window: Literal["hamming", "hanning"]) -> None:
    ours = kaldi.log_mel(SAMPLES, window=window)
    assert ours.dtype == np.float32
    with np.load(GOLDEN) as golden:
        # Kaldi computes in single precision; -16 is the floor of the logarithm.
        np.testing.assert_allclose(ours, golden[f"kaldi_{window}"], atol=5e-4)
        np.testing.assert_allclose(ours, golden[f"transformers_{window}"], rtol=0, atol=1e-6)


def _written_out(frame: NDArray[np.float32], sample_rate: int, n_mels: int) -> list[float]:
    """One Hamming-windowed frame, term by term."""
    length = len(frame)
    centred = [float(s) - float(np.mean(frame.astype(float))) for s in frame]
    emphasized = [s - 0.97 * centred[max(0, i - 1)] for i, s in enumerate(centred)]
    windowed = [
        s * (0.54 - 0.46 * np.cos(2 * np.pi * i / (length - 1))) for i, s in enumerate(emphasized)
    ]
    n_fft = 1
    while n_fft < length:
        n_fft *= 2
    turns = np.outer(np.arange(n_fft // 2 + 1), np.arange(length)) / n_fft
    power = np.abs(np.exp(-2j * np.pi * turns) @ np.array(windowed)) ** 2

    def mel(hertz: float) -> float:
        return 1127 * float(np.log(1 + hertz / 700))

    step = (mel(sample_rate / 2) - mel(20)) / (n_mels + 1)
    bands = []
    for band in range(n_mels):
        left = mel(20) + band * step
        total = 0.0
        for i, p in enumerate(power):
            at = (mel(i * sample_rate / n_fft) - left) / step
            total += p * (at if at <= 1 else 2 - at) if 0 < at < 2 else 0.0
        bands.append(float(np.log(max(total, 2.0**-23))))
    return bands


@pytest.mark.parametrize(("sample_rate", "n_mels"), [(16000, 128), (22050, 40)])
def test_it_is_the_formula(sample_rate: int, n_mels: int) -> None:
    bands = kaldi.log_mel(SAMPLES, sample_rate, n_mels=n_mels)
    length, hop = sample_rate * 25 // 1000, sample_rate // 100
    assert len(bands) == 1 + (len(SAMPLES) - length) // hop
    frame = SAMPLES[3 * hop : 3 * hop + length]
    np.testing.assert_allclose(bands[3], _written_out(frame, sample_rate, n_mels), atol=1e-5)


@pytest.mark.parametrize(("n", "frames"), [(0, 0), (399, 0), (400, 1), (559, 1), (560, 2)])
def test_number_of_frames(n: int, frames: int) -> None:
    assert kaldi.log_mel(SAMPLES[:n]).shape == (frames, 128)
