"""Hyperparameter search for drum networks: search spaces, trials and their outcomes.

Source: Fosse 2025, Automatic Drum Transcription using Deep Learning, chapter 3 (the spaces) and
section 5.3 (the settings of every trial). A trial is a run of `bandscribe train drums` in a folder
named by its recipe: a stopped search resumes, and searches in one folder share trials. They are run
by `training.tune`.
"""

from __future__ import annotations

import itertools
import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from bandscribe.datasets.address import CorpusAddress
from bandscribe.files import write_csv, write_text
from bandscribe.readers import parse_json, read_csv, read_json, refused
from bandscribe.runtime import cores
from bandscribe.training import recipes
from bandscribe.training.drums import recipe as drums
from bandscribe.training.drums import sources
from bandscribe.training.drums.models import MODELS
from bandscribe.training.drums.recipe import Recipe
from bandscribe.training.drums.spectra import Spectra, are_spectra
from bandscribe.training.drums.tracks import Tracks

EPOCHS = 100
#: Section 5.3, and the loss of section 5.2.2: binary cross-entropy of onsets alone, with
#: infrequency weights by the inverse of the entropy itself. A trial stops after ten epochs without
#: lower validation loss, after three the rate is a fifth; the best weights are those of the highest
#: micro F1. Weights are not averaged, and the rate does not rise first.
THESIS: Mapping[str, Any] = {
    "schedule": "plateau", "plateau_patience": 3, "patience": 10, "watch": "loss",
    "weight_exponent": 1.0, "velocity_weight": 0.0, "beat_weight": 0.0,
    "average": 0.0, "warmup_steps": 0, "workers": 0, "threads": 1,
}  # fmt: skip
#: Model to option to values that a search tries: those of chapter 3. Every combination is a
#: network; a list is one value. Of `vit` the chapter has no more than the heading: it is ours.
SEARCH_SPACES: dict[str, dict[str, tuple[Any, ...]]] = {
    "crnn": {"unit": ("gru", "lstm"), "layers": (2, 3, 4, 5), "hidden": (72, 144, 288)},
    "rnn": {"unit": ("gru", "lstm"), "layers": (2, 3, 4, 5, 6), "hidden": (72, 144, 288)},
    "cnn": {
        "channels": ([32], [32, 64], [32, 64, 96]),
        "layers": (1, 2, 3, 4),
        "hidden": (72, 144, 288, 576),
    },
    "transformer": {"width": (72, 144, 288), "layers": (2, 4, 6, 8), "heads": (2, 4, 6, 8)},
    "vit": {
        "patch": (7, 14, 21),
        "width": (72, 144, 288),
        "layers": (2, 4, 6, 8),
        "heads": (2, 4, 6, 8),
    },
}
#: The name of larger spaces, of a later state of the thesis, and where they differ.
LATER = "later"
LATER_SPACES: dict[str, dict[str, tuple[Any, ...]]] = {
    **SEARCH_SPACES,
    "rnn": {**SEARCH_SPACES["rnn"], "hidden": (72, 144, 288, 576)},
    "transformer": {**SEARCH_SPACES["transformer"], "layers": (2, 4, 6, 8, 10)},
    "vit": {**SEARCH_SPACES["vit"], "width": (72, 144, 288, 576), "layers": (2, 4, 6, 8, 10)},
}
#: Written into a trial that the scheduler ended.
STOPPED = "stopped.json"

Proposal = dict[str, Any]


@dataclass(frozen=True)
class TrialOutcome:
    """The outcome of a trial.

    `epochs` are validations; `best` is the highest micro F1 of validation, and `minutes` what it
    took to the last. `state` is `new`, `begun`, `finished`, or `stopped` by the scheduler.
    """

    run: Path
    recipe: Recipe
    state: str
    epochs: int
    best: float
    minutes: float


def resolve(
    path: Path | None, values: Mapping[str, str], corpora: Sequence[str], epochs: int = EPOCHS
) -> Recipe:
    """The recipe that all trials share.

    What neither the file nor `values` give is as in the thesis: ten classes where the corpora have
    them, else five or three; so too where the file has more than they annotate. An epoch has as
    many seconds as there are to train on. Chunks are no longer than excerpts, since attention
    learns no positions beyond. The cache, if there is one, is filled.

    Raises ValueError naming the field.
    """
    in_file = read_json(path).keys() if path else set()
    given = {**values, **({"corpora": ",".join(corpora)} if corpora else {})}
    recipe = recipes.resolve(path, given, Recipe, dict.fromkeys(MODELS, THESIS))
    free = {field.name for field in fields(Recipe)} - in_file - given.keys()
    own: dict[str, Any] = {}
    if "chunk_seconds" in free:
        own |= {
            "chunk_seconds": recipe.excerpt_seconds,
            "overlap_seconds": recipe.excerpt_seconds / 4,
        }
    if recipe.corpora:
        if "classes" not in given:
            most = most_classes((*recipe.corpora, *recipe.validation_corpora))
            own["classes"] = most if "classes" in free else min(most, recipe.classes)
        prepare(replace(recipe, **own))
        if "validate_every" in free:
            own["validate_every"] = count_steps(replace(recipe, **own))
    own |= {} if "steps" not in free else {
        "steps": epochs * own.get("validate_every", recipe.validate_every)
    }  # fmt: skip
    return replace(recipe, **own)


def prepare(recipe: Recipe) -> None:
    """Make what all trials read of the recipe's cache, if it has one, on all cores.

    A trial has one of them. Raises ValueError as `sources.load`.
    """
    if recipe.cache and not any(map(are_spectra, recipe.corpora)):
        sources.load(replace(recipe, workers=cores()))


def count_steps(recipe: Recipe) -> int:
    """Steps per epoch: as many seconds of excerpts as the corpora have."""
    if all(map(are_spectra, recipe.corpora)):
        bins = drums.front_end(recipe).n_bins
        found = Spectra.load(recipe.corpora, "train", classes=recipe.classes, bins=bins)
        return max(1, math.ceil(len(found) / recipe.batch))
    cache = Path(recipe.cache) if recipe.cache else None
    tracks = Tracks.load(
        recipe.corpora, "train", classes=recipe.classes, sample_rate=44100, cache=cache,
        alignment=recipe.alignment,
    )  # fmt: skip
    return max(1, math.ceil(sum(tracks.seconds) / (recipe.batch * recipe.excerpt_seconds)))


def most_classes(corpora: Iterable[str]) -> int:
    """The most classes that all corpora annotate. Raises ValueError as `CorpusAddress.parse`."""
    return min(max(CorpusAddress.parse(text, "drums").corpus.counts) for text in corpora)


def space_of(model: str, text: str | None) -> Mapping[str, Sequence[Any]]:
    """The search space of a network: a JSON object of names and lists of values.

    None is the space of chapter 3, `LATER` the larger one. Raises ValueError for other text.
    """
    if text is None or text == LATER:
        return (SEARCH_SPACES if text is None else LATER_SPACES)[model]
    given = parse_json(text, "space")
    if not isinstance(given, dict) or not all(
        isinstance(values, list) and values for values in given.values()
    ):
        raise ValueError(f"space: expected an object of names and lists of values, got {text}")
    return given


def propose(
    space: Mapping[str, Sequence[Any]], *, trials: int | None, seed: int = 0
) -> list[Proposal]:
    """`trials` distinct random points of a space; None: the whole grid, in order.

    A longer search begins with the points of a shorter one of the same seed. Raises ValueError for
    no trials.
    """
    grid = [dict(zip(space, values, strict=True)) for values in itertools.product(*space.values())]
    if trials is None:
        return grid
    if trials < 1:
        raise ValueError(f"trials: expected 1 or more, got {trials}")
    drawn = np.random.default_rng(seed).permutation(len(grid))[:trials]
    return [grid[index] for index in drawn]


def apply(recipe: Recipe, proposal: Proposal) -> Recipe:
    """The recipe with a proposal's fields, and options of its network.

    Raises ValueError for a name that is neither.
    """
    known = {field.name for field in fields(Recipe)}
    own = {name: value for name, value in proposal.items() if name in known}
    options = {name: value for name, value in proposal.items() if name not in known}
    return recipes.make(Recipe, {**own, "options": {**recipe.options, **options}}, recipe)


def read(run: Path, recipe: Recipe) -> TrialOutcome:
    """The outcome of a recipe's trial so far."""
    rows = read_history(run)
    state = "begun" if rows else "new"
    if (run / STOPPED).is_file():
        state = "stopped"
    elif (run / "metrics.json").is_file():
        metrics = read_json(run / "metrics.json")
        with refused(f"{run / 'metrics.json'}: damaged; delete it, to go on"):
            state = "finished" if metrics["finished"] else state
    return TrialOutcome(
        run,
        recipe,
        state,
        len(rows),
        max((row["micro_f1"] for row in rows), default=math.nan),
        rows[-1]["minutes"] if rows else 0.0,
    )


def is_over(outcome: TrialOutcome) -> bool:
    """Whether it is finished or was stopped."""
    return outcome.state in ("finished", "stopped")


def read_history(run: Path) -> list[dict[str, float]]:
    """The validations of a run so far, the first one first."""
    if not (run / "history.csv").is_file():
        return []
    with refused(f"{run / 'history.csv'}: damaged"):
        rows = read_csv(run / "history.csv", "step", "minutes")
        return [{name: float(text) for name, text in row.items()} for row in rows]


def choose(outcomes: Iterable[TrialOutcome]) -> TrialOutcome:
    """The best: the highest micro F1 of validation; the first of equals.

    Raises ValueError where none was ever validated.
    """
    known = [outcome for outcome in outcomes if outcome.epochs]
    if not known:
        raise ValueError("trials: none has come to its first validation")
    return max(known, key=lambda outcome: outcome.best)


def tabulate(outcomes: Sequence[TrialOutcome]) -> list[str]:
    """Lines: the trials, the best first."""
    lines = [f"{'trial':<24}{'state':<10}{'epochs':>6}{'minutes':>9}{'micro F1':>10}  options"]
    for each in sorted(outcomes, key=_rank):
        options = ", ".join(f"{name} {value}" for name, value in each.recipe.options.items())
        lines.append(
            f"{each.run.name:<24}{each.state:<10}{each.epochs:>6}{each.minutes:>9.1f}"
            f"{each.best:>10.3f}  {options}"
        )
    return lines


def write(folder: Path, outcomes: Sequence[TrialOutcome]) -> TrialOutcome:
    """Write trials.csv, and the recipe of the best trial as best.json; returns that trial.

    Raises ValueError as `choose`, OSError as `bandscribe.files.whole`.
    """
    best = choose(outcomes)
    write_table(folder / "trials.csv", sorted(outcomes, key=_rank))
    write_text(folder / "best.json", recipes.to_json(best.recipe) + "\n")
    return best


def write_table(path: Path, outcomes: Sequence[TrialOutcome]) -> None:
    """Write a line for each trial. Raises OSError as `bandscribe.files.whole`."""
    columns = ("trial", "corpora", "model", "options", "learning_rate", "seed", "parameters",
               "state", "epochs", "minutes", "micro_f1")  # fmt: skip
    rows = (
        (each.run.name, " ".join(recipe.corpora), recipe.model, json.dumps(recipe.options),
         recipe.learning_rate, recipe.seed, count_parameters(recipe), each.state, each.epochs,
         round(each.minutes, 3), each.best)
        for each in outcomes
        for recipe in [each.recipe]
    )  # fmt: skip
    write_csv(path, columns, rows)


def _rank(outcome: TrialOutcome) -> float:
    return -outcome.best if outcome.epochs else math.inf


def count_parameters(recipe: Recipe) -> int:
    """The number of weights of its network."""
    with torch.device("meta"):
        return sum(weight.numel() for weight in drums.build(recipe).parameters())
