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
_MOST_BEATS = 100_000
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
    """Those of one MIDI file; the duration grows where the last note lies beyond it."""
    import mido

    if song.ticks_per_beat <= 0:
        raise ValueError("timed by SMPTE")
    ticks: list[int] = []
    notes: list[tuple[int, int]] = []
    tempos: list[tuple[int, int]] = []
    signature = (4, 4)
    tick = 0
    for message in mido.merge_tracks(song.tracks, skip_checks=True):
        tick += message.time
        if message.type == "note_on" and message.velocity > 0:
            ticks.append(tick)
            notes.append((message.note, message.velocity))
        elif message.type == "set_tempo":
            tempos.append((tick, message.tempo))
        elif message.type == "time_signature":
            signature = (message.numerator, message.denominator)
    seconds = TempoMap.of(tempos, song.ticks_per_beat).seconds
    onsets = seconds(np.array(ticks, dtype=np.float64))
    labels = np.array([ROLAND_TO_ARTICULATION.get(n, "other") for n, _ in notes], dtype=np.str_)
    velocities = np.array([v / 127 for _, v in notes], dtype=np.float64)
    duration = max(duration, float(onsets[-1]) if len(onsets) else 0.0)

    # Files of this data set have one metre; a compound one is counted in dotted beats.
    numerator, denominator = signature
    beat = song.ticks_per_beat * 4 / denominator
    if denominator == 8 and numerator > 3 and numerator % 3 == 0:
        numerator, beat = numerator // 3, 3 * beat
    count = int(max(tick, ticks[-1] if ticks else 0) / beat) + 1
    if numerator < 1 or count > _MOST_BEATS:
        raise ValueError(f"{count:,} beats in {numerator}/{denominator}")
    times = seconds(np.arange(count) * beat)
    times = times[times < duration]
    beats = Beats(times, np.arange(len(times)) % numerator + 1)
    return Transcription(onsets, labels, velocities, duration, ARTICULATIONS, beats)
