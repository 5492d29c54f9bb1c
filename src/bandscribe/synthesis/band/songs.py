"""Songs of our own, without drums, on a beat grid that is known to the sample.

A genre names its players, tempi, metres and chord progressions; all else is drawn: key, form,
which parts play in which section, their rhythms, stops, swing, and a tune to sing. Parts accent
the beats where drums are usually struck, since in real music they sound together with the drums.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bandscribe.synthesis.band.genres import GENRES, Genre, parse
from bandscribe.synthesis.band.parts import LEADS, PLAYERS, Chord, Event, Player
from bandscribe.synthesis.band.rhythms import Stroke, stabs
from bandscribe.synthesis.band.synthesizer import Note
from bandscribe.synthesis.drummer.styles import METERS, Meter, Rng, chance, grid, pick
from bandscribe.types import Beats


@dataclass(frozen=True)
class Part:
    """What one player plays, on a General MIDI program (from 0), through an amplifier or not."""

    role: str
    program: int
    notes: tuple[Note, ...]
    distorted: bool = False


@dataclass(frozen=True)
class Song:
    """Parts, a tune for a voice, the beats if they are known, and the length in seconds."""

    parts: tuple[Part, ...]
    tune: tuple[Note, ...]
    beats: Beats | None
    duration: float


@dataclass(frozen=True)
class _Section:
    """One kind of section: chords per bar, who plays which rhythm, and the tune in it."""

    chords: list[Chord]
    playing: dict[int, tuple[list[Stroke], list[Stroke]]]
    tune: list[list[Event]]
    sung: bool
    lead: bool  # an instrument plays the tune


def compose(rng: Rng) -> Song:
    """A song of one to two and a half minutes in a random genre."""
    genre = GENRES[pick(rng, tuple(GENRES))]
    meter = METERS[pick(rng, genre.meters)]
    names = [pick(rng, name.split("|")) for name in genre.core]
    more = [genre.more[i] for i in rng.permutation(len(genre.more))]
    names += more[: max(2, int(rng.binomial(len(more), 0.5)))]
    players = [PLAYERS[name] for name in names]
    key = int(rng.integers(12))
    sections = {
        kind: _section(rng, genre, meter, players, key, kind)
        for kind in ("intro", "verse", "chorus", "break")
    }
    bpm = rng.uniform(*genre.bpm) * (0.6 if meter.eighth < 0.4 else 1.0)
    bpm = max(bpm, 45.0)
    wanted = rng.uniform(55, 125) * bpm / 60
    form = ["intro"] if chance(rng, 0.6) else []
    while sum(len(sections[kind].chords) for kind in form) * meter.beats < wanted:
        form.append(pick(rng, ("verse", "verse", "chorus", "chorus", "break")))
    events: list[list[Event]] = [[] for _ in range(len(players) + 2)]
    bar = 0
    for kind in form:
        bar = _play_section(sections[kind], players, meter, bar, events, rng)
    clock = _Clock.draw(rng, bpm, bar * meter.beats, meter, genre.swing)
    parts = [
        Part(name, int(pick(rng, player.programs)), clock.time(rng, line), player.distorted)
        for name, player, line in zip(names, players, events, strict=False)
    ]
    parts.append(Part("lead", int(pick(rng, LEADS)), clock.time(rng, events[-2])))
    return Song(
        tuple(part for part in parts if part.notes),
        clock.time(rng, events[-1]),
        clock.beats(meter),
        clock.times[-1] + 1.5,
    )


def _section(
    rng: Rng, genre: Genre, meter: Meter, players: Sequence[Player], key: int, kind: str
) -> _Section:
    chords = parse(pick(rng, genre.chords), key)
    repeats = max(1, int(rng.choice([8, 8, 16 if kind != "intro" else 4])) // len(chords))
    if len(chords) <= 4 and meter.beats >= 4 and chance(rng, 0.25):
        chords = [c for c in chords for _ in range(2)]  # two bars each
        repeats = max(1, repeats // 2)
    share = {"intro": 0.5, "verse": 0.75, "chorus": 1.0, "break": 0.5}[kind]
    playing: dict[int, tuple[list[Stroke], list[Stroke]]] = {}
    unison = stabs(rng, meter) if kind == "break" and chance(rng, 0.4) else None
    for index, player in enumerate(players):
        left = len(players) - index  # three parts at least, where there are as many
        if chance(rng, share) or len(playing) + left <= 3:
            rhythm = pick(rng, player.rhythms)
            first = unison or rhythm(rng, meter)
            playing[index] = (first, first if chance(rng, 0.6) else rhythm(rng, meter))
    tune = _tune(rng, meter, chords * repeats, key)
    lead = chance(rng, {"intro": 0.5, "verse": 0.15, "chorus": 0.3, "break": 0.6}[kind])
    sung = chance(rng, {"intro": 0.15, "verse": 1.0, "chorus": 1.0, "break": 0.3}[kind])
    return _Section(chords * repeats, playing, tune, sung, lead)


def _tune(rng: Rng, meter: Meter, chords: Sequence[Chord], key: int) -> list[list[Event]]:
    """A tune of two-bar motifs, each repeated and varied, with a rest at the end of a phrase."""
    scale = [key + s for s in (0, 2, 4, 7, 9)]
    if chords[0].tones[1] == 3:
        scale = [key + s for s in (0, 3, 5, 7, 10)]
    ladder = [p for p in range(57, 80) if p % 12 in [s % 12 for s in scale]]
    step = meter.eighth / int(rng.choice([1, 1, 2]))
    density = rng.uniform(0.25, 0.75) * (0.7 if step < meter.eighth else 1.0)
    motifs = [
        [t for t in grid(meter, step) if chance(rng, density)] or [0.0] for _ in range(2)
    ]  # fmt: skip
    place = len(ladder) // 2
    bars = []
    for index, chord in enumerate(chords):
        times = motifs[index % 2] if chance(rng, 0.85) else [0.0]
        if index % 4 == 3:
            times = times[: max(1, len(times) // 2)]
        bar = []
        for at, end in zip(times, [*times[1:], float(meter.beats)], strict=True):
            place = int(
                np.clip(place + rng.choice([-2, -1, -1, 0, 0, 1, 1, 2]), 0, len(ladder) - 1)
            )
            pitch = ladder[place]
            if at % 1 < 1e-6:  # on the beat, a tone of the chord that is near
                pitch = min(
                    (p for p in range(pitch - 3, pitch + 4)
                     if (p - chord.root) % 12 in chord.tones), key=lambda p: abs(p - pitch),
                    default=pitch,
                )  # fmt: skip
            bar.append(Event(at, min(0.92 * (end - at), 3.0), pitch, rng.uniform(0.55, 1.0)))
        bars.append(bar)
    return bars


def _play_section(
    section: _Section, players: Sequence[Player], meter: Meter, bar: int,
    events: list[list[Event]], rng: Rng,
) -> int:  # fmt: skip
    """Add a section's events, from bar `bar` on, in beats of the song; the number of the next bar.

    Now and then the last bar is a stop: a short chord on its one, and silence.
    """
    stop = chance(rng, 0.15)
    for index, chord in enumerate(section.chords):
        start = (bar + index) * meter.beats
        last = index == len(section.chords) - 1
        for part, rhythms in section.playing.items():
            strokes = [Stroke(0.0, 0.5, 1.0)] if last and stop else rhythms[index % 2]
            line = players[part].voicing(chord, strokes, rng)
            events[part] += [e._replace(at=e.at + start) for e in line]
        line = [e._replace(at=e.at + start) for e in section.tune[index]]
        if section.sung:
            events[-1] += line
        if section.lead:
            events[-2] += line
    return bar + len(section.chords)


@dataclass(frozen=True)
class _Clock:
    """Where beats lie in seconds, `times` (beat,), and how a beat is divided."""

    times: NDArray[np.float64]
    swing: float  # where the middle of a swung unit falls
    unit: float  # beats that swing: 1 for eighths, 0.5 for sixteenths

    @classmethod
    def draw(cls, rng: Rng, bpm: float, beats: int, meter: Meter, swing: float) -> _Clock:
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
