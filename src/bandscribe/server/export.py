"""A corrected part in any format of `bandscribe transcribe`."""

from __future__ import annotations

import threading
from contextlib import nullcontext
from pathlib import Path

from bandscribe import score
from bandscribe.exports import Exporter, find_heading
from bandscribe.server.recording import Recording
from bandscribe.types import Transcription

#: The engraver is not known to be thread-safe.
_ENGRAVING = threading.Lock()


def engrave(part: Transcription, recording: Recording) -> str:
    """The score as SVG. Raises ModuleNotFoundError without the extra `score`."""
    heading = find_heading(recording.path, recording.path.name)
    paper = score.quantise(part, title=heading.title, artist=heading.artist)
    with _ENGRAVING:
        return score.to_svg(paper)


def write(name: str, path: Path, part: Transcription, recording: Recording) -> None:
    """Write a file of one of the `exports.available` formats. Raises as `Exporter.write`."""
    with _ENGRAVING if name in ("svg", "pdf") else nullcontext():
        Exporter().write(
            name, path, part, recording=recording.path, title=recording.path.name,
            activations=recording.activations,
        )  # fmt: skip
