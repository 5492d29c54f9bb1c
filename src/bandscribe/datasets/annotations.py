"""Annotation formats that several corpora share: rows of a time and a label, beats, MIDI."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np

from bandscribe.formats import csv, midi
from bandscribe.readers import read_text, refused
from bandscribe.types import Beats, Transcription
from bandscribe.vocabulary import (
    ARTICULATION_TO_10,
    ARTICULATIONS,
    DRUMS_10,
    GM_TO_ARTICULATION,
    relabel,
)

Row = tuple[float, str]
#: Seconds between two annotations of one stroke.
SAME_STROKE = 0.05


def home(root: Path, *names: str) -> Path:
    """The first of these folders that `root` holds, else `root` itself, taken to be the folder."""
    return next((root / name for name in names if (root / name).is_dir()), root)


def rows(path: Path) -> list[Row]:
    """Lines of a time in seconds and a label, separated by spaces or tabs; empty lines are skipped.

    Raises ValueError, naming the file and the line, for another line; OSError when the file
    cannot be read.
    """
    found = []
    for number, line in enumerate(read_text(path).splitlines(), start=1):
        if not line.strip():
            continue
        match line.split():
            case [time, label]:
                try:
                    found.append((float(time), label))
                except ValueError:
                    raise ValueError(f"{path}: line {number}: {time!r} is no time") from None
            case _:
                raise ValueError(f"{path}: line {number}: expected a time and a label")
    return found


def notes(
    path: Path,
    events: Iterable[Row],
    mapping: Mapping[str, str | None],
    classes: tuple[str, ...],
    beats: Beats | None = None,
) -> Transcription:
    """Events as notes in `classes`. The annotation has no length: it lasts to the last event.

    Raises ValueError, naming `path`, when a label is missing from the map or a time is not finite.
    """
    ordered = sorted(events, key=lambda row: row[0])
    unknown = sorted({label for _, label in ordered} - set(mapping))
    if unknown:
        raise ValueError(f"{path}: unknown classes {unknown}; expected {', '.join(mapping)}")
    onsets = np.array([time for time, _ in ordered], dtype=np.float64)
    labels = np.array([label for _, label in ordered], dtype=np.str_)
    last = (0.0, *onsets[-1:], *(beats.times[-1:] if beats else ()))
    try:
        everything = Transcription(onsets, labels, None, float(max(last)), tuple(mapping), beats)
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None
    return relabel(everything, mapping, classes)


def drop_decimals(label: str) -> str:
    """The label `2` for `2.0`: some files write classes as numbers with decimals."""
    return label.removesuffix(".0")


def read_notes(
    path: Path,
    mapping: Mapping[str, str | None],
    classes: tuple[str, ...],
    *,
    beats: Iterable[Path] = (),
    clean: Callable[[str], str] = str,
) -> Transcription:
    """The `rows` of a file as `notes`, with the beats of the first of some files that has any.

    `clean` is applied to each label. Raises ValueError, naming the file, when a line is not as it
    should be; OSError when a file cannot be read.
    """
    events = [(time, clean(label)) for time, label in rows(path)]
    grid = next((found for file in beats if (found := read_beats(file)) is not None), None)
    return notes(path, events, mapping, classes, grid)


def read_beats(path: Path) -> Beats | None:
    """Rows of a time and a position in the bar; None when there is no such file, or no row in it.

    A `.csv` has the header `time,position`; of any other file see `rows`.

    Raises ValueError, naming the file, for other content.
    """
    if not path.is_file():
        return None
    if path.suffix == ".csv":
        found = csv.read_beats(path)
    else:
        events = rows(path)
        with refused(f"{path}: no beats"):
            found = Beats.of(events)
    return found if len(found.times) else None


def lend_velocities(notes: Transcription, played: Transcription) -> Transcription:
    """The `notes` with the velocities of the same strokes in `played`.

    Two are the same stroke where each is the other's nearest and they lie within `SAME_STROKE`. The
    velocity of any other note is 0, which stands for unknown: MIDI has no note of velocity 0.
    """
    assert played.velocities is not None
    velocities = np.zeros(len(notes.onsets))
    for name in set(notes.labels.tolist()) & set(played.labels.tolist()):
        ours, theirs = np.flatnonzero(notes.labels == name), np.flatnonzero(played.labels == name)
        apart = np.abs(notes.onsets[ours, None] - played.onsets[theirs])
        nearest = apart.argmin(axis=1)
        each = np.arange(len(ours))
        same = (apart.argmin(axis=0)[nearest] == each) & (apart[each, nearest] <= SAME_STROKE)
        velocities[ours[same]] = played.velocities[theirs[nearest[same]]]
    return replace(notes, velocities=velocities)


def read_midi(
    paths: Iterable[Path], mapping: Mapping[int, str] = GM_TO_ARTICULATION
) -> Transcription:
    """The drum notes of one or more MIDI files, of all channels, in the ten classes.

    Raises ValueError or OSError as `bandscribe.formats.midi.read`.
    """
    parts = [midi.read(path, mapping=mapping, channel=None) for path in paths]
    onsets = np.concatenate([part.onsets for part in parts])
    order = np.argsort(onsets, kind="stable")
    velocities = [part.velocities for part in parts if part.velocities is not None]
    together = Transcription(
        onsets[order],
        np.concatenate([part.labels for part in parts])[order],
        np.concatenate(velocities)[order],
        max(part.duration for part in parts),
        ARTICULATIONS,
    )
    return relabel(together, ARTICULATION_TO_10, DRUMS_10)
