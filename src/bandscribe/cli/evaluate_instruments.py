"""`bandscribe evaluate recognition` and `activity`: what these tasks do with the options."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from bandscribe.cli.evaluate import find_track, point_to
from bandscribe.cli.report import complain, progress, require, usage_errors
from bandscribe.files import inside

if TYPE_CHECKING:
    from bandscribe.datasets.corpus import Corpus
    from bandscribe.datasets.track import Track
    from bandscribe.evaluation import store as tracks
    from bandscribe.evaluation.activity import Figures, Tracker


@dataclass(frozen=True, eq=False)
class Call:
    """What was asked for, in the command's own words."""

    corpus: Corpus[Any]
    root: Path
    audio: str
    split: str | None
    output: Path | None
    model: str
    estimates: Path | None
    jobs: int
    copy_audio: bool
    threshold: float | None
    among: tuple[str, ...]

    def choose(self) -> tuple[Sequence[Track[Any]], str]:
        """The tracks, and the name of their split."""
        from bandscribe.evaluation import results

        found = self.corpus.named(self.root, self.audio)
        return results.choose(found or self.corpus.tracks(self.root, self.audio), self.split)

    def judge(self, chosen: Sequence[Track[Any]], task: tracks.Task) -> tracks.Outcome:
        """Verdicts of all tracks; each problem has its line. Raises ValueError without verdicts."""
        from bandscribe.evaluation import results
        from bandscribe.evaluation import store as tracks

        store = None if self.output is None else self.output / results.STORE
        with progress(len(chosen)) as show:
            found = tracks.judge_all(chosen, task, store=store, jobs=self.jobs, progress=show)
        for _, problem in found.problems:
            complain(problem)
        if not found.verdicts:
            raise ValueError(f"{self.root}: no track could be evaluated")
        return found


def recognition(call: Call, aggregate: str) -> None:
    """Score which instruments are said to be heard."""
    from bandscribe.evaluation import instruments_page, recognition
    from bandscribe.evaluation import recognition_figures as figures
    from bandscribe.evaluation.listeners import Listener
    from bandscribe.evaluation.recognition_estimates import Tables

    with usage_errors():
        system = (
            Tables.load(call.estimates, call.threshold)
            if call.estimates
            else Listener.load(call.model, "recognition", aggregate, call.threshold)
        )
        classes = recognition.choose_classes(call.corpus, system.classes, call.among)
    chosen, part = call.choose()
    described = recognition.describe(call.corpus, call.root, call.audio, part, system)
    found = call.judge(chosen, recognition.Task(system))
    outcome = recognition.gather(found.verdicts, classes, found.problems, restrict=bool(call.among))
    if not outcome.tracks:
        raise ValueError(f"{call.root}: no track has one of {', '.join(classes)}")
    summary = figures.summarise(described, outcome)
    print("\n".join(figures.tabulate(summary)))
    if call.output is not None:
        instruments_page.write(
            call.output, summary, recognition.rows(outcome), copy_audio=call.copy_audio
        )
        figures.write(call.output, summary, outcome)
        point_to(call.output, found.reused, len(found.verdicts))
    if outcome.problems:
        raise typer.Exit(1)


def activity(call: Call, join: Sequence[str], plots: Sequence[str]) -> None:
    """Score who is said to play at every moment, and how loud."""
    from bandscribe.evaluation import (
        activity,
        activity_figures,
        activity_tables,
        instruments_page,
        joining,
    )
    from bandscribe.evaluation.activity_estimates import Curves
    from bandscribe.evaluation.recognition import choose_classes

    with usage_errors():
        if plots and call.estimates:
            raise ValueError("--plot: listens to solos, and so needs a model")
        if call.threshold is not None and not call.estimates:
            raise ValueError("--threshold: is for --estimates; a model has its own")
        if call.threshold is not None and not 0 < call.threshold < 1:
            raise ValueError(f"--threshold: expected more than 0 and less than 1: {call.threshold}")
        system = (
            Curves.load(call.estimates, call.threshold)
            if call.estimates
            else _open_tracker(call.model)
        )
        classes = choose_classes(call.corpus, system.classes, call.among)
        groups = joining.read_groups(join, classes)
    chosen, part = call.choose()
    wanted = [_find(chosen, name) for name in plots]
    described = activity.describe(call.corpus, call.root, call.audio, part, system, groups)
    found = call.judge(chosen, activity.Task(system, classes, groups))
    names = joining.name_classes(classes, groups)
    outcome = activity.gather(found.verdicts, names, found.problems)
    summary = activity_figures.summarise(described, outcome)
    print("\n".join(activity_tables.tabulate(summary)))
    if call.output is not None:
        instruments_page.write(
            call.output, summary, activity.rows(outcome), copy_audio=call.copy_audio
        )
        _draw_matrices(call.output, summary)
        activity_tables.write(call.output, summary, outcome)
        for track in wanted:
            print(f"{_draw_envelopes(call.output, track, call.model)}: a mixture and its solos")
        point_to(call.output, found.reused, len(found.verdicts))
    if outcome.problems:
        raise typer.Exit(1)


def _open_tracker(model: str) -> Tracker:
    """A shipped model's name, an ONNX file, or the folder of a run of a network of envelopes."""
    if Path(model).is_dir():
        require("train", "torch", "scipy", "matplotlib")
        from bandscribe.studies.neuroment_system import Follower

        return Follower.load(Path(model))
    from bandscribe.evaluation.listeners import Listener

    return Listener.load(model, "activity")


def _draw_envelopes(output: Path, track: Track[Any], model: str) -> Path:
    """Draw a mixture of stems beside its solos, each as the model hears it."""
    from bandscribe.display import envelopes
    from bandscribe.evaluation.solos import compare_solos

    heard = _open_tracker(model)
    path = inside(output / "plots", Path(track.id).with_suffix(".png"))
    path.parent.mkdir(parents=True, exist_ok=True)
    columns = [envelopes.Column(*column) for column in compare_solos(track, heard)]
    envelopes.draw(path, columns, title=track.id)
    return path


def _draw_matrices(output: Path, summary: Figures) -> None:
    """Both matrices in one picture, where there are any; a line where matplotlib is missing."""
    import numpy as np

    from bandscribe.display import matrices

    path = output / "matrices.png"
    path.unlink(missing_ok=True)  # of an earlier result
    if summary["noise"] is None:
        return
    drawn = {
        f"{name}: {summary[mean]:.1f} dB {where}": np.array(summary[name], dtype=np.float64)
        for name, mean, where in (
            ("noise", "noise_diagonal_db", "on the diagonal"),
            ("leakage", "leakage_db", "on average"),
        )
        if summary[mean] is not None
    }
    try:
        matrices.draw(path, drawn, summary["classes"])
    except ModuleNotFoundError as error:
        complain(f"{path}: not drawn: {error}")


def _find(chosen: Sequence[Track[Any]], name: str) -> Track[Any]:
    """The track of this id, which has recordings of its solos."""
    from bandscribe.vocabulary import INSTRUMENTS

    found = find_track(chosen, name)
    if not any(path.stem in INSTRUMENTS for path in found.annotations):
        raise typer.BadParameter(f"--plot: {name} has no recordings of its solos")
    return found
