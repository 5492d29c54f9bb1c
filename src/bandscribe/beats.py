"""Track beats: from activations to a beat grid, and which of its beats begin a bar.

The bar pointer model of Krebs, Böck and Widmer 2015, "An efficient state-space model for joint
tempo and meter tracking": a hidden Markov model whose tempo states are whole numbers of frames
per beat, whose position moves on by one frame at a time, and whose tempo may change at beats
alone, with probability exp(-λ |change|) (section 3.2). We decode it by the beat: between two beats
nothing is free, so that the best path to a beat at frame t, reached at tempo k, is

    best[t, k] = score[t] + max over j of (best[t - k, j] - λ |log(k / j)|)

where `score` is the log odds of a beat state against any other state.

Where we deviate:

- The change of tempo is measured by its logarithm, |log(k / j)| in place of |k / j - 1|: the same
  for small changes, and the maximum over j becomes two running maxima.
- Tempo k stands for all intervals from k to k + 1 frames: the next beat may come at either, so
  that a tempo between two frames, most of all a fast one, costs no changes.
- A beat counts by the highest activation within 20 ms, and not by the sum over a sixteenth of its
  interval: our target is as narrow at any tempo. Odds are relative to the level of the
  activations around, and bounded, so that a missed beat does not outweigh those that are found.
- The tempo prior is applied at each beat and not once: the octave is as uncertain in
  all beats of a song, so that their evidence does not add up as if they were independent.
- Where a ride cymbal swings at twice the tempo, the faster one is taken (`bandscribe.swing`).
- Metre and bar lines are found in a second step, on the beats (`bandscribe.metre`).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from bandscribe import swing
from bandscribe.metre import count, put_on_kicks
from bandscribe.peaks import Peaks, max_around, refine
from bandscribe.steady import straighten
from bandscribe.types import Activations, Beats
from bandscribe.vocabulary import parse_metre

Array = NDArray[np.float64]

SLOWEST, FASTEST = 55.0, 215.0  # beats per minute, as in the paper

# λ, section 3.2 of the paper: a change of tempo by 3 % costs 3 nats.
TEMPO_LAMBDA = 100.0

# Tempo prior: log-normal around the tempo at which people like to tap (Moelants 2002, "Preferred
# tempo reconsidered"). A beat of 58 beats per minute costs 2 nats more than one of 116, a fifth of
# what a well found beat counts, and a beat of 80 costs half a nat more than one of 160. The width
# is a compromise (docs/transcribe.md): wider, rock is counted at half its tempo; narrower, jazz is.
PREFERRED, PREFERRED_OCTAVES = 125.0, 0.55

# A beat is bounded to [0.05, 0.95] and weighs as much as three frames, the width of the target.
DOUBT, WEIGHT = 0.05, 3.0
# The neutral activation, neither for nor against a beat, relative to the surrounding level. A
# little below one half: with 30 % of the beats missed, half the tempo would else be as likely.
NEUTRAL = 0.45

REACH = 0.02  # seconds between a beat of the grid and its peak
SOUND = 0.1  # an activation below is silence
LONGEST_REST = 10.0  # seconds without a sound after which no beat is counted on

# Metres and tempi that can be requested.
TEMPI = (30.0, 300.0)
Tempo = float | tuple[float, float]
STEADY = 0.03  # how far the tempo may deviate from the requested one

CHUNK = 4096  # frames whose scores are held at a time; the result does not depend on it


def track(
    activations: Activations,
    drums: Activations | None = None,
    *,
    metre: str | None = None,
    tempo: Tempo | None = None,
) -> Beats:
    """The beat grid behind `activations`, whose classes are `("beat", "downbeat")`.

    A beat activation is near 1 on every beat, a downbeat activation on first beats of bars alone.
    `drums` are activations of onsets in the same frames; kicks, snares and crashes help to find
    where the bars begin, as in `bandscribe.metre`.

    Tempi from 55 to 215 beats per minute, which may change, or those between a pair of `tempo`; a
    single `tempo` is one that does not change, within 3 % of it. Bars of 2 to 7 beats, mostly 4, or
    all of one `metre`, such as `6/8`. Times are at peaks of the beat activation, between the
    frames, and interpolated where a beat has none; where nearly all are in one line, on that line
    (`bandscribe.steady`). There are no beats where nothing sounds: before the first sound, after
    the last, and where it rests for more than ten seconds. None is before 0.

    Raises ValueError when the classes are others, the values are no probabilities, the metre is
    none (`vocabulary.parse_metre`), or tempi are not ascending from 30 to 300.
    """
    if activations.classes != ("beat", "downbeat"):
        raise ValueError(f"classes: expected ('beat', 'downbeat'), got {activations.classes}")
    if activations.kind != "probability":
        raise ValueError(f"kind: expected 'probability', got {activations.kind!r}")
    check(metre, tempo)
    slowest, fastest = _range(tempo)
    rate = activations.frame_rate
    beat, downbeat = activations.values.astype(np.float64).T
    level = _level(beat, rate, 1.0)
    score = _score(beat, level, rate)
    frames = _follow(score, rate, slowest, fastest)
    if drums is not None and swing.is_halved(frames, drums):
        tempo_found = 60 * rate / float(np.median(np.diff(frames)))
        if 2 * tempo_found <= fastest * (1 + STEADY):
            frames = _follow(score, rate, 1.5 * tempo_found, fastest)
    frames = frames[_keep_supported(frames, beat, rate)]
    settled = _settle(frames, beat, level, rate)
    settled = straighten(settled, rate, always=isinstance(tempo, float | int))
    if drums is not None:
        settled = put_on_kicks(settled, drums, fastest)
    settled = settled[_keep_supported(settled, beat, rate)]
    if not len(settled):
        return Beats(np.empty(0), np.empty(0, np.int64))
    bars = count(settled, downbeat, rate, drums, metre)
    times = activations.start + bars.frames / rate
    begin = int(np.searchsorted(times, -REACH))
    return Beats(np.maximum(times, 0.0)[begin:], bars.positions[begin:], bars.quarters)


def join(grids: Sequence[Beats]) -> Beats:
    """One grid of consecutive ones; `quarters` are those of most beats.

    A beat that two of them have is there once, in spite of a small difference.
    """
    times: list[float] = []
    positions: list[int] = []
    for grid in grids:
        skip = 0
        if len(times) > 1 and len(grid.times):
            skip = int(grid.times[0] - times[-1] < (times[-1] - times[-2]) / 2)
        times += grid.times[skip:].tolist()
        positions += grid.positions[skip:].tolist()
    most = max(grids, key=lambda grid: len(grid.times), default=Beats.of([]))
    return Beats(np.array(times, np.float64), np.array(positions, np.int64), most.quarters)


def check(metre: str | None, tempo: Tempo | None) -> None:
    """Raise ValueError where `track` would, before there are activations."""
    if metre is not None:
        parse_metre(metre)
    if tempo is None:
        return
    slowest, fastest = tempo if isinstance(tempo, tuple) else (tempo, tempo)
    if not TEMPI[0] <= slowest <= fastest <= TEMPI[1]:
        got = f"{slowest:g}-{fastest:g}" if isinstance(tempo, tuple) else f"{tempo:g}"
        raise ValueError(
            f"tempo: expected {TEMPI[0]:g} to {TEMPI[1]:g} beats per minute, the slower of two "
            f"first, got {got}"
        )


def _range(tempo: Tempo | None) -> tuple[float, float]:
    if tempo is None:
        return SLOWEST, FASTEST
    return tempo if isinstance(tempo, tuple) else ((1 - STEADY) * tempo, (1 + STEADY) * tempo)


def _level(curve: Array, rate: float, seconds: float) -> Array:
    """The height of `curve` (frame,) around each frame: mean of nine maxima over `seconds`."""
    block = max(round(rate * seconds), 1)
    starts = np.arange(0, len(curve), block)
    if not len(starts):
        return np.empty(0)
    maxima = np.maximum.reduceat(curve, starts)
    window = np.ones(9)
    wide = slice(4, 4 + len(maxima))
    mean = np.convolve(maxima, window)[wide] / np.convolve(np.ones(len(maxima)), window)[wide]
    level: Array = np.interp(np.arange(len(curve)), starts + (block - 1) / 2, mean)
    return level


def _divide_by_level(curve: Array, level: Array) -> Array:
    """`curve` (frame,) relative to its level, in [DOUBT, 1 - DOUBT]."""
    share: Array = np.minimum(curve / np.maximum(level, SOUND), 1.0)
    return DOUBT + (1 - 2 * DOUBT) * share


def _score(beat: Array, level: Array, rate: float) -> Array:
    """Log odds (frame,) of a beat; 0 where nothing sounds, so that no tempo is better there."""
    # The frames beside a peak a little below it, so that the grid still finds the middle.
    share = _divide_by_level(beat, level)
    share = np.maximum(share, 0.9 * max_around(share, round(REACH * rate)))
    odds: Array = np.log(share / (1 - share)) - np.log(NEUTRAL / (1 - NEUTRAL))
    return WEIGHT * odds * np.minimum(level / SOUND, 1.0)


def _follow(
    score: Array, rate: float, slowest: float = SLOWEST, fastest: float = FASTEST
) -> NDArray[np.int64]:
    """Frames (n,) of the beats on the best path through `score` (frame,)."""
    lags = np.arange(max(int(60 * rate / fastest), 1), max(int(60 * rate / slowest), 1) + 1)
    reach = int(lags[-1]) + 1  # frames to look back
    prior = -0.5 * (np.log2(lags * PREFERRED / (60 * rate)) / PREFERRED_OCTAVES) ** 2
    # Frames before the start and after the end count nothing: a path may begin and end anywhere.
    score = np.concatenate([score, np.zeros(reach)])
    # Only the rows in front of each chunk are kept; the rest is computed again on the way back.
    heads = [np.zeros((reach + 1, len(lags)))]
    for start in range(0, len(score), CHUNK):
        best = _advance(heads[-1], score[start : start + CHUNK], lags, prior)
        heads.append(best[-reach - 1 :].copy())
    flat = int(np.argmax(best[-reach:]))
    t, k = len(score) - reach + flat // len(lags), flat % len(lags)
    pitch = TEMPO_LAMBDA * np.log(lags)
    path = []
    for start in range((len(score) - 1) // CHUNK * CHUNK, -1, -CHUNK):
        if start + CHUNK < len(score):
            best = _advance(heads[start // CHUNK], score[start : start + CHUNK], lags, prior)
        while t >= start:
            path.append(t)
            row = t - int(lags[k]) - start + reach + 1
            # Rows of both intervals: k frames first, which wins where they are equal.
            options = best[[row, row - 1]] - np.abs(pitch - pitch[k])
            late, j = divmod(int(np.argmax(options)), len(lags))
            t, k = t - int(lags[k]) - late, j
    frames = np.array(path[::-1], np.int64)
    return frames[frames < len(score) - reach]


def _advance(head: Array, score: Array, lags: NDArray[np.int64], prior: Array) -> Array:
    """Best scores (frame, tempo) of a beat at each frame: `head`, then those along `score`.

    As many frames as the shortest interval has do not depend on one another: they are one step.
    """
    h, n, tempi, step = len(head), len(score), len(lags), int(lags[0])
    pitch = TEMPO_LAMBDA * np.log(lags)
    best = np.concatenate([head, np.empty((n, tempi))])
    # ready[t, k]: the best score with which an interval of tempo k sets out at frame t or t - 1.
    ready = np.empty_like(best)
    source = (np.arange(step)[:, None] - lags) * tempi + np.arange(tempi)
    set_out = np.full((1, tempi), -np.inf)
    for start, stop in [(0, h), *((t, min(t + step, h + n)) for t in range(h, h + n, step))]:
        rows = best[start:stop]
        if start:
            arrived = ready.take(source[: stop - start] + start * tempi)
            np.add(arrived, score[start - h : stop - h, None], out=rows)
        faster = np.maximum.accumulate((rows - pitch)[:, ::-1], axis=1)[:, ::-1] + pitch
        slower = np.maximum.accumulate(rows + pitch, axis=1) - pitch
        set_out = np.concatenate([set_out[-1:], np.maximum(faster, slower) + prior])
        np.maximum(set_out[1:], set_out[:-1], out=ready[start:stop])
    return best


def _keep_supported(
    frames: NDArray[np.int64] | Array, beat: Array, rate: float
) -> NDArray[np.bool_]:
    """The beats (n,) between two sounds that are at most `LONGEST_REST` apart."""
    sounds = np.flatnonzero(beat >= SOUND)
    if not len(sounds):
        return np.zeros(len(frames), np.bool_)
    slack = round(REACH * rate)
    after = np.searchsorted(sounds, frames - slack)  # the first sound that is not before the beat
    before = np.searchsorted(sounds, frames + slack, side="right") - 1
    inside = (after < len(sounds)) & (before >= 0)
    after, before = np.minimum(after, len(sounds) - 1), np.maximum(before, 0)
    kept: NDArray[np.bool_] = inside & (sounds[after] - sounds[before] <= LONGEST_REST * rate)
    return kept


def _settle(frames: NDArray[np.int64], beat: Array, level: Array, rate: float) -> Array:
    """Positions (n,) of the beats in frames: at their peaks, or between those of their neighbours.

    A peak counts if it is as high as a beat is expected to be at the surrounding level.
    """
    reach = round(REACH * rate)
    around = np.clip(frames[:, None] + np.arange(-reach, reach + 1), 0, len(beat) - 1)
    top = around[np.arange(len(frames)), np.argmax(beat[around], axis=1)]
    aside = np.clip(top[:, None] + [-1, 1], 0, len(beat) - 1)
    reliable = (beat[top] >= NEUTRAL * np.maximum(level[top], SOUND)) & (
        beat[top] >= beat[aside].max(axis=1)
    )
    index = np.flatnonzero(reliable)
    if not len(index):
        return frames.astype(np.float64)
    peaks = refine(beat[:, None], Peaks(top[index], np.zeros(len(index), np.int64)))
    positions = np.interp(np.arange(len(frames)), index, peaks)
    first, last = index[0], index[-1]
    positions[:first] = frames[:first] + (peaks[0] - frames[first])
    positions[last + 1 :] = frames[last + 1 :] + (peaks[-1] - frames[last])
    return np.clip(positions, 0, len(beat) - 1)
