"""A beat grid of one tempo, where the beats keep one.

Music made to a click keeps its tempo to the millisecond; a tracker may drift in a break, and
continue half a beat off. So if nearly all beats are on one straight line of half beats, the grid is
that line, and its beats are those halves on which most of them are.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

NEARLY_ALL = 0.85  # of the beats, on the line
NEAR = 0.025  # seconds
FEWEST = 16  # beats that show a line is not chance
RANGE = 0.003  # how far the interval of the line may be from the median of those of the beats
STEP = 0.01  # seconds by which the lines that are tried differ at the end
ENOUGH = 4000  # beats to try them on


def straighten(frames: Array, rate: float, *, always: bool = False) -> Array:
    """Beats (m,) on the line that those at `frames` (n,) keep to; the same, where there is none.

    With `always`, any line is good enough.
    """
    if len(frames) < (2 if always else FEWEST):
        return frames
    interval, phase = _find(frames, rate)
    halves = np.rint((frames - phase) / (interval / 2))
    near = np.abs(phase + halves * interval / 2 - frames) <= NEAR * rate
    if not always and near.mean() < NEARLY_ALL:
        return frames
    if len(np.unique(halves[near])) > 1:
        slope, phase = np.polyfit(halves[near], frames[near], 1)
        interval = 2 * slope
    if np.sum(halves[near] % 2) > near.sum() / 2:
        phase += interval / 2
    first, last = (frames[[0, -1]] - phase) / interval
    count = np.arange(np.ceil(first - 0.25), np.floor(last + 0.25) + 1)
    line: Array = phase + interval * count
    return line


def _find(frames: Array, rate: float) -> tuple[float, float]:
    """Interval and phase of the beats whose halves are nearest to `frames` (n,)."""
    intervals = np.sort(np.diff(frames))
    middle = intervals[len(intervals) // 2]
    usual = float(np.median(intervals[np.abs(intervals - middle) <= 0.03 * middle]))
    passed = (frames - frames[0])[:: 1 + len(frames) // ENOUGH]
    step = STEP * rate * usual / (frames[-1] - frames[0])
    count = int(RANGE * usual / step)
    candidates = usual + step * np.arange(-count, count + 1)
    turns = np.array([np.exp(4j * np.pi / each * passed).sum() for each in candidates])
    best = int(np.argmax(np.abs(turns)))
    interval = float(candidates[best])
    return interval, float(frames[0] + np.angle(turns[best]) / (4 * np.pi) * interval)
