"""The part of one player: phrases and rests, within the range of the instrument.

A player changes between textures every few bars, and between legato and staccato with them.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from bandscribe.synthesis.fluidsynth import Note
from bandscribe.synthesis.instruments.classes import Profile
from bandscribe.synthesis.instruments.piece import Piece
from bandscribe.synthesis.instruments.textures import TEXTURES, BarSpan, ChordEvent
from bandscribe.synthesis.sound import Rng

#: Seconds that a note lasts at least.
_SHORTEST = 0.07
#: Textures whose chords are strummed, and those that need a wide register.
_SPREAD = ("strum", "power")
_WIDE = ("hands", "strum", "power", "pad", "chords")


def draw_sections(rng: Rng, piece: Piece, rests: float) -> list[tuple[int, int]]:
    """Stretches of one to four bars (first, last + 1) in which a player plays.

    `rests` from 0 to 1 is the share of stretches without; one at least is played.
    """
    edges = [0]
    while edges[-1] < piece.bars:
        edges.append(min(piece.bars, edges[-1] + int(rng.choice([1, 2, 2, 4]))))
    sections = list(pairwise(edges))
    kept = [section for section in sections if rng.random() >= rests]
    return kept or [sections[rng.integers(len(sections))]]


def draw_phrase(
    rng: Rng, piece: Piece, profile: Profile, sections: Sequence[tuple[int, int]]
) -> list[Note]:
    """The notes of a player in some sections: within the range of the instrument, from 0 s on."""
    names = list(profile.textures)
    weights = np.array([profile.textures[name] for name in names])
    base = rng.uniform(55, 105)
    notes: list[Note] = []
    texture = names[rng.choice(len(names), p=weights / weights.sum())]
    low, high = _register(rng, profile, texture)
    for first, last in sections:
        if rng.random() < 0.4:
            texture = names[rng.choice(len(names), p=weights / weights.sum())]
            low, high = _register(rng, profile, texture)
        gate = float(rng.choice([1.02, 0.95, 0.85, rng.uniform(0.3, 0.6)]))
        spread = rng.uniform(0.004, 0.022) if texture in _SPREAD else 0.002
        level = base + rng.normal(0, 6)
        for event in TEXTURES[texture](rng, BarSpan(piece, first, last, low, high)):
            notes += _notes(rng, piece, event, gate=gate, spread=spread, level=level)
    return sorted(notes, key=lambda note: note.start)


def _register(rng: Rng, profile: Profile, texture: str) -> tuple[int, int]:
    """Wide for chords, else one and a half octaves of the instrument's range."""
    reach = profile.high - profile.low
    if texture in ("strum", "power"):
        return profile.low, min(profile.high, profile.low + 26)
    if texture == "single":
        return profile.low, profile.high
    width = min(reach, int(rng.integers(24, 40)) if texture in _WIDE else int(rng.integers(12, 21)))
    low = profile.low + int(rng.integers(reach - width + 1))
    return low, low + width


def _notes(
    rng: Rng, piece: Piece, event: ChordEvent, *, gate: float, spread: float, level: float
) -> list[Note]:
    start = piece.seconds(event.position) + rng.normal(0, 0.006)
    end = start + max(_SHORTEST, gate * event.length * piece.beat)
    accent = 8 if event.position % 1 == 0 else 0
    notes = []
    for i, pitch in enumerate(sorted(set(event.pitches))):
        begin = start + i * spread
        if begin < 0 < end - 2 * _SHORTEST:  # a note that began before 0 starts at 0
            begin = 0.0
        velocity = int(np.clip(level + accent + rng.normal(0, 5), 20, 127))
        if 0 <= begin < piece.duration:
            notes.append(Note(begin, max(end, begin + _SHORTEST), pitch, velocity))
    return notes
