"""Find the metre, and which beats begin a bar.

A hidden Markov model over the beats. Its states are the positions in the bars of a few patterns
(`PATTERNS`); each beat is one position on, and a bar may be followed by one of another pattern.
The evidence at a beat is how probable the network finds a downbeat there, and which drums are
struck: kicks on 1 and 3, snares on 2 and 4, crashes on 1.

The weights of a pattern sum to 0 over its bar, and are applied to logarithms. So what is the same
on every beat (a kick on each of them, a downbeat as probable here as there), and the level of the
activations as a whole, favour no metre; where that is all, the prior decides, which is for 4/4 and
for a recording that begins with a bar.

Four beats in which 3 resembles 1 could be two bars of 2/4: they are 4/4, and 2/4 is left
to single bars. A whole recording is in 6/8 where slow beats of three strokes come in pairs, or fast
ones in sixes with the snare on 4.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bandscribe.types import Activations
from bandscribe.vocabulary import parse_metre

Array = NDArray[np.float64]
Weights = tuple[float, ...]

#: Activations are weighed by their logarithm, from `FLOOR` (0) over `CLEAR` (1) on.
FLOOR, CLEAR = 0.02, 0.5
REACH = 0.03  # seconds between a beat and a stroke on it
#: Nats of a clear downbeat, kick, snare and crash, for each unit of a pattern's weights.
NATS = (1.6, 0.8, 2.4, 1.6)

BEGIN = 1.5  # nats for a recording that begins within a bar
CHANGE = 8.0  # nats for a bar of another metre; a clear bar of four is worth 1.5 and more
VARIANT = 3.0  # nats for a bar of another pattern of the same metre

#: 6/8 in dotted beats: up to which tempo, nats for three strokes to the beat, and the prior cost.
SLOW, THIRDS, DOTTED = 90.0, 2.0, 0.6
#: 6/8 in eighths: from which tempo on, and its prior cost.
FAST, EIGHTHS = 110.0, 0.2

# A grid off the beat, or at half the tempo: kicks between the beats are as good as always there,
# and those on the beat as good as never, or beats are slower than this.
ALWAYS, NEVER, FOUR_ON_THE_FLOOR = 0.85, 0.15, 85.0


@dataclass(frozen=True)
class Pattern:
    """A bar: the prior `cost` of each beat in nats, and the weight of the activations on it."""

    cost: float
    downbeat: Weights
    kick: Weights
    snare: Weights

    @property
    def beats(self) -> int:
        """The number of beats in a bar."""
        return len(self.downbeat)


def _one(beats: int, at: int = 1) -> Weights:
    """1 on beat `at`, less the mean."""
    return tuple((beat == at) - 1 / beats for beat in range(1, beats + 1))


def _plain(cost: float, beats: int) -> Pattern:
    """Kick on 1, snare elsewhere."""
    first = _one(beats)
    return Pattern(cost, first, first, tuple(-weight for weight in first))


_FOUR = (0.75, -0.5, 0.25, -0.5)  # as much in all as two bars of two, if 3 resembles 1
PATTERNS = (
    Pattern(0.0, _FOUR, (0.5, -0.5, 0.5, -0.5), (-0.5, 0.5, -0.5, 0.5)),  # backbeat
    Pattern(0.0, _FOUR, _one(4), _one(4, at=3)),  # half time
    _plain(0.1, 3),
    _plain(0.3, 2),
    _plain(0.15, 5),
    _plain(0.15, 7),
)
PAIR = _plain(0.0, 2)


def _in_eighths(pattern: Pattern) -> Pattern:
    """A bar of dotted beats, counted in eighths: each beat against the two that follow."""

    def spread(weights: Weights) -> Weights:
        return tuple(part for weight in weights for part in (weight + 1 / 3, -1 / 6, -1 / 6))

    return Pattern(
        pattern.cost, spread(pattern.downbeat), spread(pattern.kick), spread(pattern.snare)
    )


@dataclass(frozen=True, eq=False)
class Bars:
    """Beats at `frames` (n,), their `positions` (n,) in bars, and `quarters`: notes to the beat."""

    frames: Array
    positions: NDArray[np.int64]
    quarters: float = 1.0


def count(
    frames: Array, downbeat: Array, rate: float, drums: Activations | None, metre: str | None = None
) -> Bars:
    """The bars of beats at `frames` (n,), from the activations of the downbeat (frame,).

    `drums` are those of onsets, at the same frames; of their classes KD, SD, SS and CR count. All
    bars are of `metre`, if it is given. Of the beats of 6/8 and the like that are counted in
    eighths, every third remains. Raises ValueError as `vocabulary.parse_metre`.
    """
    evidence = _weigh(frames, downbeat, rate, drums)
    tempo = 60 * rate / float(np.median(np.diff(frames))) if len(frames) > 1 else 0.0
    if metre is not None:
        beats, quarters = parse_metre(metre)
        patterns = [p for p in PATTERNS if p.beats == beats] or [_plain(0.0, beats)]
        if quarters in (0.75, 1.5) and tempo > FAST:
            positions, _ = _decode(evidence, [_in_eighths(pattern) for pattern in patterns])
            return _every_third(frames, positions, quarters)
        return Bars(frames, _decode(evidence, patterns)[0], quarters)
    positions, score = _decode(evidence, PATTERNS)
    if drums is not None and tempo > FAST:
        eighths, compound = _decode(evidence, [_in_eighths(PAIR)])
        if compound - EIGHTHS * len(frames) > score:
            return _every_third(frames, eighths, 1.5)
    if drums is not None and 0 < tempo < SLOW:
        pairs, compound = _decode(evidence, [PAIR])
        ternary = THIRDS * float(_thirds(frames, drums).sum())
        if compound + ternary - DOTTED * len(frames) > score:
            return Bars(frames, pairs, 1.5)
    return Bars(frames, positions)


def _every_third(frames: Array, positions: NDArray[np.int64], quarters: float) -> Bars:
    kept = positions % 3 == 1
    return Bars(frames[kept], positions[kept] // 3 + 1, quarters)


def put_on_kicks(frames: Array, drums: Activations, fastest: float) -> Array:
    """The beats, moved by half of one or doubled where kicks indicate so throughout.

    Hats between the kicks of house are taken for the beat now and then, and so are every other
    beat, where the snare or clap is.
    """
    if len(frames) < 2:
        return frames
    kicks = drums.values[:, [name == "KD" for name in drums.classes]]
    middles = (frames[:-1] + frames[1:]) / 2
    reach = round(REACH * drums.frame_rate)
    on, between = (
        float(np.minimum(_measure(kicks, at, reach), 1.0).mean()) for at in (frames, middles)
    )
    tempo = 60 * drums.frame_rate / float(np.median(np.diff(frames)))
    if between < ALWAYS or (on > NEVER and not (on > ALWAYS and tempo < FOUR_ON_THE_FLOOR)):
        return frames
    if on <= NEVER:
        return middles
    return np.sort(np.concatenate([frames, middles])) if 2 * tempo <= fastest else frames


def _measure(values: NDArray[np.floating], frames: Array, reach: int) -> Array:
    """How clear the highest of the activations (frame, class) around each of `frames` is, (n,)."""
    around = np.rint(frames).astype(int)[:, None] + np.arange(-reach, reach + 1)
    highest = values[np.clip(around, 0, len(values) - 1)].max(axis=(1, 2), initial=0.0)
    strength: Array = np.log(np.maximum(highest, FLOOR) / FLOOR) / np.log(CLEAR / FLOOR)
    return strength


def _weigh(frames: Array, downbeat: Array, rate: float, drums: Activations | None) -> Array:
    """(n, 4): how clear the downbeat, a kick, a snare and a crash are at each beat."""
    reach = round(REACH * rate)
    columns = [_measure(downbeat[:, None], frames, reach)]
    if drums is None:
        return np.stack([*columns, *np.zeros((3, len(frames)))], axis=1)
    for names in (("KD",), ("SD", "SS"), ("CR",)):
        members = drums.values[:, [name in names for name in drums.classes]]
        columns.append(_measure(members, frames, reach))
    return np.stack(columns, axis=1)


def _thirds(frames: Array, drums: Activations) -> Array:
    """(n - 1,): 1 where a beat is struck in three, 0 where in one, -1 where in two."""
    reach = round(REACH * drums.frame_rate)
    length = np.diff(frames)
    first, half, second = (
        np.minimum(_measure(drums.values, frames[:-1] + part * length, reach), 1.0)
        for part in (1 / 3, 1 / 2, 2 / 3)
    )
    thirds: Array = np.minimum(first, second) - half
    return thirds


def _decode(evidence: Array, patterns: Sequence[Pattern]) -> tuple[NDArray[np.int64], float]:
    """Positions (n,) on the best path through the patterns, and its score."""
    sizes = np.array([pattern.beats for pattern in patterns])
    position = np.concatenate([np.arange(1, size + 1) for size in sizes])
    last = np.cumsum(sizes) - 1
    first = last - sizes + 1
    weights = np.array([
        (weight, kick, snare, crash)
        for pattern in patterns
        for weight, kick, snare, crash in zip(
            pattern.downbeat, pattern.kick, pattern.snare, _one(pattern.beats), strict=True
        )
    ])  # fmt: skip
    cost = np.repeat([pattern.cost for pattern in patterns], sizes)
    emit = evidence @ (weights * NATS).T - cost
    change = np.where(sizes[:, None] == sizes, VARIANT, CHANGE) * (1 - np.eye(len(sizes)))
    best = np.where(position == 1, 0.0, -BEGIN) + emit[0]
    origin = np.zeros((len(emit), len(sizes)), np.int8)  # the pattern before each bar line
    for i in range(1, len(emit)):
        arrive = best[last] - change
        origin[i] = arrive.argmax(axis=1)
        best = np.roll(best, 1)
        best[first] = arrive.max(axis=1)
        best += emit[i]
    state = int(np.argmax(best))
    score = float(best[state])
    positions = np.empty(len(emit), np.int64)
    for i in range(len(emit) - 1, -1, -1):
        positions[i] = position[state]
        at = np.flatnonzero(first == state)
        state = int(last[origin[i, at[0]]]) if len(at) else state - 1
    return positions, score
