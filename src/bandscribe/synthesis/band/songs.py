"""Composed songs and the drum part of each, on a beat grid known to the sample.

A genre has players, tempi, metres, chord progressions and drumming styles; the rest is random: key,
form, which parts play in which section, their rhythms, stops, swing, and a tune to sing. In most
sections the band is locked to the drums: the bass plays on the kicks, guitars and keyboards strum
with the hi-hat and accent the snare, stabs come with a crash. In the others parts are independent.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bandscribe.synthesis.band.genres import GENRES, Genre, parse
from bandscribe.synthesis.band.parts import (
    LEADS,
    PLAYERS,
    Chord,
    Clock,
    Event,
    Player,
    bass,
    guitar,
    keys,
    power,
    riff,
)
from bandscribe.synthesis.band.rhythms import RhythmNote, stabs, with_cymbals, with_kicks
from bandscribe.synthesis.drummer import styles
from bandscribe.synthesis.drummer.patterns import (
    Habits,
    draw_groove,
    draw_style,
    gather,
    ornament,
    play_bar,
)
from bandscribe.synthesis.drummer.styles import METERS, Meter, chance, grid, hit, pick
from bandscribe.synthesis.fluidsynth import Note
from bandscribe.synthesis.sound import Rng
from bandscribe.types import Beats, Transcription

#: The share of sections in which the band is locked to the drums.
LOCKED_SHARE = 0.75


@dataclass(frozen=True)
class Part:
    """What one player plays, on a General MIDI program (from 0), through an amplifier or not."""

    role: str
    program: int
    notes: tuple[Note, ...]
    distorted: bool = False


@dataclass(frozen=True)
class Song:
    """Parts, a tune for a voice, the length in seconds; the beats and drum part if they are known.

    The drum part has articulations for labels; its strokes lie exactly on the grid.
    """

    parts: tuple[Part, ...]
    tune: tuple[Note, ...]
    beats: Beats | None
    duration: float
    drums: Transcription | None = None


@dataclass(frozen=True)
class _Section:
    """One kind of section: chords per bar, who plays which rhythm, and the tune in it.

    `groove` is the bar of drums that it repeats, empty where the drums rest.
    """

    groove: list[styles.Note]
    chords: list[Chord]
    playing: dict[int, tuple[list[RhythmNote], list[RhythmNote]]]
    tune: list[list[Event]]
    sung: bool
    lead: bool  # an instrument plays the tune


def compose(rng: Rng, *, locked_share: float = LOCKED_SHARE) -> Song:
    """A song of one to two and a half minutes in a random genre.

    In `locked_share` of its sections the band is locked to the drums.
    """
    genre = GENRES[pick(rng, tuple(GENRES))]
    meter = METERS[pick(rng, genre.meters)]
    names = [pick(rng, name.split("|")) for name in genre.core]
    more = [genre.more[i] for i in rng.permutation(len(genre.more))]
    names += more[: max(2, int(rng.binomial(len(more), 0.5)))]
    players = [PLAYERS[name] for name in names]
    key = int(rng.integers(12))
    style = pick(rng, genre.drums) if chance(rng, 0.7) else draw_style(rng)
    sections = {
        kind: _section(rng, genre, meter, players, key, kind, style, chance(rng, locked_share))
        for kind in ("intro", "verse", "chorus", "break")
    }
    bpm = rng.uniform(*genre.bpm) * (0.6 if meter.eighth < 0.4 else 1.0)
    bpm = max(bpm, 45.0)
    least_beats = rng.uniform(55, 125) * bpm / 60
    form = ["intro"] if chance(rng, 0.6) else []
    while sum(len(sections[kind].chords) for kind in form) * meter.beats < least_beats:
        form.append(pick(rng, ("verse", "verse", "chorus", "chorus", "break")))
    events: list[list[Event]] = [[] for _ in range(len(players) + 2)]
    drums: list[styles.Note] = []
    habits = Habits.draw(rng)
    bar = 0
    for kind in form:
        bar = _play_section(sections[kind], players, habits, meter, bar, events, drums, rng)
    clock = Clock.draw(rng, bpm, bar * meter.beats, meter, genre.swing)
    parts = [
        Part(name, int(pick(rng, player.programs)), clock.time(rng, line), player.distorted)
        for name, player, line in zip(names, players, events, strict=False)
    ]
    parts.append(Part("lead", int(pick(rng, LEADS)), clock.time(rng, events[-2])))
    duration = float(clock.times[-1]) + 1.5
    return Song(
        tuple(part for part in parts if part.notes),
        clock.time(rng, events[-1]),
        clock.beats(meter),
        duration,
        _time_drums(rng, drums, clock, meter, duration),
    )


def _time_drums(
    rng: Rng, notes: Sequence[styles.Note], clock: Clock, meter: Meter, duration: float
) -> Transcription:
    times = clock.seconds(np.array([at for at, _, _ in notes]))
    timed = [(t, label, v) for t, (_, label, v) in zip(times.tolist(), notes, strict=True)]
    return gather(ornament(rng, timed), 0.0, 0.0, duration, clock.beats(meter))


def _section(
    rng: Rng, genre: Genre, meter: Meter, players: Sequence[Player], key: int, kind: str,
    style: str, locked: bool,
) -> _Section:  # fmt: skip
    chords = parse(pick(rng, genre.chords), key)
    repeats = max(1, int(rng.choice([8, 8, 16 if kind != "intro" else 4])) // len(chords))
    if len(chords) <= 4 and meter.beats >= 4 and chance(rng, 0.25):
        chords = [c for c in chords for _ in range(2)]  # two bars each
        repeats = max(1, repeats // 2)
    share = {"intro": 0.5, "verse": 0.75, "chorus": 1.0, "break": 0.5}[kind]
    playing: dict[int, tuple[list[RhythmNote], list[RhythmNote]]] = {}
    unison = stabs(rng, meter) if kind == "break" and chance(rng, 0.4) else None
    groove = draw_groove(
        rng, meter, styles.STYLES[style if chance(rng, 0.8) else draw_style(rng)][3]
    )
    if unison and chance(rng, 0.7):
        groove = _with_stabs(rng, groove, unison)
    if chance(rng, {"intro": 0.25, "break": 0.15}.get(kind, 0.03)):
        groove = []
    for index, player in enumerate(players):
        left = len(players) - index  # three parts at least, where there are as many
        here = 0.98 if player.voicing is bass and groove else share
        if chance(rng, here) or len(playing) + left <= 3:
            rhythm = pick(rng, player.rhythms)
            own = [unison or rhythm(rng, meter)]
            own.append(own[0] if chance(rng, 0.6) else rhythm(rng, meter))
            if locked and not unison:
                own = [_lock(rng, meter, player, groove, strokes) for strokes in own]
            playing[index] = (own[0], own[1])
    tune = _tune(rng, meter, chords * repeats, key)
    lead = chance(rng, {"intro": 0.5, "verse": 0.15, "chorus": 0.3, "break": 0.6}[kind])
    sung = chance(rng, {"intro": 0.15, "verse": 1.0, "chorus": 1.0, "break": 0.3}[kind])
    return _Section(groove, chords * repeats, playing, tune, sung, lead)


def _lock(
    rng: Rng, meter: Meter, player: Player, groove: Sequence[styles.Note], own: list[RhythmNote]
) -> list[RhythmNote]:
    """A player's own rhythm, changed to follow the drums.

    Basses play on the kicks, half of the heavy guitars too; most chords come with the cymbals.
    """
    if player.voicing is bass:
        # Long-held and walking lines stay what they are, with the kicks added.
        base = own if chance(rng, 0.3) or player.rhythms == PLAYERS["bass walking"].rhythms else ()
        return with_kicks(rng, meter, groove, base) or own
    if player.voicing in (power, riff) and chance(rng, 0.5):
        return with_kicks(rng, meter, groove) or own
    if player.voicing in (power, guitar, keys) and chance(rng, 0.6):
        return with_cymbals(rng, meter, groove) or own
    return own


def _with_stabs(
    rng: Rng, groove: Sequence[styles.Note], unison: Sequence[RhythmNote]
) -> list[styles.Note]:
    """The drums with the stabs of the band: a kick or snare and mostly a crash on each."""
    notes = [n for n in groove if n[1] != "kd"] if chance(rng, 0.5) else []
    for stroke in unison:
        notes.append(hit(rng, stroke.at, pick(rng, ("kd", "kd", "sd")), 0.9))
        if chance(rng, 0.7):
            notes.append(hit(rng, stroke.at, pick(rng, ("cr", "cr", "ch")), 0.85))
    return notes


def _tune(rng: Rng, meter: Meter, chords: Sequence[Chord], key: int) -> list[list[Event]]:
    """A tune of two-bar motifs, each repeated and varied, with a rest at the end of a phrase."""
    scale = [key + s for s in (0, 2, 4, 7, 9)]
    if chords[0].tones[1] == 3:
        scale = [key + s for s in (0, 3, 5, 7, 10)]
    ladder = [p for p in range(57, 80) if p % 12 in [s % 12 for s in scale]]
    step = meter.eighth / int(rng.choice([1, 1, 2]))
    density = rng.uniform(0.25, 0.75) * (0.7 if step < meter.eighth else 1.0)
    motifs = [[t for t in grid(meter, step) if chance(rng, density)] or [0.0] for _ in range(2)]
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
    section: _Section, players: Sequence[Player], habits: Habits, meter: Meter, bar: int,
    events: list[list[Event]], drums: list[styles.Note], rng: Rng,
) -> int:  # fmt: skip
    """Add a section's events, from bar `bar` on, in beats of the song; the number of the next bar.

    Now and then the last bar is a stop: a short chord on its one with a crash, and silence.
    """
    stop = chance(rng, 0.15)
    for index, chord in enumerate(section.chords):
        start = (bar + index) * meter.beats
        last = index == len(section.chords) - 1
        if section.groove:
            struck = (
                [hit(rng, 0.0, "kd", 0.95), hit(rng, 0.0, habits.crash, 0.9)] if last and stop
                else play_bar(rng, meter, section.groove, habits, first=index == 0, last=last)
            )  # fmt: skip
            drums += [(start + at, label, velocity) for at, label, velocity in struck]
        for part, rhythms in section.playing.items():
            strokes = [RhythmNote(0.0, 0.5, 1.0)] if last and stop else rhythms[index % 2]
            line = players[part].voicing(chord, strokes, rng)
            events[part] += [e._replace(at=e.at + start) for e in line]
        line = [e._replace(at=e.at + start) for e in section.tune[index]]
        if section.sung:
            events[-1] += line
        if section.lead:
            events[-2] += line
    return bar + len(section.chords)
