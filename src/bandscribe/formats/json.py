"""JSON, for other programs: the file's name, its duration, the classes, notes and beats."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from bandscribe.files import whole
from bandscribe.types import Transcription


def write(path: str | Path, transcription: Transcription, *, file: str) -> None:
    """Write `{"file", "duration", "classes", "notes", "beats"}`.

    `file` names the recording. A note is `{"onset", "class", "velocity"}`, the velocity null where
    it is unknown; a beat is `{"time", "position"}`, position 1 being the downbeat. Times are
    rounded to the microsecond. Raises OSError as `bandscribe.files.whole`.
    """
    with whole(path) as temporary:
        text = json.dumps(content(transcription, file=file), indent=1, ensure_ascii=False)
        temporary.write_text(text + "\n", encoding="utf-8")


def content(transcription: Transcription, *, file: str) -> dict[str, Any]:
    """What `write` writes, before it becomes text."""
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
    }
