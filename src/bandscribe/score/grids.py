"""On which grid the strokes of each beat are written: a shortest description, found by Viterbi.

A beat is divided in one of a few ways, the same for all drums. A way costs what its strokes are off
(squares over the spread of the hands, as of a normal distribution), and what it takes to write it
down: a little for eighths, more for sixteenths and triplets, most for thirty-seconds; a change
between even and triple division costs too. Costs are natural logarithms of probabilities. What the
other bars have on the same beat counts: their share of each grid is a prior in a second pass.

In swing, the second of two notes comes late by one ratio throughout; one ratio is tried after the
other, and the best is kept if it explains more than even notes do.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

#: Ratios of swing that are tried; what is below them is played even, for a reader.
RATIOS = tuple(round(0.56 + 0.02 * i, 2) for i in range(9))
#: Squares of more spreads than this are as far off as anything: a stroke that fits nowhere.
_FARTHEST = 9.0
#: Two strokes of one drum at one place.
_COLLISION = 8.0
#: From even to triple division or back, from beat to beat.
_CHANGE = 1.5
#: A score that swings needs as much evidence.
_SWING = 10.0
#: Beats that swing are more than this share of all that are divided.
_FEW = 0.2
#: How much the grids of the same beat in other bars weigh.
_HABIT = 1.0


@dataclass(frozen=True, eq=False)
class Grid:
    """Where strokes may be in a beat: `places` (n,) as shares of it, written at `ticks` (n,).

    Each place costs `costs` (n,), the grid itself `cost`. `triple` divisions are by three. The
    last place is the next beat, and costs nothing here.
    """

    places: Floats
    ticks: Ints
    costs: Floats
    cost: float
    triple: bool = False


def _grid(beat: int, step: int, cost: float, deep: float, *, triple: bool = False) -> Grid:
    ticks = np.arange(0, beat + 1, step)
    costs = np.array([_depth(tick, beat, step, deep) for tick in ticks.tolist()])
    return Grid(ticks / beat, ticks, costs, cost, triple)


def _depth(tick: int, beat: int, step: int, deep: float) -> float:
    """What it costs to write something at a tick: the finer its own division, the more."""
    if tick in (0, beat):
        return 0.0
    half = beat % (2 * 12) == 0 and tick % (beat // 2) == 0
    third = beat % 3 == 0 and tick % (beat // 3) == 0
    if half or third:
        return 0.3
    return 0.6 if tick % (2 * step) == 0 else deep


def straight(beat: int) -> list[Grid]:
    """The grids of a beat of so many ticks: 48 for a quarter, 72 for a dotted one, 24, 36, 12."""
    if beat == 72:
        return [
            _grid(beat, 72, 0.0, 0.0),
            _grid(beat, 24, 0.3, 0.3),
            _grid(beat, 12, 1.2, 0.7),
            _grid(beat, 6, 6.0, 3.0),
            _grid(beat, 8, 6.0, 2.0, triple=True),
        ]
    if beat % 48:
        steps = ((beat, 0.0, 0.0), (12, 0.8, 0.6), (6, 6.0, 3.0), (8, 5.0, 1.5))
        return [
            _grid(beat, step, cost, deep, triple=step == 8)
            for step, cost, deep in steps
            if beat % step == 0
        ]
    return [
        _grid(beat, 48, 0.0, 0.0),
        _grid(beat, 24, 0.3, 0.3),
        _grid(beat, 12, 1.0, 0.6),
        _grid(beat, 6, 6.0, 3.0),
        _grid(beat, 16, 2.0, 0.5, triple=True),
        _grid(beat, 8, 6.0, 2.0, triple=True),
        _mixed((0, 8, 16, 24, 36, 48)),
        _mixed((0, 12, 24, 32, 40, 48)),
    ]


def _mixed(ticks: tuple[int, ...]) -> Grid:
    """A quarter of which one half is divided by three and the other by two."""
    costs = np.array([0.0 if tick in (0, 48) else 0.3 if tick == 24 else 1.5 for tick in ticks])
    return Grid(np.array(ticks) / 48, np.array(ticks), costs, 6.0)


def swung(ratio: float, note: int) -> list[Grid]:
    """The grids of a quarter in swing of eighths (`note` 8) or sixteenths (16).

    Even notes of that kind are there for single beats, at a cost.
    """
    plain, eighths, sixteenths, finest, *triple = straight(48)
    if note == 8:
        even = [Grid(g.places, g.ticks, g.costs, g.cost + 2.0) for g in (eighths, sixteenths)]
        swing = Grid(np.array([0, ratio, 1]), np.array([0, 24, 48]), eighths.costs, 0.3, True)
        return [plain, swing, *even, finest, *triple]
    even = [Grid(sixteenths.places, sixteenths.ticks, sixteenths.costs, sixteenths.cost + 2.0)]
    places = np.array([0, ratio / 2, 0.5, 0.5 + ratio / 2, 1])
    swing = Grid(places, sixteenths.ticks, sixteenths.costs, 1.0)
    return [plain, eighths, swing, *even, finest, *triple]


@dataclass(frozen=True, eq=False)
class Played:
    """Strokes as they were played: the `beat` (n,) each is in, how far into it, and which `drum`.

    `share` (n,) is in [0, 1); `lengths` (m,) of the beats in seconds, `positions` (m,) in the bar.
    """

    beat: Ints
    share: Floats
    drum: Ints
    lengths: Floats
    positions: Ints


@dataclass(frozen=True, eq=False)
class Written:
    """Strokes as they are written: `ticks` (n,) after their beat, `off` (n,) seconds from there.

    `chosen` (m,) is the index of each beat's grid, `cost` that of the whole.
    """

    ticks: Ints
    off: Floats
    chosen: Ints
    cost: float


def decode(played: Played, grids: list[Grid], spread: float) -> Written:
    """The cheapest grids, for hands that are `spread` seconds off as a standard deviation."""
    count = len(played.lengths)
    ticks = np.empty((len(grids), len(played.beat)), np.int64)
    off = np.empty((len(grids), len(played.beat)))
    struck = np.bincount(played.beat, minlength=count) > 0
    drums = int(played.drum.max(initial=0)) + 1
    costs = np.empty((count, len(grids)))
    for g, grid in enumerate(grids):
        between = (grid.places[1:] + grid.places[:-1]) / 2
        nearest = np.searchsorted(between, played.share)
        ticks[g] = grid.ticks[nearest]
        off[g] = (played.share - grid.places[nearest]) * played.lengths[played.beat]
        error = np.minimum((off[g] / spread) ** 2 / 2, _FARTHEST)
        strokes = np.bincount(
            (played.beat * len(grid.places) + nearest) * drums + played.drum,
            minlength=count * len(grid.places) * drums,
        ).reshape(count, len(grid.places), drums)
        doubled = np.maximum(strokes - 1, 0).sum(axis=(1, 2))
        costs[:, g] = (
            grid.cost * struck
            + np.bincount(played.beat, error, minlength=count)
            + (strokes.any(axis=2) * grid.costs).sum(axis=1)
            + _COLLISION * doubled
        )
    triple = np.array([grid.triple for grid in grids])
    chosen, _ = _viterbi(costs, triple)
    prior = _habits(chosen, played.positions, len(grids))
    chosen, cost = _viterbi(costs + prior, triple)
    picked = chosen[played.beat], np.arange(len(played.beat))
    return Written(ticks[picked], off[picked], chosen, cost)


def _habits(chosen: Ints, positions: Ints, count: int) -> Floats:
    """(m, grid): the cost of each grid by its share on the same beat of all bars."""
    tally = np.full((int(positions.max(initial=1)) + 1, count), 0.5)
    np.add.at(tally, (positions, chosen), 1.0)
    share = tally / tally.sum(axis=1, keepdims=True)
    costs: Floats = -_HABIT * np.log(share)[positions]
    return costs


def _viterbi(costs: Floats, triple: NDArray[np.bool_]) -> tuple[Ints, float]:
    """The cheapest path (m,) through costs (m, grid), and what it costs."""
    change = _CHANGE * (triple[:, None] != triple)
    origin = np.zeros(costs.shape, np.int64)
    best = costs[0].copy()
    for i in range(1, len(costs)):
        arrive = best[:, None] + change
        origin[i] = arrive.argmin(axis=0)
        best = arrive.min(axis=0) + costs[i]
    path = np.empty(len(costs), np.int64)
    path[-1] = best.argmin()
    for i in range(len(costs) - 1, 0, -1):
        path[i - 1] = origin[i, path[i]]
    return path, float(best.min())


def find_swing(played: Played, even: Written, spread: float) -> tuple[float, int] | None:
    """The ratio and the note, 8 or 16, in which quarters swing; None where they do not."""
    best, lowest = None, even.cost - _SWING
    for note in (8, 16):
        for ratio in RATIOS:
            grids = swung(ratio, note)
            written = decode(played, grids, spread)
            if written.cost < lowest and _prevails(written, note):
                best, lowest = (ratio, note), written.cost
    return best


def _prevails(written: Written, note: int) -> bool:
    """Whether more beats swing than are even in the same notes, or in triplets; not just a few."""
    swings, others = ((1,), (2, 3, 5)) if note == 8 else ((2,), (3, 5))
    count = np.bincount(written.chosen, minlength=6)
    swinging = count[list(swings)].sum()
    return bool(swinging > max(count[list(others)].sum(), _FEW * count[1:].sum()))
