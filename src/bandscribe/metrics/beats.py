"""How well the beats of a recording are found.

Task: an estimate gives the times of beats and their positions in the bar; the reference is an
annotation. As in `mir_eval.beat` (Raffel et al. 2014, after Davies, Degara and Plumbley 2009,
Evaluation Methods for Musical Audio Beat Tracking Algorithms), what lies in the first five seconds
is left out, and a track's figures are averaged over tracks.

Metrics, per track:

- F1, precision and recall of beats, and of downbeats alone, within ±70 ms;
- continuity: the share of beats that are right given that their neighbour's distance is right too,
  each within 17.5 % of the annotated interval: the longest run (CMLc) and all of them (CMLt), and
  the best of these where the estimate may also be off-beat, twice or half as fast (AMLc, AMLt);
- level: at which metrical level the estimate taps, so that tempo-octave errors are counted apart:
  the one of the annotation, off-beat, twice or half as fast at which most of it is right, if that
  is more than half. Right is meant as in AMLt, not as in F1: at 120 bpm the windows of ±70 ms round
  a grid twice as fast cover 56 % of the time, so that any estimate would score there.

Where we deviate from mir_eval: undefined figures are nan (see `metrics.counts`), not 0; a track
with fewer than two annotated beats has no continuity, and no level.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bandscribe.metrics.counts import Scores, mean, micro
from bandscribe.metrics.onsets import match
from bandscribe.types import Beats

TOLERANCE = 0.07
SKIP = 5.0
CONTINUITY = 0.175
#: The metrical levels, the right one first; `none` is where no level fits.
LEVELS = ("right", "offbeat", "double", "half", "none")

Times = NDArray[np.float64]
_RATES = ("precision", "recall", "f1")


@dataclass(frozen=True)
class Continuity:
    """Shares in [0, 1], nan where undefined: correct and any metrical level, longest and total."""

    cmlc: float
    cmlt: float
    amlc: float
    amlt: float


#: The figures of a track.
NAMES = (
    *(f"{kind}.{name}" for kind in ("beats", "downbeats") for name in _RATES),
    *Continuity.__dataclass_fields__,
    *(f"level.{name}" for name in LEVELS),
)


@dataclass(frozen=True)
class TrackScores:
    """The scores of one track; `level` is one of `LEVELS`, or None if it is undefined."""

    beats: Scores
    downbeats: Scores
    continuity: Continuity
    level: str | None


def score(
    references: Sequence[Beats], estimates: Sequence[Beats], *, skip: float = SKIP
) -> list[TrackScores]:
    """Compare the beats of each track; `skip` seconds at the start are left out.

    Raises ValueError when there is not one estimate per reference.
    """
    if len(references) != len(estimates):
        raise ValueError(f"estimates: expected {len(references)}, got {len(estimates)}")
    scores = []
    for reference, estimate in zip(references, estimates, strict=True):
        expected, given = reference.times >= skip, estimate.times >= skip
        beats = reference.times[expected], estimate.times[given]
        downbeats = (
            reference.times[expected & (reference.positions == 1)],
            estimate.times[given & (estimate.positions == 1)],
        )
        scores.append(
            TrackScores(find(*beats), find(*downbeats), follow(*beats), name_level(*beats))
        )
    return scores


def stack(scores: Sequence[TrackScores]) -> NDArray[np.float64]:
    """Every figure of every track, (track, figure): see `NAMES`; nan where it is undefined."""
    rows = [
        [
            *(getattr(row.beats, name) for name in _RATES),
            *(getattr(row.downbeats, name) for name in _RATES),
            *vars(row.continuity).values(),
            *(float("nan") if row.level is None else row.level == name for name in LEVELS),
        ]
        for row in scores
    ]
    return np.array(rows, dtype=np.float64).reshape(len(rows), len(NAMES))


def figures(values: NDArray[np.float64]) -> dict[str, float]:
    """Means over tracks of `values` (track, figure) by name: see `NAMES`.

    `level.…` are shares of the tracks. Undefined figures of a track are left out of the mean. As
    a statistic for the bootstrap: `lambda t: figures(values[t])`.
    """
    return dict(zip(NAMES, mean(values).tolist(), strict=True))


def find(reference: Times, estimate: Times, tolerance: float = TOLERANCE) -> Scores:
    """Precision, recall and F1 of ascending beats (n,) and (m,), in seconds."""
    tp = len(match(reference, estimate, tolerance).reference)
    return micro(np.array([[[tp, len(estimate) - tp, len(reference) - tp]]]))


def follow(reference: Times, estimate: Times) -> Continuity:
    """Continuity of ascending beats (n,) and (m,), in seconds."""
    if len(reference) < 2:
        return Continuity(*[float("nan")] * 4)
    if len(estimate) < 2:
        return Continuity(0.0, 0.0, 0.0, 0.0)
    runs, totals = [], []
    for level in _vary(reference):
        right = _continue(level, estimate)
        most = max(len(level), len(estimate))
        gaps = np.flatnonzero(~np.concatenate([[False], right, [False]]))
        runs.append(float(np.diff(gaps).max() - 1) / most)
        totals.append(float(right.sum()) / most)
    return Continuity(runs[0], totals[0], max(runs), max(totals))


def name_level(reference: Times, estimate: Times) -> str | None:
    """The level at which most of the beats are right: one of `LEVELS`.

    That is the level with the highest total continuity, if it exceeds one half, else `none`; the
    right one, where several are equal. Fewer than two beats of the estimate have `none`; of fewer
    than two annotated ones it is undefined: None.
    """
    if len(reference) < 2:
        return None
    if len(estimate) < 2:
        return "none"
    names = ("right", "offbeat", "double", "half", "half")
    best, share = "none", 0.5
    for name, level in zip(names, _vary(reference), strict=True):
        total = float(_continue(level, estimate).sum()) / max(len(level), len(estimate))
        if total > share:
            best, share = name, total
    return best


def _vary(beats: Times) -> tuple[Times, ...]:
    """The beats as they are, off-beat, twice as fast, and the odd and the even ones alone."""
    double = np.interp(np.arange(0, len(beats) - 0.5, 0.5), np.arange(len(beats)), beats)
    return beats, double[1::2], double, beats[::2], beats[1::2]


def _continue(reference: Times, estimate: Times) -> NDArray[np.bool_]:
    """Which beats of the estimate (m,) are near a free beat and as far from their neighbour.

    The neighbour is the one before; at the first beat of either side, the one after.
    """
    right = np.zeros(len(estimate), dtype=bool)
    used = np.zeros(len(reference), dtype=bool)
    for m, time in enumerate(estimate):
        nearest = int(np.argmin(np.abs(time - reference)))
        if used[nearest]:
            continue
        ahead = m == 0 or nearest == 0
        expected = _interval(reference, nearest, ahead)
        if expected == 0:  # two annotations at one time, or a single one
            continue
        phase = abs(abs(time - reference[nearest]) / expected)
        period = abs(1 - _interval(estimate, m, ahead) / expected)
        right[m] = used[nearest] = phase < CONTINUITY and period < CONTINUITY
    return right


def _interval(times: Times, index: int, ahead: bool) -> float:
    first = index if ahead and index + 1 < len(times) else index - 1
    return float(times[first + 1] - times[first]) if first >= 0 else 0.0
