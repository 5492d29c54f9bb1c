"""The short-time Fourier transform, and the front end of the drum networks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from bandscribe.features import filterbanks, limits

# So few that a block's spectrum stays in the cache, and that a BLAS sees no reason to start threads
# for its products: on a busy machine they wait for each other longer than they work.
_FRAMES_AT_ONCE = 64
_BANDS_AT_ONCE = 7

#: A few bands at a time: the FFT bins they cover, their columns, and their filters (bin, band).
Groups = list[tuple[slice, slice, NDArray[np.float32]]]


def hann(n: int) -> NDArray[np.float32]:
    """Periodic Hann window, (n,)."""
    return _hann(n).astype(np.float32)


@lru_cache(maxsize=8)
def _hann(n: int) -> NDArray[np.float64]:
    return np.asarray(0.5 - 0.5 * np.cos(2 * np.pi * np.arange(n) / n), dtype=np.float64)


def magnitude(
    samples: NDArray[np.float32],
    *,
    n_fft: int = 2048,
    hop_length: int = 441,
    double: bool = False,
) -> NDArray[np.float32]:
    """Magnitude of the centred, Hann-windowed STFT: (n,) to (1 + n // hop, n_fft // 2 + 1).

    Frame `i` is centred on sample `i * hop_length`; beyond its ends the sound is silent. `double`
    transforms in double precision, as librosa does, for who looks at bins 120 dB below the loudest
    one: twice the time.
    """
    half = n_fft // 2
    padded = np.pad(samples, (half, half))
    powers = _powers(padded, n_fft, hop_length, double=double)
    return np.concatenate([_root(power) for power in powers])


def group(filters: NDArray[np.float32]) -> Groups:
    """Filters (n_fft // 2 + 1, band), nearly all of which is zero, for `filter_frames`."""
    groups = []
    for first in range(0, filters.shape[1], _BANDS_AT_ONCE):
        columns = slice(first, first + _BANDS_AT_ONCE)
        nonzero = np.flatnonzero(filters[:, columns].any(axis=1))
        bins = slice(int(nonzero[0]), int(nonzero[-1]) + 1) if len(nonzero) else slice(0)
        groups.append((bins, columns, np.ascontiguousarray(filters[bins, columns])))
    return groups


def filter_frames(
    padded: NDArray[np.float32], groups: Groups, *, n_fft: int, hop_length: int, power: bool = False
) -> NDArray[np.float32]:
    """Magnitude, or power, in the bands of `groups`, (frame, band), of the frames in `padded` (n,).

    As the product of `magnitude`, or its square, with the filters; without what lies beyond the
    ends.
    """
    n_frames = (len(padded) - n_fft) // hop_length + 1
    bands = np.empty((n_frames, sum(filters.shape[1] for _, _, filters in groups)), np.float32)
    first = 0
    for block in _powers(padded, n_fft, hop_length):
        nonzero = block if power else _root(block)
        for bins, columns, filters in groups:
            bands[first : first + len(nonzero), columns] = nonzero[:, bins] @ filters
        first += len(nonzero)
    return bands


def _root(power: NDArray[np.floating]) -> NDArray[np.float32]:
    return np.asarray(np.sqrt(power, out=power).astype(np.float32, copy=False))


def _powers(
    padded: NDArray[np.float32], n_fft: int, hop_length: int, *, double: bool = False
) -> Iterator[NDArray[np.floating]]:
    """Some frames at a time, each that lies within `padded` once."""
    frames = sliding_window_view(padded, n_fft)[::hop_length]
    window: NDArray[np.floating] = _hann(n_fft) if double else hann(n_fft)
    for first in range(0, len(frames), _FRAMES_AT_ONCE):
        spectrum = np.fft.rfft(frames[first : first + _FRAMES_AT_ONCE] * window)
        # Several times faster than np.abs, which guards against overflow that cannot happen here.
        power = spectrum.real**2
        power += spectrum.imag**2
        yield power


@dataclass(frozen=True)
class LogSpectrogram:
    """log10(1 + compression · magnitude) in logarithmically spaced bands.

    Source: Fosse 2025, sections 2.3.5-2.3.7; Vogl et al. 2017, section 3.1 (2048 samples, 100
    frames a second, 84 bands). The factor `compression` is ours: with samples in [-1, 1] the plain
    log10(1 + magnitude) would flatten everything quieter than -50 dB to zero. A `compression` of 0
    leaves the magnitudes as they are, for networks that scale them by themselves.
    """

    sample_rate: int = 44100
    n_fft: int = 2048
    hop_length: int = 441
    bands_per_octave: int = 12
    fmin: float = 20.0
    fmax: float = 20000.0
    compression: float = 20.0

    def __post_init__(self) -> None:
        limits.check(
            self,
            {
                "sample_rate": limits.SAMPLE_RATE, "n_fft": limits.N_FFT,
                "hop_length": limits.HOP_LENGTH, "bands_per_octave": (int, 1, 192),
                "fmin": limits.FREQUENCY, "fmax": limits.FREQUENCY,
                "compression": (float, 0, 1e9),
            },
        )  # fmt: skip

    @property
    def frame_rate(self) -> float:
        """Frames per second."""
        return self.sample_rate / self.hop_length

    @cached_property
    def filters(self) -> NDArray[np.float32]:
        """(n_fft // 2 + 1, bin)."""
        return filterbanks.logarithmic(
            self.sample_rate,
            self.n_fft,
            bands_per_octave=self.bands_per_octave,
            fmin=self.fmin,
            fmax=self.fmax,
        )

    @property
    def n_bins(self) -> int:
        """Number of bands."""
        return int(self.filters.shape[1])

    def __call__(self, samples: NDArray[np.float32]) -> NDArray[np.float32]:
        """(n,) samples to (1 + n // hop_length, bin); frame `i` is centred on `i * hop_length`."""
        half = self.n_fft // 2
        return self._bands(np.pad(samples, (half, half)))

    def stream(self, blocks: Iterable[NDArray[np.float32]]) -> Iterator[NDArray[np.float32]]:
        """The same frames, block by block, whatever the lengths of the blocks `(n,)`."""
        half = self.n_fft // 2
        held = np.zeros(half, dtype=np.float32)
        skip = 0  # samples still to pass over where the hop is longer than what was held
        for block in blocks:
            held = np.concatenate([held, block])
            count = (len(held) - skip - self.n_fft) // self.hop_length + 1
            if count > 0:
                yield self._bands(held[skip : skip + (count - 1) * self.hop_length + self.n_fft])
                start = skip + count * self.hop_length
                skip = max(0, start - len(held))
                held = held[start:]
        held = np.concatenate([held, np.zeros(half, dtype=np.float32)])[skip:]
        if len(held) >= self.n_fft:
            yield self._bands(held)

    def _bands(self, padded: NDArray[np.float32]) -> NDArray[np.float32]:
        if not padded.any():  # hours of silence cost nothing
            count = (len(padded) - self.n_fft) // self.hop_length + 1
            return np.zeros((count, self.n_bins), dtype=np.float32)
        bands = filter_frames(padded, self._groups, n_fft=self.n_fft, hop_length=self.hop_length)
        if self.compression:
            bands *= self.compression
            bands += 1
            np.log10(bands, out=bands)
        return bands

    @cached_property
    def _groups(self) -> Groups:
        return group(self.filters)
