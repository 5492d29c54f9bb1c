"""Drum parts that are known on paper, played by hands that are a little off."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction

import numpy as np

from bandscribe.score import Score
from bandscribe.types import Beats, Transcription
from bandscribe.vocabulary import DRUMS_10

Place = float | Fraction | tuple[float | Fraction, float]
Bar = Mapping[str, Sequence[Place]]

EIGHTHS = [i / 2 for i in range(8)]
ROCK: Bar = {"KD": [0, 2, 2.5], "SD": [1, 3], "CHH": EIGHTHS}


def play(
    bars: Sequence[Bar],
    *,
    beats: int = 4,
    quarters: float = 1.0,
    bpm: float = 112.0,
    faster: float = 1.0,
    jitter: float = 0.006,
    late: float = 0.0,
    swing: float = 0.5,
    start: float = 1.0,
    seed: int = 0,
) -> Transcription:
    """Bars of drums and their places in beats, or (place, velocity); 0.8 where there is none.

    `jitter` is the standard deviation of strokes and of the beats that were found; the tempo
    becomes `faster` times its own until the end; eighths swing.
    """
    rng = np.random.default_rng(seed)
    count = len(bars) * beats
    tempi = bpm * np.linspace(1.0, faster, count + 1)
    times = start + np.concatenate([[0.0], np.cumsum(60 / tempi[:-1])])
    notes = []
    for i, bar in enumerate(bars):
        for drum, places in bar.items():
            for place in places:
                where, velocity = place if isinstance(place, tuple) else (place, 0.8)
                whole, part = divmod(float(where), 1.0)
                part = 2 * part * swing if part < 0.5 else swing + (2 * part - 1) * (1 - swing)
                beat = i * beats + whole + part
                onset = float(np.interp(beat, np.arange(count + 1), times))
                notes.append((onset + late + float(rng.normal(0, jitter)), drum, velocity))
    notes.sort()
    found = np.sort(times + rng.normal(0, jitter, count + 1))
    return Transcription(
        np.array([note[0] for note in notes]),
        np.array([note[1] for note in notes], dtype=np.str_),
        np.array([note[2] for note in notes]),
        float(times[-1]) + 1,
        DRUMS_10,
        Beats(found, np.arange(count + 1) % beats + 1, quarters),
    )


def read(score: Score) -> list[dict[str, list[Fraction]]]:
    """The bars of a score: drums and their places in beats."""
    bars = []
    for bar in score.bars:
        places: dict[str, list[Fraction]] = {}
        for stroke in bar.strokes:
            places.setdefault(stroke.drum, []).append(Fraction(stroke.tick, bar.beat_ticks))
        bars.append(places)
    return bars


def thirds(*numbers: int) -> list[Fraction]:
    """Thirds of beats."""
    return [Fraction(number, 3) for number in numbers]


def sixths(*numbers: int) -> list[Fraction]:
    """Sixths of beats."""
    return [Fraction(number, 6) for number in numbers]
