"""Which training data generalizes? One network on several sets of corpora, tested on all of them.

Source: Fosse 2025, Automatic Drum Transcription using Deep Learning, section 1.1 and chapter 7. A
test on a corpus that was not trained on is a zero-shot one. Every set is trained on for the same
number of steps.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np

from bandscribe.studies import drum_corpora, runs
from bandscribe.studies.drum_architectures import NAMES
from bandscribe.studies.drum_chance import Chance
from bandscribe.studies.drum_corpora import Figure, StudyCorpus
from bandscribe.studies.page import UNSEEN, Grid, PageSection, StudyReport, show_thresholds
from bandscribe.studies.runs import StudyRow, Train
from bandscribe.training import search
from bandscribe.training.drums.recipe import Recipe
from bandscribe.vocabulary import DRUMS


@dataclass(frozen=True)
class DataResult:
    """A training set, A+B: its runs (one per seed), their hours, and F1 by test set and name."""

    trained: str
    runs: tuple[Path, ...]
    hours: float
    recipe: Recipe
    figures: Mapping[str, Mapping[str, Figure]]


def combine(sources: Sequence[StudyCorpus], named: Sequence[str]) -> list[str]:
    """The training sets: those `named`, such as `A+B`, or each corpus alone and all together.

    Raises ValueError for a corpus that there is not, or that is no more than a test set.
    """
    known = [source.label for source in sources if source.trainable]
    if not known:
        raise ValueError("corpus: none has the splits train, validation and test")
    if not named:
        return [*known, "+".join(known)] if len(known) > 1 else known
    sets = ["+".join(dict.fromkeys(text.split("+"))) for text in named]
    for labels in sets:
        if unknown := [label for label in labels.split("+") if label not in known]:
            raise ValueError(f"train: expected some of {', '.join(known)}, got {unknown[0]!r}")
    return sets


def plan(sources: Sequence[StudyCorpus], sets: Sequence[str], base: Recipe) -> dict[str, Recipe]:
    """The recipe of each training set, of as many of its classes as all sets annotate.

    Raises ValueError where one cannot be.
    """
    known = {source.label: source for source in sources}
    corpora = {labels: tuple(known[label].text for label in labels.split("+")) for labels in sets}
    classes = min(base.classes, search.most_classes(chain(*corpora.values())))
    return {
        labels: replace(base, corpora=named, validation_corpora=(), classes=classes)
        for labels, named in corpora.items()
    }


def study(
    sources: Sequence[StudyCorpus],
    planned: Mapping[str, Recipe],
    seeds: Sequence[int],
    folder: Path,
    train: Train[Recipe],
    problems: list[str],
) -> Iterator[DataResult]:
    """Train and evaluate; a training set at a time.

    Tracks that cannot be evaluated have a line in `problems`. Raises ValueError where a run fails
    or was stopped.
    """
    count = drum_corpora.count_classes(sources)

    def evaluate(row: StudyRow, run: tuple[Path, ...]) -> dict[str, Any]:
        return {
            source.label: drum_corpora.evaluate(run[0], source, count, folder, problems)
            for source in sources
        }

    for labels, recipe in planned.items():
        outcome = runs.compare(
            StudyRow(labels), [recipe], seeds, folder / "trials", train, evaluate
        )
        own = tuple(run for (run,) in outcome.runs)
        figures = {
            source.label: drum_corpora.score(
                [seed[source.label] for seed in outcome.scores], DRUMS[count]
            )
            for source in sources
        }
        hours = sum(search.read(run, recipe).minutes for run in own) / 60
        yield DataResult(labels, own, hours, recipe, figures)


def report(
    results: Sequence[DataResult],
    corpora: Sequence[Mapping[str, Any]],
    chance: Chance,
    classes: Sequence[str],
    about: str,
) -> StudyReport:
    """The report of all results; `corpora` are the rows of `drum_corpora.describe`."""
    at = {(each.trained, test): each for each in results for test in each.figures}
    grid = Grid(
        {place: each.figures[place[1]] for place, each in at.items()},
        chance,
        {place: len(each.runs) for place, each in at.items()},
        frozenset(place for place in at if place[1] in place[0].split("+")),
        zero_shot=True,
    )
    count = len(classes)
    lines = {
        place: {
            "zero_shot": int(place not in grid.trained),
            "seeds": len(each.runs),
            "hours": each.hours,
            "thresholds": drum_corpora.show_thresholds(each.runs[0], count),
            "runs": " ".join(run.name for run in each.runs),
        }
        for place, each in at.items()
    }
    by_name = {each.trained: each for each in results}

    def mean_unseen(row: str) -> str:
        unseen = [
            figures["micro"].mean
            for place, figures in grid.figures.items()
            if place[0] == row and place not in grid.trained
        ]
        return f"{np.mean(unseen):.3f}" if unseen else "–"

    recipe = results[0].recipe
    options = ", ".join(f"{name} {value}" for name, value in recipe.options.items())
    return StudyReport(
        "data", "Which training data generalizes?", about, grid, corpora, classes, lines,
        note=f" among those with {UNSEEN}, which trained on nothing of the corpus (zero-shot); "
        "grey: the corpus was trained on",
        columns={
            f"mean of {UNSEEN}": mean_unseen,
            "hours": lambda row: f"{by_name[row].hours:.2f}",
        },
        sections=(
            PageSection(
                "How it was trained", f"{NAMES[recipe.model]} network: {options}; "
                f"{recipe.steps:,} steps of {recipe.batch} excerpts of "
                f"{recipe.excerpt_seconds:g} s for every row, at most.", "",
            ),
            show_thresholds(
                ["trained on"], {(each.trained,): each.runs[0] for each in results}, count
            ),
        ),
    )  # fmt: skip
