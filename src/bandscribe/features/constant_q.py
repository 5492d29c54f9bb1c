"""The constant-Q transform: bins of equal width in pitch.

An octave is analysed at a time, from the top: the same kernels, as spectra, serve the octave below
on the sound at half the rate.

Source: Schörkhuber and Klapuri 2010, Constant-Q transform toolbox for music processing, sections 2
and 3; the numbers are librosa's (`cqt`, its defaults).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import soxr
from numpy.typing import NDArray

from bandscribe.features.filterbanks import A4
from bandscribe.features.frames import cut_centred

Floats = NDArray[np.float32]

#: Half the bandwidth of a Hann window, in bins.
_HALF_WIDTH = 0.75
#: What is left out of a kernel's spectrum: the smallest magnitudes, up to this share of their sum.
_NEGLECTED = 0.01
_FRAMES_AT_ONCE = 64


@dataclass(frozen=True)
class ConstantQ:
    """Magnitudes in `bins_per_octave` bins to each of so many octaves from `fmin` Hz up.

    By default bins are a third of a semitone wide, from C1, 32.7 Hz, up.
    """

    bins_per_octave: int = 36
    octaves: int = 7
    fmin: float = A4 * 2.0 ** (-45 / 12)

    @property
    def n_bins(self) -> int:
        """Number of bins."""
        return self.bins_per_octave * self.octaves

    @property
    def quality(self) -> float:
        """Q: centre frequency over bandwidth of neighbours that touch."""
        ratio: float = 4.0 ** (1 / self.bins_per_octave)
        return (ratio + 1) / (ratio - 1)

    def lengths(self, sample_rate: int) -> NDArray[np.float64]:
        """Length of each bin's kernel in samples, (bin,); its root scales the magnitude."""
        steps = np.arange(self.n_bins) / self.bins_per_octave
        return np.asarray(self.quality * sample_rate / (self.fmin * 2.0**steps))

    def magnitude(
        self, samples: Floats, sample_rate: int, *, hop_length: int = 512, tuning: float = 0.0
    ) -> Floats:
        """Magnitudes (frame, bin) of mono samples (n,), the lowest bin first.

        There are 1 + n // hop_length frames. Frame `i` is centred on sample `i * hop_length`;
        beyond its ends the sound is silent. `tuning` moves all bins, by so many of them. An octave
        that half the sample rate does not hold is absent.
        """
        per_octave = self.bins_per_octave
        lowest = self.fmin * 2.0 ** (tuning / per_octave)
        octaves = self.octaves
        while self._reach(lowest, octaves) > sample_rate / 2:
            octaves -= 1
        frames = 1 + len(samples) // hop_length
        found = np.empty((frames, octaves * per_octave), np.float32)
        rate, hop = float(sample_rate), hop_length
        reach = self._reach(lowest, octaves)
        for _ in range(_halvings(reach, octaves, sample_rate, hop_length)):
            samples, rate, hop = _halve(samples), rate / 2, hop // 2
        for octave in reversed(range(octaves)):
            first = lowest * 2.0**octave
            scale = np.sqrt(first * _steps(per_octave) / (self.quality * rate))
            columns = slice(octave * per_octave, (octave + 1) * per_octave)
            done = 0
            for block in _respond(samples, _kernels(first / rate, self), hop):
                # At a lower rate there may be one more.
                rows = slice(done, min(done + len(block), frames))
                found[rows, columns] = np.abs(block[: frames - done]) * scale
                done += len(block)
            if hop % 2 == 0:
                samples, rate, hop = _halve(samples), rate / 2, hop // 2
        return found

    def _reach(self, lowest: float, octaves: int) -> float:
        """The highest frequency in Hz that the highest of the kernels passes."""
        highest: float = lowest * 2.0 ** (octaves - 1 / self.bins_per_octave)
        return highest * (1 + _HALF_WIDTH / self.quality)


def _steps(bins_per_octave: int) -> NDArray[np.float64]:
    """Frequencies of an octave's bins over that of its first."""
    return np.asarray(2.0 ** (np.arange(bins_per_octave) / bins_per_octave))


def _halvings(reach: float, octaves: int, sample_rate: int, hop_length: int) -> int:
    """How often the rate is halved before the first octave, which keeps one octave above it."""
    spare = int(np.ceil(np.log2(sample_rate / 2 / reach))) - 2
    twos = (hop_length & -hop_length).bit_length() - 1
    return max(0, min(spare, twos - octaves + 1))


def _halve(samples: Floats) -> Floats:
    """At half the rate, with as much energy."""
    halved = soxr.resample(samples, 2, 1, quality="HQ") if len(samples) else samples
    out = np.zeros((len(samples) + 1) // 2, np.float32)
    out[: len(halved)] = halved[: len(out)]
    return out * np.float32(np.sqrt(2))


@lru_cache(maxsize=8)
def _kernels(first: float, transform: ConstantQ) -> NDArray[np.complex64]:
    """Spectra of an octave's kernels, (n_fft // 2 + 1, bin).

    A kernel is a complex tone in a Hann window of Q periods, centred; `first` is the frequency of
    the lowest as a share of the sample rate.
    """
    frequencies = first * _steps(transform.bins_per_octave)
    lengths = transform.quality / frequencies
    n_fft = 2 ** int(np.ceil(np.log2(lengths[0])))
    tones = np.zeros((transform.bins_per_octave, n_fft), np.complex64)
    for tone, frequency, length in zip(tones, frequencies, lengths, strict=True):
        times = np.arange(-length // 2, length // 2)
        window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(len(times)) / len(times))
        begin = (n_fft - len(times)) // 2
        tone[begin : begin + len(times)] = (
            np.exp(2j * np.pi * frequency * times) * window / window.sum() * (length / n_fft)
        )
    spectra = np.fft.fft(tones)[:, : n_fft // 2 + 1]
    sizes = np.abs(spectra)
    ascending = np.sort(sizes, axis=1)
    shares = np.cumsum(ascending, axis=1) / ascending.sum(axis=1, keepdims=True)
    least = np.take_along_axis(ascending, np.argmax(shares >= _NEGLECTED, axis=1)[:, None], axis=1)
    kernels = np.where(sizes >= least, spectra, 0).astype(np.complex64).T
    kernels.setflags(write=False)  # all who ask share it
    return kernels


def _respond(
    samples: Floats, kernels: NDArray[np.complex64], hop_length: int
) -> Iterator[NDArray[np.complex64]]:
    """Some frames at a time, (frame, bin)."""
    nonzero = np.flatnonzero(kernels.any(axis=1))
    bins = slice(int(nonzero[0]), int(nonzero[-1]) + 1)
    frames = cut_centred(samples, 2 * (len(kernels) - 1), hop_length)
    for first in range(0, len(frames), _FRAMES_AT_ONCE):
        spectrum = np.fft.rfft(frames[first : first + _FRAMES_AT_ONCE].astype(np.float64))
        yield spectrum[:, bins].astype(np.complex64) @ kernels[bins]
