"""What `transcribe` makes of a transcription: each of its formats, for a part of a file or all."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Self

from bandscribe.cli.arguments import spell

if TYPE_CHECKING:
    from bandscribe.display import Reference
    from bandscribe.drums import DrumActivations
    from bandscribe.types import Transcription

_DEFAULT_GRID = 16


@dataclass(frozen=True)
class Results:
    """How results are written: from `start` to `end` seconds, `numbers` of a drum map, …"""

    start: float
    end: float | None
    numbers: Mapping[str, int]
    grid: int
    simile: bool
    clicks: bool

    @classmethod
    def check(
        cls, start: float, end: float | None, drum_map: str, grid: int | None, simile: bool,
        clicks: bool,
    ) -> Self:  # fmt: skip
        """Raises ValueError for a range, a map or a grid that cannot be."""
        from bandscribe.formats import drum_maps
        from bandscribe.score import GRIDS

        if end is not None and end <= start:
            raise ValueError(f"end: expected a time after {start:g} s, got {end:g} s")
        grid = _DEFAULT_GRID if grid is None else grid
        if grid not in GRIDS:
            raise ValueError(f"quantise: expected one of {', '.join(map(str, GRIDS))}, got {grid}")
        return cls(start, end, drum_maps.load(drum_map), grid, simile, clicks)

    @property
    def duration(self) -> float | None:
        """Seconds of the file that are transcribed, None for all of it."""
        return None if self.end is None else self.end - self.start

    def write(
        self,
        name: str,
        path: Path,
        source: Path,
        activations: DrumActivations | None,
        notes: Transcription,
        annotated: Transcription | None,
    ) -> None:
        """Write one format of what was found in `source`, but a preview."""
        from bandscribe import drums, score
        from bandscribe.formats import csv, jams, json, midi, npz

        title = spell(source.name)
        match name:
            case "midi":
                midi.write(path, notes, numbers=self.numbers)
            case "quantised":
                midi.write(path, score.snap(notes, self.grid), numbers=self.numbers)
            case "csv":
                csv.write(path, notes)
            case "json":
                json.write(path, notes, file=title)
            case "jams":
                jams.write(path, notes, file=title)
            case "npz":
                assert activations is not None
                onsets, velocities = drums.reduce_classes(activations, len(notes.classes))
                npz.write(path, onsets, velocities, activations.beats, notes)
            case "png":
                from bandscribe import display

                assert activations is not None
                onsets, _ = drums.reduce_classes(activations, len(notes.classes))
                compared = _compare(annotated, notes) if annotated else None
                beats = activations.beats if activations.beats.classes else None
                display.plot(path, onsets, notes, beats=beats, reference=compared, title=title)
            case _:
                self._write_score(name, path, notes, spell(source.stem))

    def _write_score(self, name: str, path: Path, notes: Transcription, title: str) -> None:
        from bandscribe import score
        from bandscribe.files import whole

        paper = score.quantise(notes, title=title)
        match name:
            case "musicxml":
                content = score.to_musicxml(paper, simile=self.simile).encode()
            case "svg":
                content = score.to_svg(paper, simile=self.simile).encode()
            case _:
                content = score.to_pdf(paper, simile=self.simile)
        with whole(path) as temporary:
            temporary.write_bytes(content)

    def write_preview(
        self, path: Path, recording: Path, notes: Transcription, stream: int | None
    ) -> None:
        """Write the recording beside the notes, played."""
        from bandscribe import preview

        part = preview.render(notes, clicks=self.clicks, start=self.start)
        preview.write(path, recording, part, start=self.start, end=self.end, stream=stream)


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


def shift_activations(activations: DrumActivations, seconds: float) -> DrumActivations:
    """The activations of a part of a file that begins at `seconds`, at their times in the file."""
    parts = (activations.onsets, activations.velocities, activations.beats)
    return type(activations)(*(replace(part, start=part.start + seconds) for part in parts))


def _compare(annotated: Transcription, notes: Transcription) -> Reference:
    """Which notes are in both, class by class, one to one."""
    from bandscribe.display import Reference
    from bandscribe.evaluation.drums import match_notes
    from bandscribe.metrics.onsets import TOLERANCE

    paired = match_notes(annotated, notes, TOLERANCE)
    return Reference(annotated, paired.found, paired.right)
