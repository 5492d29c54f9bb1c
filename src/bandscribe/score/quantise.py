"""Quantise notes to beats and bars: the position of each stroke on paper.

The tempo curve is that of the beats, moved by the strokes that are on them: beats that were found
are off by as much as the frames of a network and the hands of a drummer are.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from bandscribe.formats import bars as tempo_maps
from bandscribe.formats.tempo import estimate_bpm
from bandscribe.score import grids
from bandscribe.score.grids import Played, Written
from bandscribe.score.model import PEDAL, TICKS, Bar, Score, Stroke
from bandscribe.types import Transcription

Floats = NDArray[np.float64]

#: Strokes of one drum as near as this, in seconds, are a flam; the softer ones are graces.
FLAM = 0.045
_SKINS = ("SD", "HT", "MT", "LT", "TT")
#: Snare strokes below this share of the loud ones are ghost notes, if any reach them.
_GHOST = 0.45
#: An accent is this much louder than the usual stroke of its drum; of these at most a share. Hats
#: and cymbals have none: what sounds with a loud snare seems loud.
_ACCENT, _ACCENTED = 1.3, 0.3
#: Seconds that hands are off.
_SPREAD, _TIGHTEST, _LOOSEST = 0.02, 0.012, 0.03
#: Beats on either side whose strokes move a beat.
_AROUND = 4
_USUAL = 120.0  # bpm, where no tempo is known
_NEW_TEMPO = 0.04  # relative change that is written
_BEATS = (0.1, 3.0)  # seconds: 600 and 20 bpm; lines through beats that are none can be anything
_MINIM = 2.0  # quarters


def quantise(part: Transcription, *, title: str = "", artist: str = "") -> Score:
    """The score of a drum part, with a title and an artist as its heading.

    Without beats the tempo is one, estimated from the onsets, in 4/4 from the first stroke on. Of
    two strokes of a drum at one place, the louder is written; two hi-hats at once are the open one.
    Strokes before the first downbeat are a pickup.

    Raises ValueError for an onset before 0.
    """
    if part.onsets.size and part.onsets[0] < 0:
        raise ValueError(f"onsets: expected times from 0 on, got {part.onsets[0]:g}")
    strokes = _strokes(part)
    frame = frame_of(part)
    if not strokes:
        return Score((), title, artist=artist)
    beat = round(frame.quarters * TICKS)
    choices = grids.straight(beat)
    late, spread = np.zeros(len(frame.positions)), _SPREAD
    played = _locate(strokes, frame, late)
    written = grids.decode(played, choices, spread)
    for _ in range(2):
        late += _shifts(played, written, len(late), beat)
        spread = _measure_spread(written)
        played = _locate(strokes, frame, late)
        written = grids.decode(played, choices, spread)
    swing = grids.find_swing(played, written, spread) if beat == TICKS else None
    if swing:
        written = grids.decode(played, grids.swung(*swing), spread)
    bars = _bars(strokes, played, written, frame)
    ratio, swung = swing or (None, 8)
    return Score(bars, title, ratio, swung, artist)


@dataclass(frozen=True, eq=False)
class Frame:
    """Beats that surround all strokes: `times` (m + 1,), `positions` (m,) in the bar.

    `tempi` (m,) are seconds per beat, `quarters` is the length of a beat in quarter notes.
    """

    times: Floats
    positions: NDArray[np.int64]
    tempi: Floats
    quarters: float


def _strokes(part: Transcription) -> list[Stroke]:
    """The notes, those of a flam made one; `tick` is not known yet."""
    labels = part.labels.tolist()
    velocities = [None] * len(labels) if part.velocities is None else part.velocities.tolist()
    ghosts, accents = _dynamics(labels, velocities)
    found: list[Stroke] = []
    last: dict[str, int] = {}
    for onset, drum, velocity in zip(part.onsets.tolist(), labels, velocities, strict=True):
        ghost = velocity is not None and velocity < ghosts.get(drum, 0.0)
        accent = velocity is not None and velocity > accents.get(drum, np.inf)
        stroke = Stroke(0, drum, onset, velocity, ghost, accent)
        before = last.get(drum)
        if before is not None and drum in _SKINS and onset - found[before].onset < FLAM:
            grace = found[before]
            if grace.graces < 2 and (velocity or 0.0) >= (grace.velocity or 0.0):
                found[before] = replace(stroke, graces=min(grace.graces + 1, 2))
                continue
        last[drum] = len(found)
        found.append(stroke)
    return found


def _dynamics(
    labels: list[str], velocities: list[float | None]
) -> tuple[dict[str, float], dict[str, float]]:
    """Below which velocity a drum's strokes are ghost notes, and above which accents."""
    ghosts, accents = {}, {}
    for drum in set(labels):
        hard = np.array([v for name, v in zip(labels, velocities, strict=True)
                         if name == drum and v is not None])  # fmt: skip
        if not len(hard):
            continue
        if drum == "SD":
            ghosts[drum] = _GHOST * float(np.percentile(hard, 90))
            hard = hard[hard >= ghosts[drum]]
        limit = _ACCENT * float(np.median(hard))
        if drum in _SKINS and 0 < np.mean(hard > limit) <= _ACCENTED:
            accents[drum] = limit
    return ghosts, accents


def frame_of(part: Transcription) -> Frame:
    """The beats of a part, or those of an estimated tempo, as far as there are strokes."""
    beats = part.beats
    grid = tempo_maps.fill(beats) if beats is not None else None
    if beats is None or grid is None or len(grid.times) < 2:
        interval = 60 / (estimate_bpm(part.onsets) or _USUAL)
        first = float(part.onsets[0]) if part.onsets.size else 0.0
        times = first + interval * np.arange(4, dtype=np.float64)
        return _extend(Frame(times, np.arange(1, 5), np.full(4, interval), 1.0), part)
    knots, at = tempo_maps.tempo_line(grid)
    curve = np.clip(np.diff(at) / np.diff(knots), *_BEATS)
    piece = np.searchsorted(knots, np.arange(len(grid.times)), side="right") - 1
    tempi = curve[np.clip(piece, 0, len(curve) - 1)]
    frame = Frame(grid.times, grid.positions, tempi, beats.quarters)
    return _extend(_halve(frame) if beats.quarters == _MINIM else frame, part)


def _halve(frame: Frame) -> Frame:
    """Beats of minims as beats of quarters, which is what is written."""
    count = 2 * len(frame.times) - 1
    times = np.interp(np.arange(count) / 2, np.arange(len(frame.times)), frame.times)
    positions = np.stack([2 * frame.positions - 1, 2 * frame.positions], axis=1).ravel()
    return Frame(times, positions[:count], np.repeat(frame.tempi / 2, 2)[:count], 1.0)


def _extend(frame: Frame, part: Transcription) -> Frame:
    """Beats before and after those that were found, as far as there are strokes, and to a bar line.

    One more time ends the last beat.
    """
    times, positions = frame.times, frame.positions
    usual = _usual_metre(positions)
    first, last = (part.onsets[0], part.onsets[-1]) if part.onsets.size else times[[0, -1]]
    begin, end = times[1] - times[0], times[-1] - times[-2]
    ahead = max(0, int(np.ceil((times[0] - first) / begin - 0.25)))
    behind = max(0, int(np.floor((last - times[-1]) / end + 0.5))) + 1
    before = (positions[0] - 1 - np.arange(ahead, 0, -1)) % usual + 1
    after: list[int] = []
    position = int(positions[-1])
    while len(after) < behind or position < usual:
        position = 1 if position >= usual else position + 1
        after.append(position)
    return Frame(
        np.concatenate(
            [
                times[0] - begin * np.arange(ahead, 0, -1),
                times,
                times[-1] + end * np.arange(1, len(after) + 2),
            ]
        ),
        np.concatenate([before, positions, np.array(after, np.int64)]).astype(np.int64),
        np.pad(frame.tempi, (ahead, len(after)), mode="edge"),
        frame.quarters,
    )


def _usual_metre(positions: NDArray[np.int64]) -> int:
    """The most frequent number of beats in a bar."""
    lengths = np.diff(np.flatnonzero(positions == 1))
    return int(np.bincount(lengths).argmax()) if len(lengths) else int(positions.max())


def _locate(strokes: list[Stroke], frame: Frame, shifts: Floats) -> Played:
    """In which beat each stroke is, if each beat is `shifts` (m,) seconds late."""
    times = frame.times + np.append(shifts, shifts[-1])
    onsets = np.array([stroke.onset for stroke in strokes])
    count = len(times) - 1
    beat = np.clip(np.searchsorted(times, onsets, side="right") - 1, 0, count - 1)
    lengths = np.diff(times)
    share = np.clip((onsets - times[beat]) / lengths[beat], 0.0, 1.0)
    names = sorted({stroke.drum for stroke in strokes})
    drum = np.array([names.index(stroke.drum) for stroke in strokes])
    return Played(beat, share, drum, lengths, frame.positions)


def _measure_spread(written: Written) -> float:
    """The standard deviation of strokes from where they are written, from its robust kin."""
    spread = 1.4826 * float(np.median(np.abs(written.off)))
    return min(max(spread, _TIGHTEST), _LOOSEST)


def _shifts(played: Played, written: Written, count: int, full: int) -> Floats:
    """Seconds (m,) by which the strokes on and around each beat are late, as a running median."""
    on = (written.ticks == 0) | (written.ticks == full)
    beat = played.beat[on] + (written.ticks[on] == full)
    off = written.off[on]
    order = np.argsort(beat, kind="stable")
    beat, off = beat[order], off[order]
    low = np.searchsorted(beat, np.arange(count) - _AROUND)
    high = np.searchsorted(beat, np.arange(count) + _AROUND, side="right")
    return np.array([np.median(off[a:b]) if b > a + 1 else 0.0
                     for a, b in zip(low, high, strict=True)])  # fmt: skip


def _bars(strokes: list[Stroke], played: Played, written: Written, frame: Frame) -> tuple[Bar, ...]:
    beat_ticks = round(frame.quarters * TICKS)
    first = np.flatnonzero(np.concatenate([[True], frame.positions[1:] == 1]))
    edges = [*first.tolist(), len(frame.positions)]
    places = (played.beat * beat_ticks + written.ticks).tolist()
    kept: dict[tuple[int, str], Stroke] = {}
    for place, stroke in zip(places, strokes, strict=True):
        key = place, "hat" if stroke.drum in ("CHH", "OHH") else stroke.drum
        other = kept.get(key)
        if other is None or _rank(stroke) > _rank(other):
            kept[key] = stroke
    inside: list[list[Stroke]] = [[] for _ in edges]
    lines = np.array(edges) * beat_ticks
    for (place, _), stroke in kept.items():
        number = int(np.searchsorted(lines, place, side="right")) - 1
        inside[number].append(replace(stroke, tick=place - int(lines[number])))
    found = []
    bpm = None
    for number, (a, b) in enumerate(pairwise(edges)):
        tempo = 60 / float(frame.tempi[a])
        changed = bpm is None or abs(tempo / bpm - 1) > _NEW_TEMPO
        bpm = tempo if changed else bpm
        found.append(
            Bar(
                b - a, frame.quarters, float(frame.times[a]), float(frame.times[b]),
                tuple(sorted(_press(inside[number]), key=lambda note: (note.tick, note.drum))),
                round(tempo, 1) if changed else None,
                complete=number > 0 or int(frame.positions[0]) == 1,
            )
        )  # fmt: skip
    while found and not found[-1].strokes:
        found.pop()
    if found and not found[0].complete and not found[0].strokes:
        # A pickup of rests alone leads to nothing; its tempo is that of the bar after it.
        empty = found.pop(0)
        found[0] = replace(found[0], bpm=found[0].bpm or empty.bpm)
    return tuple(found)


def _press(strokes: list[Stroke]) -> list[Stroke]:
    """The strokes of a bar with hats for the foot: closed ones that are struck with the ride.

    A hand that plays the ride does not play the hat too.
    """
    ride = {note.tick for note in strokes if note.drum == "RD"}
    hats = [note.tick for note in strokes if note.drum == "CHH"]
    if len(ride) < 2 or not hats or sum(tick in ride for tick in hats) < len(hats) / 2:
        return strokes
    return [replace(note, drum=PEDAL) if note.drum == "CHH" else note for note in strokes]


def _rank(stroke: Stroke) -> tuple[bool, float]:
    """The one of two strokes at one place that is written: the open hat, then the louder."""
    return stroke.drum == "OHH", stroke.velocity or 0.0
