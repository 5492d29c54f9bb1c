"""Reads the drum performances of the Groove MIDI data set.

Ten drummers on a Roland TD-11, 13.6 hours, CC BY 4.0. Gillick, Roberts, Engel, Eck, Bamman 2019,
Learning to Groove with Inverse Sequence Transformations, section 3. Tempo and metre are those of
each file: the performances were played to a metronome, which is what makes the beat grid true.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from bandscribe import splits
from bandscribe.formats import midi
from bandscribe.formats.bars import TempoMap
from bandscribe.readers import Archive, parse_csv, refused
from bandscribe.types import Beats, Transcription
from bandscribe.vocabulary import ARTICULATIONS, ROLAND_TO_ARTICULATION

_INDEX = "info.csv"
_COLUMNS = ("split", "midi_filename", "duration", "id", "drummer", "style", "beat_type", "bpm")


@dataclass(frozen=True, eq=False)
class Performance:
    """One recording session's take: `notes` in ARTICULATIONS with velocities and beats.

    `drummer` is the leak-safe group; `kind` is `"beat"` or `"fill"`; `bpm` is the index's tempo.
    """

    notes: Transcription
    name: str
    drummer: str
    style: str
    kind: str
    bpm: float


def read_groove(path: str | Path, split: str) -> list[Performance]:
    """The performances of one official split, in the index's order.

    `path` is `groove.zip` as published, or the folder that it unpacks to.

    Raises ValueError for an unknown split, or for a path that holds no Groove index;
    FileNotFoundError when the path does not exist.
    """
    splits.check(split)
    path = Path(path)
    if path.is_dir():
        root = path if (path / _INDEX).exists() else path / "groove"
        if not (root / _INDEX).exists():
            raise ValueError(f"{path}: holds no groove/{_INDEX}; unpack groove.zip there")
        return _read_split(lambda name: (root / name).read_bytes(), split, f"{root}/")
    if not path.exists():
        raise FileNotFoundError(f"{path}: not found; expected groove.zip or its folder")
    with Archive(path, largest=midi.LARGEST) as archive:
        if f"groove/{_INDEX}" not in archive.names:
            raise ValueError(f"{path}: holds no groove/{_INDEX}; download groove.zip again")
        return _read_split(lambda name: archive.read(f"groove/{name}"), split, f"{path}: groove/")


def _read_split(load: Callable[[str], bytes], split: str, where: str) -> list[Performance]:
    """`where` comes before the name of a file in messages."""
    text = load(_INDEX).decode("utf-8", errors="replace")
    found = []
    for row in parse_csv(text, where + _INDEX, *_COLUMNS):
        if row["split"] != split:
            continue
        name = row["midi_filename"]
        song = midi.parse(load(name), where + name)
        duration, bpm = row.number("duration"), row.number("bpm")
        if not 10 <= bpm <= 1000:
            raise ValueError(f"{row.where}: bpm: expected 10 to 1000, got {bpm:g}")
        with refused(f"{where}{name}: no performance that can be read"):
            notes = _notes(song, duration)
        found.append(
            Performance(notes, row["id"], row["drummer"], row["style"], row["beat_type"], bpm)
        )
    return found


def _notes(song: Any, duration: float) -> Transcription:
    """The performance of one MIDI file; it lasts at least until its last note."""
    events = midi.MidiEvents.of(song)
    seconds = TempoMap.of(events.tempi, song.ticks_per_beat).seconds
    onsets = seconds(np.array([note.start for note in events.notes], dtype=np.float64))
    names = [ROLAND_TO_ARTICULATION.get(note.pitch, "other") for note in events.notes]
    labels = np.array(names, dtype=np.str_)
    velocities = np.array([note.velocity / 127 for note in events.notes], dtype=np.float64)
    duration = max(duration, float(onsets[-1]) if len(onsets) else 0.0)

    # Files of this data set have one metre.
    _, numerator, denominator = events.signatures[-1] if events.signatures else (0, 4, 4)
    ticks, positions = midi.lay_beats(
        numerator, denominator, song.ticks_per_beat, 0, events.end + 1
    )
    times = seconds(np.array(ticks))
    inside = times < duration
    beats = Beats(times[inside], np.array(positions)[inside])
    return Transcription(onsets, labels, velocities, duration, ARTICULATIONS, beats)
