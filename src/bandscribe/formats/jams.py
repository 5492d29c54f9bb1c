"""JAMS (Humphrey et al. 2014), written directly; no library is needed to write it.

JAMS has no namespace for drums. Notes are `tag_open`: an observation of no duration per note, its
value the class, its confidence the velocity. Beats, where they are known, are `beat`, an
observation each, its value the position in the bar.

Stretches in which an instrument plays are `tag_open` too, with their duration. There is no place
for a level beside it: the levels are in the annotation's sandbox, one per stretch.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bandscribe.files import write_json
from bandscribe.formats.json import content
from bandscribe.types import Segment, Transcription

VERSION = "0.3.4"  # of the schema
TOOL = "bandscribe"


def write(path: str | Path, transcription: Transcription, *, file: str) -> None:
    """Write one annotation of notes, and one of beats where they are known.

    `file` names the recording. Raises OSError as `bandscribe.files.whole`.
    """
    plain = content(transcription, file=file)
    duration = plain["duration"]
    notes = [_observation(n["onset"], n["class"], n["velocity"]) for n in plain["notes"]]
    beats = [_observation(b["time"], b["position"], None) for b in plain["beats"]]
    annotations = [_annotation("tag_open", notes, duration, {"classes": plain["classes"]})]
    if transcription.beats is not None:
        annotations.append(_annotation("beat", beats, duration, {}))
    _save(path, annotations, file, duration)


def write_segments(
    path: str | Path,
    segments: Sequence[Segment],
    *,
    classes: Sequence[str],
    duration: float,
    file: str,
) -> None:
    """Write one annotation of the stretches in which each of `classes` plays.

    `file` names the recording, `duration` in seconds. Raises OSError as `bandscribe.files.whole`.
    """
    data = [
        _observation(round(start, 6), label, None, round(end - start, 6))
        for label, start, end, _ in segments
    ]
    levels = [round(segment.level_db, 2) for segment in segments]
    sandbox = {"classes": list(classes), "level_db": levels}
    seconds = round(duration, 6)
    _save(path, [_annotation("tag_open", data, seconds, sandbox)], file, seconds)


def _save(path: str | Path, annotations: list[dict[str, Any]], file: str, duration: float) -> None:
    tree = {
        "file_metadata": {
            "title": file,
            "artist": "",
            "release": "",
            "duration": duration,
            "identifiers": {},
            "jams_version": VERSION,
        },
        "annotations": annotations,
        "sandbox": {},
    }
    write_json(path, tree)


def _observation(
    time: float, value: Any, confidence: float | None, duration: float = 0.0
) -> dict[str, Any]:
    return {"time": time, "duration": duration, "value": value, "confidence": confidence}


def _annotation(
    namespace: str, data: list[dict[str, Any]], duration: float, sandbox: dict[str, Any]
) -> dict[str, Any]:
    return {
        "namespace": namespace,
        "annotation_metadata": {
            "curator": {"name": "", "email": ""},
            "annotator": {},
            "annotation_tools": TOOL,
            "annotation_rules": "",
            "corpus": "",
            "data_source": "program",
            "validation": "",
            "version": "",
        },
        "data": data,
        "sandbox": sandbox,
        "time": 0.0,
        "duration": duration,
    }
