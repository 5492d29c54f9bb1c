"""A drum part as a file of any format: notes, a score, a plot, a preview.

Each format is written by a room of its own (`formats`, `score`, `display`, `preview`), which is
imported when it is needed; here is what they are called, and what each needs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from bandscribe.display import Reference
    from bandscribe.drums import DrumActivations
    from bandscribe.types import Transcription

#: How the names of previews end, which are results and no recordings.
PREVIEW = ".preview.flac"
#: The end of the name of each format.
SUFFIXES = {
    "midi": ".mid",
    "csv": ".csv",
    "jams": ".jams",
    "json": ".json",
    "npz": ".npz",
    "png": ".png",
    "musicxml": ".musicxml",
    "svg": ".svg",
    "pdf": ".pdf",
    "preview": PREVIEW,
    "quantised": ".quantised.mid",
}
#: The extra, and the libraries of it, that some of them need.
NEEDS = {
    "png": ("plot", "matplotlib"),
    "svg": ("score", "verovio"),
    "pdf": ("score", "verovio", "cairosvg", "pypdf"),
}
#: Those that hold activations.
CURVES = ("npz", "png")


def available() -> dict[str, str]:
    """The formats whose libraries are installed, and the end of the name of each."""
    return {
        name: suffix
        for name, suffix in SUFFIXES.items()
        if all(find_spec(library) for library in NEEDS.get(name, ())[1:])
    }


class Heading(NamedTuple):
    """The heading of a score."""

    title: str
    artist: str


def find_heading(recording: Path, name: str) -> Heading:
    """Title and artist by the tags of a recording; without a title, its file `name` in words."""
    from bandscribe.decode.tags import read_tags

    tags = read_tags(recording)
    words = " ".join(Path(name).stem.replace("_", " ").split())
    # Standard input is called -.
    return Heading(tags.title or words.strip("- "), tags.artist or "")


@dataclass(frozen=True)
class Exporter:
    """Writes files: MIDI with the note `numbers` of a drum map, those of General MIDI by
    default; quantised MIDI on a grid of so many to the whole note; scores with signs for repeated
    bars (`simile`); previews with `clicks`, from `start` to `end` seconds of the recording, which
    is a `stream` of its file.
    """

    numbers: Mapping[str, int] | None = None
    grid: int = 16
    simile: bool = False
    clicks: bool = False
    start: float = 0.0
    end: float | None = None
    stream: int | None = None

    def write(
        self,
        name: str,
        path: Path,
        part: Transcription,
        *,
        recording: Path,
        title: str,
        activations: DrumActivations | None = None,
        reference: Reference | None = None,
    ) -> None:
        """Write a `part` in one format.

        Formats in `CURVES` need its `activations`; a plot also shows a `reference`. `title` is the
        file name of the recording as text; a score has the heading of `find_heading`.

        Raises ValueError or OSError where the file cannot be written, ModuleNotFoundError where a
        library is missing.
        """
        from bandscribe import drums, preview, score
        from bandscribe.formats import csv, jams, json, midi, npz
        from bandscribe.vocabulary import GM_NOTES

        match name:
            case "midi":
                midi.write(path, part, numbers=self.numbers or GM_NOTES)
            case "quantised":
                snapped = score.snap(part, self.grid)
                midi.write(path, snapped, numbers=self.numbers or GM_NOTES)
            case "csv":
                csv.write(path, part)
            case "json":
                json.write(path, part, file=title)
            case "jams":
                jams.write(path, part, file=title)
            case "npz" | "png":
                assert activations is not None
                onsets, velocities = drums.reduce_classes(activations, len(part.classes))
                if name == "npz":
                    npz.write(path, onsets, velocities, activations.beats, part)
                    return
                from bandscribe import display

                beats = activations.beats if activations.beats.classes else None
                display.plot(path, onsets, part, beats=beats, reference=reference, title=title)
            case "preview":
                played = preview.render(part, clicks=self.clicks, start=self.start)
                preview.write(
                    path, recording, played, start=self.start, end=self.end, stream=self.stream
                )
            case _:
                self._write_score(name, path, part, find_heading(recording, title))

    def _write_score(self, name: str, path: Path, part: Transcription, heading: Heading) -> None:
        from bandscribe import score
        from bandscribe.files import whole

        paper = score.quantise(part, title=heading.title, artist=heading.artist)
        match name:
            case "musicxml":
                content = score.to_musicxml(paper, simile=self.simile).encode()
            case "svg":
                content = score.to_svg(paper, simile=self.simile).encode()
            case _:
                content = score.to_pdf(paper, simile=self.simile)
        with whole(path) as temporary:
            temporary.write_bytes(content)
