"""Textures: tunes, scales, arpeggios, chords, bass lines, each over a stretch of bars."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from bandscribe.synthesis.instruments.piece import Piece
from bandscribe.synthesis.sound import Rng

#: Rhythms of one beat, and of two.
_BEAT = ((1.0,), (0.5, 0.5), (0.5, 0.5), (0.75, 0.25), (0.25,) * 4, (1 / 3,) * 3,
         (0.5, 0.25, 0.25), (0.25, 0.25, 0.5))  # fmt: skip
_TWO = ((2.0,), (1.5, 0.5), (1.0, 1.0), (0.5, 1.0, 0.5), (0.75, 0.75, 0.5))
_LENGTHS = (0.25, 0.5, 1 / 3)


@dataclass(frozen=True)
class ChordEvent:
    """Pitches that sound together: position and length in beats, one after another if spread."""

    position: float
    length: float
    pitches: tuple[int, ...]


@dataclass(frozen=True)
class BarSpan:
    """Some bars, and the register in which they are played."""

    piece: Piece
    first: int
    last: int
    low: int
    high: int

    def ladder(self, classes: Sequence[int]) -> list[int]:
        """All pitches of the register in these pitch classes, ascending."""
        return [p for p in range(self.low, self.high + 1) if p % 12 in classes]

    def chord(self, bar: int) -> list[int]:
        """The chord's pitches in the register, ascending; never empty."""
        return self.ladder(self.piece.chord(bar)) or [self.low]

    def scale(self) -> list[int]:
        """The scale's pitches in the register, ascending; never empty."""
        return self.ladder(self.piece.scale) or [self.low]

    def bars(self) -> range:
        """Numbers of the bars."""
        return range(self.first, self.last)


def _rhythm(rng: Rng, span: BarSpan) -> list[tuple[int, float, float]]:
    """(bar, position, length) of notes that fill a span."""
    slots = []
    long = rng.random()
    for bar in span.bars():
        position, end = 0.0, float(span.piece.metre)
        while position < end - 1e-9:
            cells = _TWO if end - position >= 2 and rng.random() < long else _BEAT
            for length in cells[rng.integers(len(cells))]:
                slots.append((bar, bar * span.piece.metre + position, length))
                position += length
    return slots


def _melody(rng: Rng, span: BarSpan) -> list[ChordEvent]:
    """Steps and some leaps, chord tones on the beats."""
    ladder = span.scale()
    at = int(rng.integers(len(ladder)))
    silent = rng.uniform(0, 0.2)
    events = []
    for bar, position, length in _rhythm(rng, span):
        at += int(rng.choice([-4, -2, -1, -1, 0, 1, 1, 2, 4]))
        at = abs(at) if at < len(ladder) else 2 * len(ladder) - 2 - at
        at = min(max(at, 0), len(ladder) - 1)
        pitch = ladder[at]
        if position % 1 == 0 and rng.random() < 0.6:
            pitch = min(span.chord(bar), key=lambda p: abs(p - pitch))
        if rng.random() >= silent:
            events.append(ChordEvent(position, length, (pitch,)))
    return events


def _steps(span: BarSpan, length: float) -> list[tuple[int, float]]:
    """(bar, position) at every `length` beats."""
    metre = span.piece.metre
    count = round((span.last - span.first) * metre / length)
    positions = [span.first * metre + i * length for i in range(count)]
    return [(int((position + 1e-6) // metre), position) for position in positions]


def _run(rng: Rng, span: BarSpan) -> list[ChordEvent]:
    """A scale up and down, now and then chromatic."""
    chromatic = rng.random() < 0.15
    ladder = list(range(span.low, span.high + 1)) if chromatic else span.scale()
    length = float(rng.choice(_LENGTHS))
    at = int(rng.integers(len(ladder)))
    turn = 2 * max(1, len(ladder) - 1)
    return [
        ChordEvent(position, length, (ladder[len(ladder) - 1 - abs((at + i) % turn - turn // 2)],))
        for i, (_, position) in enumerate(_steps(span, length))
    ]


def _arpeggio(rng: Rng, span: BarSpan) -> list[ChordEvent]:
    """Chord tones in a repeated pattern."""
    length = float(rng.choice(_LENGTHS))
    pattern = rng.integers(0, 6, int(rng.choice([3, 4, 6, 8])))
    if rng.random() < 0.5:
        pattern = np.sort(pattern)
    held = float(rng.choice([1, 1, 3]))  # strings and pedals ring on
    events = []
    for i, (bar, position) in enumerate(_steps(span, length)):
        chord = span.chord(bar)
        pitch = chord[min(int(pattern[i % len(pattern)]), len(chord) - 1)]
        events.append(ChordEvent(position, length * held, (pitch,)))
    return events


def _held(rng: Rng, span: BarSpan) -> list[ChordEvent]:
    """Long notes."""
    length = float(rng.choice([2, span.piece.metre, span.piece.metre]))
    return [
        ChordEvent(position, length, (int(rng.choice(span.chord(bar))),))
        for bar, position in _steps(span, length)
    ]


def _single(rng: Rng, span: BarSpan) -> list[ChordEvent]:
    """One note in each bar, as in a demonstration of an instrument."""
    ladder = span.scale()
    metre = span.piece.metre
    return [
        ChordEvent(bar * metre, float(rng.uniform(0.5, metre)), (int(rng.choice(ladder)),))
        for bar in span.bars()
    ]


def _repeated(rng: Rng, span: BarSpan) -> list[ChordEvent]:
    """One note of each chord, again and again."""
    length = float(rng.choice([0.25, 0.5, 0.5, 1]))
    pick = rng.random()
    return [
        ChordEvent(position, length, (chord[int(pick * len(chord))],))
        for bar, position in _steps(span, length)
        for chord in [span.chord(bar)]
    ]


def _double(rng: Rng, span: BarSpan) -> list[ChordEvent]:
    """A tune with thirds or sixths below it."""
    ladder = span.scale()
    below = int(rng.choice([2, 2, 5]))
    events = []
    for event in _melody(rng, span):
        near = min(range(len(ladder)), key=lambda i: abs(ladder[i] - event.pitches[0]))
        pitches = (ladder[near - below], event.pitches[0]) if near >= below else event.pitches
        events.append(ChordEvent(event.position, event.length, pitches))
    return events


def _voicing(rng: Rng, chord: list[int], size: int) -> tuple[int, ...]:
    """`size` neighbours of a chord's ladder."""
    first = int(rng.integers(max(1, len(chord) - size + 1)))
    return tuple(chord[first : first + size])


def _chords(rng: Rng, span: BarSpan) -> list[ChordEvent]:
    """Chords in the rhythm of a tune."""
    size = int(rng.choice([2, 3, 3, 4]))
    voicings = {bar: _voicing(rng, span.chord(bar), size) for bar in span.bars()}
    return [ChordEvent(at, length, voicings[bar]) for bar, at, length in _rhythm(rng, span)]


def _strum(rng: Rng, span: BarSpan) -> list[ChordEvent]:
    """Four to six strings, from the low ones up."""
    size = int(rng.choice([4, 5, 6]))
    return [
        ChordEvent(at, length, tuple(span.chord(bar)[:size]))
        for bar, at, length in _rhythm(rng, span)
    ]


def _power(rng: Rng, span: BarSpan) -> list[ChordEvent]:
    """Root, fifth and octave, low on the neck."""
    length = float(rng.choice([0.25, 0.5, 0.5, 1, 2]))
    octave = rng.random() < 0.5
    events = []
    for bar, position in _steps(span, length):
        root = span.low + (span.piece.chord(bar)[0] - span.low) % 12
        events.append(
            ChordEvent(position, length, (root, root + 7, root + 12)[: 3 if octave else 2])
        )
    return events


def _pad(rng: Rng, span: BarSpan) -> list[ChordEvent]:
    """A chord for each bar."""
    metre = span.piece.metre
    size = int(rng.choice([3, 3, 4, 5]))
    return [
        ChordEvent(bar * metre, float(metre), _voicing(rng, span.chord(bar), size))
        for bar in span.bars()
    ]


def _hands(rng: Rng, span: BarSpan) -> list[ChordEvent]:
    """Two hands: low notes or chords below, a tune or chords above."""
    middle = (span.low + span.high) // 2
    left = BarSpan(span.piece, span.first, span.last, span.low, max(middle, span.low + 11))
    right = BarSpan(span.piece, span.first, span.last, min(middle, span.high - 11), span.high)
    below = (_held, _bass, _arpeggio, _pad, _chords)[rng.integers(5)]
    above = (_melody, _melody, _chords, _arpeggio, _double)[rng.integers(5)]
    return below(rng, left) + above(rng, right)


def _bass(rng: Rng, span: BarSpan) -> list[ChordEvent]:
    """Roots with fifths and octaves, or walking."""
    walking = rng.random() < 0.3
    length = 1.0 if walking else float(rng.choice([0.5, 1, 2]))
    ladder = span.scale()
    at = int(rng.integers(len(ladder)))
    events = []
    for bar, position in _steps(span, length):
        root = span.low + (span.piece.chord(bar)[0] - span.low) % 12
        if position % span.piece.metre == 0:
            pitch = root
            at = min(range(len(ladder)), key=lambda i: abs(ladder[i] - root))
        elif walking:
            at = min(max(at + int(rng.choice([-1, 1, 1, 2])), 0), len(ladder) - 1)
            pitch = ladder[at]
        else:
            pitch = root + int(rng.choice([0, 0, 0, 7, 12]))
        events.append(ChordEvent(position, length, (min(pitch, span.high),)))
    return events


TEXTURES: Mapping[str, Callable[[Rng, BarSpan], list[ChordEvent]]] = {
    "melody": _melody, "run": _run, "arpeggio": _arpeggio, "held": _held, "single": _single,
    "repeated": _repeated, "double": _double, "chords": _chords, "strum": _strum,
    "power": _power, "pad": _pad, "hands": _hands, "bass": _bass,
}  # fmt: skip
