"""The loss of DrummerNet: how much the synthesized sound differs from the input.

Source: Choi and Cho 2019, Deep unsupervised drum transcription, section 3.3 and figure 2: onsets
are enhanced in both, both become log-magnitude spectra, and the mean absolute difference is taken.

What the paper leaves open, and how it is read here:

- Windows. As in librosa's pseudo-CQT, the FFT of an octave is as long as its lowest filter, made a
  power of two; as in the authors' code, the Hann window fills a quarter of it, from 4096 samples
  for C1 downwards, for a finer resolution in time. Here none is shorter than 128, 8 ms.
- The hop is a quarter of the window, 64 samples at the least. (The authors' code has 64 for all.)
- Magnitudes are scaled so that a full-scale tone gives 1, and what is added to them before the
  logarithm is 1e-3: 60 dB below. (The authors' code has 1e-5 beside another scale, about -100 dB.)
- Every octave counts the same.
"""

from __future__ import annotations

from typing import Literal, get_args

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from bandscribe.features import filterbanks
from bandscribe.training.drummernet.enhancement import enhance

SAMPLE_RATE = 16000
#: C1, and as many bins in each of eight octaves; the last lies at 7902 Hz. (The paper prints
#: 32.07 Hz, which is no note.)
FMIN, BINS, OCTAVES = 32.70319566257483, 12, 8

Spectrum = Literal["cqt", "mel", "stft"]
#: Added to magnitudes before the logarithm.
FLOOR = 1e-3
_SHORTEST = 128
_SHORTEST_HOP = 64
#: Filters' values below this share of the greatest are left out.
_SPARSE = 0.01


class OnsetLoss(nn.Module):
    """Mean absolute difference of log magnitudes, base 10, in 1 for a factor of ten."""

    def __init__(
        self, spectrum: Spectrum = "cqt", *, enhanced: bool = True, floor: float = FLOOR
    ) -> None:
        """`spectrum` "mel" and "stft" are the paper's MEL and STFT, not `enhanced` its NOE.

        Raises ValueError for another spectrum.
        """
        super().__init__()
        if spectrum not in get_args(Spectrum):
            raise ValueError(
                f"spectrum: expected one of {', '.join(get_args(Spectrum))}, got {spectrum!r}"
            )
        self.enhanced = enhanced
        self.floor = floor
        self.parts = nn.ModuleList(_make_parts(spectrum))

    def forward(self, output: Tensor, target: Tensor) -> Tensor:
        """A scalar of samples (batch, n), of the synthesizer and of the recording."""
        output_levels, target_levels = self.levels(output), self.levels(target)
        differences = [F.l1_loss(*pair) for pair in zip(output_levels, target_levels, strict=True)]
        return torch.stack(differences).mean()

    def levels(self, samples: Tensor) -> list[Tensor]:
        """log10(magnitude + floor) of each part, (batch, frame, bin)."""
        if self.enhanced:
            samples = enhance(samples)
        return [torch.log10(part(samples) + self.floor) for part in self.parts]


class Magnitudes(nn.Module):
    """Bins of an STFT, summed by filters: one octave of a pseudo-CQT, or mel bands, or the bins."""

    def __init__(self, filters: NDArray[np.floating], window: int, hop: int) -> None:
        """`filters` (n_fft // 2 + 1, band), of which only bins that count are transformed."""
        super().__init__()
        n_fft = 2 * (len(filters) - 1)
        used = np.flatnonzero(filters.any(axis=1))
        bins = np.arange(used[0], used[-1] + 1)
        hann = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(window) / window)
        # A full-scale tone has a magnitude of half of the window's sum.
        turns = np.outer(np.arange(window), bins) / n_fft
        tones = np.exp(-2j * np.pi * turns) * (2 * hann / hann.sum())[:, None]
        kernel = np.concatenate([tones.real, tones.imag], axis=1)
        self.window, self.hop = window, hop
        self.kernel: Tensor
        self.filters: Tensor
        self.register_buffer("kernel", torch.tensor(kernel, dtype=torch.float32), persistent=False)
        kept = torch.tensor(filters[bins], dtype=torch.float32)
        self.register_buffer("filters", kept, persistent=False)

    def forward(self, samples: Tensor) -> Tensor:
        """(batch, n) to (batch, 1 + n // hop, band); frame `i` is centred on `i * hop`."""
        padded = F.pad(samples, (self.window // 2, self.window // 2))
        frames = padded.unfold(1, self.window, self.hop)  # (batch, frame, window)
        real, imaginary = (frames @ self.kernel.to(samples.dtype)).chunk(2, dim=-1)
        # The root of nothing has no slope.
        magnitude = (real**2 + imaginary**2 + 1e-12).sqrt()
        return magnitude @ self.filters.to(samples.dtype)


def octave_filters(fmin: float, n_fft: int, window: int) -> NDArray[np.float64]:
    """Filters (n_fft // 2 + 1, 12) from FFT bins to the twelve semitones from `fmin` up.

    The magnitude of the spectrum of a Hann window of Q · sample rate / f samples on a tone of f,
    with Q = 1 / (2^(1/12) - 1) = 16.8: what `librosa.pseudo_cqt` multiplies an STFT with. Here each
    is scaled so that a full-scale tone of f, seen through `window` samples, gives 1.
    """
    quality = 1 / (2 ** (1 / BINS) - 1)
    filters = np.zeros((n_fft // 2 + 1, BINS))
    for column in range(BINS):
        frequency = fmin * 2 ** (column / BINS)
        values = _lobe(frequency, min(int(quality * SAMPLE_RATE / frequency), n_fft), n_fft)
        values[values < _SPARSE * values.max()] = 0
        filters[:, column] = values / (values @ _lobe(frequency, window, n_fft))
    return filters


def _lobe(frequency: float, window: int, n_fft: int) -> NDArray[np.float64]:
    """Magnitudes (n_fft // 2 + 1,) of a tone through a Hann window, the greatest about 1."""
    n = np.arange(window)
    hann = 0.5 - 0.5 * np.cos(2 * np.pi * n / window)
    tone = hann * np.exp(2j * np.pi * n * frequency / SAMPLE_RATE)
    return np.asarray(np.abs(np.fft.fft(tone, n_fft))[: n_fft // 2 + 1] / hann.sum())


def _make_parts(spectrum: Spectrum) -> list[Magnitudes]:
    if spectrum == "stft":
        return [Magnitudes(np.eye(513), 1024, 256)]
    if spectrum == "mel":
        bands = filterbanks.mel(SAMPLE_RATE, 1024, n_mels=128)
        return [Magnitudes(bands / bands.sum(axis=0).clip(min=1e-9), 1024, 256)]
    parts = []
    for octave in range(OCTAVES):
        fmin = FMIN * 2**octave
        longest = SAMPLE_RATE / fmin / (2 ** (1 / BINS) - 1)
        n_fft = max(1 << int(np.ceil(np.log2(longest))), 4 * _SHORTEST)
        window = n_fft // 4
        filters = octave_filters(fmin, n_fft, window)
        parts.append(Magnitudes(filters, window, max(window // 4, _SHORTEST_HOP)))
    return parts
