"""The training tasks by name: their recipes, how they are trained, and how a run becomes a model.

A task is a folder of this package with a `Recipe` in `recipe` (and `DEFAULTS`, where its networks
differ in them), `train` in `train`, which calls `fit` with what is particular to the task, and
`check` and `describe` in `ship`, for the model card. Its modules are imported when they are needed.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from torch import nn

from bandscribe.runtime import ModelCard
from bandscribe.training import checkpoints, export, recipes
from bandscribe.training.fit import FitResult

#: These name the sources of their models by themselves.
_SELF_CREDITED = ("factorization", "adaptation")


@dataclass(frozen=True)
class Export:
    """What a run is exported as: a network that takes `bins` values per frame, and its card.

    `output` is what the network gives: logits, or activations. Where it takes no other number of
    frames, that is `frames`.
    """

    card: ModelCard
    network: nn.Module
    bins: int
    output: str = "logits"
    frames: int | None = None


def recipe_of(task: str) -> type[Any]:
    """The dataclass of a task's recipe."""
    kind: type[Any] = _import(task, "recipe").Recipe
    return kind


def resolve(task: str, path: Path | None, values: Mapping[str, str]) -> Any:
    """The recipe in a file (None: the defaults), with `values` as text instead of some of it.

    What neither gives is as the task's `DEFAULTS` have it for the model. Raises ValueError naming
    the field.
    """
    defaults = getattr(_import(task, "recipe"), "DEFAULTS", {})
    return recipes.resolve(path, values, recipe_of(task), defaults)


def train(task: str, recipe: Any, run: Path) -> FitResult:
    """Train into the folder `run`, or resume the run in it. Raises as the task's `train`."""
    result: FitResult = _import(task, "train").train(recipe, run)
    return result


def check(task: str, recipe: Any) -> None:
    """Raise ValueError for what will keep a run of this recipe from being exported."""
    if task not in _SELF_CREDITED:
        _import(task, "ship").check(recipe)


def name_of(run: Path) -> str:
    """What the model of a run is called, if not otherwise. Raises ValueError as `ship`."""
    task = _task_of(run)
    return "instruments" if task == "activity" else task


def ship(run: Path, path: Path, *, name: str | None = None, quantise: bool = False) -> ModelCard:
    """Export the best weights of a run to `path`, and return the card that went in.

    `quantise` as in `training.export.export`.

    Raises ValueError when the folder is no run, or has no metrics yet, when its credits leave a
    source out, and when onnxruntime and torch disagree.
    """
    made: Export = _import(_task_of(run), "ship").describe(run, name or name_of(run))
    export.export(
        made.network, made.card, path, bins=made.bins, quantise=quantise, output=made.output,
        frames=made.frames,
    )  # fmt: skip
    return made.card


def make_card(
    run: Path, recipe: Any, name: str, metrics: dict[str, Any], **given: Any
) -> ModelCard:
    """The card of a run: the fields that its task gives, with metrics, recipe and commit."""
    return ModelCard(
        name=name,
        metrics=metrics,
        recipe=json.loads(recipes.to_json(recipe)),
        commit=export.read_commit(run),
        **given,
    )


def load_best(network: nn.Module, run: Path) -> nn.Module:
    """The network with the best weights of a run."""
    return checkpoints.fill(network, run / "best.pt")


def _task_of(run: Path) -> str:
    """What a run was trained for."""
    if not (run / "recipe.json").is_file():
        raise ValueError(f"{run}: no recipe.json in it; name the folder of a training run")
    task = str(export.read_metrics(run).get("task"))
    if not task.isidentifier() or not find_spec(f"bandscribe.training.{task}"):
        raise ValueError(f"{run / 'metrics.json'}: of no task that there is: {task[:40]!r}")
    if task == "factorization":
        raise ValueError(f"{run}: its templates are a model as they are: --model {run}/NAME.npz")
    return task


def _import(task: str, module: str) -> Any:
    return import_module(f"bandscribe.training.{task}.{module}")
