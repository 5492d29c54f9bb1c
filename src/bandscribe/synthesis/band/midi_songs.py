"""General MIDI songs with drums on channel 10, rearranged.

`read` parses a file, `rearrange` changes key and tempo, takes other instruments of the same
families and leaves some parts out, for two and a half minutes at most. The drums become
articulations, and the beats are those of the file's tempi and time signatures.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

import mido
import numpy as np
from numpy.typing import NDArray

from bandscribe.formats import midi
from bandscribe.formats.bars import TempoMap
from bandscribe.readers import refused
from bandscribe.splits import assign
from bandscribe.synthesis.band.songs import Part, Song
from bandscribe.synthesis.drummer import performance
from bandscribe.synthesis.drummer.patterns import gather
from bandscribe.synthesis.drummer.styles import chance, pick
from bandscribe.synthesis.fluidsynth import Note
from bandscribe.synthesis.sound import Rng
from bandscribe.types import Beats, Transcription
from bandscribe.vocabulary import GM_TO_ARTICULATION

LONGEST = 150.0
_DRUMS = 9  # the channel, from 0
#: The role of each family of eight programs, which decides on its level and on recorded notes.
_FAMILIES = (
    "piano", "pluck", "organ", "guitar", "bass", "strings", "strings", "brass",
    "brass", "lead", "lead", "pad", "pad", "pluck", "pluck", "noises",
)  # fmt: skip
#: Overdriven and distorted guitar: played as clean ones through an amplifier.
_DISTORTED = (29, 30)


@dataclass(frozen=True, eq=False)
class Score:
    """A song as it was written: notes of each program in seconds, drum part, beats if known."""

    parts: Mapping[int, tuple[Note, ...]]  # by channel
    programs: Mapping[int, int]  # General MIDI, from 0, by channel
    drums: Transcription
    beats: Beats | None


def find(folder: Path, split: str) -> list[Path]:
    """The MIDI files under a folder that belong to a split, by their names without numbers.

    Raises ValueError where there are none.
    """
    paths = sorted(p for p in folder.rglob("*") if p.suffix.lower() in (".mid", ".midi"))
    chosen = [p for p in paths if assign(p.stem.rstrip("0123456789")) == split]
    if not chosen:
        raise ValueError(f"{folder}: no MIDI songs of the {split} split in it")
    return chosen


def read(path: Path) -> Score:
    """A song from a file. Raises ValueError naming one that is none, or lacks drums or a band."""
    song = midi.parse(path.read_bytes(), path)
    with refused(f"{path}: no song with drums and a band; take it out of the folder"):
        return _score(song)


def _score(song: mido.MidiFile) -> Score:
    events = midi.MidiEvents.of(song)
    notes: dict[int, list[tuple[int, int, int, int]]] = {}
    for start, stop, channel, pitch, velocity in events.notes:
        if stop is not None:
            notes.setdefault(channel, []).append((start, stop, pitch, velocity))
    seconds = TempoMap.of(events.tempi, song.ticks_per_beat).seconds
    struck = sorted(notes.pop(_DRUMS, []))
    if not struck or not notes:
        raise ValueError(f"no {'band' if struck else 'drums'} in it")
    ticks = np.array([start for start, *_ in struck], dtype=np.float64)
    first = min(start for line in [struck, *notes.values()] for start, *_ in line)
    beats = _beats(events.signatures, song.ticks_per_beat, first, events.end, ticks)
    timed = [
        (time, GM_TO_ARTICULATION.get(pitch, "other"), velocity / 127)
        for time, (_, _, pitch, velocity) in zip(seconds(ticks).tolist(), struck, strict=True)
    ]
    end = float(seconds(np.array([events.end], dtype=np.float64))[0]) + 1.0
    return Score(
        {channel: _timed(line, seconds) for channel, line in notes.items()},
        {channel: events.programs.get(channel, 0) for channel in notes},
        gather(timed, 0.0, 0.0, end, None),
        None if beats is None else Beats(seconds(beats[0]), beats[1]),
    )


def _timed(
    line: Sequence[tuple[int, int, int, int]],
    seconds: Callable[[NDArray[np.float64]], NDArray[np.float64]],
) -> tuple[Note, ...]:
    """(start, end, pitch, velocity) in ticks as notes."""
    line = sorted(line)
    edges = seconds(np.array([[start, end] for start, end, _, _ in line], dtype=np.float64))
    return tuple(
        Note(float(start), max(float(end), float(start) + 0.03), pitch, velocity)
        for (start, end), (_, _, pitch, velocity) in zip(edges, line, strict=True)
    )


def _beats(
    signatures: list[tuple[int, int, int]],
    ticks_per_beat: int,
    first: int,
    end: int,
    struck: NDArray[np.float64],
) -> tuple[NDArray[np.float64], NDArray[np.int64]] | None:
    """Ticks and places in the bar of the beats; None where they are unknown.

    That is without a time signature, and where the drums are not on its sixteenths or triplets:
    some files were recorded or converted without regard to beats. A compound metre has dotted
    beats. Where the first note comes after one beat of silence, as MMA writes its files, so does
    the first bar.
    """
    if not signatures or not _on_grid(struck, ticks_per_beat):
        return None
    if signatures[0][0] == 0 and abs(first / ticks_per_beat - 1) < 0.03:
        signatures = [(ticks_per_beat, *signatures[0][1:]), *signatures[1:]]
    ticks: list[float] = []
    positions: list[int] = []
    for (start, numerator, denominator), stop in zip(
        signatures, [*(s[0] for s in signatures[1:]), end], strict=True
    ):
        more, places = midi.lay_beats(numerator, denominator, ticks_per_beat, start, stop)
        ticks += more
        positions += places
    return np.array(ticks), np.array(positions, dtype=np.int64)


def _on_grid(ticks: NDArray[np.float64], ticks_per_beat: int) -> bool:
    """Whether strokes keep to one division of the beat: the length of their mean direction."""
    turns = np.exp(2j * np.pi * np.outer((3, 4), ticks) / ticks_per_beat)
    return bool(np.abs(turns.mean(axis=1)).max() > 0.7)


def rearrange(score: Score, rng: Rng) -> Song:
    """The song in another key, tempo and instrumentation; a stretch of it if it is long."""
    shift, stretch = int(rng.integers(-5, 7)), float(rng.uniform(0.85, 1.2))
    written = score.drums.duration
    length = min(written, LONGEST / stretch)
    start = float(rng.uniform(0, written - length)) if written > length else 0.0

    def moved(line: tuple[Note, ...]) -> tuple[Note, ...]:
        return tuple(
            Note((n.start - start) * stretch, (min(n.end, start + length) - start) * stretch,
                 int(np.clip(n.pitch + shift, 0, 127)), n.velocity)
            for n in line if start <= n.start < start + length
        )  # fmt: skip

    lines = {channel: moved(line) for channel, line in score.parts.items()}
    channels = [channel for channel, line in lines.items() if line]
    busiest = max(channels, key=lambda c: len(lines[c]), default=None)
    muted = {c for c in channels if chance(rng, 0.1 if _is_bass(score.programs[c]) else 0.2)}
    kept = [c for c in channels if c == busiest or c not in muted]
    parts = [_part(score.programs[c], lines[c], rng) for c in kept]
    drums = performance.excerpt(replace(score.drums, beats=score.beats), start, length)
    drums = performance.stretch(drums, stretch)
    return Song(
        tuple(parts),
        max((lines[c] for c in channels), key=_tunefulness, default=()),
        drums.beats,
        drums.duration,
        replace(drums, beats=None),
    )


def _is_bass(program: int) -> bool:
    return 32 <= program < 40


def _part(program: int, notes: tuple[Note, ...], rng: Rng) -> Part:
    """A part on its program or another of its family."""
    family = program // 8
    distorted = program in _DISTORTED
    if distorted and chance(rng, 0.8):
        return Part("power", pick(rng, (26, 27)), notes, distorted=True)
    if chance(rng, 0.5):
        program = 8 * family + int(rng.integers(8))
    return Part(_FAMILIES[family], program, notes)


def _tunefulness(line: tuple[Note, ...]) -> float:
    """How singable a line is: the share of single notes times that of notes in a voice's range."""
    if not line:
        return 0.0
    alone = [a.end <= b.start + 0.05 for a, b in pairwise(line)]
    reach = [52 <= n.pitch <= 80 for n in line]
    return float(np.mean(alone or [True]) * np.mean(reach))
