"""JSON, for other programs: the file's name, its duration, the classes, notes and beats."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from bandscribe.files import write_json
from bandscribe.readers import read_json, refused
from bandscribe.types import Beats, Transcription

#: Quarter notes that a beat may be long.
_QUARTERS = (0.25, 0.5, 0.75, 1.0, 1.5, 2.0)


def write(path: str | Path, transcription: Transcription, *, file: str) -> None:
    """Write `{"file", "duration", "classes", "notes", "beats"}`, `confidence` where it is known.

    `file` names the recording. A note is `{"onset", "class", "velocity"}`, the velocity null where
    it is unknown; a beat is `{"time", "position"}`, position 1 being the downbeat. `beat_quarters`
    is there where a beat is no quarter note: 1.5 in 6/8. Times are rounded to the microsecond.
    Raises OSError as `bandscribe.files.whole`.
    """
    write_json(path, content(transcription, file=file))


def content(transcription: Transcription, *, file: str) -> dict[str, Any]:
    """The content that `write` writes, before it becomes text."""
    velocities = transcription.velocities
    beats = transcription.beats
    return {
        "file": file,
        "duration": round(float(transcription.duration), 6),
        "classes": list(transcription.classes),
        "notes": [
            {
                "onset": round(float(onset), 6),
                "class": str(label),
                "velocity": None if velocities is None else round(float(velocities[i]), 4),
            }
            for i, (onset, label) in enumerate(
                zip(transcription.onsets, transcription.labels, strict=True)
            )
        ],
        "beats": []
        if beats is None
        else [
            {"time": round(float(time), 6), "position": int(position)}
            for time, position in zip(beats.times, beats.positions, strict=True)
        ],
        **({} if beats is None or beats.quarters == 1.0 else {"beat_quarters": beats.quarters}),
        **(
            {}
            if transcription.confidence is None
            else {"confidence": round(transcription.confidence, 4)}
        ),
    }


def read(path: str | Path, *, classes: tuple[str, ...]) -> Transcription:
    """Read what `write` writes; notes may be in any order, and further entries are ignored.

    Without a duration it is the last onset; without beats they are None, and so is the confidence.
    Velocities are None when any note lacks one. Raises ValueError, naming the file, for anything
    else; OSError where it cannot be read.
    """
    tree = read_json(path)
    with refused(f"{path}: no drum notes in JSON"):
        if not isinstance(tree, dict):
            raise ValueError("expected an object with notes")
        grid, confidence = tree.get("beats"), tree.get("confidence")
        if confidence is not None and not 0 <= float(confidence) <= 1:
            raise ValueError(f"confidence: expected 0 to 1, got {confidence!r}")
        part = Transcription.of(
            (
                (float(note["onset"]), str(note["class"]), note.get("velocity"))
                for note in tree["notes"]
            ),
            classes,
            duration=float(tree["duration"]) if "duration" in tree else None,
            beats=None if grid is None else _read_beats(grid, tree.get("beat_quarters", 1.0)),
        )
        return part if confidence is None else replace(part, confidence=float(confidence))


def _read_beats(rows: list[dict[str, Any]], quarters: float) -> Beats:
    if quarters not in _QUARTERS:
        raise ValueError(f"beat_quarters: expected one of {_QUARTERS}, got {quarters!r}")
    beats = Beats.of((beat["time"], beat["position"]) for beat in rows)
    return replace(beats, quarters=float(quarters))
