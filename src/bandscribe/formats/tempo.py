"""A tempo estimate for notes whose beats are not known."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bandscribe.types import Floats

_STEP = 0.005  # seconds per bin of the histogram of intervals
_LONGEST = 2.4  # seconds
_BLUR = 0.012  # seconds: how loosely people play
_BPM = np.arange(60, 200.25, 0.25)
_USUAL_BPM, _OCTAVES = 115.0, 0.7  # centre and width of what is expected


def estimate_bpm(onsets: Floats) -> float | None:
    """Beats per minute of ascending onsets (n,) in seconds; None for fewer than eight.

    Intervals between any two onsets up to 2.4 s apart are counted. A tempo is likely when many
    are half a beat, one, two and four beats long, and the likelier the nearer it is to 115 bpm
    (a normal prior over the logarithm, 0.7 octaves wide, as in Ellis 2007, Beat Tracking by Dynamic
    Programming, section 3.2). Nothing else distinguishes double and half tempi.
    """
    if len(onsets) < 8:
        return None
    counts = _count_intervals(np.asarray(onsets, dtype=np.float64))
    beats = 60 / _BPM
    score = np.zeros(len(_BPM))
    for multiple, weight in ((0.5, 0.5), (1, 1), (2, 0.7), (4, 0.5)):
        at = beats * multiple / _STEP
        score += weight * np.interp(at, np.arange(len(counts)), counts, right=0)
    score *= np.exp(-0.5 * (np.log2(_BPM / _USUAL_BPM) / _OCTAVES) ** 2)
    return float(_BPM[score.argmax()])


def _count_intervals(onsets: NDArray[np.float64]) -> NDArray[np.float64]:
    """Blurred histogram of the intervals between onsets, in steps of 5 ms."""
    counts = np.zeros(round(_LONGEST / _STEP) + 1)
    for distance in range(1, len(onsets)):
        intervals = onsets[distance:] - onsets[:-distance]
        near = intervals[intervals < _LONGEST]
        if not len(near):
            break
        np.add.at(counts, np.rint(near / _STEP).astype(int), 1)
    counts[: round(0.1 / _STEP)] = 0  # flams and drums struck together
    reach = np.arange(-8, 9) * _STEP
    kernel = np.exp(-0.5 * (reach / _BLUR) ** 2)
    return np.convolve(counts, kernel, "same")
