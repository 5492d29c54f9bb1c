"""Drum notes in whatever file they come: MIDI, CSV, text or JAMS, of ours or of others.

Labels are names of our ten, five or three classes, or General MIDI notes. A file may be

- `.csv` with the header `onset,class` (and `velocity`), as `bandscribe.formats.csv` writes it;
- `.csv` or `.txt` without a header: onset in seconds, label, and perhaps more, parted by commas,
  semicolons or spaces; lines that begin with `#` are passed over;
- `.jams`: annotations of the namespaces `tag_open` (values are labels) or `note_midi`;
- `.mid` or `.midi`: the notes on channel 10, or all notes where there are none on it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from bandscribe.formats import csv, midi
from bandscribe.types import Transcription
from bandscribe.vocabulary import ARTICULATION_TO_10, DRUMS_5, DRUMS_10, GM_TO_10, relabel

#: In the order in which they are taken where a recording has several.
SUFFIXES = (".csv", ".txt", ".jams", ".mid", ".midi")
#: The names of all drum classes; what `read` gives is in these.
LABELS = tuple(dict.fromkeys((*DRUMS_10, *DRUMS_5)))


def read(path: str | Path) -> Transcription:
    """The notes of a file, in `LABELS`; percussion that is no class is left out.

    Raises ValueError, naming the file, for content that does not fit; OSError where it cannot be
    read.
    """
    path = Path(path)
    match path.suffix.lower():
        case ".mid" | ".midi":
            return _read_midi(path)
        case ".jams":
            return _read_jams(path)
        case ".csv" if _has_header(path):
            return csv.read(path, classes=LABELS)
    return _read_rows(path)


def _read_midi(path: Path) -> Transcription:
    notes = midi.read(path)
    if not len(notes.onsets):
        notes = midi.read(path, channel=None)
    return relabel(notes, ARTICULATION_TO_10, LABELS)


def _read_jams(path: Path) -> Transcription:
    try:
        tree = json.loads(path.read_text(encoding="utf-8"))
        rows = [
            (float(note["time"]), _label(note["value"]))
            for annotation in tree["annotations"]
            if annotation["namespace"] in ("tag_open", "note_midi")
            for note in annotation["data"]
        ]
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError(f"{path}: no drum notes in JAMS ({error})") from error
    return _transcription(path, rows)


def _has_header(path: Path) -> bool:
    with path.open(encoding="utf-8-sig", errors="replace") as lines:
        return "onset" in lines.readline().strip().split(",")


def _read_rows(path: Path) -> Transcription:
    rows = []
    lines = path.read_text(encoding="utf-8-sig", errors="replace").splitlines()
    for number, line in enumerate(lines, start=1):
        fields = [field for field in re.split(r"[\s,;]+", line) if field]
        if not fields or line.startswith("#"):
            continue
        try:
            rows.append((float(fields[0]), _label(fields[1])))
        except (ValueError, IndexError) as error:
            raise ValueError(
                f"{path}: line {number}: expected a time and a label ({error})"
            ) from error
    return _transcription(path, rows)


def _label(value: object) -> str | None:
    """A class's own name, or that of a General MIDI note; None for percussion that is no class."""
    if value in LABELS:
        return str(value)
    try:
        return GM_TO_10[round(float(str(value)))]
    except (ValueError, OverflowError, KeyError):
        known = ", ".join(LABELS)
        raise ValueError(f"expected one of {known} or a MIDI note, got {value!r}") from None


def _transcription(path: Path, rows: Iterable[tuple[float, str | None]]) -> Transcription:
    kept = sorted((time, name) for time, name in rows if name is not None)
    onsets = np.array([time for time, _ in kept], dtype=np.float64)
    labels = np.array([name for _, name in kept], dtype=np.str_)
    try:
        return Transcription(onsets, labels, None, float(onsets.max(initial=0.0)), LABELS)
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error
