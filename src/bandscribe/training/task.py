"""The training tasks by name: their recipes, and how they are trained.

A task is a folder of this package with a `Recipe` in `recipe` (and `DEFAULTS`, where its networks
differ in them) and `train` in `train`, which calls `fit` with what is particular to the task. Its
modules are imported when they are needed. `training.ship` exports the runs of all.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

from bandscribe.training import recipes
from bandscribe.training.fit import FitResult


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


def _import(task: str, module: str) -> Any:
    return import_module(f"bandscribe.training.{task}.{module}")
