"""A procedural drummer: endless, varied drum parts whose every note is known.

A song has a style, a metre, a tempo and a swing. It is a row of sections of two to eight bars; each
has its time keeper, opens with a crash and closes with a fill. Flams, drags, ghost notes, breaks,
late entries and percussion occur now and then. `draw_pattern` makes whole parts; the songs of
`band` use the functions below it.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from bandscribe.synthesis.drummer.styles import (
    METERS,
    STYLES,
    Meter,
    Note,
    Style,
    chance,
    fill,
    grid,
    hit,
    pick,
)
from bandscribe.synthesis.sound import Rng
from bandscribe.types import Beats, Transcription
from bandscribe.vocabulary import ARTICULATIONS

_METERS = ("4/4",) * 13 + ("3/4", "3/4", "6/8", "6/8", "12/8", "5/4", "7/8", "2/4")
_KEEPERS = ("chh",) * 22 + ("ohh",) * 5 + ("rd",) * 8 + ("rb", "rb", "cr", "cr", "lt", "ch")
_CRASHES = ("cr",) * 6 + ("ch", "sp", "sp")
_SIXTEENTH_SWING = ("funk", "hip hop")
_TOMS = ("ht", "mt", "lt")
_NAMES, _WEIGHTS = list(STYLES), np.cumsum([weight for weight, *_ in STYLES.values()])


def draw_pattern(rng: Rng, duration: float, *, beats: int | None = None) -> Transcription:
    """A drum part of `duration` seconds, in ARTICULATIONS, with velocities and beats.

    Onsets are on the grid, in [0, duration); the part starts anywhere in a bar, which is of `beats`
    beats where there is such a metre. Percussion that is no drum class (`cb clap tmb other`) sounds
    in some parts.

    Raises ValueError when `duration` is not positive.
    """
    if not duration > 0:
        raise ValueError(f"duration: expected a positive number of seconds, got {duration}")
    name = draw_style(rng)
    _, tempi, swing_chance, style = STYLES[name]
    signature = pick(rng, [m for m in _METERS if METERS[m].beats == beats] or _METERS)
    meter = METERS[signature]
    beat = 60.0 / _draw_tempo(rng, tempi)
    if signature == "7/8":
        beat /= 2
    swing = 0.5
    if meter.eighth == 0.5 and chance(rng, swing_chance):
        swing = 0.54 + 0.14 * rng.random()
    swung = meter.eighth if name in _SIXTEENTH_SWING else 2 * meter.eighth

    start = rng.random() * meter.beats  # where in the first bar the excerpt begins, in beats
    bars = math.ceil(duration / beat / meter.beats) + 1
    notes = _form(rng, meter, style, bars) + _percussion(rng, meter, bars)
    timed = [(_swing(p, swing, swung) * beat, label, velocity) for p, label, velocity in notes]
    timed = ornament(rng, timed)
    offset = _swing(start, swing, swung) * beat
    entry = rng.random() * 0.6 * duration if chance(rng, 0.06) else 0.0
    times = np.arange(bars * meter.beats, dtype=np.float64) * beat - offset
    grid = Beats(times, np.arange(len(times)) % meter.beats + 1).between(0, duration)
    return gather(timed, offset, entry, duration, grid)


def draw_style(rng: Rng) -> str:
    """The name of one of STYLES, by their weights."""
    return _NAMES[int(np.searchsorted(_WEIGHTS, rng.random() * _WEIGHTS[-1], side="right"))]


def draw_groove(rng: Rng, meter: Meter, style: Style) -> list[Note]:
    """One bar of a style, which a section repeats, with a random time keeper."""
    return style(rng, meter, pick(rng, _KEEPERS))


def _draw_tempo(rng: Rng, tempi: tuple[float, float]) -> float:
    """Mostly within the style's own range, else anywhere from 50 to 220, logarithmically."""
    low, high = tempi if chance(rng, 0.85) else (50.0, 220.0)
    return low * math.exp(rng.random() * math.log(high / low))


def _swing(position: float, ratio: float, period: float) -> float:
    """Delays the middle of each `period` beats to `ratio` of it, and bends what lies between."""
    if ratio == 0.5:
        return position
    whole, part = divmod(position / period, 1.0)
    part = 2 * part * ratio if part < 0.5 else ratio + (2 * part - 1) * (1 - ratio)
    return (whole + part) * period


def _form(rng: Rng, meter: Meter, style: Style, bars: int) -> list[Note]:
    """All bars of the song, in beats from its first bar."""
    notes: list[Note] = []
    habits = Habits.draw(rng)
    bar = 0
    while bar < bars:
        length = pick(rng, (2, 2, 4, 4, 4, 8))
        groove = draw_groove(rng, meter, style)
        for i in range(length):
            played = play_bar(rng, meter, groove, habits, first=i == 0, last=i == length - 1)
            notes += [((bar + i) * meter.beats + p, label, v) for p, label, v in played]
            if chance(rng, 0.03):  # new figure
                groove = draw_groove(rng, meter, style)
        bar += length
    return notes


class Habits(NamedTuple):
    """What a drummer does throughout a song: the usual crash, the shares of fills and of stops."""

    crash: str
    fills: float
    breaks: float

    @classmethod
    def draw(cls, rng: Rng) -> Habits:
        """From no fills at all to one after every section."""
        return cls(pick(rng, _CRASHES), rng.random(), 0.3 * rng.random() ** 3)


def play_bar(
    rng: Rng, meter: Meter, groove: list[Note], habits: Habits, *, first: bool, last: bool
) -> list[Note]:
    """A groove once more, as the first or last bar of a section, or one between.

    A few notes are missing and the loudness is a little different; a crash opens most sections,
    and a fill closes some.
    """
    played = _vary(rng, groove)
    if first and chance(rng, 0.6):
        played = _crash(rng, played, habits.crash if chance(rng, 0.8) else pick(rng, _CRASHES))
    if chance(rng, habits.fills if last else 0.05):
        beats = pick(rng, (1, 1, 2, 2, meter.beats))
        begin = float(max(0, meter.beats - beats))
        played = [n for n in played if n[0] < begin - 1e-6] + fill(rng, meter, begin)
    elif chance(rng, habits.breaks):  # a stop: some beats of silence at the end, or a whole bar
        begin = pick(rng, (0.0, 0.25, meter.beats / 2))
        played = [n for n in played if n[0] < begin]
    return played


def _vary(rng: Rng, groove: list[Note]) -> list[Note]:
    """The bar once more: a few notes missing, the loudness a little different."""
    draws = rng.random((len(groove), 2)).tolist()
    return [
        (position, label, min(1.0, velocity * (0.93 + 0.14 * b)))
        for (position, label, velocity), (a, b) in zip(groove, draws, strict=True)
        if a > 0.04
    ]


def _crash(rng: Rng, bar: list[Note], label: str) -> list[Note]:
    """The bar with a crash, mostly with a kick, on its one instead of the time keeper."""
    kept = [n for n in bar if n[0] > 1e-6 or n[1] in ("kd", "sd", *_TOMS)]
    accent = [hit(rng, 0.0, label, 0.9)]
    if chance(rng, 0.15):
        accent.append(hit(rng, 0.0, pick(rng, ("cr", "ch", "sp")), 0.85))
    if chance(rng, 0.8):
        accent.append(hit(rng, 0.0, "kd", 0.9))
    return kept + accent


def _percussion(rng: Rng, meter: Meter, bars: int) -> list[Note]:
    """Tambourine, shaker and other, cowbell, claps: rendered, but no drum class."""
    bar: list[Note] = []
    fast = pick(rng, (meter.eighth, meter.eighth, meter.eighth / 2))
    if chance(rng, 0.07):
        bar += [hit(rng, p, "tmb", 0.45) for p in grid(meter, fast)]
        bar += [hit(rng, float(b), "tmb", 0.8) for b in meter.backbeats]
    if chance(rng, 0.07):
        bar += [hit(rng, p, "other", 0.5) for p in grid(meter, fast) if chance(rng, 0.9)]
    if chance(rng, 0.06):
        step = pick(rng, (1.0, 1.0, meter.eighth))
        bar += [hit(rng, p, "cb", 0.7) for p in grid(meter, step) if chance(rng, 0.9)]
    if chance(rng, 0.08):
        bar += [hit(rng, float(b), "clap", 0.8) for b in meter.backbeats]
    return [(i * meter.beats + p, label, v) for i in range(bars) for p, label, v in bar]


def ornament(rng: Rng, notes: list[Note]) -> list[Note]:
    """Flams, drags and buzzes before and after some loud strokes; positions are seconds here."""
    flams = 0.1 * rng.random() ** 2
    drags, buzzes = (0.03, 0.01) if chance(rng, 0.3) else (0.0, 0.0)
    graces: list[Note] = []
    for time, label, velocity in notes:
        if velocity < 0.6 or (label != "sd" and label not in _TOMS):
            continue
        draw = rng.random()
        if draw < flams:
            soft = velocity * (0.35 + 0.3 * rng.random())
            graces.append((time - 0.015 - 0.020 * rng.random(), label, soft))
        elif draw < flams + drags:
            gap = 0.035 + 0.015 * rng.random()
            graces += [(time - i * gap, label, 0.35 * velocity) for i in (1, 2)]
        elif draw < flams + drags + buzzes and label == "sd":
            gap = 0.035 + 0.010 * rng.random()
            graces += [(time + i * gap, label, velocity * 0.7**i) for i in range(1, 5)]
    return notes + graces


def gather(
    notes: list[Note], offset: float, entry: float, duration: float, beats: Beats | None
) -> Transcription:
    """Notes in seconds, counted from `offset`, sorted: those in [entry, duration) of that count.

    A piece that is struck twice at once sounds once. The hi-hat is open, closed or pressed: of two
    at once, the open one sounds.
    """
    loudest: dict[tuple[int, str], Note] = {}
    for time, label, velocity in notes:
        shifted = time - offset
        if entry <= shifted < duration:
            key = round(shifted * 200), "hat" if label in ("chh", "phh", "ohh") else label
            other = loudest.get(key)
            if other is None or (label == "ohh", velocity) > (other[1] == "ohh", other[2]):
                loudest[key] = (shifted, label, velocity)
    return Transcription.of(sorted(loudest.values()), ARTICULATIONS, duration=duration, beats=beats)
