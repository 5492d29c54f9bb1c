"""`bandscribe evaluate`: a model, or any system's estimates, against a corpus's annotations."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bandscribe.cli.report import complain, progress

if TYPE_CHECKING:
    from bandscribe.datasets.corpus import Corpus
    from bandscribe.evaluation.systems import System

TASKS = ("drums",)


def evaluate(
    task: Annotated[str, typer.Argument(metavar="TASK", help="drums")],
    corpus: Annotated[
        str, typer.Argument(metavar="CORPUS", help="Its name; see bandscribe corpus --help.")
    ],
    root: Annotated[Path, typer.Argument(metavar="ROOT", help="Where the corpus lies.")],
    output: Annotated[
        Path | None,
        typer.Option(
            "-o", metavar="DIR", help="Write metrics.json, tracks.csv and report.html here."
        ),
    ] = None,
    model: Annotated[
        str, typer.Option(metavar="NAME", help="A shipped model, or the path of an ONNX file.")
    ] = "drums",
    estimates: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="Score the MIDI, CSV, TXT or JAMS files of another system instead of a model; "
            "each is named as its track.",
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
        float, typer.Option(metavar="MS", help="How far an onset may be off.")
    ] = 50.0,
    offset: Annotated[
        bool, typer.Option("--offset", help="Also ask whether each estimate is early or late.")
    ] = False,
    jobs: Annotated[
        int | None, typer.Option(metavar="N", help="Processes. Default: one per core.")
    ] = None,
    copy_audio: Annotated[
        bool,
        typer.Option(
            "--copy-audio", help="Put small copies of the audio beside the report, to move both."
        ),
    ] = False,
) -> None:
    """Score a system on a corpus: onsets of each class are matched as in mir_eval.

    With -o, each track is kept when it is done: a call that was stopped goes on where it was.
    """
    from bandscribe.evaluation import results
    from bandscribe.evaluation.run import Settings, run
    from bandscribe.runtime import cores

    chosen = _corpus(task, corpus)
    if not 0 < tolerance_ms < 1000:
        raise typer.BadParameter(f"--tolerance-ms: expected 0 to 1000, got {tolerance_ms:g}")
    if jobs is not None and jobs < 1:
        raise typer.BadParameter(f"--jobs: expected 1 or more, got {jobs}")
    if audio is not None and audio not in chosen.variants:
        known = ", ".join(filter(None, chosen.variants)) or "nothing: this corpus has one kind"
        raise typer.BadParameter(f"--audio: expected one of {known}, got {audio!r}")
    if copy_audio and output is None:
        raise typer.BadParameter("--copy-audio: name the folder of the report with -o")
    system = _system(model, estimates, chosen.counts)
    settings = Settings(chosen.counts, chosen.unscored, tolerance_ms / 1000, offset)
    variant = chosen.variants[0] if audio is None else audio
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


def _corpus(task: str, name: str) -> Corpus[Any]:
    """The corpus, where it is one of this task."""
    from bandscribe.datasets.corpora import CORPORA

    if task not in TASKS:
        raise typer.BadParameter(f"TASK: expected one of {', '.join(TASKS)}, got {task!r}")
    known = [key for key, corpus in CORPORA.items() if corpus.task == task]
    if name not in known:
        raise typer.BadParameter(f"CORPUS: expected one of {', '.join(known)}, got {name!r}")
    return CORPORA[name]


def _system(model: str, estimates: Path | None, counts: tuple[int, ...]) -> System:
    """What is to be evaluated; a usage error where it does not exist."""
    from bandscribe.evaluation.systems import Files, Network

    try:
        return Files.load(estimates) if estimates else Network.load(model, counts)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error
