"""Tempo maps of MIDI files: between seconds and ticks, and laid along a beat grid.

Time 0 is tick 0, and every beat is a whole number of beats from there, so that it is on the grid of
any sequencer: what comes before the first beat lasts whole beats too, of a tempo of their own. A
first beat that comes too soon for that is left between the lines.

The tempo stays the same for as long as the beats lie along one line: the map follows the line, and
not their unevenness around it.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from bandscribe.types import Beats, Floats
from bandscribe.vocabulary import signature

DEFAULT_TEMPO = 500_000  # µs per quarter: 120 bpm, where a file gives none
_BEATS = (0.15, 2.1)  # seconds: 400 and 29 bpm; what is outside is no grid to write on
_TEMPI = (20_000, 1_900_000)  # µs per quarter; half a tick of a slower one is more than 1 ms
# How far beats may be from a line, as medians of so many: less than is audible beside a click.
_APART, _AROUND = 0.03, 5
_WHOLE = 0.001  # seconds that beats may move at the ends of a song for a whole number of bpm
_SHORTEST = 0.25  # seconds of a quarter before the first beat: 240 bpm at most
_LEAD = 0.001  # seconds before the first beat that are none
_GAP = 1.5  # beats between two of the grid, from which on some are missing
_LARGEST = 85  # beats to the bar: a numerator of 255, if they are dotted


@dataclass(frozen=True, eq=False)
class TempoMap:
    """A beat of `resolution` ticks lasts `tempi` (n,) µs from each of `ticks` (n,) on.

    `ticks` ascend from 0. `metres` are (tick, numerator, denominator) of each time signature.
    """

    ticks: NDArray[np.int64]
    tempi: NDArray[np.int64]
    resolution: int
    metres: tuple[tuple[int, int, int], ...] = ((0, 4, 4),)

    @classmethod
    def of(cls, changes: Iterable[tuple[int, int]], resolution: int) -> TempoMap:
        """The map of a file's changes of tempo (tick, µs per beat); 120 bpm until the first."""
        ordered = sorted([(0, DEFAULT_TEMPO), *changes], key=lambda change: change[0])
        ticks, tempi = np.array(ordered, dtype=np.int64).T
        return cls(ticks, tempi, resolution)

    def seconds(self, ticks: NDArray[np.int64] | NDArray[np.float64]) -> NDArray[np.float64]:
        """Times of `ticks`, an array of any shape."""
        segment = np.maximum(np.searchsorted(self.ticks, ticks, side="right") - 1, 0)
        times: NDArray[np.float64] = self._starts[segment]
        return times + (ticks - self.ticks[segment]) * self._per_tick[segment]

    def nearest(self, seconds: Floats) -> NDArray[np.int64]:
        """The ticks (m,) nearest to times (m,) from 0 on."""
        segment = np.searchsorted(self._starts, seconds, side="right") - 1
        per_second = 1e6 * self.resolution / self.tempi
        ahead = (seconds - self._starts[segment]) * per_second[segment]
        ticks: NDArray[np.int64] = self.ticks[segment] + np.rint(ahead).astype(np.int64)
        return ticks

    @property
    def _per_tick(self) -> NDArray[np.float64]:
        """Seconds (n,) that a tick lasts."""
        per_tick: NDArray[np.float64] = self.tempi / (1e6 * self.resolution)
        return per_tick

    @property
    def _starts(self) -> NDArray[np.float64]:
        """Times (n,) at which the tempi begin."""
        lengths = np.diff(self.ticks) * self._per_tick[:-1]
        return np.concatenate([[0.0], np.cumsum(lengths)])


def steady(tempo: int, resolution: int) -> TempoMap:
    """One tempo in µs per beat, and bars of four."""
    return TempoMap(np.array([0]), np.array([tempo]), resolution)


def follow(beats: Beats, resolution: int) -> TempoMap | None:
    """A tempo map on which the beats are whole beats, and the downbeats bar lines, to 30 ms.

    Beats that are missing are counted on. None where there are no two beats, or tempi that are
    none.
    """
    grid = fill(beats)
    if len(grid.times) < 2:
        return None
    lead, points = _lead_in(*tempo_line(grid), beats.quarters)
    unit = round(beats.quarters * resolution)
    ticks, tempi, passed = [], [], 0.0
    for (beat, _), (following, time) in pairwise(points):
        length = (following - beat) * beats.quarters  # in quarters
        tempo = round(1e6 * (time - passed) / length)
        passed += tempo * length / 1e6
        ticks.append((lead + beat) * unit)
        tempi.append(tempo)
    if min(tempi) < _TEMPI[0] or max(tempi) > _TEMPI[1]:
        return None
    metres = _metres(grid.positions, lead, beats.quarters, unit)
    return TempoMap(np.array(ticks), np.array(tempi), resolution, metres)


def describe(beats: Beats) -> str | None:
    """Tempo and metre in words, such as `124 bpm, 4/4`; None where `follow` finds none."""
    usual = tempo(beats)
    if usual is None:
        return None
    tempi = _tempi(fill(beats))
    low, high = f"{tempi.min():.0f}", f"{tempi.max():.0f}"
    if tempi.min() == tempi.max():
        text = f"{usual:g}"
    else:
        text = low if low == high else f"{low} to {high}"
    return f"{text} bpm, {metre(beats)}"


def tempo(beats: Beats) -> float | None:
    """Beats per minute to a tenth, as in `describe`; where they change the median of all beats."""
    tempi = _tempi(fill(beats))
    return round(float(np.median(tempi)), 1) if len(tempi) else None


def metre(beats: Beats) -> str | None:
    """The metre of most bars, as in `describe`, such as `4/4`; None where `tempo` is.

    Of metres of equally many bars it is the shortest, and without a whole bar that of the highest
    position.
    """
    positions = fill(beats).positions
    if len(positions) < 2:
        return None
    lengths = Counter(np.diff(np.flatnonzero(positions == 1)).tolist() or [int(positions.max())])
    usual = min(lengths, key=lambda length: (-lengths[length], length))
    number, note = signature(usual, beats.quarters)
    return f"{number}/{note}"


def _tempi(grid: Grid) -> NDArray[np.float64]:
    """Beats per minute (n - 1,) from each beat to the next, along the fitted line; or none."""
    if len(grid.times) < 2:
        return np.zeros(0)
    knots, at = tempo_line(grid)
    counts = np.diff(knots)
    return np.repeat(60 * counts / np.diff(at), counts)


@dataclass(frozen=True, eq=False)
class Grid:
    """Times (n,) and positions (n,) of beats; those not `found` (n,) are put between the others."""

    times: NDArray[np.float64]
    positions: NDArray[np.int64]
    found: NDArray[np.bool_]


def fill(beats: Beats) -> Grid:
    """The beats, with those that are missing between two; or none.

    Between two beats comes the number of beats nearest to the usual tempo that leads from the one's
    position to the other's.
    """
    times, kept = np.unique(beats.times, return_index=True)
    positions = beats.positions[kept][times >= 0]
    times = times[times >= 0]
    usual = float(np.median(np.diff(times))) if len(times) > 1 else 0.0
    if not _BEATS[0] <= usual <= _BEATS[1]:
        return Grid(np.zeros(0), np.zeros(0, np.int64), np.zeros(0, np.bool_))
    metre = int(positions.max())
    pieces, counts, found = [times[:1]], [positions[:1]], [True]
    for i, gap in enumerate(np.diff(times)):
        steps = 1
        if gap > _GAP * usual:
            least = int(positions[i + 1] - positions[i] - 1) % metre + 1
            steps = least + metre * max(0, round((gap / usual - least) / metre))
        between = np.arange(1, steps)
        pieces += [times[i] + between * gap / steps, times[i + 1 : i + 2]]
        counts += [(positions[i] + between - 1) % metre + 1, positions[i + 1 : i + 2]]
        found += [False] * (steps - 1) + [True]
    return Grid(np.concatenate(pieces), np.concatenate(counts), np.array(found))


def tempo_line(grid: Grid) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Beats (k,), from the first to the last, and their times (k,): few, and straight between.

    A single line has a whole number of beats per minute, if one is near enough.
    """
    index = np.flatnonzero(grid.found)
    times = grid.times[index]
    knots = _break(index, _smooth(index, times))
    at = _fit(index, times, knots)
    if len(knots) == 2:
        count = int(knots[1])
        whole = 60 * count / max(round(60 * count / float(at[1] - at[0])), 1)
        if abs(whole - (at[1] - at[0])) <= 2 * _WHOLE:
            at = at.mean() + np.array([-whole, whole]) / 2
    return knots, at


def _break(index: NDArray[np.int64], times: NDArray[np.float64]) -> NDArray[np.int64]:
    """The beats (k,) where a line breaks that passes all `times` (n,) at `index` within `_APART`.

    Each piece goes on for as long as there is a straight line from its start past all on the way.
    """
    knots, begin, start = [0], 0, float(times[0])
    while begin < len(times) - 1:
        beats = index[begin + 1 :] - index[begin]
        slopes = (times[begin + 1 :] - start) / beats
        low = np.maximum.accumulate(slopes - _APART / beats)
        high = np.minimum.accumulate(slopes + _APART / beats)
        fits = low <= high
        count = len(fits) if fits.all() else int(np.argmin(fits))
        last = count - 1
        start += float(np.clip(slopes[last], low[last], high[last])) * int(beats[last])
        begin += count
        knots.append(int(index[begin]))
    return np.array(knots)


def _smooth(index: NDArray[np.int64], times: NDArray[np.float64]) -> NDArray[np.float64]:
    """The `times` (n,) without what single beats are off: medians of the way from a line."""
    line = np.interp(index, index[[0, -1]], times[[0, -1]])
    beside = np.pad(times - line, _AROUND // 2, mode="reflect")
    windows = np.lib.stride_tricks.sliding_window_view(beside, _AROUND)
    smooth: NDArray[np.float64] = line + np.median(windows, axis=1)
    return smooth


def _fit(
    index: NDArray[np.int64], times: NDArray[np.float64], knots: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Times (k,) at the `knots` (k,) of the line nearest to `times` (n,) of beats `index` (n,)."""
    right = np.clip(np.searchsorted(knots, index, side="right"), 1, len(knots) - 1)
    share = (index - knots[right - 1]) / (knots[right] - knots[right - 1])
    # Each time lies between two knots: normal equations of three diagonals.
    matrix, sums = np.zeros((len(knots), len(knots))), np.zeros(len(knots))
    for one, weight in ((right - 1, 1 - share), (right, share)):
        np.add.at(sums, one, weight * times)
        for other, factor in ((right - 1, 1 - share), (right, share)):
            np.add.at(matrix, (one, other), weight * factor)
    at = np.linalg.solve(matrix, sums)
    return at.astype(np.float64, copy=False)


def _lead_in(
    knots: NDArray[np.int64], at: NDArray[np.float64], quarters: float
) -> tuple[int, list[tuple[int, float]]]:
    """How many beats come before the first, and (beat, time) of each change of tempo and the end.

    The first of these is time 0. A first beat that comes too soon after it to have one before it
    begins the bar at time 0, a little early, and lasts until the second.
    """
    points: list[tuple[int, float]] = list(zip(knots.tolist(), at.tolist(), strict=True))
    interval = float(at[1] - at[0]) / int(knots[1])
    begin = float(at[0])
    if abs(begin) <= _LEAD:
        return 0, [(0, 0.0), *points[1:]]
    if begin < _SHORTEST * quarters:
        second = (1, begin + interval)
        return 0, [(0, 0.0), second, *(point for point in points if point[0] > 1)]
    slowest = _TEMPI[1] / 1e6 * quarters
    lead = max(1, round(begin / interval), math.ceil(begin / slowest))
    early = begin - lead * interval
    if abs(early) > _LEAD:
        return lead, [(-lead, 0.0), *points]
    return lead, [(-lead, 0.0), *((beat, time - early) for beat, time in points[1:])]


def _metres(
    positions: NDArray[np.int64], lead: int, quarters: float, unit: int
) -> tuple[tuple[int, int, int], ...]:
    """The time signatures, for a grid with `lead` beats of `unit` ticks before its first."""
    downbeats = np.flatnonzero(positions == 1)
    metre = int(positions.max())
    lengths = np.diff(downbeats).tolist() or [metre]
    # The first downbeat is yet to come where the grid has none.
    first = int(downbeats[0]) if len(downbeats) else metre - int(positions[0]) + 1
    pickup = (lead + first) % lengths[0]
    bars = [(0, pickup)] if pickup else []
    bars.append((pickup * unit, lengths[0]))
    for downbeat, length in zip(downbeats.tolist(), lengths, strict=False):
        if length != bars[-1][1]:
            bars.append(((lead + downbeat) * unit, length))
    return tuple((tick, *signature(min(length, _LARGEST), quarters)) for tick, length in bars)
