"""Drums and percussion that follow a given beat grid.

In a song, bass notes and kicks coincide: a network trained on drums and a band that are not in time
with each other never learns to distinguish them.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from bandscribe.synthesis.drummer.styles import chance, pick
from bandscribe.synthesis.sound import Rng
from bandscribe.types import Beats, Transcription
from bandscribe.vocabulary import ARTICULATIONS

#: Percussion that is no drum class, with where it is struck: shares of a beat.
_HAND_DRUMS = ("other", "other", "tmb", "tmb", "tmb", "tmb", "clap", "cb")
_DIVISIONS = (1, 2, 2, 3, 4, 4, 4)


def follow(played: Transcription, grid: Beats, duration: float, rng: Rng) -> Transcription | None:
    """A stretch of `played`, bent so that its beats fall on those of `grid`.

    The stretch begins at a beat with the same position in the bar as the grid's first one. Notes
    outside of the grid, or of [0, duration) seconds, are dropped. None where `played` has too few
    beats, or the grid fewer than two.
    """
    count = len(grid.times)
    if played.beats is None or count < 2:
        return None
    starts = np.flatnonzero(played.beats.positions == grid.positions[0])
    starts = starts[starts + count <= len(played.beats.times)]
    if not len(starts):
        return None
    first = int(rng.choice(starts))
    source = played.beats.times[first : first + count]
    times = np.interp(played.onsets, source, grid.times)
    inside = (played.onsets >= source[0]) & (played.onsets < source[-1])
    inside &= (times >= 0) & (times < duration)
    beats = grid.between(0, duration)
    return replace(played.select(inside), onsets=times[inside], duration=duration, beats=beats)


def draw_percussion(rng: Rng, grid: Beats, duration: float) -> Transcription:
    """Shakers, tambourines, claps, hand drums and bells on a beat grid, in [0, duration).

    One or two players, each repeating a bar of their own; none of what they play is a drum class.
    """
    notes: list[tuple[float, str, float]] = []
    count = len(grid.times)
    bar = int(grid.positions.max(initial=1))
    for _ in range(1 if chance(rng, 0.7) else 2):
        label, division = pick(rng, _HAND_DRUMS), pick(rng, _DIVISIONS)
        density = 1.0 if chance(rng, 0.4) else rng.uniform(0.3, 0.9)
        struck = rng.random((bar, division)) < density
        if label == "clap" and chance(rng, 0.7):  # on the backbeat
            division, struck = 1, np.arange(bar)[:, None] % 2 == 1
        loudness = rng.uniform(0.3, 0.9)
        accents = loudness * rng.uniform(0.5, 1.0, struck.shape)
        accents[:, 0] = loudness
        for i in range(count - 1):
            place = (int(grid.positions[i]) - 1) % bar
            length = float(grid.times[i + 1] - grid.times[i])
            for step in np.flatnonzero(struck[place]).tolist():
                time = float(grid.times[i]) + length * step / division + rng.normal(0.0, 0.006)
                if 0 <= time < duration:
                    velocity = float(accents[place, step]) * rng.uniform(0.8, 1.1)
                    notes.append((time, label, min(velocity, 1.0)))
    return Transcription.of(sorted(notes), ARTICULATIONS, duration=duration, beats=grid)


def merge(one: Transcription, other: Transcription) -> Transcription:
    """The notes of both, with the beats of `one`; both have velocities, or neither has."""
    onsets = np.concatenate([one.onsets, other.onsets])
    order = np.argsort(onsets, kind="stable")
    velocities = None
    if one.velocities is not None and other.velocities is not None:
        velocities = np.concatenate([one.velocities, other.velocities])[order]
    return replace(
        one,
        onsets=onsets[order],
        labels=np.concatenate([one.labels, other.labels])[order],
        velocities=velocities,
    )
