"""Drum notes in whatever file they come: MIDI, CSV, text, JAMS or JSON, of ours or of others.

Labels are names of our ten, five or three classes, or General MIDI notes, or `OT`, by which MDB
Drums calls what is no drum. Velocities and beats are read where the file has them. A file may be

- `.csv` with the header `onset,class` (and `velocity`), as `bandscribe.formats.csv` writes it;
- `.csv` or `.txt` without a header: onset in seconds, label, and perhaps more, separated by commas,
  semicolons or spaces; lines that begin with `#` are passed over;
- `.jams`: annotations of the namespaces `tag_open` (values are labels; confidences are velocities
  where we wrote it) or `note_midi`, and `beat` (values are positions in the bar);
- `.json` as `bandscribe.formats.json` writes it;
- `.mid` or `.midi`: the notes on channel 10, or all notes where there are none on it.
"""

from __future__ import annotations

import re
import reprlib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from bandscribe.formats import csv, jams, midi
from bandscribe.formats import json as our_json
from bandscribe.readers import read_json, refused
from bandscribe.types import Beats, Transcription
from bandscribe.vocabulary import ARTICULATION_TO_10, DRUMS_5, DRUMS_10, GM_TO_10, relabel

#: In the order in which they are taken where a recording has several.
SUFFIXES = (".csv", ".txt", ".jams", ".json", ".mid", ".midi")
#: The names of all drum classes; what `read` gives is in these.
LABELS = tuple(dict.fromkeys((*DRUMS_10, *DRUMS_5)))
_OTHER = "OT"

_Row = tuple[float, str | None, float | None]  # time, label, velocity


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
        case ".json":
            return our_json.read(path, classes=LABELS)
        case ".csv" if _has_header(path):
            return csv.read(path, classes=LABELS)
    return _read_rows(path)


def _read_midi(path: Path) -> Transcription:
    notes = midi.read(path)
    if not len(notes.onsets):
        notes = midi.read(path, channel=None)
    return relabel(notes, ARTICULATION_TO_10, LABELS)


def _read_jams(path: Path) -> Transcription:
    tree = read_json(path)
    with refused(f"{path}: no drum notes in JAMS"):
        rows = [
            (float(note["time"]), _label(note["value"]), note.get("confidence") if ours else None)
            for annotation in tree["annotations"]
            if annotation["namespace"] in ("tag_open", "note_midi")
            for ours in [_is_ours(annotation)]
            for note in annotation["data"]
        ]
        duration = tree.get("file_metadata", {}).get("duration")
        beats = _beats(tree["annotations"])
    return _transcription(path, rows, duration, beats)


def _is_ours(annotation: dict[str, Any]) -> bool:
    return bool(annotation.get("annotation_metadata", {}).get("annotation_tools") == jams.TOOL)


def _beats(annotations: Iterable[dict[str, Any]]) -> Beats | None:
    """The first annotation of beats whose positions in the bar are all known."""
    for annotation in annotations:
        found = annotation["data"]
        if annotation["namespace"] == "beat" and all(b["value"] is not None for b in found):
            return Beats.of((beat["time"], beat["value"]) for beat in found)
    return None


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
        with refused(f"{path}: line {number}: expected a time and a label"):
            rows.append((float(fields[0]), _label(fields[1]), None))
    return _transcription(path, rows)


def _label(value: object) -> str | None:
    """A class's own name, or that of a General MIDI note; None for percussion that is no class."""
    if value in LABELS:
        return str(value)
    if value == _OTHER:
        return None
    try:
        return GM_TO_10[round(float(str(value)))]
    except (ValueError, OverflowError, KeyError):
        known = ", ".join(LABELS)
        raise ValueError(
            f"expected one of {known} or a MIDI note, got {reprlib.repr(value)}"
        ) from None


def _transcription(
    path: Path, rows: Iterable[_Row], duration: float | None = None, beats: Beats | None = None
) -> Transcription:
    kept = ((time, label, velocity) for time, label, velocity in rows if label is not None)
    with refused(f"{path}: no drum notes"):
        return Transcription.of(kept, LABELS, duration=duration, beats=beats)
