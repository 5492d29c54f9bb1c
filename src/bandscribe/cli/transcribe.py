"""`bandscribe transcribe`: recordings in, drum parts out."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bandscribe.cli import inputs, outputs
from bandscribe.cli.arguments import (
    Inputs,
    ModelName,
    Output,
    Sensitivity,
    SkipExisting,
    StreamNumber,
    spell,
)
from bandscribe.cli.batch import Jobs, Work, finish, process_all, written
from bandscribe.cli.inputs import STANDARD
from bandscribe.cli.report import clock, count, reported, require, usage_errors
from bandscribe.cli.results import (
    NOTES,
    check_saved,
    check_used,
    compare,
    cut,
    find_recording,
    make_exporter,
    parse_clock,
    shift,
    shift_activations,
)
from bandscribe.exports import CURVES, NEEDS, SUFFIXES, Exporter

if TYPE_CHECKING:
    from bandscribe.beats import Tempo
    from bandscribe.drums import DrumActivations, DrumModel
    from bandscribe.types import Transcription

#: The shipped model, and the drum map of MIDI files.
MODEL, GENERAL_MIDI = "drums", "general-midi"


def transcribe(
    named: Inputs,
    output: Output = None,
    format: Annotated[
        str | None,
        typer.Option(
            metavar=",".join(SUFFIXES),
            help="One or more formats. Default: by the suffix of -o, or midi.",
        ),
    ] = None,
    classes: Annotated[int, typer.Option(metavar="3|5|10", help="Number of drum classes.")] = 10,
    sensitivity: Sensitivity = None,
    metre: Annotated[
        str | None,
        typer.Option(metavar="N/N", help="Metre of the music, such as 3/4. Default: detected."),
    ] = None,
    tempo: Annotated[
        str | None,
        typer.Option(
            metavar="BPM|BPM-BPM",
            help="Constant tempo in beats per minute, or the range of a varying or unknown one. "
            "Default: detected.",
        ),
    ] = None,
    start: Annotated[
        str | None,
        typer.Option(metavar="TIME", help="Start of the part to transcribe, in s or m:ss."),
    ] = None,
    end: Annotated[
        str | None,
        typer.Option(metavar="TIME", help="Its end. Times in the output are those of the file."),
    ] = None,
    map: Annotated[
        str,
        typer.Option(
            "--map",
            metavar="NAME|FILE",
            help="Drum map of MIDI files: general-midi, ezdrummer, superior-drummer, "
            "addictive-drums, logic, td-17, or a CSV file class,note.",
        ),
    ] = GENERAL_MIDI,
    quantise: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            help="Also write MIDI with one tempo, quantised to a grid of N to the whole note: "
            "4, 8, 12, 16, 24, 32 or 48.",
        ),
    ] = None,
    simile: Annotated[
        bool,
        typer.Option(
            "--simile", help="In scores, write bars that repeat the previous one as a sign (%)."
        ),
    ] = False,
    click: Annotated[
        bool, typer.Option("--click", help="In previews, add a metronome on the beats.")
    ] = False,
    model: ModelName = None,
    stream: StreamNumber = None,
    reference: Annotated[
        Path | None,
        typer.Option(
            metavar="PATH",
            help="Notes to compare with in the plot: a file, or a folder with files of the same "
            "names as the inputs.",
        ),
    ] = None,
    skip_existing: SkipExisting = False,
    jobs: Jobs = None,
) -> None:
    """Transcribe the drum part of recordings.

    For each recording a file is written per format: song.mid for song.mp3. A JSON file of notes,
    such as one corrected in the browser, is converted to the other formats; for a preview, the
    recording has to be in the same folder.
    """
    from bandscribe import beats, drums

    formats = outputs.choose_formats(format, output, named)
    if quantise is not None and "quantised" not in formats:
        formats.append("quantised")
    for name in formats:
        if name in NEEDS:
            require(*NEEDS[name])
    with usage_errors():
        check_used(formats, map=map != GENERAL_MIDI, simile=simile, click=click)
        begin, stop = parse_clock(start, "start") or 0.0, parse_clock(end, "end")
        exporter = make_exporter(
            begin, stop, drum_map=map, grid=quantise, simile=simile, clicks=click, stream=stream
        )
        work = Transcribing(
            model or MODEL, classes, 0.5 if sensitivity is None else sensitivity, metre,
            _parse_tempo(tempo), skip_existing, exporter, stream=stream,
        )  # fmt: skip
        drums.check(work.transcriber.card, classes, work.sensitivity)
        beats.check(metre, work.tempo)
        for path in named:
            check_saved(path, formats, sensitivity=sensitivity, metre=metre, tempo=tempo)
    sources, lost, others = inputs.find_all(named)
    planned, refused = outputs.plan(named, sources, formats, output, reference)
    failed = lost + refused
    for job, line in process_all(work, planned, jobs):
        if line is None:
            failed += 1
        else:
            print(line, file=sys.stderr if STANDARD in job.outputs.values() else sys.stdout)
    finish(failed, others)


@dataclass(frozen=True)
class Transcribing(Work[outputs.OutputJob, str]):
    """Transcribes the drums of a recording into the formats of its job; returns a line to print."""

    remedy = "the same command with --skip-existing does the rest"

    classes: int = 10
    sensitivity: float = 0.5
    metre: str | None = None
    tempo: Tempo | None = None
    skip_existing: bool = False
    exporter: Exporter = field(default_factory=Exporter)

    @cached_property
    def transcriber(self) -> DrumModel:
        """The model, which may be a factorization."""
        from bandscribe import drums

        return drums.load(self.model, threads=self.threads)

    def __call__(self, job: outputs.OutputJob, sound: Path, at: Callable[[float], None]) -> str:
        """As `Work`."""
        missing = job.missing(skip_existing=self.skip_existing)
        if not missing:
            return job.skipped
        reference = job.reference if "png" in missing else None
        annotated = _read_notes(reference, self.classes) if reference else None
        curves = not missing.keys().isdisjoint(CURVES)
        recording = sound
        if job.path.suffix.lower() == NOTES:
            result, notes = None, self.read_notes(sound)
            try:
                recording = find_recording(job.path)
            except ValueError:
                if "preview" in missing:
                    raise
        else:
            result, notes = self.run_inference(sound, at, curves=curves)
        compared = compare(annotated, notes) if annotated else None
        for name, path in missing.items():
            with written(path, SUFFIXES[name]) as target:
                self.exporter.write(
                    name, target, notes, recording=recording, title=spell(job.path.name),
                    activations=result, reference=compared,
                )  # fmt: skip
        return job.report(missing, _summary(notes))

    def read_notes(self, path: Path) -> Transcription:
        """Notes that were saved as JSON, corrected perhaps, in place of what the model would find.

        Notes of five or three classes keep these unless fewer are requested. The confidence is that
        of all notes, and unknown if some are left out. Raises ValueError if the file holds no such
        notes, or some outside of its duration.
        """
        from bandscribe.formats import notes
        from bandscribe.vocabulary import DRUMS_10, reduce

        found = notes.read(path)
        outside = found.onsets[(found.onsets < 0) | (found.onsets > found.duration)]
        if len(outside):
            raise ValueError(
                f"{path}: a note at {outside[0]:g} s, outside of its duration, 0 to "
                f"{found.duration:g} s; correct the onset or the duration"
            )
        most = 10 if set(found.labels.tolist()) <= set(DRUMS_10) else 5
        part = cut(reduce(found, min(self.classes, most)), self.exporter.start, self.exporter.end)
        return part if len(part.onsets) == len(found.onsets) else replace(part, confidence=None)

    def run_inference(
        self, sound: Path, at: Callable[[float], None], *, curves: bool
    ) -> tuple[DrumActivations | None, Transcription]:
        """The notes in a file, and the activations if `curves`: those of hours need memory."""
        from bandscribe import audio, drums

        model, start, end = self.transcriber, self.exporter.start, self.exporter.end
        rate = drums.front_end(model.card).sample_rate
        stream = audio.stream(
            sound,
            sample_rate=rate,
            stream=self.stream,
            start=start,
            duration=None if end is None else end - start,
        )
        blocks = drums.TimedBlocks(reported(stream, at))
        how: dict[str, Any] = {
            "classes": self.classes,
            "sensitivity": self.sensitivity,
            "metre": self.metre,
            "tempo": self.tempo,
        }
        if not curves:
            return None, shift(drums.transcribe_blocks(blocks, model, **how), start)
        result = drums.infer(blocks, model)
        notes = drums.notes(result, model.card, duration=blocks.duration, **how)
        return shift_activations(result, start), shift(notes, start)


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

    Raises ValueError, naming the file, when it does not fit, or has fewer classes.
    """
    from bandscribe.formats import notes
    from bandscribe.vocabulary import reduce

    found = notes.read(path)
    try:
        return reduce(found, classes)
    except ValueError as error:
        raise ValueError(f"{path}: {error}; request fewer --classes") from error


def _summary(notes: Transcription) -> str:
    """For example `3:02  124 bpm, 4/4  812 notes (KD 203, SD 190)`."""
    from bandscribe.drums import DOUBTFUL
    from bandscribe.formats import bars

    found = notes.labels.tolist()
    counts = [f"{name} {found.count(name)}" for name in notes.classes if name in found]
    grid = bars.describe(notes.beats) if notes.beats and found else None
    parts = [clock(notes.duration), *([grid] if grid else []), count(len(found), "note")]
    summary = "  ".join(parts) + (f" ({', '.join(counts)})" if counts else "")
    if notes.confidence is None or notes.confidence >= DOUBTFUL:
        return summary
    return f"{summary}  doubtful: mean probability {notes.confidence:.2f}"
