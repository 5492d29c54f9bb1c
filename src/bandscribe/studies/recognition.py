"""Comparisons of recognition runs: each row is trained, judged on test recordings, and kept.

Source: Ferković and Smoljan 2023, Harmony Is All You Need, chapter 5. A study can be stopped and
started again: what is finished is not done again, and rows of several comparisons that ask for the
same run share it.

    runs/MODEL-DIGEST   a run of `training.recognition`, named by its recipe
    judged/DIGEST.json  what some runs score on some recordings
    cache/              features that runs share
"""

from __future__ import annotations

import csv
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bandscribe.metrics import tags
from bandscribe.studies.recognition_rows import Comparison, Row
from bandscribe.training import record
from bandscribe.training.recipes import override
from bandscribe.training.recognition import corpora
from bandscribe.training.recognition import recipe as recipes
from bandscribe.training.recognition.judge import judge
from bandscribe.training.recognition.recipe import Recipe
from bandscribe.training.recognition.train import read_front_end, train

#: What a study tells of each row: section 5.1, and two that the share of right decisions hides.
FIGURES = (
    "hamming", "macro.precision", "macro.recall", "macro.f1", "exact_match", "micro.f1", "lrap",
)  # fmt: skip
#: A row is above chance if it is so in all of these.
TELLING = ("macro.f1", "micro.f1", "lrap")
_DRAWS = 20  # of random guesses
_INDIFFERENT = {"workers", "threads", "checkpoint_minutes", "max_minutes", "credits", "cache"}

Figures = dict[str, float]


@dataclass(frozen=True)
class Sources:
    """Addresses of the corpora to train, to validate and to test on."""

    training: tuple[str, ...]
    validation: tuple[str, ...]
    test: tuple[str, ...]

    def choose(self, row: Row) -> Sources:
        """The row's own. Raises ValueError where it needs more corpora than there are."""
        return Sources(
            _choose("training", self.training, row.trained),
            _choose("validation", self.validation, row.trained),
            _choose("test", self.test, row.tested),
        )


@dataclass(frozen=True)
class Outcome:
    """A row of the table, a number per seed: `seconds` of training, and `figures` by kind.

    The kinds are `s1`, `s2`, `s1_learned` and `s2_learned`; the row is `judged` by one of
    them. `chance` names the test recordings whose guesses are its measure.
    """

    label: str
    judged: str
    runs: tuple[tuple[str, ...], ...]
    parameters: int | None
    seconds: tuple[float, ...]
    figures: tuple[Mapping[str, Figures], ...]
    chance: str
    paper: Mapping[str, float]

    def values(self, name: str, kind: str = "") -> NDArray[np.float64]:
        """A figure (seed,), nan where it was not judged."""
        kind = kind or self.judged
        return np.array([each.get(kind, {}).get(name, np.nan) for each in self.figures])


@dataclass(frozen=True)
class Study:
    """A comparison's outcomes, and what three ways of guessing score on each test set."""

    name: str
    question: str
    seeds: tuple[int, ...]
    outcomes: tuple[Outcome, ...]
    chance: Mapping[str, Mapping[str, Figures]]

    def beats_chance(self, outcome: Outcome) -> bool:
        """Whether the row's means are above all ways of guessing."""
        return all(
            outcome.values(name).mean() > guess[name]
            for name in TELLING
            for guess in self.chance[outcome.chance].values()
        )


def resolve(
    comparison: Comparison, given: Mapping[str, str], sources: Sources, folder: Path
) -> list[list[Recipe]]:
    """The recipes of each row's members, without their seeds.

    `given` are fields as text for all rows; to options a row adds its own. Raises ValueError for a
    field that the rows differ in, or that the study sets.
    """
    if mine := sorted(given.keys() & {"seed", "training", "validation", "cache"}):
        raise ValueError(f"{mine[0]}: a study sets it; expected other fields of a recipe")
    if same := sorted((given.keys() - {"options"}) & comparison.varied):
        raise ValueError(f"{same[0]}: what the rows differ in; expected other fields of a recipe")
    resolved = []
    for row in comparison.rows:
        own = sources.choose(row)
        shared = {
            "training": ",".join(own.training),
            "validation": ",".join(own.validation),
            "cache": str(folder / "cache"),
        }
        resolved.append(
            [
                override(
                    recipes.resolve(None, {**comparison.base, **member, **given, **shared}), member
                )
                for member in row.members
            ]
        )
    return resolved


def study(
    name: str,
    comparison: Comparison,
    given: Mapping[str, str],
    sources: Sources,
    seeds: Sequence[int],
    folder: Path,
) -> Study:
    """Train and judge what is not yet there in `folder`, and put all rows together.

    Raises ValueError as `resolve`, and when a run is stopped.
    """
    outcomes = []
    chance: dict[str, dict[str, Figures]] = {}
    resolved = resolve(comparison, given, sources, folder)
    for row, members in zip(comparison.rows, resolved, strict=True):
        runs = []
        for seed in seeds:
            print(f"{name}: {row.label}, seed {seed}", flush=True)
            own = [replace(member, seed=seed) for member in members]
            runs.append([train_once(recipe, folder / "runs") for recipe in own])
        test = sources.choose(row).test
        outcome = _judge_row(row, runs, test, folder / "judged")
        outcomes.append(outcome)
        if outcome.chance not in chance:
            chance[outcome.chance] = guess(test, read_front_end(runs[0][0])[1])
    return Study(name, comparison.question, tuple(seeds), tuple(outcomes), chance)


def _judge_row(
    row: Row, runs: Sequence[Sequence[Path]], test: Sequence[str], folder: Path
) -> Outcome:
    """The outcome of a row's `runs`, those of its members for each seed."""
    counts: list[Any] = [_read(run / "metrics.json").get("parameters") for run in runs[0]]
    return Outcome(
        label=row.label,
        judged=row.judged,
        runs=tuple(tuple(run.name for run in members) for members in runs),
        parameters=None if None in counts else sum(counts),
        seconds=tuple(sum(seconds_of(run) for run in members) for members in runs),
        figures=tuple(judge_once(members, test, folder) for members in runs),
        chance=", ".join(test),
        paper=row.paper,
    )


def train_once(recipe: Recipe, folder: Path) -> Path:
    """The finished run of a recipe below `folder`, trained if it is not there.

    Raises ValueError as `train`, and when it is stopped.
    """
    said = {
        field.name: getattr(recipe, field.name)
        for field in fields(recipe)
        if field.name not in _INDIFFERENT
    }
    run = folder / f"{recipe.model}-{_digest(said)}"
    if (run / "metrics.json").is_file() and _read(run / "metrics.json")["finished"]:
        return run
    if not train(recipe, run).finished:
        raise ValueError(f"{run}: stopped; run the same command again to go on")
    return run


def judge_once(runs: Sequence[Path], test: Sequence[str], folder: Path) -> dict[str, Figures]:
    """What `training.recognition.judge` says of the mean of `runs`, by kind of decision."""
    path = folder / f"{_digest([[run.name for run in runs], test])}.json"
    if not path.is_file():
        record.write_json(path, judge(runs, test))
    return {kind: said for kind, said in _read(path).items() if isinstance(said, dict)}


def guess(test: Sequence[str], classes: Sequence[str]) -> dict[str, Figures]:
    """Figures of three who do not listen, but know how often each class is in the test recordings.

    One always says the most frequent class. One says every class, which no threshold is too low
    for. One says each class as often as it is there, at random: the mean of many draws.
    """
    heard = corpora.load(test, "test", tuple(classes))
    targets = np.stack([recording.target for recording in heard])
    known = ~np.isnan(targets)
    present = targets == 1
    shares = present.sum(axis=0) / np.maximum(known.sum(axis=0), 1)
    rng = np.random.default_rng(0)
    said = {
        "chance: always the most frequent": [np.eye(len(classes))[[int(np.argmax(shares))]]],
        "chance: always all": [np.ones((1, len(classes)))],
        "chance: at random by frequency": [
            (rng.random(present.shape) < shares) * 1.0 for _ in range(_DRAWS)
        ],
    }
    guessed: dict[str, Figures] = {}
    for label, draws in said.items():
        figures = [
            tags.figures(present, np.broadcast_to(draw, present.shape), classes, known=known)
            for draw in draws
        ]
        guessed[label] = {
            name: float(np.mean([each[name] for each in figures])) for name in FIGURES
        }
    return guessed


def seconds_of(run: Path) -> float:
    """How long a run was trained, its validations counted in."""
    if not (run / "history.csv").is_file():
        return float(_read(run / "metrics.json")["seconds"])
    with (run / "history.csv").open(encoding="utf-8", newline="") as file:
        return 60 * float(list(csv.DictReader(file))[-1]["minutes"])


def _choose(name: str, sources: tuple[str, ...], number: int | None) -> tuple[str, ...]:
    if number is None:
        return sources
    if len(sources) != 2:
        raise ValueError(f"--{name}: expected two corpora, A=ROOT,B=ROOT, got {len(sources)}")
    return (sources[number],)


def _read(path: Path) -> dict[str, Any]:
    said: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return said


def _digest(said: object) -> str:
    return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()[:10]
