"""Drum presets of a General MIDI SoundFont, struck note by note.

A SoundFont keeps its drum kits in bank 128. SoundFont 2.04, section 7.2, describes the list of
presets (`phdr`): records of 38 bytes, the last of which is a terminator.
"""

from __future__ import annotations

import struct
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO

import numpy as np

from bandscribe.synthesis.fluidsynth import ChannelVoice, Note, render
from bandscribe.synthesis.kits.pieces import (
    LONG,
    LONGEST,
    LONGEST_RINGING,
    Kit,
    RecordedHit,
    cut,
    group,
    stack,
)
from bandscribe.synthesis.sound import Samples
from bandscribe.vocabulary import GM_TO_ARTICULATION

DRUM_BANK = 128
RECORD = 38
#: GS and General MIDI 2 put an orchestra on programs 48 to 55: timpani where the toms are.
ORCHESTRA = range(48, 56)
BRUSH = range(40, 48)
ELECTRONIC = range(24, 25)

#: Velocities struck.
VELOCITIES = (32, 64, 96, 127)
#: Without whistles (71, 72) and cuicas (78, 79), which sound like no drum.
NOTES = (*range(35, 71), *range(73, 78), 80, 81, 82)
#: Layers that correlate more than this are the same sample at another level.
SAME = 0.99


def presets(path: Path) -> dict[int, str]:
    """The drum kits of a SoundFont, program to name, orchestra kits left out.

    Raises ValueError when the file is no SoundFont.
    """
    with path.open("rb") as file:
        records = _read_presets(file, path)
    found = {
        program: name.split(b"\0")[0].decode("latin-1").strip()
        for name, program, bank in struct.iter_unpack("<20sHH14x", records[:-RECORD])
        if bank == DRUM_BANK and program not in ORCHESTRA
    }
    return dict(sorted(found.items()))


def _read_presets(file: BinaryIO, path: Path) -> bytes:
    """The records of the chunk `phdr`, which lies in the list `pdta`."""
    riff = file.read(12)
    if riff[:4] != b"RIFF" or riff[8:] != b"sfbk":
        raise ValueError(f"{path}: not a SoundFont (expected a RIFF file of form sfbk)")
    while len(header := file.read(8)) == 8:
        name, size = header[:4], int.from_bytes(header[4:], "little")
        if name == b"LIST":
            if file.read(4) == b"pdta":
                continue  # its chunks come next
            size -= 4
        elif name == b"phdr":
            records = file.read(size)
            if len(records) == size and size and size % RECORD == 0:
                return records
            break
        file.seek(size + size % 2, 1)  # chunks are padded to even length
    raise ValueError(f"{path}: its list of presets is missing or damaged; is it cut short?")


def articulation(note: int, program: int) -> str | None:
    """The articulation of a General MIDI drum note in a kit; None for unusable ones.

    After Roland GS: brush kits have a slap at 39 and a swirl at 40, the electronic kit a reversed
    cymbal at 52.
    """
    if program in BRUSH and note in (39, 40):
        return "sd" if note == 39 else None
    if program in ELECTRONIC and note == 52:
        return None
    return GM_TO_ARTICULATION.get(note, "other") if note in NOTES else None


def load(path: Path, program: int, sample_rate: int) -> Kit:
    """Drum kit `program` of a SoundFont, each note struck at four velocities without reverb.

    Raises ValueError when the program is not in the file, and as `fluidsynth.render`.
    """
    names = presets(path)
    if program not in names:
        raise ValueError(f"{path}: has no drum kit {program}; expected one of {list(names)}")
    strokes = list(plan(program))
    samples = play(path, program, strokes, sample_rate)
    hits = cut_strokes(samples, sample_rate, strokes, program)
    pieces = [
        piece
        for note, layers in hits.items()
        if (
            piece := stack(
                f"note {note}",
                articulation(note, program) or "other",
                ((velocity / 127, [hit]) for velocity, hit in distinct(layers)),
            )
        )
    ]
    title = f"{path.stem} {names[program]}"
    return Kit(
        title, "", f"SoundFont {path.name}, drum preset {program}", sample_rate, group(pieces)
    )


def plan(program: int) -> Iterator[Note]:
    """The notes of a kit one after the other, with room for each to ring."""
    start = 0.1
    for note in NOTES:
        played_as = articulation(note, program)
        if played_as is None:
            continue
        length = LONGEST_RINGING if played_as in LONG else LONGEST
        for velocity in VELOCITIES:
            yield Note(start, start + length, note, velocity)
            start += length + 0.5


def play(path: Path, program: int, strokes: Sequence[Note], sample_rate: int) -> Samples:
    """The strokes one after the other, (n,), dry. Raises as `fluidsynth.render`."""
    notes = [replace(stroke, end=stroke.end + 0.3) for stroke in strokes]
    length = round((notes[-1].end + 0.2) * sample_rate)
    samples: Samples = render(
        [notes], [ChannelVoice(path, program, DRUM_BANK)], length, sample_rate, dynamic=False
    )[0]
    return samples


def cut_strokes(
    samples: Samples, sample_rate: int, strokes: Sequence[Note], program: int
) -> dict[int, list[tuple[int, RecordedHit]]]:
    """Note to (velocity, hit) pairs, cut out of a rendered plan (n,)."""
    hits: dict[int, list[tuple[int, RecordedHit]]] = defaultdict(list)
    for stroke in strokes:
        start, length = round(stroke.start * sample_rate), stroke.end - stroke.start + 0.2
        sound = samples[np.newaxis, start : start + round(length * sample_rate)]
        hit = cut(sound, sample_rate, articulation(stroke.pitch, program) or "other")
        if hit:
            hits[stroke.pitch].append((stroke.velocity, hit))
    return dict(hits)


def distinct(layers: Sequence[tuple[int, RecordedHit]]) -> list[tuple[int, RecordedHit]]:
    """Layers (velocity, hit) from soft to loud without those that only scale a louder one."""
    kept: list[tuple[int, RecordedHit]] = []
    for velocity, hit in reversed(layers):
        if not kept or _similarity(hit, kept[0][1]) < SAME:
            kept.insert(0, (velocity, hit))
    return kept


def _similarity(hit: RecordedHit, other: RecordedHit) -> float:
    """The largest normalised correlation of the first 0.1 s at lags up to 1 ms."""
    length, reach = hit.sample_rate // 10, hit.sample_rate // 1000
    a, b = hit.microphones[0, :length], other.microphones[0, :length]
    padded = np.pad(b, (reach, reach + max(0, len(a) - len(b))))
    norm = float(np.linalg.norm(a) * np.linalg.norm(b))
    return float(np.correlate(padded, a).max()) / norm
