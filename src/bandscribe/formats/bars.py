"""Tempo maps of MIDI files: between seconds and ticks, and laid along a beat grid.

Each beat is a quarter note. Time 0 is tick 0. The bars in front of the first downbeat are counted
back from it, the first of them a short one, as long as the sound before the grid asks for.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bandscribe.types import Beats, Floats

_BEATS = (0.15, 1.5)  # seconds: 400 and 40 bpm; what is outside is no grid to write on
_TEMPI = (20_000, 1_900_000)  # µs per beat; half a tick of a slower one is more than a millisecond
# How far the map may pass by a downbeat and by another beat, in seconds: bar lines are where the
# downbeats are heard; beats within a bar are drawn straight where a frame of the network allows it.
_DOWNBEAT, _BEAT = 0.0005, 0.01
_GAP = 1.5  # beats between two of the grid, from which on some are missing
_FINEST = 64  # of the notes that the first, short bar is counted in
_LARGEST = 255  # numerator


@dataclass(frozen=True, eq=False)
class TempoMap:
    """A beat of `resolution` ticks lasts `tempi` (n,) µs from each of `ticks` (n,) on.

    `ticks` ascend from 0. `metres` are (tick, numerator, denominator) of each time signature.
    """

    ticks: NDArray[np.int64]
    tempi: NDArray[np.int64]
    resolution: int
    metres: tuple[tuple[int, int, int], ...] = ((0, 4, 4),)

    def seconds(self, ticks: NDArray[np.int64]) -> NDArray[np.float64]:
        """Times (m,) of `ticks` (m,)."""
        segment = np.searchsorted(self.ticks, ticks, side="right") - 1
        per_tick = self.tempi / (1e6 * self.resolution)
        times: NDArray[np.float64] = self._starts[segment]
        return times + (ticks - self.ticks[segment]) * per_tick[segment]

    def nearest(self, seconds: Floats) -> NDArray[np.int64]:
        """The ticks (m,) nearest to times (m,) from 0 on."""
        segment = np.searchsorted(self._starts, seconds, side="right") - 1
        per_second = 1e6 * self.resolution / self.tempi
        ahead = (seconds - self._starts[segment]) * per_second[segment]
        ticks: NDArray[np.int64] = self.ticks[segment] + np.rint(ahead).astype(np.int64)
        return ticks

    @property
    def _starts(self) -> NDArray[np.float64]:
        """Times (n,) at which the tempi begin."""
        lengths = np.diff(self.ticks) * self.tempi[:-1] / (1e6 * self.resolution)
        return np.concatenate([[0.0], np.cumsum(lengths)])


def steady(tempo: int, resolution: int) -> TempoMap:
    """One tempo in µs per beat, and bars of four."""
    return TempoMap(np.array([0]), np.array([tempo]), resolution)


def follow(beats: Beats, resolution: int) -> TempoMap | None:
    """A tempo map whose bar lines are at the downbeats, to half a millisecond.

    It has as few tempi as keep the other beats to 10 ms: one per bar or less, where the band is
    steady. Beats that are missing are counted on. None where there are no two beats, or tempi that
    are none.
    """
    times, positions = _fill(beats)
    if len(times) < 2:
        return None
    lead, unit = _lead(times)
    ticks = [0] if lead else []
    tempi = [round(1e6 * times[0] * unit / (4 * lead))] if lead else []
    first = lead * 4 * resolution // unit  # the tick of the first beat
    passed = tempi[0] * first / (1e6 * resolution) if lead else 0.0
    near = np.where(positions == 1, _DOWNBEAT, _BEAT)
    for beat, tempo in _straighten(times, near, passed):
        ticks.append(first + beat * resolution)
        tempi.append(tempo)
    if min(tempi) < _TEMPI[0] or max(tempi) > _TEMPI[1]:
        return None
    metres = _metres(positions, first, resolution)
    return TempoMap(np.array(ticks), np.array(tempi), resolution, metres)


def _fill(beats: Beats) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Times and positions of the beats, with those that are missing between two; or nothing.

    Between two beats comes the number of beats nearest to the usual tempo that leads from the one's
    position to the other's.
    """
    times, kept = np.unique(beats.times, return_index=True)
    positions = beats.positions[kept][times >= 0]
    times = times[times >= 0]
    usual = float(np.median(np.diff(times))) if len(times) > 1 else 0.0
    if not _BEATS[0] <= usual <= _BEATS[1]:
        return np.zeros(0), np.zeros(0, np.int64)
    metre = int(positions.max())
    pieces, counts = [times[:1]], [positions[:1]]
    for i, gap in enumerate(np.diff(times)):
        steps = 1
        if gap > _GAP * usual:
            least = int(positions[i + 1] - positions[i] - 1) % metre + 1
            steps = least + metre * max(0, round((gap / usual - least) / metre))
        between = np.arange(1, steps)
        pieces += [times[i] + between * gap / steps, times[i + 1 : i + 2]]
        counts += [(positions[i] + between - 1) % metre + 1, positions[i + 1 : i + 2]]
    return np.concatenate(pieces), np.concatenate(counts)


def _lead(times: NDArray[np.float64]) -> tuple[int, int]:
    """How many notes of 1/unit fit before the first beat, and the unit: 4, 8, … 64.

    The longest unit whose tempo is within a fifth of that of the first beats; where even the
    shortest is not, one of it. None of them for a first beat at 0.
    """
    if times[0] < _DOWNBEAT:
        return 0, 4
    quarters = float(times[0] / np.median(np.diff(times[:9])))
    for unit in (4, 8, 16, 32):
        notes = round(quarters * unit / 4)
        if notes and 0.8 <= quarters * unit / (4 * notes) <= 1.25:
            return notes, unit
    return max(1, round(quarters * _FINEST / 4)), _FINEST


def _straighten(
    times: NDArray[np.float64], near: NDArray[np.float64], start: float
) -> list[tuple[int, int]]:
    """(beat, µs per beat from there on): few tempi that pass each beat within `near` (n,) seconds.

    Each tempo holds as long as one through all beats up to there exists; the first beat of the map
    is at `start` seconds.
    """
    changes = []
    beat = 0
    while beat < len(times) - 1:
        low, high, end, aim = 0.0, math.inf, beat, 0.0
        for following in range(beat + 1, len(times)):
            count = following - beat
            far = 1e6 * (times[following] - start) / count
            room = 1e6 * near[following] / count
            narrower = max(low, far - room), min(high, far + room)
            if math.ceil(narrower[0]) > math.floor(narrower[1]):
                break
            (low, high), end, aim = narrower, following, far
        tempo = min(max(round(aim), math.ceil(low)), math.floor(high))
        changes.append((beat, tempo))
        start += tempo * (end - beat) / 1e6
        beat = end
    return changes


def _metres(
    positions: NDArray[np.int64], first: int, resolution: int
) -> tuple[tuple[int, int, int], ...]:
    """The time signatures, for a grid whose first beat is at tick `first`."""
    downbeats = np.flatnonzero(positions == 1)
    metre = int(positions.max())
    lengths = np.minimum(np.diff(downbeats), _LARGEST).tolist() or [min(metre, _LARGEST)]
    # The first downbeat is yet to come where the grid has none.
    before = int(downbeats[0]) if len(downbeats) else metre - int(positions[0]) + 1
    bar = lengths[0] * resolution
    pickup = (first + before * resolution) % bar
    metres = []
    if pickup:
        unit = next(u for u in (4, 8, 16, 32, _FINEST) if pickup % (4 * resolution // u) == 0)
        metres.append((0, pickup * unit // (4 * resolution), unit))
    metres.append((pickup, lengths[0], 4))
    for downbeat, length in zip(downbeats.tolist(), lengths, strict=False):
        if length != metres[-1][1]:
            metres.append((first + downbeat * resolution, length, 4))
    return tuple(metres)
