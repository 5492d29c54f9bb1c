"""`bandscribe transcribe`: recordings in, drum parts out."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bandscribe.cli import inputs, outputs
from bandscribe.cli.batch import Jobs, Work, process_all, written
from bandscribe.cli.inputs import STANDARD
from bandscribe.cli.listening import (
    Inputs,
    ModelName,
    Output,
    SkipExisting,
    StreamNumber,
    list_paths,
    spell,
)
from bandscribe.cli.report import clock, reported, require, usage_errors, visible

if TYPE_CHECKING:
    from bandscribe.beats import Tempo
    from bandscribe.display import Reference
    from bandscribe.drums import Hearing, Listener
    from bandscribe.types import Transcription

#: The formats that are scores.
SCORES = ("musicxml", "svg", "pdf")
#: The formats that are engraved, and the libraries that each needs.
ENGRAVED = {"svg": ("verovio",), "pdf": ("verovio", "cairosvg", "pypdf")}
#: The formats that hold activations.
CURVES = ("npz", "png")
#: The suffix of notes that are written in other formats, rather than transcribed.
NOTES = ".json"
#: The shipped model.
MODEL = "drums"


def transcribe(
    named: Inputs,
    output: Output = None,
    format: Annotated[
        str | None,
        typer.Option(
            metavar=",".join(outputs.SUFFIXES),
            help="One or more formats. Default: by the suffix of -o, or midi.",
        ),
    ] = None,
    classes: Annotated[
        int, typer.Option(metavar="3|5|10", help="How many kinds of drums to tell apart.")
    ] = 10,
    sensitivity: Annotated[
        float, typer.Option(metavar="X", help="0 to 1: more finds more notes, and more wrong ones.")
    ] = 0.5,
    metre: Annotated[
        str | None,
        typer.Option(
            metavar="N/N", help="The metre of the music, such as 3/4. Default: what is found."
        ),
    ] = None,
    tempo: Annotated[
        str | None,
        typer.Option(
            metavar="BPM|BPM-BPM",
            help="The steady tempo of the music in beats per minute, or the range it lies in. "
            "Default: what is found.",
        ),
    ] = None,
    simile: Annotated[
        bool,
        typer.Option(
            "--simile",
            help="In a score, write bars that repeat the one before as repeat signs (%).",
        ),
    ] = False,
    model: ModelName = None,
    stream: StreamNumber = None,
    reference: Annotated[
        Path | None,
        typer.Option(
            metavar="PATH",
            help="Notes to compare with in the picture: a file, or a folder of files that have "
            "the inputs' names.",
        ),
    ] = None,
    skip_existing: SkipExisting = False,
    jobs: Jobs = None,
) -> None:
    """Write down the drum part of recordings.

    A JSON file of notes, as --format json or a corrected part, is written in the other formats.
    """
    from bandscribe import beats, drums

    formats = outputs.choose_formats(format, output, named)
    if "png" in formats:
        require("plot", "matplotlib")
    for name in formats:
        require("score", *ENGRAVED.get(name, ()))
    with usage_errors():
        work = Transcribing(
            model or MODEL, classes, sensitivity, metre, _parse_tempo(tempo), skip_existing,
            simile, stream=stream,
        )  # fmt: skip
        drums.check(work.loaded.card, classes, sensitivity)
        beats.check(metre, work.tempo)
    sources, lost, others = inputs.find_all(named)
    planned, refused = outputs.plan(named, sources, formats, output, reference)
    failed = lost + refused
    for job, line in process_all(work, planned, jobs):
        if line is None:
            failed += 1
        else:
            print(line, file=sys.stderr if STANDARD in job.outputs.values() else sys.stdout)
    inputs.complain_of_others(others)
    if failed:
        raise typer.Exit(1)


@dataclass(frozen=True)
class Transcribing(Work[outputs.Job, str]):
    """Writes down the drum part of a recording, in the formats of its job; says so in a line."""

    model: str
    classes: int
    sensitivity: float
    metre: str | None
    tempo: Tempo | None
    skip_existing: bool
    simile: bool = False

    @cached_property
    def loaded(self) -> Listener:
        """The model."""
        from bandscribe import drums

        return drums.load(self.model, threads=self.threads)

    def __call__(self, job: outputs.Job, sound: Path, at: Callable[[float], None]) -> str:
        """As `Work`."""
        missing = {
            name: path
            for name, path in job.outputs.items()
            if not (self.skip_existing and path.is_file())
        }
        if not missing:
            return visible(f"{job.path}: skipped, {list_paths(job.outputs)} is there")
        reference = job.reference if "png" in missing else None
        annotated = _read_notes(reference, self.classes) if reference else None
        curves = not missing.keys().isdisjoint(CURVES)
        if job.path.suffix.lower() == NOTES:
            result, notes = None, self.read_notes(sound, curves=curves)
        else:
            result, notes = self.run_inference(sound, at, curves=curves)
        for name, path in missing.items():
            with written(path, outputs.SUFFIXES[name]) as target:
                if name in SCORES:
                    _write_score(name, target, notes, job.path.stem, simile=self.simile)
                else:
                    _write(name, target, job.path, result, notes, annotated)
        return visible(f"{job.path} → {list_paths(missing)}  {_summary(notes)}")

    def read_notes(self, path: Path, *, curves: bool) -> Transcription:
        """Notes that were saved as JSON, corrected perhaps, in place of what the model would find.

        Raises ValueError where activations are asked for, or the file holds no such notes.
        """
        if curves:
            formats = " and ".join(CURVES)
            raise ValueError(f"{path}: holds notes; {formats} need the recording itself")
        return _read_notes(path, self.classes)

    def run_inference(
        self, sound: Path, at: Callable[[float], None], *, curves: bool
    ) -> tuple[Hearing | None, Transcription]:
        """The notes in a file, and the activations if `curves`: those of hours need memory."""
        from bandscribe import audio, drums

        model = self.loaded
        rate = drums.front_end(model.card).sample_rate
        stream = audio.stream(sound, sample_rate=rate, stream=self.stream)
        blocks = drums.Measured(reported(stream, at))
        how: dict[str, Any] = {
            "classes": self.classes,
            "sensitivity": self.sensitivity,
            "metre": self.metre,
            "tempo": self.tempo,
        }
        if not curves:
            return None, drums.transcribe_blocks(blocks, model, **how)
        result = drums.hear(blocks, model)
        return result, drums.notes(result, model.card, duration=blocks.duration, **how)


def _parse_tempo(text: str | None) -> Tempo | None:
    """Of `124` the number, of `100-140` the pair; raises ValueError for anything else."""
    if text is None:
        return None
    try:
        numbers = [float(number) for number in text.split("-")]
    except ValueError:
        numbers = []
    match numbers:
        case [tempo]:
            return tempo
        case [slowest, fastest]:
            return slowest, fastest
    raise ValueError(f"tempo: expected a number or a range, such as 124 or 100-140, got {text!r}")


def _read_notes(path: Path, classes: int) -> Transcription:
    """The notes of a file in 10, 5 or 3 classes.

    Raises ValueError, naming the file, when it does not fit, or tells fewer classes apart.
    """
    from bandscribe.formats import notes
    from bandscribe.vocabulary import reduce

    found = notes.read(path)
    try:
        return reduce(found, classes)
    except ValueError as error:
        raise ValueError(f"{path}: {error}; ask for fewer --classes") from error


def _write(
    name: str,
    path: Path,
    source: Path,
    heard: Hearing | None,
    notes: Transcription,
    annotated: Transcription | None,
) -> None:
    from bandscribe import drums
    from bandscribe.formats import csv, jams, json, midi, npz

    title = spell(source.name)
    match name:
        case "midi":
            midi.write(path, notes)
        case "csv":
            csv.write(path, notes)
        case "json":
            json.write(path, notes, file=title)
        case "jams":
            jams.write(path, notes, file=title)
        case "npz":
            assert heard is not None
            onsets, velocities = drums.reduce_hearing(heard, len(notes.classes))
            npz.write(path, onsets, velocities, heard.beats, notes)
        case "png":
            from bandscribe import display

            assert heard is not None
            onsets, _ = drums.reduce_hearing(heard, len(notes.classes))
            compared = _compare(annotated, notes) if annotated else None
            beats = heard.beats if heard.beats.classes else None
            display.draw(path, onsets, notes, beats=beats, reference=compared, title=title)


def _write_score(name: str, path: Path, notes: Transcription, title: str, *, simile: bool) -> None:
    from bandscribe import score
    from bandscribe.files import whole

    paper = score.quantise(notes, title=spell(title))
    match name:
        case "musicxml":
            content = score.to_musicxml(paper, simile=simile).encode()
        case "svg":
            content = score.to_svg(paper, simile=simile).encode()
        case _:
            content = score.to_pdf(paper, simile=simile)
    with whole(path) as temporary:
        temporary.write_bytes(content)


def _compare(annotated: Transcription, notes: Transcription) -> Reference:
    """Which notes are in both, class by class, one to one."""
    from bandscribe.display import Reference
    from bandscribe.evaluation.drums import match_notes
    from bandscribe.metrics.onsets import TOLERANCE

    paired = match_notes(annotated, notes, TOLERANCE)
    return Reference(annotated, paired.found, paired.right)


def _summary(notes: Transcription) -> str:
    """For example `3:02  124 bpm, 4/4  812 notes (KD 203, SD 190)`."""
    from bandscribe.formats import bars

    found = notes.labels.tolist()
    counts = [f"{name} {found.count(name)}" for name in notes.classes if name in found]
    number = "1 note" if len(found) == 1 else f"{len(found)} notes"
    grid = bars.describe(notes.beats) if notes.beats else None
    parts = [clock(notes.duration), *([grid] if grid else []), number]
    return "  ".join(parts) + (f" ({', '.join(counts)})" if counts else "")
