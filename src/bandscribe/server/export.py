"""A corrected part in any format of `bandscribe transcribe`."""

from __future__ import annotations

import threading
from importlib.util import find_spec
from pathlib import Path

from bandscribe import preview, score
from bandscribe.files import write_text
from bandscribe.formats import csv, jams, json, midi, npz
from bandscribe.server.recording import Recording
from bandscribe.types import Transcription

#: The end of the name of each format.
SUFFIXES = {
    "midi": ".mid",
    "quantised": ".quantised.mid",
    "musicxml": ".musicxml",
    "pdf": ".pdf",
    "svg": ".svg",
    "preview": ".preview.flac",
    "csv": ".csv",
    "json": ".json",
    "jams": ".jams",
    "npz": ".npz",
    "png": ".png",
}
#: The libraries that some of them need.
_NEEDS = {"png": ("matplotlib",), "svg": ("verovio",), "pdf": ("verovio", "cairosvg", "pypdf")}

#: Several pages of an engraver at once are not known to be safe.
_ENGRAVING = threading.Lock()


def available() -> dict[str, str]:
    """The formats that can be written here, and the end of the name of each."""
    return {
        name: suffix
        for name, suffix in SUFFIXES.items()
        if all(find_spec(library) for library in _NEEDS.get(name, ()))
    }


def engrave(part: Transcription, *, title: str) -> str:
    """The score as SVG. Raises ModuleNotFoundError without the extra `score`."""
    with _ENGRAVING:
        return score.to_svg(score.quantise(part, title=title))


def write(name: str, path: Path, part: Transcription, recording: Recording) -> None:
    """Write a file of one of the `available` formats.

    npz and png also hold the activations, a preview the recording beside the part. Raises
    ValueError or OSError where the file cannot be written.
    """
    activations, title = recording.activations, recording.path.name
    assert activations is not None
    match name:
        case "midi":
            midi.write(path, part)
        case "quantised":
            midi.write(path, score.snap(part))
        case "musicxml":
            write_text(path, score.to_musicxml(score.quantise(part, title=recording.path.stem)))
        case "svg":
            write_text(path, engrave(part, title=recording.path.stem))
        case "pdf":
            with _ENGRAVING:
                path.write_bytes(score.to_pdf(score.quantise(part, title=recording.path.stem)))
        case "preview":
            preview.write(path, recording.path, preview.render(part))
        case "csv":
            csv.write(path, part)
        case "json":
            json.write(path, part, file=title)
        case "jams":
            jams.write(path, part, file=title)
        case "npz":
            npz.write(path, activations.onsets, activations.velocities, activations.beats, part)
        case "png":
            from bandscribe import display

            beats = activations.beats if activations.beats.classes else None
            display.plot(path, activations.onsets, part, beats=beats, title=title)
