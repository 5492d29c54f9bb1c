"""`bandscribe transcribe`: recordings in, drum parts out."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bandscribe.cli import inputs, outputs
from bandscribe.cli.listening import (
    Inputs,
    ModelName,
    Output,
    SkipExisting,
    StreamNumber,
    list_paths,
    spell,
    warned,
)
from bandscribe.cli.report import (
    clock,
    complain,
    explain,
    progress,
    reported,
    require,
    usage_errors,
)

if TYPE_CHECKING:
    from bandscribe.beats import Tempo
    from bandscribe.display import Reference
    from bandscribe.drums import Hearing, Listener
    from bandscribe.types import Transcription

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
) -> None:
    """Write down the drum part of recordings."""
    formats = outputs.choose_formats(format, output)
    if "png" in formats:
        require("plot", "matplotlib")
    loaded, write_down = _load(model or MODEL, classes, sensitivity, metre, tempo)
    sources, lost = inputs.find_all(named)
    jobs, refused = outputs.plan(named, sources, formats, output, reference)
    failed = lost + refused
    with progress(len(jobs)) as show:
        for done, job in enumerate(jobs):
            missing = {
                name: path
                for name, path in job.outputs.items()
                if not (skip_existing and path.is_file())
            }
            if not missing:
                print(f"{job.source}: skipped, {list_paths(job.outputs)} is there")
                continue

            def listen(seconds: float, done: int = done, source: Path = job.source) -> None:
                show(done, f"{source.name} {clock(seconds)}")

            try:
                annotated = _read_reference(job.reference, classes) if "png" in missing else None
                heard, notes = _hear(job.source, stream, loaded, write_down, listen)
                for name, path in missing.items():
                    path.parent.mkdir(parents=True, exist_ok=True)
                    _write(name, path, job.source, heard, notes, annotated)
            except (ValueError, OSError) as error:
                complain(explain(error, job.source))
                failed += 1
                continue
            print(f"{job.source} → {list_paths(missing)}  {_summary(notes)}")
    if failed:
        raise typer.Exit(1)


def _load(
    model: str, classes: int, sensitivity: float, metre: str | None, tempo: str | None
) -> tuple[Listener, Callable[..., Transcription]]:
    """The model, and `drums.notes` with these options; a usage error where one is wrong."""
    from bandscribe import beats, drums

    with usage_errors():
        loaded = drums.load(model)
        drums.check(loaded.card, classes, sensitivity)
        asked = None if tempo is None else _parse_tempo(tempo)
        beats.check(metre, asked)
    return loaded, partial(
        drums.notes, classes=classes, sensitivity=sensitivity, metre=metre, tempo=asked
    )


def _parse_tempo(text: str) -> Tempo:
    """Of `124` the number, of `100-140` the pair; raises ValueError for anything else."""
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


def _read_reference(path: Path | None, classes: int) -> Transcription | None:
    """Notes to compare with, in 10, 5 or 3 classes.

    Raises ValueError, naming the file, when it does not fit, or tells fewer classes apart.
    """
    from bandscribe.formats import notes
    from bandscribe.vocabulary import reduce

    if path is None:
        return None
    annotated = notes.read(path)
    try:
        return reduce(annotated, classes)
    except ValueError as error:
        raise ValueError(f"{path}: {error}; ask for fewer --classes") from error


def _hear(
    source: Path,
    stream: int | None,
    model: Listener,
    write_down: Callable[..., Transcription],
    listen: Callable[[float], None],
) -> tuple[Hearing, Transcription]:
    """Read and transcribe one file; its warnings become lines."""
    from bandscribe import audio, drums

    rate = drums.front_end(model.card).sample_rate
    with warned(source):
        blocks = drums.Measured(audio.stream(source, sample_rate=rate, stream=stream))
        heard = drums.hear(reported(blocks, listen), model)
    return heard, write_down(heard, model.card, duration=blocks.duration)


def _write(
    name: str,
    path: Path,
    source: Path,
    heard: Hearing,
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
            onsets, velocities = drums.reduce_hearing(heard, len(notes.classes))
            npz.write(path, onsets, velocities, heard.beats, notes)
        case "png":
            from bandscribe import display

            onsets, _ = drums.reduce_hearing(heard, len(notes.classes))
            compared = _compare(annotated, notes) if annotated else None
            beats = heard.beats if heard.beats.classes else None
            display.draw(path, onsets, notes, beats=beats, reference=compared, title=title)


def _compare(annotated: Transcription, notes: Transcription) -> Reference:
    """Which notes are in both, class by class, one to one."""
    from bandscribe.display import Reference
    from bandscribe.evaluation.drums import match_notes
    from bandscribe.metrics.onsets import TOLERANCE

    paired = match_notes(annotated, notes, TOLERANCE)
    return Reference(annotated, paired.found, paired.right)


def _summary(notes: Transcription) -> str:
    """For example `3:02  812 notes (KD 203, SD 190)`."""
    found = notes.labels.tolist()
    counts = [f"{name} {found.count(name)}" for name in notes.classes if name in found]
    number = "1 note" if len(found) == 1 else f"{len(found)} notes"
    return f"{clock(notes.duration)}  {number}" + (f" ({', '.join(counts)})" if counts else "")
