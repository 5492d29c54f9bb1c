"""`bandscribe evaluate`: a system against an annotated corpus."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from bandscribe.cli import evaluate_plots as plots
from bandscribe.cli.addresses import (
    AudioOption,
    CorpusArgument,
    RootArgument,
    SplitOption,
    read_address,
)
from bandscribe.cli.arguments import make_group
from bandscribe.cli.report import complain, progress, require, usage_errors

if TYPE_CHECKING:
    from bandscribe.datasets.address import CorpusAddress
    from bandscribe.datasets.track import Track
    from bandscribe.evaluation.networks import Tracker
    from bandscribe.evaluation.store import Results

S = TypeVar("S")

Output = Annotated[
    Path | None,
    typer.Option(
        "-o", "--output", metavar="DIR", help="Write metrics.json, tables and report.html here."
    ),
]
Model = Annotated[str, typer.Option(metavar="NAME", help="A shipped model, or an ONNX file.")]
Jobs = Annotated[int, typer.Option(metavar="N", min=1, help="Processes.")]
CopyAudio = Annotated[
    bool,
    typer.Option(
        "--copy-audio", help="Store small copies of the audio with the report, to move both."
    ),
]
evaluate = make_group(
    "evaluate",
    "Evaluate a system on a corpus. With -o, the result of each track is stored, and an "
    "interrupted evaluation resumes when the command is repeated.",
)


@evaluate.command()
def drums(
    corpus: CorpusArgument,
    root: RootArgument = None,
    output: Output = None,
    model: Model = "drums",
    estimates: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="Score another system instead of a model: a folder of MIDI, CSV, TXT or JAMS "
            "files, each named as its track.",
        ),
    ] = None,
    audio: AudioOption = None,
    split: SplitOption = None,
    tolerance_ms: Annotated[
        float, typer.Option(metavar="MS", help="Tolerance for onsets, in milliseconds.")
    ] = 50.0,
    offset: Annotated[
        bool, typer.Option("--offset", help="Also measure a common offset of the estimates.")
    ] = False,
    jobs: Annotated[
        int | None, typer.Option(metavar="N", min=1, help="Processes. Default: one per core.")
    ] = None,
    copy_audio: CopyAudio = False,
    plot: Annotated[
        list[str] | None,
        typer.Option(
            metavar="TRACK",
            help="Plot activations, detected and annotated notes of a track into -o DIR; may be "
            "repeated.",
        ),
    ] = None,
) -> None:
    """Evaluate drum onsets, velocities and beats.

    Onsets are matched within each class, as in mir_eval.
    """
    from bandscribe.evaluation import drum_metrics
    from bandscribe.evaluation import drums as evaluation
    from bandscribe.evaluation.drum_systems import DrumEstimates, DrumNetwork
    from bandscribe.runtime import cores

    address = read_address(corpus, root, "drums", audio=audio, split=split)
    _require_output(output, copy_audio, plot)
    if not 0 < tolerance_ms < 1000:
        raise typer.BadParameter(f"--tolerance-ms: expected 0 to 1000, got {tolerance_ms:g}")
    counts, unscored = address.corpus.counts, address.corpus.unscored
    with usage_errors():
        if plot and estimates:
            raise ValueError("--plot: draws the activations of a model, and not --estimates")
        system = DrumEstimates.load(estimates) if estimates else DrumNetwork.load(model, counts)
    settings = evaluation.ScoringOptions(counts, unscored, tolerance_ms / 1000, offset)
    tracks, part = address.choose("test")
    drawn = [_find_track(tracks, name) for name in plot or ()]
    run = partial(evaluation.evaluate, tracks, system, settings)
    results = _run(run, tracks, address.root, output, jobs or cores())
    described = drum_metrics.describe_drums(address, part, system, settings)
    metrics = drum_metrics.summarize(described, results, counts)
    print("\n".join(drum_metrics.tabulate(metrics)))
    if output is not None:
        drum_metrics.write(output, metrics, results, copy_audio=copy_audio)
        for track in drawn:
            path = plots.plot_drums(output, track, system, settings)
            print(f"{path}: activations, picked and annotated notes")
    _finish(output, results)


@evaluate.command()
def recognition(
    corpus: CorpusArgument,
    root: RootArgument = None,
    output: Output = None,
    model: Model = "instruments",
    estimates: Annotated[
        Path | None,
        typer.Option(
            metavar="PATH",
            help="Score another system instead of a model: a table as bandscribe recognize writes, "
            "or a folder of them.",
        ),
    ] = None,
    audio: AudioOption = None,
    split: SplitOption = None,
    aggregate: Annotated[
        str, typer.Option(metavar="s1|s2", help="How windows are combined, as in recognize.")
    ] = "s1",
    threshold: Annotated[
        float | None,
        typer.Option(
            metavar="P",
            help="Probability, 0 to 1, from which a class is present. Default: the system's own, "
            "or 0.5.",
        ),
    ] = None,
    among: Annotated[
        str | None,
        typer.Option(
            metavar="CLASS,…", help="Score only these classes, on recordings that have one of them."
        ),
    ] = None,
    closed: Annotated[
        bool,
        typer.Option(
            "--closed",
            help="With --among: no other instruments occur in these recordings, and the model "
            "corrects its probabilities for that, as in recognize --among.",
        ),
    ] = False,
    protocol: Annotated[
        str | None,
        typer.Option(
            metavar="thesis",
            help="For irmas: the protocol of Harmony Is All You Need 2023, section 5.1: the "
            "model's windows, S2 of raw scores, threshold 0.5, seven tenths of the testing clips.",
        ),
    ] = None,
    jobs: Jobs = 1,
    copy_audio: CopyAudio = False,
) -> None:
    """Evaluate which instruments are recognized in recordings."""
    from bandscribe.evaluation import recognition as evaluation
    from bandscribe.evaluation import tables
    from bandscribe.evaluation.instrument_systems import InstrumentNetwork, TagEstimates
    from bandscribe.evaluation.store import evaluate_tracks

    address = read_address(corpus, root, "recognition", "activity", audio=audio, split=split)
    _require_output(output, copy_audio)
    with usage_errors():
        if protocol is not None:
            if protocol != "thesis" or address.corpus.name != "irmas" or address.split:
                raise ValueError("--protocol: expected thesis, of irmas without a split")
            if estimates or threshold is not None:
                raise ValueError("--protocol: has a threshold of its own, and is for a model")
            aggregate, threshold = "s2", 0.5
        system = (
            TagEstimates.load(estimates, threshold)
            if estimates
            else InstrumentNetwork.load(model, "recognition", aggregate, threshold)
        )
        classes = evaluation.choose_classes(address.corpus, system.classes, among)
        if closed:
            if among is None or not isinstance(system, InstrumentNetwork):
                raise ValueError("--closed: corrects a model's probabilities; expected --among too")
            system = system.restrict(classes)
    tracks, part = address.choose("test") if protocol is None else _choose_thesis(address)
    run = partial(evaluate_tracks, tracks, evaluation.RecognitionTask(system))
    results = _run(run, tracks, address.root, output, jobs)
    scores = evaluation.RecognitionScores.stack(results, classes, restrict=among is not None)
    if not scores.tracks:
        raise ValueError(f"{address.root}: no track has one of {', '.join(classes)}")
    described = tables.describe("recognition", address, part, system)
    if isinstance(system, InstrumentNetwork):
        described |= {
            "aggregate": system.aggregate, "threshold": system.threshold, "closed": closed
        }  # fmt: skip
    metrics = evaluation.summarize(described, scores)
    print("\n".join(evaluation.tabulate(metrics)))
    if output is not None:
        evaluation.write(output, metrics, scores, copy_audio=copy_audio)
    _finish(output, results)


def _choose_thesis(address: CorpusAddress) -> tuple[list[Track[Any]], str]:
    """The tracks of the thesis's test set, and its name."""
    from bandscribe.datasets import irmas

    tracks = irmas.thesis_test(address.choose("all")[0])
    if not tracks:
        raise ValueError(f"{address.root}: there are no testing clips")
    return tracks, "test of the thesis"


@evaluate.command()
def activity(
    corpus: CorpusArgument,
    root: RootArgument = None,
    output: Output = None,
    model: Annotated[
        str,
        typer.Option(
            metavar="NAME",
            help="A shipped model, an ONNX file, or the run of a network of envelopes.",
        ),
    ] = "instruments",
    estimates: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="Score another system instead of a model: a folder of tables as bandscribe track "
            "writes.",
        ),
    ] = None,
    audio: AudioOption = None,
    split: SplitOption = None,
    threshold: Annotated[
        float | None,
        typer.Option(
            metavar="P",
            help="With --estimates: probability, 0 to 1, from which a class plays. Default: the "
            "table's own, or 0.5.",
        ),
    ] = None,
    among: Annotated[
        str | None, typer.Option(metavar="CLASS,…", help="Score only these classes.")
    ] = None,
    join: Annotated[
        list[str] | None,
        typer.Option(metavar="CLASS+CLASS", help="Count these as one class; may be repeated."),
    ] = None,
    jobs: Jobs = 1,
    copy_audio: CopyAudio = False,
    plot: Annotated[
        list[str] | None,
        typer.Option(
            metavar="TRACK",
            help="Plot the levels predicted for a mixture of stems and for each of its solos into "
            "-o DIR; may be repeated.",
        ),
    ] = None,
) -> None:
    """Evaluate when instruments play, and at which levels.

    Predicted and annotated classes are compared in each frame.
    """
    from bandscribe.evaluation import activity as evaluation
    from bandscribe.evaluation import activity_metrics, activity_reference, tables
    from bandscribe.evaluation.instrument_systems import ActivityEstimates
    from bandscribe.evaluation.recognition import choose_classes
    from bandscribe.evaluation.store import evaluate_tracks

    address = read_address(corpus, root, "activity", audio=audio, split=split)
    _require_output(output, copy_audio, plot)
    with usage_errors():
        if plot and estimates:
            raise ValueError("--plot: draws what a model predicts, and not --estimates")
        if threshold is not None and not estimates:
            raise ValueError("--threshold: is for --estimates; a model has its own")
        if threshold is not None and not 0 < threshold < 1:
            raise ValueError(f"--threshold: expected more than 0 and less than 1: {threshold}")
        system = ActivityEstimates.load(estimates, threshold) if estimates else _load_tracker(model)
        classes = choose_classes(address.corpus, system.classes, among)
        groups = activity_reference.parse_groups(join or (), classes)
    tracks, part = address.choose("test")
    drawn = [_find_track(tracks, name) for name in plot or ()]
    if silent := [track.id for track in drawn if not evaluation.find_solos(track)]:
        raise typer.BadParameter(f"--plot: {silent[0]} has no recordings of its solos")
    run = partial(evaluate_tracks, tracks, evaluation.ActivityTask(system, classes, groups))
    results = _run(run, tracks, address.root, output, jobs)
    described = {
        **tables.describe("activity", address, part, system),
        "joined": ["+".join(group) for group in groups],
    }
    if isinstance(system, ActivityEstimates):
        described["threshold"] = system.threshold
    names = activity_reference.name_classes(classes, groups)
    scores = evaluation.ActivityScores.stack(results, names)
    metrics = activity_metrics.summarize(described, scores)
    print("\n".join(activity_metrics.tabulate(metrics)))
    if output is not None:
        plots.plot_matrices(output, metrics)
        activity_metrics.write(output, metrics, scores, copy_audio=copy_audio)
        for track in drawn:
            path = plots.plot_solos(output, track, _load_tracker(model))
            print(f"{path}: a mixture and its solos")
    _finish(output, results)


@evaluate.command()
def hits(
    corpus: CorpusArgument,
    root: RootArgument = None,
    output: Output = None,
    model: Model = "hits",
    split: Annotated[
        str | None, typer.Option(metavar="SPLIT", help="A split. Default: all clips.")
    ] = None,
    jobs: Jobs = 1,
    copy_audio: CopyAudio = False,
) -> None:
    """Evaluate the classes of single drum hits.

    Hits are the clips of a folder with labels.csv, or those of a drum kit with kit.json.
    """
    from bandscribe.evaluation import hits as evaluation

    address = read_address(corpus, root, "hits", split=split)
    _require_output(output, copy_audio)
    with usage_errors():
        system = evaluation.HitNetwork.load(model)
    skipped: list[str] = []
    clips, part = evaluation.find_clips(address, skipped.append)
    for problem in skipped:
        complain(problem)
    results = _run(partial(evaluation.evaluate, clips, system), clips, address.root, output, jobs)
    metrics = evaluation.summarize(results.scores)
    print("\n".join(evaluation.tabulate(metrics)))
    if output is not None:
        evaluation.write(
            output, metrics, clips, results,
            address=address, split=part, system=system, copy_audio=copy_audio,
        )  # fmt: skip
    _finish(output, results)
    if skipped:
        raise typer.Exit(1)


def _require_output(output: Path | None, copy_audio: bool, plot: object = None) -> None:
    """Raise a usage error where -o is missing for what would be written there."""
    for name, given in (("--copy-audio", copy_audio), ("--plot", plot)):
        if given and output is None:
            raise typer.BadParameter(f"{name}: name the folder of the report with -o")


def _run(
    evaluate: Callable[..., Results[S]],
    tracks: Sequence[object],
    root: Path,
    output: Path | None,
    jobs: int,
) -> Results[S]:
    """The results of all tracks. Those that fail are reported; without any, ValueError."""
    from bandscribe.evaluation import store

    with progress(len(tracks)) as show:
        folder = None if output is None else output / store.FOLDER
        results = evaluate(store=folder, jobs=jobs, progress=show)
    for _, problem in results.failed:
        complain(problem)
    if not results.scores:
        raise ValueError(f"{root}: no track could be evaluated")
    return results


def _finish(output: Path | None, results: Results[S]) -> None:
    """Name the page that was written; exit with 1 where a track failed."""
    if output is not None:
        print(f"\n{output / 'report.html'}: a page to look at and listen to")
        if results.reused:
            print(f"kept from an earlier call: {results.reused} of {len(results.scores)} tracks")
    if results.failed:
        raise typer.Exit(1)


def _find_track(tracks: Sequence[Track[Any]], name: str) -> Track[Any]:
    """The track of this id. Raises a usage error where there is none."""
    found = next((track for track in tracks if track.id == name), None)
    if found is None:
        raise typer.BadParameter(f"--plot: no track is called {name!r}; see tracks.csv")
    return found


def _load_tracker(model: str) -> Tracker:
    """A shipped model's name, an ONNX file, or the run of a network of envelopes."""
    if Path(model).is_dir():
        require("train", "torch", "scipy", "matplotlib")
        from bandscribe.studies.neuroment_system import EnvelopeSystem

        return EnvelopeSystem.load(Path(model))
    from bandscribe.evaluation.instrument_systems import InstrumentNetwork

    return InstrumentNetwork.load(model, "activity")
