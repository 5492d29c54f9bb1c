"""`bandscribe evaluate`: a model, or any system's estimates, against a corpus's annotations."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bandscribe.cli.report import complain, progress

if TYPE_CHECKING:
    from bandscribe.datasets.corpus import Corpus

#: The shipped model of a task has its name.
TASKS = ("drums", "recognition")


def evaluate(
    task: Annotated[str, typer.Argument(metavar="TASK", help=f"One of: {', '.join(TASKS)}.")],
    corpus: Annotated[
        str, typer.Argument(metavar="CORPUS", help="Its name; see bandscribe corpus --help.")
    ],
    root: Annotated[Path, typer.Argument(metavar="ROOT", help="Where the corpus lies.")],
    output: Annotated[
        Path | None,
        typer.Option(
            "-o",
            metavar="DIR",
            help="Write metrics.json and tracks.csv here, and report.html (drums).",
        ),
    ] = None,
    model: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="A shipped model, or the path of an ONNX file. Default: the task's own.",
        ),
    ] = None,
    estimates: Annotated[
        Path | None,
        typer.Option(
            metavar="PATH",
            help="Score another system instead of a model. Drums: a folder of MIDI, CSV, TXT or "
            "JAMS files, each named as its track. Recognition: a table as bandscribe recognize "
            "writes, or a folder of them.",
        ),
    ] = None,
    audio: Annotated[
        str | None,
        typer.Option(metavar="VARIANT", help="Which audio of the corpus. Default: the usual one."),
    ] = None,
    split: Annotated[
        str | None,
        typer.Option(
            metavar="NAME", help="Tracks of one split alone, or all. Default: test, or all."
        ),
    ] = None,
    tolerance_ms: Annotated[
        float | None,
        typer.Option(metavar="MS", help="Drums: how far an onset may be off. Default: 50."),
    ] = None,
    offset: Annotated[
        bool,
        typer.Option("--offset", help="Drums: also ask whether each estimate is early or late."),
    ] = False,
    jobs: Annotated[
        int | None, typer.Option(metavar="N", help="Drums: processes. Default: one per core.")
    ] = None,
    copy_audio: Annotated[
        bool,
        typer.Option(
            "--copy-audio",
            help="Drums: put small copies of the audio beside the report, to move both.",
        ),
    ] = False,
    aggregate: Annotated[
        str | None,
        typer.Option(metavar="s1|s2", help="Recognition: as of bandscribe recognize. Default: s2."),
    ] = None,
    threshold: Annotated[
        float | None,
        typer.Option(
            metavar="X", help="Recognition: 0 to 1, for every class. Default: the system's own."
        ),
    ] = None,
) -> None:
    """Score a system on a corpus.

    Drums: onsets of each class are matched as in mir_eval. With -o, each track is kept when it is
    done: a call that was stopped goes on where it was. Recognition: the classes named for each
    track are compared with those annotated.
    """
    from bandscribe.evaluation import results
    from bandscribe.evaluation.run import Settings, run
    from bandscribe.evaluation.systems import Files, Network
    from bandscribe.runtime import cores

    chosen = _corpus(task, corpus)
    if audio is not None and audio not in chosen.variants:
        known = ", ".join(filter(None, chosen.variants)) or "nothing: this corpus has one kind"
        raise typer.BadParameter(f"--audio: expected one of {known}, got {audio!r}")
    variant = chosen.variants[0] if audio is None else audio
    for name, value, needed in (
        ("--tolerance-ms", tolerance_ms, "drums"),
        ("--offset", offset or None, "drums"),
        ("--jobs", jobs, "drums"),
        ("--copy-audio", copy_audio or None, "drums"),
        ("--aggregate", aggregate, "recognition"),
        ("--threshold", threshold, "recognition"),
    ):
        if value is not None and task != needed:
            raise typer.BadParameter(f"{name}: is for {needed}, not for {task}")
    model = model or task
    if task == "recognition":
        _recognition(
            chosen,
            root,
            output,
            model=model,
            estimates=estimates,
            audio=variant,
            split=split,
            aggregate=aggregate or "s2",
            threshold=threshold,
        )
        return
    if tolerance_ms is None:
        tolerance_ms = 50.0
    if not 0 < tolerance_ms < 1000:
        raise typer.BadParameter(f"--tolerance-ms: expected 0 to 1000, got {tolerance_ms:g}")
    if jobs is not None and jobs < 1:
        raise typer.BadParameter(f"--jobs: expected 1 or more, got {jobs}")
    if copy_audio and output is None:
        raise typer.BadParameter("--copy-audio: name the folder of the report with -o")
    with _usage():
        system = Files.load(estimates) if estimates else Network.load(model, chosen.counts)
    settings = Settings(chosen.counts, chosen.unscored, tolerance_ms / 1000, offset)
    # Where there is nothing at all, the corpus says what it expects.
    tracks, part = results.choose(
        chosen.named(root, variant) or chosen.tracks(root, variant), split
    )
    described = results.describe(chosen, root, variant, part, system, settings)
    store = None if output is None else output / results.STORE
    with progress(len(tracks)) as show:
        outcome = run(tracks, system, settings, store=store, jobs=jobs or cores(), progress=show)
    for _, problem in outcome.problems:
        complain(problem)
    if not outcome.verdicts:
        raise ValueError(f"{root}: no track could be evaluated")
    summary = results.summarise(described, outcome, chosen.counts)
    print("\n".join(results.tabulate(summary)))
    if output is not None:
        results.write(output, summary, outcome, copy_audio=copy_audio)
        print(f"\n{output / 'report.html'}: a page to look at and listen to")
        if outcome.reused:
            print(f"kept from an earlier call: {outcome.reused} of {len(outcome.verdicts)} tracks")
    if outcome.problems:
        raise typer.Exit(1)


def _recognition(
    corpus: Corpus[Any],
    root: Path,
    output: Path | None,
    *,
    model: str,
    estimates: Path | None,
    audio: str,
    split: str | None,
    aggregate: str,
    threshold: float | None,
) -> None:
    from bandscribe.evaluation import recognition, results
    from bandscribe.evaluation.tag_files import Files

    with _usage():
        system = (
            Files.load(estimates, threshold)
            if estimates
            else recognition.Network.load(model, aggregate, threshold)
        )
        classes = recognition.choose_classes(corpus, system)
    tracks, part = results.choose(corpus.named(root, audio) or corpus.tracks(root, audio), split)
    described = recognition.describe(corpus, root, audio, part, system)
    with progress(len(tracks)) as show:
        outcome = recognition.run(tracks, system, classes, progress=show)
    for _, problem in outcome.problems:
        complain(problem)
    if not outcome.tracks:
        raise ValueError(f"{root}: no track could be evaluated")
    summary = recognition.summarise(described, outcome)
    print("\n".join(recognition.tabulate(summary)))
    if output is not None:
        recognition.write(output, summary, outcome)
    if outcome.problems:
        raise typer.Exit(1)


def _corpus(task: str, name: str) -> Corpus[Any]:
    """The corpus, where it is one of this task."""
    from bandscribe.datasets.corpora import CORPORA

    if task not in TASKS:
        raise typer.BadParameter(f"TASK: expected one of {', '.join(TASKS)}, got {task!r}")
    known = [key for key, corpus in CORPORA.items() if corpus.task == task]
    if name not in known:
        raise typer.BadParameter(f"CORPUS: expected one of {', '.join(known)}, got {name!r}")
    return CORPORA[name]


@contextmanager
def _usage() -> Iterator[None]:
    """Of a system that does not exist, or does not fit, a usage error."""
    try:
        yield
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error
