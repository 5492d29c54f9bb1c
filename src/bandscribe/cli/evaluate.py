"""`bandscribe evaluate`: a model against the annotations of a corpus."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bandscribe.cli.report import progress

if TYPE_CHECKING:
    from bandscribe.metrics.onsets import Interval, Report, Scores
    from bandscribe.runtime import Model
    from bandscribe.types import Activations, Transcription

CORPORA = {"drums": ("mdb",)}
#: Class counts that MDB's annotations can be scored in.
COUNTS = (5, 3)
BOOTSTRAP_SEED = 0


def evaluate(
    task: Annotated[str, typer.Argument(metavar="TASK", help="drums")],
    corpus: Annotated[str, typer.Argument(metavar="CORPUS", help="mdb")],
    root: Annotated[Path, typer.Argument(metavar="ROOT", help="Where the corpus lies.")],
    output: Annotated[
        Path | None,
        typer.Option("-o", metavar="DIR", help="Write tracks.csv and metrics.json here."),
    ] = None,
    model: Annotated[
        str, typer.Option(metavar="NAME", help="A shipped model, or the path of an ONNX file.")
    ] = "drums",
    audio: Annotated[
        str, typer.Option(metavar="drum_only|full_mix|remix", help="Which audio to listen to.")
    ] = "drum_only",
) -> None:
    """Score a model on a corpus: onsets within ±50 ms, matched as mir_eval does."""
    if task not in CORPORA:
        raise typer.BadParameter(f"TASK: expected one of {', '.join(CORPORA)}, got {task!r}")
    if corpus not in CORPORA[task]:
        known = ", ".join(CORPORA[task])
        raise typer.BadParameter(f"CORPUS: expected one of {known}, got {corpus!r}")
    from bandscribe import runtime
    from bandscribe.datasets import mdb
    from bandscribe.metrics import onsets
    from bandscribe.vocabulary import DRUMS

    try:
        loaded = runtime.load(model)
        if audio not in mdb.AUDIO:
            raise ValueError(f"--audio: expected one of {', '.join(mdb.AUDIO)}, got {audio!r}")
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error
    tracks = mdb.tracks(root, audio)
    references = [track.load() for track in tracks]
    estimates = []
    with progress(len(tracks)) as show:
        for done, track in enumerate(tracks):
            show(done, track.id)
            estimates.append(estimate(track.audio, loaded, unscored=mdb.UNSCORED))
    reports = {
        count: onsets.score(references, [notes[count] for notes in estimates], DRUMS[count])
        for count in COUNTS
    }
    names = [track.id for track in tracks]
    figures: dict[str, Any] = {
        "task": task,
        "corpus": corpus,
        "audio": audio,
        "model": model,
        "commit": loaded.card.commit,
        "tracks": len(tracks),
        "tolerance": onsets.TOLERANCE,
        **{f"classes_{count}": summarise(report) for count, report in reports.items()},
    }
    print(f"{corpus} {audio}: {len(tracks)} tracks, model {model}, ±{onsets.TOLERANCE * 1000:g} ms")
    for count, report in reports.items():
        print_table(f"{count} classes", report, figures[f"classes_{count}"], names)
    if output is not None:
        write(output, figures, reports, names)


def estimate(
    path: Path, model: Model, *, unscored: tuple[str, ...] = ()
) -> dict[int, Transcription]:
    """The notes of a file by number of classes, as if the model did not know `unscored`."""
    from bandscribe import audio, drums
    from bandscribe.features.spectrogram import LogSpectrogram

    rate = LogSpectrogram(**model.card.features).sample_rate
    blocks = drums.Measured(audio.stream(path, sample_rate=rate))
    heard = leave_out(drums.activations(blocks, model), unscored)
    return {
        count: drums.notes(heard, model.card, classes=count, duration=blocks.duration)
        for count in COUNTS
    }


def leave_out(activations: Activations, names: tuple[str, ...]) -> Activations:
    """The activations with these classes silent."""
    from dataclasses import replace

    import numpy as np

    kept = np.array([name not in names for name in activations.classes], dtype=np.float32)
    return replace(activations, values=activations.values * kept)


def summarise(report: Report) -> dict[str, Any]:
    """The figures as metrics.json holds them; nan, which JSON lacks, becomes null."""
    import numpy as np

    from bandscribe.metrics import onsets

    averages = {}
    for name, scores, average in (
        ("micro", report.micro, onsets.micro),
        ("macro", report.macro, onsets.macro),
    ):
        rng = np.random.default_rng(BOOTSTRAP_SEED)
        interval = onsets.bootstrap(report.counts, rng, average=average)
        averages[name] = {**_plain(scores), "ci95": _interval(interval)}
    per_class = {name: _plain(scores) for name, scores in report.per_class.items()}
    return {**averages, "per_class": per_class}


def print_table(title: str, report: Report, figures: dict[str, Any], names: list[str]) -> None:
    """One line per average, class and track."""
    print(f"\n{title:<24}  precision  recall     F1      tp    fp    fn  95 % of F1")
    for name, scores in (("micro", report.micro), ("macro", report.macro)):
        interval = figures[name]["ci95"]
        shown = "{:.3f} to {:.3f}".format(*interval) if interval else ""
        print(f"{_row(name, scores)}  {shown}".rstrip())
    for name, scores in report.per_class.items():
        print(_row(name, scores))
    for name, scores in zip(names, report.per_track, strict=True):
        print(_row(name, scores))


def write(
    folder: Path, figures: dict[str, Any], reports: dict[int, Report], names: list[str]
) -> None:
    """Write `folder`/metrics.json and `folder`/tracks.csv."""
    import csv

    from bandscribe.files import whole

    folder.mkdir(parents=True, exist_ok=True)
    with whole(folder / "metrics.json") as temporary:
        temporary.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
    with whole(folder / "tracks.csv") as temporary, temporary.open("w", newline="") as file:
        table = csv.writer(file)
        table.writerow(["track", "classes", "precision", "recall", "f1", "tp", "fp", "fn"])
        for count, report in reports.items():
            for name, scores in zip(names, report.per_track, strict=True):
                table.writerow([name, count, *_plain(scores).values()])


def _row(name: str, scores: Scores) -> str:
    shown = [
        f"{figure:.3f}" if not math.isnan(figure) else "-"
        for figure in (scores.precision, scores.recall, scores.f1)
    ]
    counts = f"{scores.tp:6}{scores.fp:6}{scores.fn:6}"
    return f"{name:<24}  {shown[0]:>9}  {shown[1]:>6}  {shown[2]:>5}  {counts}"


def _plain(scores: Scores) -> dict[str, float | None]:
    from dataclasses import asdict

    return {name: None if math.isnan(figure) else figure for name, figure in asdict(scores).items()}


def _interval(interval: Interval) -> list[float] | None:
    return None if math.isnan(interval.low) else list(interval)
