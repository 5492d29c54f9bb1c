"""The players of a band: which pitches a stroke of a chord sounds, on which instruments, the
rhythms that suit them, and the clock that they play by.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from bandscribe.synthesis.band.rhythms import (
    Rhythm,
    RhythmNote,
    arpeggio,
    backbeats,
    eighths,
    figure,
    gallop,
    octaves,
    offbeats,
    quarters,
    scratch,
    sixteenths,
    stabs,
    strum,
    syncopated,
    walk,
    whole,
)
from bandscribe.synthesis.drummer.styles import Meter, chance, pick
from bandscribe.synthesis.fluidsynth import Note
from bandscribe.synthesis.sound import Rng
from bandscribe.types import Beats


class Chord(NamedTuple):
    """`root` as a pitch class, `tones` in semitones above it."""

    root: int
    tones: tuple[int, ...]


class Event(NamedTuple):
    """A note of a part: beats from the start of the bar, MIDI pitch, loudness 0 to 1.

    `late` is a delay in seconds, as of the strings of a strummed chord.
    """

    at: float
    length: float
    pitch: int
    loud: float
    late: float = 0.0


@dataclass(frozen=True)
class Clock:
    """Where beats lie in seconds, `times` (beat,), and how a beat is divided."""

    times: NDArray[np.float64]
    swing: float  # where the middle of a swung unit falls
    unit: float  # beats that swing: 1 for eighths, 0.5 for sixteenths

    @classmethod
    def draw(cls, rng: Rng, bpm: float, beats: int, meter: Meter, swing: float) -> Clock:
        """A tempo that drifts by up to two percent, or not at all."""
        drift = np.cumsum(rng.normal(0, 1, beats)) * rng.choice([0.0, 0.001, 0.003])
        lengths = 60 / bpm * np.clip(1 + drift, 0.96, 1.04)
        times = np.concatenate([[0.0], np.cumsum(lengths)]) + rng.uniform(0.02, 1.0)
        swung = meter.eighth > 0.4 and swing > 0.5 and chance(rng, 0.7)
        place = rng.uniform(0.5 + (swing - 0.5) / 2, swing) if swung else 0.5
        return cls(times, float(place), float(rng.choice([1.0, 0.5]) if swing < 0.65 else 1.0))

    def seconds(self, at: NDArray[np.float64]) -> NDArray[np.float64]:
        """Places in beats as seconds, (n,) to (n,)."""
        whole, part = np.divmod(at + 1e-9, self.unit)
        part = np.interp(part / self.unit, [0.0, 0.5, 1.0], [0.0, self.swing, 1.0])
        straight = (whole + part) * self.unit
        return np.interp(straight, np.arange(len(self.times)), self.times)

    def time(self, rng: Rng, line: Sequence[Event]) -> tuple[Note, ...]:
        """Events in beats as notes in seconds, played by a human."""
        if not line:
            return ()
        sloppy, lag = rng.uniform(0.0, 0.008), rng.uniform(-0.006, 0.008)
        at = np.array([e.at for e in line])
        places, same = np.unique(at.round(6), return_inverse=True)
        # Notes of one stroke are late together.
        late = lag + np.clip(rng.normal(0, sloppy, len(places)), -0.02, 0.02)[same.reshape(-1)]
        starts = self.seconds(at) + late + np.array([e.late for e in line])
        ends = starts + np.array([e.length for e in line]) * np.median(np.diff(self.times))
        velocities = np.array([30 + 92 * e.loud for e in line]) + rng.normal(0, 4, len(line))
        return tuple(
            Note(max(0.0, float(start)), max(float(end), float(start) + 0.03), event.pitch,
                 int(np.clip(velocity, 1, 127)))
            for start, end, velocity, event in zip(starts, ends, velocities, line, strict=True)
        )  # fmt: skip

    def beats(self, meter: Meter) -> Beats:
        """The grid: all beats, the one after the end included."""
        return Beats(self.times, np.arange(len(self.times)) % meter.beats + 1)


def bass(chord: Chord, strokes: Sequence[RhythmNote], rng: Rng) -> list[Event]:
    """Roots in the low octave, with fifths and octaves now and then."""
    root = 28 + (chord.root - 28) % 12
    events = []
    for s in strokes:
        interval = s.tone if s.tone not in (1, 2) else pick(rng, (0, 0, 7, 12))
        length = s.length * (0.5 if s.tone == 2 else 1.0)
        events.append(Event(s.at, length, root + interval, 0.25 + 0.75 * s.loud))
    return events


def power(chord: Chord, strokes: Sequence[RhythmNote], rng: Rng) -> list[Event]:
    """Fifths of an electric guitar; a damped stroke is short, soft and low."""
    root = 38 + (chord.root - 38) % 12
    shape = pick(rng, ((0, 7), (0, 7, 12), (0, 7, 12)))
    events = []
    for s in strokes:
        damped = s.tone == 2
        for string, interval in enumerate(shape[: 2 if damped else 3]):
            length = min(s.length, 0.2) if damped else s.length
            loud = s.loud * (0.75 if damped else 1.0)
            events.append(Event(s.at, length, root + interval, loud, 0.003 * string))
    return events


def guitar(chord: Chord, strokes: Sequence[RhythmNote], rng: Rng) -> list[Event]:
    """Four to six strings one after the other, from below or from above."""
    root = 40 + (chord.root - 40) % 12
    pitches = [root]
    classes = [(chord.root + t) % 12 for t in chord.tones]
    for pitch in range(root + 3, 77):
        if pitch % 12 in classes and pitch - pitches[-1] >= 3 and len(pitches) < 6:
            pitches.append(pitch)
    delay = rng.uniform(0.001, 0.014)
    events = []
    for s in strokes:
        strings = pitches[-4:][::-1] if s.tone == 1 else pitches[-int(rng.integers(3, 7)) :]
        length = 0.09 if s.tone == 2 else s.length
        loud = s.loud * (0.6 if s.tone == 2 else 0.85 if s.tone == 1 else 1.0)
        events += [Event(s.at, length, p, loud, delay * i) for i, p in enumerate(strings)]
    return events


def _close(chord: Chord, centre: int) -> list[int]:
    """The inversion of the chord that lies about a pitch."""
    return sorted(centre - 6 + (chord.root + tone - (centre - 6)) % 12 for tone in chord.tones)


def keys(chord: Chord, strokes: Sequence[RhythmNote], rng: Rng) -> list[Event]:
    """A close chord of the right hand; now and then the left hand's root below it."""
    left = chance(rng, 0.4)
    pitches = _close(chord, int(rng.integers(57, 70)))
    events = []
    for s in strokes:
        hands = pitches if s.tone != 1 else pitches[1:]
        if left and s.at % 1 < 1e-6:
            hands = [36 + (chord.root - 36) % 12, *hands]
        length = min(s.length, 0.15) if s.tone == 2 else s.length
        events += [Event(s.at, length, p, s.loud, rng.uniform(0, 0.004)) for p in hands]
    return events


def wide(chord: Chord, strokes: Sequence[RhythmNote], rng: Rng) -> list[Event]:
    """Strings, pads and brass: the chord spread over two octaves."""
    del rng
    pitches = _close(chord, 67)
    pitches = [pitches[0] - 12, *pitches, pitches[0] + 12][:5]
    return [Event(s.at, s.length, p, s.loud) for s in strokes for p in pitches]


def single(chord: Chord, strokes: Sequence[RhythmNote], rng: Rng) -> list[Event]:
    """One tone of the chord per stroke, counted from the lowest on."""
    ladder = _close(chord, int(rng.choice([55, 60, 67, 72])))
    ladder = [*ladder, *(p + 12 for p in ladder)]
    return [Event(s.at, s.length, ladder[s.tone % len(ladder)], s.loud) for s in strokes]


def riff(chord: Chord, strokes: Sequence[RhythmNote], rng: Rng) -> list[Event]:
    """A low line of the minor pentatonic scale above the root."""
    root = 40 + (chord.root - 40) % 12
    steps = [0, *(int(rng.choice([0, 0, 3, 5, 6, 7, 10, 12])) for _ in strokes)]
    return [
        Event(s.at, s.length if s.tone != 2 else 0.2, root + step, s.loud)
        for s, step in zip(strokes, steps, strict=False)
    ]


@dataclass(frozen=True)
class Player:
    """A voicing, General MIDI programs (from 0), rhythms; `distorted` ones have an amplifier."""

    voicing: Callable[[Chord, Sequence[RhythmNote], Rng], list[Event]]
    programs: tuple[int, ...]
    rhythms: tuple[Rhythm, ...]
    distorted: bool = False


PLAYERS: dict[str, Player] = {
    "bass": Player(bass, (33, 33, 34, 34, 32, 35), (eighths, quarters, syncopated, figure, figure)),
    "bass driving": Player(bass, (33, 34, 34), (eighths, eighths, gallop)),
    "bass walking": Player(bass, (32, 32, 33, 35), (walk,)),
    "bass slap": Player(bass, (36, 37), (octaves, syncopated, scratch)),
    "bass octaves": Player(bass, (33, 34, 36, 38), (octaves, octaves, syncopated)),
    "bass synth": Player(bass, (38, 39, 87, 81), (eighths, sixteenths, octaves, offbeats, figure)),
    "bass sub": Player(bass, (38,), (syncopated, figure, whole)),
    "bass dub": Player(bass, (33, 34, 39), (syncopated, figure)),
    "bass long": Player(bass, (32, 33, 35, 39), (whole, whole, figure)),
    "clean": Player(guitar, (27, 27, 26), (figure, syncopated, strum, quarters, whole, backbeats)),
    "muted": Player(single, (28,), (sixteenths, eighths, arpeggio)),
    "chick": Player(guitar, (28, 28, 27), (scratch, sixteenths, backbeats)),
    "scratch": Player(guitar, (27, 28, 26), (scratch, scratch, syncopated)),
    "skank": Player(guitar, (27, 27, 28, 26), (offbeats, offbeats, backbeats)),
    "strum": Player(guitar, (25, 25, 24), (strum,)),
    "picking": Player(single, (24, 25, 27, 26, 15, 104), (arpeggio,)),
    "power": Player(power, (27, 26, 25), (eighths, eighths, whole, figure, syncopated), True),
    "metal": Player(power, (27, 26), (gallop, eighths, sixteenths, syncopated, whole), True),
    "crunch": Player(guitar, (27, 26), (strum, figure, quarters, eighths, whole), True),
    "riff": Player(riff, (27, 26), (syncopated, figure, eighths, gallop), True),
    "clean riff": Player(riff, (27, 28, 33, 4, 7, 81), (syncopated, figure)),
    "piano": Player(keys, (0, 1, 2, 3), (quarters, figure, syncopated, eighths, whole, strum)),
    "comping": Player(keys, (0, 0, 1, 4, 16, 26), (figure, syncopated, stabs)),
    "e-piano": Player(keys, (4, 5), (figure, syncopated, whole, quarters)),
    "clavinet": Player(keys, (7, 7, 6), (scratch, syncopated, sixteenths)),
    "organ": Player(keys, (16, 17, 18, 19), (whole, whole, offbeats, figure)),
    "bubble": Player(keys, (16, 17, 18), (offbeats,)),
    "strings": Player(wide, (48, 49, 50, 51, 44, 52), (whole, whole, figure)),
    "spiccato": Player(wide, (45, 48, 48), (eighths, figure, sixteenths)),
    "pad": Player(wide, (*range(88, 96), 50, 51, 52, 54), (whole,)),
    "brass": Player(wide, (61, 61, 56, 57, 62, 63), (stabs, stabs, figure)),
    "arp": Player(single, (80, 81, 82, 83, 84, 86, 87, 90, 98), (arpeggio, sixteenths)),
    "chords": Player(keys, (80, 81, 62, 63, 90, 50), (offbeats, figure, eighths, syncopated)),
    "pluck": Player(single, (11, 12, 13, 45, 46, 9, 10, 108, 8), (arpeggio, syncopated, figure)),
    "noises": Player(single, (120, 121, 122), (figure, stabs, whole)),
}

#: Programs that may play the tune.
LEADS = (65, 66, 64, 56, 59, 73, 40, 68, 71, 22, 26, 27, 80, 81, 11, 0, 4, 53, 52, 54, 85, 25, 75)
