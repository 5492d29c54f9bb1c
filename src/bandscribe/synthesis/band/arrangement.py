"""MIDI melodies and chords (POP909), rearranged for a band.

Each song (three tracks: melody, bridge, piano) gets a new bass line, often rhythm guitars, other
instruments, another key and tempo. The files do not mark the beats, but notes lie on sixteenths and
low ones gather on the downbeats, so that `find_beats` finds them in most songs. These also get a
drum part, to which bass and guitars are mostly locked.
"""

from __future__ import annotations

from bisect import bisect
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace

import mido
import numpy as np

from bandscribe.formats.bars import TempoMap
from bandscribe.synthesis.band.rhythms import RhythmNote, with_cymbals, with_kicks
from bandscribe.synthesis.band.songs import LOCKED_SHARE, Part, Song
from bandscribe.synthesis.drummer import patterns, styles
from bandscribe.synthesis.drummer.styles import METERS, STYLES, Meter, chance, pick
from bandscribe.synthesis.fluidsynth import Note
from bandscribe.synthesis.sound import Rng
from bandscribe.types import Beats, Transcription

#: General MIDI programs (from 0) by the part they may play.
MELODY = (52, 53, 54, 85, 91, 64, 65, 66, 56, 59, 73, 40, 42, 22, 26, 27, 29, 80, 81, 11, 0, 4)
BRIDGE = (48, 49, 50, 51, 61, 62, 63, 60, 56, 68, 71, 45, 46, 11, 12, 24, 25, 7, 81, 88, 89, 90)
CHORDS = (0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 21, 24, 25, 26, 27, 28, 48, 50, 88, 89, 95)
BASS = (32, 33, 33, 34, 34, 35, 36, 36, 37, 38, 39)
GUITARS = (28, 28, 27, 27, 25)
LONGEST = 150.0
_METER = METERS["4/4"]
#: Styles of drumming that suit straight sixteenths.
_STYLES = ("rock", "rock", "half time", "disco", "funk", "ballad", "breakbeat", "motown", "bossa")
_LOW = 52  # MIDI: the lowest notes of chords lie below it

#: A stroke of a part: start and length in seconds, root of the chord as a MIDI pitch.
_Step = tuple[float, float, int]
#: A bar of a drum part: the beat it begins with, and the groove that it varies.
_Bar = tuple[int, list[styles.Note]]


def read_song(midi: mido.MidiFile) -> dict[str, list[Note]]:
    """The notes of each named track of a song, in seconds."""
    tempi = _tempo_map(midi)
    parts: dict[str, list[Note]] = {}
    for track in midi.tracks:
        now, open_notes = 0, dict[int, tuple[int, int]]()
        found: list[tuple[int, int, int, int]] = []
        for message in track:
            now += message.time
            if message.type == "note_on" and message.velocity:
                open_notes[message.note] = (now, message.velocity)
            elif message.type in ("note_on", "note_off") and message.note in open_notes:
                start, velocity = open_notes.pop(message.note)
                found.append((start, now, message.note, velocity))
        if found:
            edges = tempi.seconds(np.array([row[:2] for row in found])).tolist()
            parts[track.name.strip().upper()] = [
                Note(start, max(end, start + 0.02), pitch, velocity)
                for (start, end), (_, _, pitch, velocity) in zip(edges, found, strict=True)
            ]
    return parts


def _tempo_map(midi: mido.MidiFile) -> TempoMap:
    changes, tick = [], 0
    for message in mido.merge_tracks(midi.tracks, skip_checks=True):
        tick += message.time
        if message.type == "set_tempo":
            changes.append((tick, message.tempo))
    return TempoMap.of(changes, midi.ticks_per_beat)


def find_beats(midi: mido.MidiFile) -> Beats | None:
    """The beats of a song in 4/4, in seconds; None where its notes do not lie on sixteenths.

    The downbeat is the sixteenth of the bar that most low notes fall on, those on the other beats
    counted in part.
    """
    notes = []
    for track in midi.tracks:
        now = 0
        for message in track:
            now += message.time
            if message.type == "note_on" and message.velocity:
                notes.append((now, message.note))
    sixteenths = np.array([tick for tick, _ in notes]) * 4 / midi.ticks_per_beat
    direction = np.exp(2j * np.pi * sixteenths).mean() if notes else 0.0
    if np.abs(direction) < 0.8:
        return None
    late = np.angle(direction) / (2 * np.pi)  # of all notes, in sixteenths
    places = np.round(sixteenths - late).astype(int)
    counts = np.bincount(places[[pitch < _LOW for _, pitch in notes]] % 16, minlength=16)
    others = 0.5 * np.roll(counts, 8) + 0.3 * (np.roll(counts, 4) + np.roll(counts, -4))
    first = int((counts + others).argmax())
    beats = np.arange(first % 4, places.max() + 5, 4)
    times = _tempo_map(midi).seconds((beats + late) * midi.ticks_per_beat / 4)
    return Beats(times, (beats - first) // 4 % 4 + 1)


def arrange(
    tracks: dict[str, list[Note]], rng: Rng, beats: Beats | None = None, *,
    locked_share: float = LOCKED_SHARE,
) -> Song:  # fmt: skip
    """A new arrangement of two and a half minutes of a song at most.

    Where `beats` are known, it has a drum part, and `locked_share` of the songs are locked to it.

    Raises ValueError for a song without notes.
    """
    if not tracks:
        raise ValueError("it has no notes")
    shift = int(rng.integers(-5, 6))
    stretch = float(rng.uniform(0.85, 1.2))
    piano = tracks.get("PIANO") or next(iter(tracks.values()))
    chords = _roots(piano)
    if beats is not None and len(beats.times) > 8:
        bars = _draw_bars(rng, beats)
        beat = float(np.median(np.diff(beats.times)))
    else:
        beats, bars = None, []
        beat = float(rng.uniform(0.38, 0.62)) / stretch
    locked = beats is not None and chance(rng, locked_share)

    def steps(
        follow: Callable[[Rng, Meter, Sequence[styles.Note]], list[RhythmNote]],
        share: float,
    ) -> Iterable[_Step]:
        if beats is not None and locked and chance(rng, share):
            return _follow(chords, beats, bars, follow, rng)
        return _steps(chords, beat, rng)

    new: list[tuple[str, int, list[Note], bool]] = []
    if "MELODY" in tracks and rng.random() < 0.7:
        new.append(("lead", int(rng.choice(MELODY)), tracks["MELODY"], False))
    if "BRIDGE" in tracks and rng.random() < 0.7:
        new.append(("bridge", int(rng.choice(BRIDGE)), tracks["BRIDGE"], False))
    if "PIANO" in tracks and rng.random() < 0.8:
        new.append(("piano", int(rng.choice(CHORDS)), tracks["PIANO"], False))
    if rng.random() < 0.85 or locked:
        new.append(("bass", int(rng.choice(BASS)), list(_bass(steps(with_kicks, 1), rng)), False))
    for _ in range(int(rng.choice([0, 1, 1, 2]))):
        notes = list(_guitar(steps(with_cymbals, 0.7), rng))
        new.append(("guitar", int(rng.choice(GUITARS)), notes, bool(rng.random() < 0.5)))
    if not new:
        new.append(("piano", 0, piano, False))
    end = min(LONGEST, stretch * max(n.end for notes in tracks.values() for n in notes))

    def moved(notes: list[Note]) -> tuple[Note, ...]:
        places = (_moved(note, shift, stretch) for note in notes)
        return tuple(note for note in places if note.start < end)

    parts = tuple(Part(role, program, moved(notes), amp) for role, program, notes, amp in new)
    drums = None
    if beats is not None:
        beats = Beats(beats.times * stretch, beats.positions)
        drums = _play_bars(rng, bars, beats, end)
        beats = beats.between(-np.inf, end)
    tune = moved(tracks.get("MELODY") or piano)
    return Song(parts, tune, beats, end + 1.5, drums)


def _draw_bars(rng: Rng, beats: Beats) -> list[_Bar]:
    """All whole bars, in sections of eight or four that take turns in two grooves."""
    style = STYLES[pick(rng, _STYLES)][3]
    grooves = [patterns.draw_groove(rng, _METER, style) for _ in range(2)]
    first = int(np.argmax(beats.positions == 1))
    starts = range(first, len(beats.times) - _METER.beats, _METER.beats)
    length = pick(rng, (4, 8, 8, 16))
    return [(start, grooves[index // length % 2]) for index, start in enumerate(starts)]


def _play_bars(rng: Rng, bars: Sequence[_Bar], beats: Beats, end: float) -> Transcription:
    """The drum part in seconds: a crash where the groove changes, a fill before."""
    habits = patterns.Habits.draw(rng)
    notes: list[styles.Note] = []
    for index, (start, groove) in enumerate(bars):
        played = patterns.play_bar(
            rng, _METER, groove, habits,
            first=index == 0 or bars[index - 1][1] is not groove,
            last=index + 1 < len(bars) and bars[index + 1][1] is not groove,
        )  # fmt: skip
        notes += [(start + at, label, velocity) for at, label, velocity in played]
    times = np.interp([at for at, _, _ in notes], np.arange(len(beats.times)), beats.times)
    timed = [(t, label, v) for t, (_, label, v) in zip(times.tolist(), notes, strict=True)]
    inside = [note for note in timed if note[0] < end]
    return patterns.gather(patterns.ornament(rng, inside), 0.0, 0.0, end + 1.5, None)


def _moved(note: Note, shift: int, stretch: float) -> Note:
    pitch = int(np.clip(note.pitch + shift, 0, 127))
    return replace(note, start=note.start * stretch, end=note.end * stretch, pitch=pitch)


def _roots(notes: list[Note]) -> list[tuple[float, int]]:
    """(time, lowest pitch) about twice a second: a rough line of chord roots."""
    roots: list[tuple[float, int]] = []
    for note in sorted(notes, key=lambda n: n.start):
        if not roots or note.start - roots[-1][0] > 0.9:
            roots.append((note.start, note.pitch))
        elif note.pitch < roots[-1][1]:
            roots[-1] = (roots[-1][0], note.pitch)
    return roots


def _follow(
    chords: Sequence[tuple[float, int]],
    beats: Beats,
    bars: Sequence[_Bar],
    follow: Callable[[Rng, Meter, Sequence[styles.Note]], list[RhythmNote]],
    rng: Rng,
) -> Iterator[_Step]:
    """The strokes of a part that follows the drums: one rhythm for each of their grooves."""
    changes = [time for time, _ in chords]
    index = np.arange(len(beats.times))
    rhythms: list[tuple[list[styles.Note], list[RhythmNote]]] = []
    for start, groove in bars:
        known = next((strokes for other, strokes in rhythms if other is groove), None)
        if known is None:
            known = follow(rng, _METER, groove) or [RhythmNote(0.0, float(_METER.beats), 1.0)]
            rhythms.append((groove, known))
        for stroke in known:
            at, end = np.interp(
                [start + stroke.at, start + stroke.at + stroke.length], index, beats.times
            ).tolist()
            chord = bisect(changes, at + 0.02) - 1
            if chord >= 0:
                yield at, end - at, chords[chord][1]


def _steps(chords: list[tuple[float, int]], beat: float, rng: Rng) -> Iterator[_Step]:
    """The strokes of a rhythm that is drawn per song."""
    division = float(rng.choice([1.0, 0.5, 0.5, 0.25]))
    density = float(rng.uniform(0.5, 1.0))
    mask = rng.random(16) < density
    mask[0] = True
    for (start, root), (end, _) in zip(chords, [*chords[1:], (chords[-1][0] + 2, 0)], strict=True):
        step = beat * division
        for i in range(max(1, min(64, int((min(end, start + 8) - start) / step)))):
            if mask[i % 16]:
                yield start + i * step, step, root


def _bass(steps: Iterable[_Step], rng: Rng) -> Iterator[Note]:
    hold = float(rng.uniform(0.4, 1.0))
    walk = float(rng.uniform(0, 0.4))
    for start, length, root in steps:
        pitch = 28 + (root - 28) % 12 + (12 if rng.random() < 0.15 else 0)
        if rng.random() < walk:
            pitch += int(rng.choice([3, 4, 5, 7, 10, 12]))
        yield Note(start, start + hold * length, pitch, int(rng.integers(70, 127)))


def _guitar(steps: Iterable[_Step], rng: Rng) -> Iterator[Note]:
    hold = float(rng.choice([0.25, 0.6, 1.0]))
    shape = ((0, 7, 12), (0, 7), (0, 4, 7, 12), (0, 3, 7, 12))[int(rng.integers(4))]
    for start, length, root in steps:
        base = 40 + (root - 40) % 12
        velocity = int(rng.integers(60, 120))
        for string, interval in enumerate(shape):
            at = start + 0.006 * string
            yield Note(at, at + hold * length, base + interval, velocity)
