"""Comparisons of training runs: rows × seeds → train → evaluate → an outcome per row.

A row is a label and the fields of a recipe in which it differs from the others. A run lies in a
folder that is named by all that its result depends on (`recipes.place`): what is finished is not
trained again, rows and comparisons that need the same run share it, and a study that was stopped
resumes when it is started again. The scores of runs are cached beside them, below `scores`.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Generic, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from bandscribe.display import losses
from bandscribe.files import write_json
from bandscribe.readers import read_json
from bandscribe.studies import tables
from bandscribe.training import recipes, search, task
from bandscribe.training.fit import FitResult
from bandscribe.training.settings import Settings

#: Fields of a recipe as text, by name.
Fields = Mapping[str, str]
R = TypeVar("R", bound=Settings)


@dataclass(frozen=True, eq=False)
class StudyRow:
    """A row of a table: the fields in which its recipe differs from the others.

    Runs of several `members` are evaluated as an ensemble. `about` are known columns, such as the
    figures of a paper.
    """

    label: str
    members: tuple[Fields, ...] = ({},)
    about: Mapping[str, float | str] = field(default_factory=dict)


@dataclass(frozen=True)
class TrainingJob(Generic[R]):
    """A run in its folder, for the row called `label`."""

    label: str
    recipe: R
    run: Path


@dataclass(frozen=True)
class RowOutcome:
    """A row's results: its `runs` (seed, member), and the scores of each seed, by name.

    A `baseline`, such as chance, is not trained.
    """

    label: str
    scores: tuple[Mapping[str, Any], ...]
    runs: tuple[tuple[Path, ...], ...] = ()
    about: Mapping[str, float | str] = field(default_factory=dict)
    baseline: bool = False

    def values(self, name: str) -> NDArray[np.float64]:
        """A score (seed,), nan where it is unknown."""
        return np.array([each.get(name, np.nan) for each in self.scores], dtype=np.float64)

    @property
    def names(self) -> list[str]:
        """The scores that are numbers, of one seed at least."""
        every = [item for each in self.scores for item in each.items()]
        return list(dict.fromkeys(name for name, value in every if isinstance(value, int | float)))


#: Trains the jobs that are not finished; may be stopped early.
Train = Callable[[Sequence[TrainingJob[R]]], object]


def choose(name: str, questions: Mapping[str, Sequence[str]], rows: Iterable[str]) -> Sequence[str]:
    """The rows of a question, or those named, as `A,B`.

    Raises ValueError for another name.
    """
    named = name.split(",")
    if name in questions:
        return questions[name]
    if not set(named) <= set(rows):
        raise ValueError(
            f"NAME: expected one of {', '.join(questions)}, or rows, A,B, out of "
            f"{', '.join(rows)}; got {name!r}"
        )
    return named


def check(given: Fields, rows: Iterable[StudyRow], own: Iterable[str] = ()) -> None:
    """Raise ValueError for a given field that the study (`own`, and the seed) or each row sets."""
    if mine := sorted(given.keys() & {"seed", *own}):
        raise ValueError(f"{mine[0]}: the study sets it; expected other fields of a recipe")
    members = [member.keys() for row in rows for member in row.members]
    for name, text in given.items():
        if members and all(name in member for member in members) and not _is_object(text):
            raise ValueError(f"{name}: each row sets it; expected other fields of a recipe")


def resolve_member(kind: str, base: Fields, given: Fields, member: Fields) -> Any:
    """The recipe of a member of a row: its fields override those `given`, which override `base`.

    `kind` is the task. Fields that are objects, such as the options of the network, are merged.
    Raises ValueError as `task.resolve`.
    """
    own = {k: text for k, text in member.items() if k not in given or not _is_object(text)}
    return recipes.override(task.resolve(kind, None, {**base, **given, **own}), member)


@dataclass(frozen=True)
class Study(Generic[R]):
    """A comparison: the recipes of its rows, and how they are trained and evaluated.

    `evaluate` takes a row and the runs of its members. `tested` identifies the test data of a row,
    and `origin` the initial weights of a recipe, where the recipe does not. `baselines` returns
    the last rows. `finish` takes the stem of further files, STEM_*, and all outcomes, and returns
    the lines below the table.
    """

    name: str
    title: str
    columns: Sequence[tables.ScoreColumn]
    rows: Mapping[StudyRow, Sequence[R]]
    train: Callable[[R, Path], FitResult]
    evaluate: Callable[[StudyRow, tuple[Path, ...]], Mapping[str, Any]]
    tested: Callable[[StudyRow], object] = lambda row: ""
    origin: Callable[[R], str] = lambda recipe: ""
    baselines: Callable[[Sequence[RowOutcome]], Sequence[RowOutcome]] = lambda outcomes: ()
    finish: Callable[[Path, Sequence[RowOutcome]], Sequence[str]] = lambda stem, outcomes: ()
    described: Mapping[str, Any] = field(default_factory=dict)


def run(study: Study[R], seeds: Sequence[int], folder: Path) -> list[str]:
    """Train and evaluate what is missing in `folder`, and write the tables; returns their lines.

    Raises ValueError as the study's `train` and `evaluate`, or if a run was stopped.
    """

    def evaluate(row: StudyRow, runs: tuple[Path, ...]) -> Mapping[str, Any]:
        def make() -> Mapping[str, Any]:
            return study.evaluate(row, runs)

        return keep_scores(folder, runs, study.tested(row), make)

    trained = [
        compare(row, members, seeds, folder / "runs", in_turn(study.train), evaluate, study.origin)
        for row, members in study.rows.items()
    ]
    outcomes = [*trained, *study.baselines(trained)]
    described = {"seeds": list(seeds), **study.described}
    tables.write(folder, study.name, outcomes, study.columns, study.title, described)
    lines = tables.tabulate(outcomes, study.columns)
    return [study.title, "", *lines, "", *study.finish(folder / study.name, outcomes)]


def compare(
    row: StudyRow,
    members: Sequence[R],
    seeds: Sequence[int],
    folder: Path,
    train: Train[R],
    evaluate: Callable[[StudyRow, tuple[Path, ...]], Mapping[str, Any]],
    origin: Callable[[R], str] = lambda recipe: "",
) -> RowOutcome:
    """Train a row's recipes with each seed below `folder`, and evaluate them.

    Raises ValueError as `train` and `evaluate`, or if a run was stopped.
    """
    jobs = [
        [plan(row.label, replace(each, seed=seed), folder, origin) for each in members]
        for seed in seeds
    ]
    finish([job for each in jobs for job in each], train)
    runs = tuple(tuple(job.run for job in each) for each in jobs)
    return RowOutcome(row.label, tuple(evaluate(row, each) for each in runs), runs, row.about)


def plan(
    label: str, recipe: R, folder: Path, origin: Callable[[R], str] = lambda recipe: ""
) -> TrainingJob[R]:
    """The job of a recipe, in its folder below `folder`."""
    return TrainingJob(label, recipe, recipes.place(recipe, folder, origin(recipe)))


def finish(jobs: Sequence[TrainingJob[R]], train: Train[R]) -> None:
    """Train the jobs that are not finished. Raises ValueError as `train`, or if one was stopped."""
    if not all(is_finished(job.run) for job in jobs):
        train(jobs)  # all of them: a scheduler compares running jobs with finished ones
    for job in jobs:
        if not is_finished(job.run):
            raise ValueError(f"{job.run}: stopped; run the same command again to go on")


def is_finished(run: Path) -> bool:
    """Whether a run has ended, or a search stopped it."""
    metrics = run / "metrics.json"
    finished = metrics.is_file() and bool(read_json(metrics)["finished"])
    return finished or (run / search.STOPPED).is_file()


def in_turn(train: Callable[[R, Path], FitResult]) -> Train[R]:
    """Train in this process, one after the other, until one is stopped."""

    def run(jobs: Sequence[TrainingJob[R]]) -> None:
        for job in jobs:
            if not is_finished(job.run):
                print(f"{job.label}, seed {job.recipe.seed}", flush=True)
                if not train(job.recipe, job.run).finished:
                    return

    return run


def keep_scores(
    folder: Path, runs: Sequence[Path], what: object, make: Callable[[], Mapping[str, Any]]
) -> dict[str, Any]:
    """The result of `make` for these runs, tested on `what`, cached below `folder`."""
    text = json.dumps([[run.name for run in runs], what])
    path = folder / "scores" / f"{hashlib.sha256(text.encode()).hexdigest()[:10]}.json"
    if not path.is_file():
        path.parent.mkdir(parents=True, exist_ok=True)
        write_json(path, make())
    scores: dict[str, Any] = read_json(path)
    return scores


def time_step(
    network: nn.Module,
    optimiser: torch.optim.Optimizer,
    loss: Callable[[Tensor, Tensor], Tensor],
    inputs: Tensor,
    targets: Tensor,
) -> float:
    """Processor seconds of a training step: the median of three, after a slower first one."""
    network.train()
    spent = []
    for _ in range(4):
        began = time.process_time()
        optimiser.zero_grad()
        loss(network(inputs), targets).backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        spent.append(time.process_time() - began)
    return float(np.median(spent[1:]))


def plot_losses(
    path: Path, outcomes: Sequence[RowOutcome], validation: str = "validation_loss"
) -> None:
    """Plot the training and `validation` loss of the first run of each row with a history.

    Raises as `display.losses.plot`.
    """
    curves = {}
    for outcome in outcomes:
        rows = search.read_history(outcome.runs[0][0]) if outcome.runs else []
        if rows:
            columns = ("step", "loss", validation)
            curves[outcome.label] = losses.Curve(
                *(np.array([row[name] for row in rows]) for name in columns)
            )
    if curves:
        losses.plot(path, curves, title="losses over the steps")


def _is_object(text: str) -> bool:
    return text.lstrip().startswith("{")
