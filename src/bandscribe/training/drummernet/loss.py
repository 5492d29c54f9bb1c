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
from scipy import ndimage
from torch import Tensor, nn

from bandscribe.features import filterbanks

SAMPLE_RATE = 16000
#: Excerpts whose loudest sample is below this are silence.
SILENCE = 1e-3
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
#: Onset enhancement: FFT and medians of section 3.3.
MEDIAN_FFT = 1024
#: Quarter of the window; the paper leaves it open.
_MEDIAN_HOP = 256
MEDIAN = 31
#: Power of magnitudes that is faint beside a full-scale tone of 256² = 65536.
_FAINT = 1e-6


class OnsetLoss(nn.Module):
    """Mean absolute difference of log magnitudes, base 10, in 1 for a factor of ten."""

    def __init__(
        self,
        spectrum: Spectrum = "cqt",
        *,
        enhanced: bool = True,
        floor: float = FLOOR,
        cycle: float = 0.0,
    ) -> None:
        """`spectrum` "mel" and "stft" are the paper's MEL and STFT, not `enhanced` its NOE.

        `cycle` is the weight of a cyclic loss, where the network gives one in training.

        Raises ValueError for another spectrum.
        """
        super().__init__()
        if spectrum not in get_args(Spectrum):
            raise ValueError(
                f"spectrum: expected one of {', '.join(get_args(Spectrum))}, got {spectrum!r}"
            )
        self.enhanced = enhanced
        self.floor = floor
        self.cycle = cycle
        self.parts = nn.ModuleList(_make_parts(spectrum))

    def forward(self, output: Tensor | tuple[Tensor, Tensor], target: Tensor) -> Tensor:
        """A scalar of samples (batch, n), of the synthesizer and of the recording.

        With those of the synthesizer may come the scalar of the cyclic loss, which is added.
        """
        if isinstance(output, tuple):
            samples, difference = output
            total: Tensor = self(samples, target) + self.cycle * difference
            return total
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


def enhance(samples: Tensor) -> Tensor:
    """The onsets in samples (batch, n), as samples (batch, n); differentiable.

    By median filtering: section 3.3, after Fitzgerald 2010, Harmonic/percussive separation using
    median filtering.

    In a magnitude spectrogram what is struck is a ridge across all frequencies, and its median
    along frequency stays; what rings is a ridge along time. Each bin is scaled by the share of the
    former: p² / (p² + h²), with p the median along frequency and h that along time.

    Raises ValueError for fewer samples than reach beyond the edge of a median, 3841.
    """
    if samples.shape[1] < _MEDIAN_HOP * (MEDIAN // 2):
        raise ValueError(f"samples: expected 3840 or more, got {samples.shape[1]}")
    window = torch.hann_window(MEDIAN_FFT, dtype=samples.dtype, device=samples.device)
    spectrum = torch.stft(samples, MEDIAN_FFT, _MEDIAN_HOP, window=window, return_complex=True)
    struck, ringing = medians(spectrum.abs())
    mask = struck**2 / (struck**2 + ringing**2 + _FAINT)
    return torch.istft(
        spectrum * mask, MEDIAN_FFT, _MEDIAN_HOP, window=window, length=samples.shape[1]
    )


def medians(magnitude: Tensor, size: int = MEDIAN) -> tuple[Tensor, Tensor]:
    """Running medians of (batch, bin, frame), along bins and along frames; mirrored at the edges.

    A median is one of the values, and so its gradient goes to that one alone. To know which, the
    medians are taken of ranks: on a CPU that is many times faster than sorting every window, since
    a running median of scipy keeps its window sorted.

    Raises ValueError unless there are more than `size` // 2 bins and frames.
    """
    reach = size // 2
    if min(magnitude.shape[1:]) <= reach:
        raise ValueError(
            f"magnitude: expected more than {reach} bins and frames, got {tuple(magnitude.shape)}"
        )
    if magnitude.device.type != "cpu":
        return _sorted_medians(magnitude, size)
    values = magnitude.flatten(start_dim=1)
    order = values.detach().argsort(dim=1)
    ranks = np.empty(values.shape, dtype=np.float32)  # exact up to 2^24 values
    np.put_along_axis(ranks, order.numpy(), np.arange(values.shape[1])[None], axis=1)
    shaped = ranks.reshape(magnitude.shape)
    found = []
    for axis in (1, 2):
        turned = np.moveaxis(shaped, axis, 2)
        padded = np.pad(turned, ((0, 0), (0, 0), (reach, reach)), mode="reflect")
        # One long row: medians at a seam are cut off.
        medians_ = ndimage.median_filter(padded.reshape(-1), size).reshape(padded.shape)
        kept = np.moveaxis(medians_[..., reach:-reach], 2, axis)
        at = torch.from_numpy(np.ascontiguousarray(kept).astype(np.int64)).flatten(start_dim=1)
        found.append(values.gather(1, order.gather(1, at)).reshape(magnitude.shape))
    return found[0], found[1]


def _sorted_medians(magnitude: Tensor, size: int) -> tuple[Tensor, Tensor]:
    """The same by sorting every window, which a GPU does at once."""
    reach = size // 2
    along_bins = F.pad(magnitude.transpose(1, 2), (reach, reach), mode="reflect")
    along_frames = F.pad(magnitude, (reach, reach), mode="reflect")
    return (
        along_bins.unfold(2, size, 1).median(dim=-1).values.transpose(1, 2),
        along_frames.unfold(2, size, 1).median(dim=-1).values,
    )
