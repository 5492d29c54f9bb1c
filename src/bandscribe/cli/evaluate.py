"""`bandscribe evaluate`: a system against an annotated corpus."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bandscribe.cli.report import complain, progress, usage_errors
from bandscribe.files import inside

if TYPE_CHECKING:
    from bandscribe.datasets.corpus import Corpus
    from bandscribe.datasets.track import Track
    from bandscribe.evaluation.run import Settings
    from bandscribe.evaluation.systems import System

#: Each task, and the corpora that it can be evaluated on, by theirs.
TASKS = {
    "drums": ("drums",),
    "recognition": ("recognition", "activity"),
    "activity": ("activity",),
    "hits": ("hits",),
}
#: The shipped model of each.
MODELS = {"drums": "drums", "recognition": "instruments", "activity": "instruments", "hits": "hits"}


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
            "--output",
            metavar="DIR",
            help="Write metrics.json, tracks.csv and report.html here.",
        ),
    ] = None,
    model: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="A shipped model, or the path of an ONNX file; of activity also the folder of a "
            "run of a network of envelopes. Default: the task's own.",
        ),
    ] = None,
    estimates: Annotated[
        Path | None,
        typer.Option(
            metavar="PATH",
            help="Score another system instead of a model. Drums: a folder of MIDI, CSV, TXT or "
            "JAMS files, each named as its track. Recognition: a table as bandscribe recognize "
            "writes, or a folder of them. Activity: a folder of tables as bandscribe track writes.",
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
        int | None,
        typer.Option(metavar="N", help="Processes. Default: of drums one per core, else one."),
    ] = None,
    copy_audio: Annotated[
        bool,
        typer.Option(
            "--copy-audio", help="Put small copies of the audio beside the report, to move both."
        ),
    ] = False,
    aggregate: Annotated[
        str | None,
        typer.Option(metavar="s1|s2", help="Recognition: as of bandscribe recognize. Default: s1."),
    ] = None,
    threshold: Annotated[
        float | None,
        typer.Option(
            metavar="X",
            help="Recognition, and estimates of activity: 0 to 1, for every class. Default: the "
            "system's own, or 0.5.",
        ),
    ] = None,
    among: Annotated[
        str | None,
        typer.Option(
            metavar="CLASS,…",
            help="Recognition and activity: score these classes alone; of recognition, on the "
            "recordings that have one of them.",
        ),
    ] = None,
    join: Annotated[
        list[str] | None,
        typer.Option(
            metavar="CLASS+CLASS", help="Activity: count these as one class; may be repeated."
        ),
    ] = None,
    plot: Annotated[
        list[str] | None,
        typer.Option(
            metavar="TRACK",
            help="Draw a track into -o DIR; may be repeated. Drums: what is heard, picked and "
            "annotated. Activity: what is heard in these stems, and in each of their solos.",
        ),
    ] = None,
) -> None:
    """Score a system on a corpus.

    Drums: onsets of each class are matched as in mir_eval. Recognition: the classes named for each
    track are compared with those annotated. Activity: so they are in each frame, and their levels.
    Hits: the drum named for each clip of a folder, or of a drum kit with kit.json, likewise.
    With -o, each track is kept when it is done: a call that was stopped goes on where it was.
    """
    from bandscribe.cli import evaluate_instruments as instruments

    chosen = _corpus(task, corpus)
    if audio is not None and audio not in chosen.variants:
        known = ", ".join(filter(None, chosen.variants)) or "nothing: this corpus has one kind"
        raise typer.BadParameter(f"--audio: expected one of {known}, got {audio!r}")
    variant = chosen.variants[0] if audio is None else audio
    for name, value, needed in (
        ("--tolerance-ms", tolerance_ms, "drums"),
        ("--offset", offset or None, "drums"),
        ("--aggregate", aggregate, "recognition"),
        ("--threshold", threshold, "recognition and activity"),
        ("--among", among, "recognition and activity"),
        ("--join", join, "activity"),
        ("--plot", plot, "drums and activity"),
        ("--estimates", estimates, "drums and recognition and activity"),
        ("--jobs", jobs, "drums and recognition and activity"),
        ("--copy-audio", copy_audio or None, "drums and recognition and activity"),
    ):
        if value is not None and task not in needed.split():
            raise typer.BadParameter(f"{name}: is for {needed}, not for {task}")
    if jobs is not None and jobs < 1:
        raise typer.BadParameter(f"--jobs: expected 1 or more, got {jobs}")
    for name, given in (("--copy-audio", copy_audio), ("--plot", plot)):
        if given and output is None:
            raise typer.BadParameter(f"{name}: name the folder of the report with -o")
    model = model or MODELS[task]
    if task == "drums":
        place = (chosen, root, variant, split, output)
        _drums(
            *place, model=model, estimates=estimates, tolerance_ms=tolerance_ms, offset=offset,
            jobs=jobs, copy_audio=copy_audio, plots=plot or (),
        )  # fmt: skip
        return
    if task == "hits":
        from bandscribe.cli.evaluate_hits import hits

        hits(root, split, output, model)
        return
    call = instruments.Call(
        chosen, root, variant, split, output, model, estimates, jobs or 1, copy_audio,
        threshold, tuple(among.split(",")) if among else (),
    )  # fmt: skip
    if task == "recognition":
        instruments.recognition(call, aggregate or "s1")
    else:
        instruments.activity(call, join or [], plot or [])


def _drums(
    corpus: Corpus[Any], root: Path, variant: str, split: str | None, output: Path | None, *,
    model: str, estimates: Path | None, tolerance_ms: float | None, offset: bool,
    jobs: int | None, copy_audio: bool, plots: Sequence[str],
) -> None:  # fmt: skip
    from bandscribe.evaluation import results
    from bandscribe.evaluation.run import Settings, run
    from bandscribe.evaluation.systems import Files, Network
    from bandscribe.runtime import cores

    if tolerance_ms is None:
        tolerance_ms = 50.0
    if not 0 < tolerance_ms < 1000:
        raise typer.BadParameter(f"--tolerance-ms: expected 0 to 1000, got {tolerance_ms:g}")
    with usage_errors():
        system = Files.load(estimates) if estimates else Network.load(model, corpus.counts)
    settings = Settings(corpus.counts, corpus.unscored, tolerance_ms / 1000, offset)
    # Where there is nothing at all, the corpus says what it expects.
    tracks, part = results.choose(
        corpus.named(root, variant) or corpus.tracks(root, variant), split
    )
    if plots and estimates:
        raise typer.BadParameter("--plot: draws what a model hears, not --estimates")
    drawn = [find_track(tracks, name) for name in plots]
    described = results.describe(corpus, root, variant, part, system, settings)
    store = None if output is None else output / results.STORE
    with progress(len(tracks)) as show:
        outcome = run(tracks, system, settings, store=store, jobs=jobs or cores(), progress=show)
    for _, problem in outcome.problems:
        complain(problem)
    if not outcome.verdicts:
        raise ValueError(f"{root}: no track could be evaluated")
    summary = results.summarise(described, outcome, corpus.counts)
    print("\n".join(results.tabulate(summary)))
    if output is not None:
        results.write(output, summary, outcome, copy_audio=copy_audio)
        for track in drawn:
            print(f"{_draw(output, track, system, settings)}: heard, picked and annotated")
        point_to(output, outcome.reused, len(outcome.verdicts))
    if outcome.problems:
        raise typer.Exit(1)


def find_track(tracks: Sequence[Track[Any]], name: str) -> Track[Any]:
    """The track of this id. Raises a usage error where there is none."""
    found = next((track for track in tracks if track.id == name), None)
    if found is None:
        raise typer.BadParameter(f"--plot: no track is called {name!r}; see tracks.csv")
    return found


def _draw(output: Path, track: Track[Any], system: System, settings: Settings) -> Path:
    """Draw a track in the fewest classes, as figure 7 of Deep Unsupervised Drum Transcription.

    Each curve has its own height, so that soft drums are seen too.
    """
    from bandscribe import display, drums
    from bandscribe.evaluation.judge import pair
    from bandscribe.vocabulary import reduce

    count = min(settings.counts)
    heard = system.listen(track, (count,), (*settings.unscored, *sorted(track.unscored)))
    if heard.hearing is None:
        raise ValueError(f"{track.id}: nothing to draw but notes; name a model")
    notes, annotated = heard.notes[count], reduce(track.load(), count)
    path = inside(output / "plots", Path(track.id).with_suffix(".png"))
    path.parent.mkdir(parents=True, exist_ok=True)
    curves, _ = drums.reduce_hearing(heard.hearing, count)
    highest = curves.values.max(axis=0, initial=1e-6)
    curves = replace(curves, values=curves.values / highest)
    paired = pair(annotated, notes, settings.tolerance)
    reference = display.Reference(annotated, paired.found, paired.right)
    display.draw(path, curves, notes, reference=reference, title=path.stem)
    return path


def point_to(output: Path, reused: int, tracks: int) -> None:
    """Say where the page is, and how much of it was done before."""
    print(f"\n{output / 'report.html'}: a page to look at and listen to")
    if reused:
        print(f"kept from an earlier call: {reused} of {tracks} tracks")


def _corpus(task: str, name: str) -> Corpus[Any]:
    """The corpus, where it is one of this task."""
    from bandscribe.datasets.corpora import CORPORA

    if task not in TASKS:
        raise typer.BadParameter(f"TASK: expected one of {', '.join(TASKS)}, got {task!r}")
    known = [key for key, corpus in CORPORA.items() if corpus.task in TASKS[task]]
    if name not in known:
        raise typer.BadParameter(f"CORPUS: expected one of {', '.join(known)}, got {name!r}")
    return CORPORA[name]
