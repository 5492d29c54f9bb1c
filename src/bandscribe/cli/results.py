"""Which part of a file is transcribed, and how its notes are written."""

from __future__ import annotations

import math
from collections.abc import Collection
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from bandscribe.exports import CURVES

if TYPE_CHECKING:
    from bandscribe.display import Reference
    from bandscribe.drums import DrumActivations
    from bandscribe.exports import Exporter
    from bandscribe.types import Transcription

#: The suffix of saved notes, which are written in other formats rather than transcribed.
NOTES = ".json"
_DEFAULT_GRID = 16
#: Options that change files of these formats alone.
_CHANGES = {
    "map": ("midi", "quantised"),
    "simile": ("pdf", "svg", "musicxml"),
    "click": ("preview",),
}


def make_exporter(
    start: float,
    end: float | None,
    *,
    drum_map: str = "general-midi",
    grid: int | None = None,
    simile: bool = False,
    clicks: bool = False,
    stream: int | None = None,
) -> Exporter:
    """The writer of results; raises ValueError for a malformed range, map or grid."""
    from bandscribe.exports import Exporter
    from bandscribe.formats import drum_maps
    from bandscribe.score import GRIDS

    if end is not None and end <= start:
        raise ValueError(f"end: expected a time after {start:g} s, got {end:g} s")
    grid = _DEFAULT_GRID if grid is None else grid
    if grid not in GRIDS:
        raise ValueError(f"quantise: expected one of {', '.join(map(str, GRIDS))}, got {grid}")
    return Exporter(drum_maps.load(drum_map), grid, simile, clicks, start, end, stream)


def check_used(formats: Collection[str], **options: bool) -> None:
    """Raise ValueError for one of the `options` that is given and changes none of the formats."""
    for name, given in options.items():
        if given and not set(formats) & set(_CHANGES[name]):
            raise ValueError(
                f"--{name}: has no effect on {', '.join(formats)}; leave it out, or add --format "
                f"{_CHANGES[name][0]}"
            )


def parse_clock(text: str | None, name: str) -> float | None:
    """Seconds of `90`, `1:30` or `0:01:30.5`; raises ValueError for what is no such time."""
    if text is None:
        return None
    try:
        parts = [float(part) for part in text.split(":")]
    except ValueError:
        parts = []
    seconds = sum((part * 60.0**i for i, part in enumerate(reversed(parts))), 0.0)
    if not 1 <= len(parts) <= 3 or not 0 <= seconds < math.inf or min(parts) < 0:
        raise ValueError(f"{name}: expected seconds or m:ss, such as 90 or 1:30, got {text!r}")
    return seconds


def shift(notes: Transcription, seconds: float) -> Transcription:
    """The notes of a part of a file that begins at `seconds`, at their times in the file."""
    if not seconds:
        return notes
    beats = notes.beats and replace(notes.beats, times=notes.beats.times + seconds)
    return replace(
        notes, onsets=notes.onsets + seconds, duration=notes.duration + seconds, beats=beats
    )


def cut(notes: Transcription, start: float, end: float | None) -> Transcription:
    """The notes and beats from `start` to `end` seconds, at their times."""
    stop = notes.duration if end is None else min(end, notes.duration)
    inside = (notes.onsets >= start) & (notes.onsets <= stop)
    beats = notes.beats
    if beats:
        played = (beats.times >= start) & (beats.times <= stop)
        beats = replace(beats, times=beats.times[played], positions=beats.positions[played])
    return replace(
        notes,
        onsets=notes.onsets[inside],
        labels=notes.labels[inside],
        velocities=None if notes.velocities is None else notes.velocities[inside],
        duration=stop,
        beats=beats,
    )


def shift_activations(activations: DrumActivations, seconds: float) -> DrumActivations:
    """The activations of a part of a file that begins at `seconds`, at their times in the file."""
    parts = (activations.onsets, activations.velocities, activations.beats)
    return type(activations)(*(replace(part, start=part.start + seconds) for part in parts))


def check_saved(path: Path, formats: Collection[str] = (), **options: object) -> None:
    """Raise ValueError for saved notes with `options` of the analysis that are not None.

    Or with formats that need the activations of a recording. Other files may have all of them.
    """
    if path.suffix.lower() != NOTES:
        return
    for name, value in options.items():
        if value is not None:
            raise ValueError(
                f"--{name}: has no effect on {path}, which holds notes; leave it out, or name the "
                "recording"
            )
    if needy := [name for name in formats if name in CURVES]:
        raise ValueError(
            f"--format: {needy[0]} needs the recording itself, and {path} holds notes; leave it "
            "out, or name the recording"
        )


def find_recording(notes: Path) -> Path:
    """The recording that a JSON file of notes names, in the folder of that file.

    Raises ValueError, naming both, where it is not there.
    """
    from bandscribe.readers import read_json, refused

    with refused(f"{notes}: no drum notes in JSON"):
        name = str(read_json(notes).get("file") or "")
    # A name alone: files from elsewhere have no business in other folders.
    recording = notes.with_name(Path(name.replace("\\", "/")).name or "?")
    if not recording.is_file():
        named = f"{name}, which it names" if name else "which it does not name"
        raise ValueError(f"{notes}: a preview needs the recording, {named}, in the same folder")
    return recording


def compare(annotated: Transcription, notes: Transcription) -> Reference:
    """Match the annotated notes and those of a part, class by class, one to one."""
    from bandscribe.display import Reference
    from bandscribe.evaluation.drums import match_notes
    from bandscribe.metrics.onsets import TOLERANCE

    paired = match_notes(annotated, notes, TOLERANCE)
    return Reference(annotated, paired.found, paired.right)
