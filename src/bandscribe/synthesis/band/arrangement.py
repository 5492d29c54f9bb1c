"""Other people's songs, re-arranged: MIDI melodies and chords (POP909) for a band of our own.

Each song (three tracks: melody, bridge, piano) gets a bass line, and often rhythm guitars, of its
own, other instruments, another key and tempo. Where its beats are is not known.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import mido
import numpy as np

from bandscribe.synthesis.band.songs import Part, Song
from bandscribe.synthesis.band.synthesizer import Note

#: General MIDI programs (from 0) by the part they may play.
MELODY = (52, 53, 54, 85, 91, 64, 65, 66, 56, 59, 73, 40, 42, 22, 26, 27, 29, 80, 81, 11, 0, 4)
BRIDGE = (48, 49, 50, 51, 61, 62, 63, 60, 56, 68, 71, 45, 46, 11, 12, 24, 25, 7, 81, 88, 89, 90)
CHORDS = (0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 21, 24, 25, 26, 27, 28, 48, 50, 88, 89, 95)
BASS = (32, 33, 33, 34, 34, 35, 36, 36, 37, 38, 39)
GUITARS = (28, 28, 27, 27, 25)
LONGEST = 150.0


def read_song(midi: mido.MidiFile) -> dict[str, list[Note]]:
    """The notes of each named track of a song, in seconds."""
    tempo = next((m.tempo for t in midi.tracks for m in t if m.type == "set_tempo"), 500_000)
    parts: dict[str, list[Note]] = {}
    for track in midi.tracks:
        now, open_notes = 0, dict[int, tuple[float, int]]()
        notes: list[Note] = []
        for message in track:
            now += message.time
            seconds = mido.tick2second(now, midi.ticks_per_beat, tempo)
            if message.type == "note_on" and message.velocity:
                open_notes[message.note] = (seconds, message.velocity)
            elif message.type in ("note_on", "note_off") and message.note in open_notes:
                start, velocity = open_notes.pop(message.note)
                notes.append(Note(start, max(seconds, start + 0.02), message.note, velocity))
        if notes:
            parts[track.name.strip().upper()] = notes
    return parts


def arrange(tracks: dict[str, list[Note]], rng: np.random.Generator) -> Song:
    """A new arrangement of two and a half minutes of a song at most, without a beat grid.

    Raises ValueError for a song without notes.
    """
    if not tracks:
        raise ValueError("it has no notes")
    shift = int(rng.integers(-5, 6))
    stretch = float(rng.uniform(0.85, 1.2))
    piano = tracks.get("PIANO") or next(iter(tracks.values()))
    chords = _roots(piano)
    beat = float(rng.uniform(0.38, 0.62)) / stretch
    new: list[tuple[str, int, list[Note], bool]] = []
    if "MELODY" in tracks and rng.random() < 0.7:
        new.append(("lead", int(rng.choice(MELODY)), tracks["MELODY"], False))
    if "BRIDGE" in tracks and rng.random() < 0.7:
        new.append(("bridge", int(rng.choice(BRIDGE)), tracks["BRIDGE"], False))
    if "PIANO" in tracks and rng.random() < 0.8:
        new.append(("piano", int(rng.choice(CHORDS)), tracks["PIANO"], False))
    if rng.random() < 0.85:
        new.append(("bass", int(rng.choice(BASS)), list(_bass(chords, beat, rng)), False))
    for _ in range(int(rng.choice([0, 1, 1, 2]))):
        notes = list(_guitar(chords, beat, rng))
        new.append(("guitar", int(rng.choice(GUITARS)), notes, bool(rng.random() < 0.5)))
    if not new:
        new.append(("piano", 0, piano, False))
    end = min(LONGEST, stretch * max(n.end for notes in tracks.values() for n in notes))

    def moved(notes: list[Note]) -> tuple[Note, ...]:
        places = (_moved(note, shift, stretch) for note in notes)
        return tuple(note for note in places if note.start < end)

    parts = tuple(Part(role, program, moved(notes), amp) for role, program, notes, amp in new)
    return Song(parts, moved(tracks.get("MELODY") or piano), None, end + 1.5)


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


def _steps(
    chords: list[tuple[float, int]], beat: float, rng: np.random.Generator
) -> Iterator[tuple[float, float, int]]:
    """(start, length, root) of the strokes of a rhythm that is drawn per song."""
    division = float(rng.choice([1.0, 0.5, 0.5, 0.25]))
    density = float(rng.uniform(0.5, 1.0))
    mask = rng.random(16) < density
    mask[0] = True
    for (start, root), (end, _) in zip(chords, [*chords[1:], (chords[-1][0] + 2, 0)], strict=True):
        step = beat * division
        for i in range(max(1, min(64, int((min(end, start + 8) - start) / step)))):
            if mask[i % 16]:
                yield start + i * step, step, root


def _bass(chords: list[tuple[float, int]], beat: float, rng: np.random.Generator) -> Iterator[Note]:
    hold = float(rng.uniform(0.4, 1.0))
    walk = float(rng.uniform(0, 0.4))
    for start, length, root in _steps(chords, beat, rng):
        pitch = 28 + (root - 28) % 12 + (12 if rng.random() < 0.15 else 0)
        if rng.random() < walk:
            pitch += int(rng.choice([3, 4, 5, 7, 10, 12]))
        yield Note(start, start + hold * length, pitch, int(rng.integers(70, 127)))


def _guitar(
    chords: list[tuple[float, int]], beat: float, rng: np.random.Generator
) -> Iterator[Note]:
    hold = float(rng.choice([0.25, 0.6, 1.0]))
    shape = ((0, 7, 12), (0, 7), (0, 4, 7, 12), (0, 3, 7, 12))[int(rng.integers(4))]
    for start, length, root in _steps(chords, beat, rng):
        base = 40 + (root - 40) % 12
        velocity = int(rng.integers(60, 120))
        for string, interval in enumerate(shape):
            at = start + 0.006 * string
            yield Note(at, at + hold * length, base + interval, velocity)
