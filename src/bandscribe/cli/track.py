"""`bandscribe track`: recordings in, who plays when and how loud out."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
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
from bandscribe.cli.recognize import MODEL, NAMES
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
    "segments": ".segments.csv",
}
FORMATS = ("csv", "npz", "png", "jams")
#: The model that hears the strokes of the drums, and how many kinds are drawn.
DRUMMER, DRUM_CLASSES = "drums", 5


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
        typer.Option("--segments", help="Write a CSV of the stretches in which each plays."),
    ] = False,
    find: Annotated[
        str | None,
        typer.Option(
            metavar="EXPR",
            help='Print the passages in which it holds, as "vio > -30 dB and not dru".',
        ),
    ] = None,
    min_duration: Annotated[
        float, typer.Option(metavar="S", help="Seconds; what is shorter is left out.")
    ] = 0.3,
    min_gap: Annotated[
        float, typer.Option(metavar="S", help="Seconds; shorter gaps are played over.")
    ] = 0.5,
    onsets: Annotated[
        bool, typer.Option("--onsets", help="Draw the strokes of the drums into the picture.")
    ] = False,
    model: ModelName = None,
    stream: StreamNumber = None,
    skip_existing: SkipExisting = False,
) -> None:
    """Write down which instruments of recordings play when, and how loud.

    A CSV has a row per frame: of each instrument how sure it is that it plays, and its level in dB
    below the loudest moment. --segments and --find write no such table unless there is a --format.
    """
    kinds = _choose_kinds(format, output, segments, find)
    if "png" in kinds:
        require("plot", "matplotlib")
    elif onsets:
        raise typer.BadParameter("--onsets: only a picture shows them; add --format png")
    for option, seconds in (("--min-duration", min_duration), ("--min-gap", min_gap)):
        if not 0 <= seconds < float("inf"):
            raise typer.BadParameter(f"{option}: expected seconds from 0 on, got {seconds}")
    loaded = _load(model)
    condition = None if find is None else _parse(find, loaded)
    drummer = _load_drummer() if onsets else None
    sources, lost = inputs.find_all(named)
    jobs, refused = outputs.plan(named, sources, kinds, output, suffixes=SUFFIXES)
    failed = lost + refused
    with progress(len(jobs)) as show:
        for done, job in enumerate(jobs):
            missing = {
                kind: path
                for kind, path in job.outputs.items()
                if not (skip_existing and path.is_file())
            }
            if job.outputs and not missing and condition is None:
                print(f"{job.source}: skipped, {list_paths(job.outputs)} is there")
                continue

            def listen(seconds: float, done: int = done, source: Path = job.source) -> None:
                show(done, f"{source.name} {clock(seconds)}")

            try:
                activity = _hear(job.source, stream, loaded, listen)
                found = activity.segments(duration=min_duration, gap=min_gap)
                strokes = None
                if drummer is not None and "png" in missing:
                    strokes = _hear_drums(job.source, stream, drummer, activity.duration, listen)
                for kind, path in missing.items():
                    path.parent.mkdir(parents=True, exist_ok=True)
                    _write(kind, path, job.source, activity, found, strokes)
            except (ValueError, OSError) as error:
                complain(explain(error, job.source))
                failed += 1
                continue
            if condition is None:
                print(f"{job.source} → {list_paths(missing)}  {_summary(activity, found)}")
            else:
                _print_passages(job.source, activity, condition, min_duration, min_gap)
    if failed:
        raise typer.Exit(1)


def _choose_kinds(
    given: str | None, output: str | None, segments: bool, find: str | None
) -> list[str]:
    """The formats in a list such as `csv,png`; if there is none, that of the output's suffix.

    Raises a usage error for a format that there is not.
    """
    if given is not None:
        kinds = list(dict.fromkeys(name.strip().lower() for name in given.split(",")))
        for name in kinds:
            if name not in FORMATS:
                raise typer.BadParameter(
                    f"--format: expected some of {','.join(FORMATS)}, got {name!r}"
                )
        return [*kinds, "segments"] if segments else kinds
    suffix = Path(output or "").suffix.lower()[1:]
    stated = [suffix] if suffix in FORMATS else []
    if segments:
        return [*(name for name in stated if name != "csv"), "segments"]
    if find is not None and output is None:
        return []
    return stated or ["csv"]


def _load(name: str | None) -> Model:
    """The model; a usage error where it does not exist, or does not track."""
    from bandscribe import instruments, runtime

    with usage_errors():
        loaded = runtime.load(name or MODEL)
        instruments.check_tracker(loaded.card)
    return loaded


def _parse(expression: str, model: Model) -> Condition:
    """What to find; a usage error where the expression is none."""
    from bandscribe import passages

    try:
        return passages.parse(expression, model.card.classes)
    except ValueError as error:
        raise typer.BadParameter(f"--find: {error}") from error


def _load_drummer() -> Model:
    """The shipped model that transcribes drums."""
    from bandscribe import drums, runtime

    loaded = runtime.load(DRUMMER)
    drums.check(loaded.card, DRUM_CLASSES, 0.5)
    return loaded


def _hear(
    source: Path, stream: int | None, model: Model, listen: Callable[[float], None]
) -> Activity:
    """Track one file; its warnings become lines."""
    from bandscribe import audio, instruments

    rate = instruments.front_end(model.card).sample_rate
    with warned(source):
        blocks = audio.stream(source, sample_rate=rate, stream=stream)
        return instruments.track(reported(blocks, listen), model=model)


def _hear_drums(
    source: Path, stream: int | None, model: Model, duration: float, listen: Callable[[float], None]
) -> Transcription:
    """The strokes of the drums. What there was to warn of has been said."""
    from bandscribe import audio, drums

    rate = drums.front_end(model.card).sample_rate
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        heard = drums.hear(
            reported(audio.stream(source, sample_rate=rate, stream=stream), listen), model
        )
    return drums.notes(heard, model.card, classes=DRUM_CLASSES, duration=duration)


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
            from bandscribe.display.lanes import draw

            length = activity.duration
            draw(path, level, segments, length, names=NAMES, strokes=strokes, title=title)


def _summary(activity: Activity, segments: Sequence[Segment]) -> str:
    """For example `3:02  bass 96%, voice 41%`: the share of the time in which each plays."""
    played: dict[str, float] = {}
    for label, start, end, _ in segments:
        played[label] = played.get(label, 0.0) + end - start
    said = []
    for label, seconds in sorted(played.items(), key=lambda item: -item[1]):
        share = seconds / activity.duration
        said.append(f"{NAMES.get(label, label)} " + (f"{share:.0%}" if share >= 0.01 else "<1%"))
    return f"{clock(activity.duration)}  {', '.join(said) or 'no instrument heard'}"


def _print_passages(
    source: Path, activity: Activity, condition: Condition, duration: float, gap: float
) -> None:
    from bandscribe import passages

    for start, end in passages.find(activity, condition, duration=duration, gap=gap):
        print(f"{source}  {_tenths(start)}  {_tenths(end)}")


def _tenths(seconds: float) -> str:
    """Seconds as m:ss.s."""
    minutes, tenths = divmod(round(10 * seconds), 600)
    return f"{minutes}:{tenths / 10:04.1f}"
