"""`bandscribe track`: recordings in, who plays when and how loud out."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bandscribe.cli import inputs, outputs
from bandscribe.cli.arguments import (
    Inputs,
    ModelName,
    Output,
    SkipExisting,
    StreamNumber,
    spell,
)
from bandscribe.cli.batch import Jobs, Work, deliver, finish, process_all, written
from bandscribe.cli.inputs import STANDARD
from bandscribe.cli.recognize import MODEL
from bandscribe.cli.report import clock, reported, require, usage_errors, visible
from bandscribe.exports import PREVIEW, Exporter
from bandscribe.names import INSTRUMENTS, list_names

if TYPE_CHECKING:
    from bandscribe.instruments import Activity
    from bandscribe.passages import Condition
    from bandscribe.runtime import Model
    from bandscribe.types import Segment, Transcription

#: What can be written, and the end of its name, which none of `transcribe` has.
SUFFIXES = {
    "csv": ".activity.csv",
    "npz": ".activity.npz",
    "png": ".activity.png",
    "jams": ".activity.jams",
    "preview": f".activity{PREVIEW}",
    "segments": ".segments.csv",
}
FORMATS = ("csv", "npz", "png", "jams", "preview")
_BY_SUFFIX = ("csv", "npz", "png", "jams")
#: The model that transcribes the drums, and the number of classes that are plotted.
DRUMMER, DRUM_CLASSES = "drums", 5
#: Seconds of the shortest segment, and of the shortest gap between two.
MIN_DURATION, MIN_GAP = 0.3, 0.5


def track(
    named: Inputs,
    output: Output = None,
    format: Annotated[
        str | None,
        typer.Option(
            metavar=",".join(FORMATS),
            help="One or more formats. Default: by the suffix of -o, or csv.",
        ),
    ] = None,
    segments: Annotated[
        bool,
        typer.Option("--segments", help="Write a CSV of the segments in which each plays."),
    ] = False,
    find: Annotated[
        str | None,
        typer.Option(
            metavar="EXPR",
            help='Print the passages in which an expression holds, such as "violin > -30 dB and '
            f'not drums". Instruments: {list_names(INSTRUMENTS)}.',
        ),
    ] = None,
    min_duration: Annotated[
        float, typer.Option(metavar="S", help="Drop segments shorter than S seconds.")
    ] = MIN_DURATION,
    min_gap: Annotated[
        float, typer.Option(metavar="S", help="Close gaps shorter than S seconds.")
    ] = MIN_GAP,
    onsets: Annotated[
        bool, typer.Option("--onsets", help="Show the drum strokes in the plot.")
    ] = False,
    model: ModelName = None,
    stream: StreamNumber = None,
    skip_existing: SkipExisting = False,
    jobs: Jobs = None,
) -> None:
    """Track when each instrument plays, and how loud.

    The CSV has a row per frame with, for each instrument, the probability that it plays and its
    level in dB below the loudest moment. --segments and --find write no such table unless --format
    is given.
    """
    from bandscribe import drums, instruments

    kinds = _choose_kinds(format, output, named, segments, find)
    if "png" in kinds:
        require("plot", "matplotlib")
    elif onsets:
        raise typer.BadParameter("--onsets: only a picture shows them; add --format png")
    for option, seconds in (("--min-duration", min_duration), ("--min-gap", min_gap)):
        if not 0 <= seconds < float("inf"):
            raise typer.BadParameter(f"{option}: expected seconds from 0 on, got {seconds}")
    work = Tracking(
        model or MODEL, min_duration, min_gap, condition=None, onsets=onsets,
        skip_existing=skip_existing, stream=stream,
    )  # fmt: skip
    with usage_errors():
        instruments.check_tracker(work.loaded.card)
    if onsets:
        drums.check(work.drummer.card, DRUM_CLASSES, 0.5)
    if find is not None:
        work = replace(work, condition=_parse(find, work.loaded))
    sources, lost, others = inputs.find_all(named)
    planned, refused = outputs.plan(named, sources, kinds, output, suffixes=SUFFIXES)
    failed = lost + refused
    for job, lines in process_all(work, planned, jobs):
        if lines is None:
            failed += 1
            continue
        for line in lines:
            if STANDARD in job.outputs.values():
                print(line, file=sys.stderr)
            elif job.outputs:
                print(line)
            else:
                deliver(line)
    finish(failed, others)


@dataclass(frozen=True)
class Tracking(Work[outputs.OutputJob, list[str]]):
    """Tracks the instruments of a recording, or finds passages in it; returns lines to print."""

    remedy = "the same command with --skip-existing does the rest"

    min_duration: float = MIN_DURATION
    min_gap: float = MIN_GAP
    condition: Condition | None = None
    onsets: bool = False
    skip_existing: bool = False
    #: How previews are written.
    exporter: Exporter = field(default_factory=Exporter)

    @cached_property
    def drummer(self) -> Model:
        """The shipped model that transcribes drums."""
        from bandscribe import runtime

        return runtime.load(DRUMMER, threads=self.threads)

    def __call__(
        self, job: outputs.OutputJob, sound: Path, at: Callable[[float], None]
    ) -> list[str]:
        """As `Work`."""
        from bandscribe import audio, instruments, passages

        missing = job.missing(skip_existing=self.skip_existing)
        if job.outputs and not missing and self.condition is None:
            return [job.skipped]
        rate = instruments.front_end(self.loaded.card).sample_rate
        blocks = audio.stream(sound, sample_rate=rate, stream=self.stream)
        activity = instruments.track(reported(blocks, at), model=self.loaded)
        segments = activity.segments(duration=self.min_duration, gap=self.min_gap)
        strokes = None
        if self.onsets and "png" in missing:
            strokes = self.transcribe_drums(sound, activity.duration, at)
        for kind, path in missing.items():
            with written(path, SUFFIXES[kind]) as target:
                if kind == "preview":
                    self.write_preview(target, sound, activity)
                else:
                    _write(kind, target, job.path, activity, segments, strokes)
        if self.condition is None:
            return [job.report(missing, _summary(activity, segments))]
        found = passages.find(
            activity, self.condition, duration=self.min_duration, gap=self.min_gap
        )
        name = visible(str(job.path))
        return [f"{name}  {_tenths(start)}  {_tenths(end)}" for start, end in found]

    def write_preview(self, path: Path, sound: Path, activity: Activity) -> None:
        """Write the recording beside a tone for each instrument, at its level while it plays."""
        from bandscribe import preview

        start, end = self.exporter.start, self.exporter.end

        plays = activity.plays(duration=self.min_duration, gap=self.min_gap)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # shown before
            tones = preview.tones(activity.level, plays, start=start)
            preview.write(path, sound, tones, start=start, end=end, stream=self.stream)

    def transcribe_drums(
        self, sound: Path, duration: float, at: Callable[[float], None]
    ) -> Transcription:
        """The notes of the drums. Warnings were shown before."""
        from bandscribe import audio, drums

        rate = drums.front_end(self.drummer.card).sample_rate
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            blocks = audio.stream(sound, sample_rate=rate, stream=self.stream)
            result = drums.infer(reported(blocks, at), self.drummer)
        return drums.notes(result, self.drummer.card, classes=DRUM_CLASSES, duration=duration)


def _choose_kinds(
    given: str | None,
    output: str | None,
    named: Sequence[Path],
    segments: bool,
    find: str | None,
) -> list[str]:
    """The formats in a list such as `csv,png`; if there is none, that of the output's suffix.

    Raises a usage error for a format that there is not.
    """
    if given is not None:
        kinds = outputs.split_formats(given, FORMATS)
        return [*kinds, "segments"] if segments else kinds
    suffix = outputs.check_suffix(output, named, [f".{name}" for name in _BY_SUFFIX])
    stated = [suffix[1:]] if suffix else []
    if segments:
        return [*(name for name in stated if name != "csv"), "segments"]
    if find is not None and output is None:
        return []
    return stated or ["csv"]


def _parse(expression: str, model: Model) -> Condition:
    """What to find; a usage error where the expression is none."""
    from bandscribe import passages

    try:
        return passages.parse(expression, model.card.classes)
    except ValueError as error:
        raise typer.BadParameter(f"--find: {error}") from error


def _write(
    kind: str,
    path: Path,
    source: Path,
    activity: Activity,
    segments: Sequence[Segment],
    strokes: Transcription | None,
) -> None:
    from bandscribe.formats import csv, jams, npz

    probability, level = activity.probability, activity.level
    title = spell(source.name)
    match kind:
        case "csv":
            csv.write_activity(path, probability, level)
        case "segments":
            csv.write_segments(path, segments)
        case "npz":
            npz.write_activity(path, probability, level, activity.thresholds, activity.duration)
        case "jams":
            jams.write_segments(
                path, segments, classes=level.classes, duration=activity.duration, file=title
            )
        case "png":
            from bandscribe.display.lanes import plot

            length = activity.duration
            plot(path, level, segments, length, names=INSTRUMENTS, strokes=strokes, title=title)


def _summary(activity: Activity, segments: Sequence[Segment]) -> str:
    """For example `3:02  bass 96%, voice 41%`: the share of the time in which each plays."""
    played: dict[str, float] = {}
    for label, start, end, _ in segments:
        played[label] = played.get(label, 0.0) + end - start
    parts = []
    for label, seconds in sorted(played.items(), key=lambda item: -item[1]):
        share = seconds / activity.duration
        parts.append(
            f"{INSTRUMENTS.get(label, label)} " + (f"{share:.0%}" if share >= 0.01 else "<1%")
        )
    return f"{clock(activity.duration)}  {', '.join(parts) or 'no instrument detected'}"


def _tenths(seconds: float) -> str:
    """Seconds as m:ss.s."""
    minutes, tenths = divmod(round(10 * seconds), 600)
    return f"{minutes}:{tenths / 10:04.1f}"
