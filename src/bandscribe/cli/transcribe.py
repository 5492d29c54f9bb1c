"""`bandscribe transcribe`: recordings in, drum parts out."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bandscribe.cli import inputs, outputs
from bandscribe.cli.report import clock, complain, explain, progress, require

if TYPE_CHECKING:
    from bandscribe.runtime import Model
    from bandscribe.types import Activations, Audio, Transcription


def transcribe(
    named: Annotated[
        list[Path],
        # What cannot be read is complained about in its turn, and the others are done.
        typer.Argument(metavar="INPUT", help="Sound files, and folders of them.", readable=False),
    ],
    output: Annotated[
        str | None,
        typer.Option(
            "-o",
            metavar="PATH",
            help="The file to write for one input and one format; else a folder. "
            "Default: the working directory.",
        ),
    ] = None,
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
    model: Annotated[
        str, typer.Option(metavar="NAME", help="A shipped model, or the path of an ONNX file.")
    ] = "drums",
    skip_existing: Annotated[
        bool, typer.Option("--skip-existing", help="Leave outputs that exist, and go on.")
    ] = False,
) -> None:
    """Write down the drum part of recordings."""
    formats = outputs.choose_formats(format, output)
    if "png" in formats:
        require("plot", "matplotlib")
    loaded = _load(model, classes, sensitivity)
    sources, lost = inputs.find_all(named)
    jobs, refused = outputs.plan(named, sources, formats, output)
    failed = lost + refused
    with progress(len(jobs)) as show:
        for done, job in enumerate(jobs):
            missing = {
                name: path
                for name, path in job.outputs.items()
                if not (skip_existing and path.is_file())
            }
            if not missing:
                print(f"{job.source}: skipped, {_names(job.outputs)} is there")
                continue

            def listen(seconds: float, done: int = done, source: Path = job.source) -> None:
                show(done, f"{source.name} {clock(seconds)}")

            try:
                notes = _transcribe(job.source, missing, loaded, classes, sensitivity, listen)
            except (ValueError, OSError) as error:
                complain(explain(error, job.source))
                failed += 1
                continue
            print(f"{job.source} → {_names(missing)}  {_summary(notes)}")
    if failed:
        raise typer.Exit(1)


def _load(model: str, classes: int, sensitivity: float) -> Model:
    """The model; a usage error where it or what is asked of it does not exist."""
    from bandscribe import drums, runtime

    try:
        loaded = runtime.load(model)
        drums.check(loaded.card, classes, sensitivity)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error
    return loaded


def _transcribe(
    source: Path,
    targets: dict[str, Path],
    model: Model,
    classes: int,
    sensitivity: float,
    listen: Callable[[float], None],
) -> Transcription:
    """Read, transcribe and write one file; its warnings become lines."""
    from bandscribe import audio, drums
    from bandscribe.features.spectrogram import LogSpectrogram

    rate = LogSpectrogram(**model.card.features).sample_rate
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("ignore")
        warnings.simplefilter("always", audio.TruncatedAudioWarning)
        blocks = drums.Measured(audio.stream(source, sample_rate=rate))
        heard = drums.hear(_reported(blocks, listen), model)
    for warning in caught:
        complain(explain(UserWarning(str(warning.message)), source))
    notes = drums.notes(
        heard, model.card, classes=classes, sensitivity=sensitivity, duration=blocks.duration
    )
    onsets, _ = drums.reduce_hearing(heard, classes)
    for name, path in targets.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        _write(name, path, source, onsets, notes)
    return notes


def _reported(blocks: Iterable[Audio], listen: Callable[[float], None]) -> Iterator[Audio]:
    position = 0.0
    for block in blocks:
        listen(position)
        position += block.duration
        yield block


def _write(
    name: str, path: Path, source: Path, activations: Activations, notes: Transcription
) -> None:
    from bandscribe.formats import csv, jams, json, midi, npz

    # A name need not be text on every system; what is written about it has to be.
    title = os.fsencode(source.name).decode(errors="replace")
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
            npz.write(path, activations, notes)
        case "png":
            from bandscribe import display

            display.draw(path, activations, notes, title=title)


def _names(targets: dict[str, Path]) -> str:
    return ", ".join(str(path) for path in targets.values())


def _summary(notes: Transcription) -> str:
    """For example `3:02  812 notes (KD 203, SD 190)`."""
    found = notes.labels.tolist()
    counts = [f"{name} {found.count(name)}" for name in notes.classes if name in found]
    number = "1 note" if len(found) == 1 else f"{len(found)} notes"
    return f"{clock(notes.duration)}  {number}" + (f" ({', '.join(counts)})" if counts else "")
