"""A corrected part in any format of `bandscribe transcribe`, as bytes."""

from __future__ import annotations

import tempfile
from importlib.util import find_spec
from pathlib import Path

from bandscribe import drums
from bandscribe.formats import csv, jams, json, midi, npz
from bandscribe.types import Transcription

#: The suffix of each format.
SUFFIXES = {
    "midi": ".mid",
    "csv": ".csv",
    "json": ".json",
    "jams": ".jams",
    "npz": ".npz",
    "png": ".png",
}


def available() -> dict[str, str]:
    """The formats that can be written here, and the suffix of each."""
    if find_spec("matplotlib") is None:
        return {name: suffix for name, suffix in SUFFIXES.items() if name != "png"}
    return dict(SUFFIXES)


def render(name: str, part: Transcription, hearing: drums.DrumActivations, *, title: str) -> bytes:
    """A file of this format; npz and png also hold the activations that were found.

    Raises ValueError for a format that there is not.
    """
    if name not in available():
        raise ValueError(f"format: expected one of {', '.join(available())}, got {name!r}")
    with tempfile.TemporaryDirectory(prefix="bandscribe-") as folder:
        path = Path(folder, f"part{SUFFIXES[name]}")
        _write(name, path, part, hearing, title)
        return path.read_bytes()


def _write(
    name: str, path: Path, part: Transcription, hearing: drums.DrumActivations, title: str
) -> None:
    match name:
        case "midi":
            midi.write(path, part)
        case "csv":
            csv.write(path, part)
        case "json":
            json.write(path, part, file=title)
        case "jams":
            jams.write(path, part, file=title)
        case "npz":
            npz.write(path, hearing.onsets, hearing.velocities, hearing.beats, part)
        case "png":
            from bandscribe import display

            beats = hearing.beats if hearing.beats.classes else None
            display.plot(path, hearing.onsets, part, beats=beats, title=title)
