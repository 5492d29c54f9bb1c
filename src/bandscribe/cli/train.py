"""`bandscribe train`: the fields of the task's recipe are its options."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from bandscribe.cli.report import require

TASKS = ("drums",)
USAGE = "bandscribe train drums [--recipe FILE] [--FIELD VALUE ...] [-o RUN]"


def train(
    context: typer.Context,
    task: Annotated[str, typer.Argument(metavar="TASK", help="drums")],
    recipe: Annotated[Path | None, typer.Option(metavar="FILE")] = None,
    output: Annotated[Path, typer.Option("-o", metavar="RUN")] = Path("runs/drums"),
) -> None:
    """Train a network, or go on with a run that was stopped (extra: train)."""
    if task == "--help":
        print(f"Usage: {USAGE}\n\nbandscribe train drums --help shows every field.")
        return
    if task not in TASKS:
        raise typer.BadParameter(f"TASK: expected one of {', '.join(TASKS)}, got {task!r}")
    require("train", "torch")
    from bandscribe.training import recipes
    from bandscribe.training.drums.recipe import Recipe
    from bandscribe.training.drums.train import train as train_drums

    if "--help" in context.args:
        print(f"Usage: {USAGE}\n\n{describe(Recipe)}")
        return
    try:
        values = parse(context.args)
        base = recipes.from_file(recipe, Recipe) if recipe else Recipe()
        resolved = recipes.override(base, values)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error
    print(recipes.to_json(resolved), flush=True)
    result = train_drums(resolved, output)
    state = "finished" if result.finished else "stopped; run the same command again to go on"
    print(f"{output}: step {result.step}, {state}")


def parse(args: Sequence[str]) -> dict[str, str]:
    """`--name value` and `--name=value` as a dict; hyphens in names are underscores.

    Raises ValueError for anything else.
    """
    values = {}
    rest = iter(args)
    for argument in rest:
        name, equals, value = argument.partition("=")
        if not name.startswith("--"):
            raise ValueError(f"expected --FIELD VALUE, got {argument!r}")
        if not equals:
            following = next(rest, None)
            if following is None:
                raise ValueError(f"{name}: expected a value")
            value = following
        values[name[2:].replace("-", "_")] = value
    return values


def describe(recipe: type[Any]) -> str:
    """One line per field: name, default, and help text."""
    rows = [
        ("--recipe", "", "a JSON file of fields to start from"),
        ("-o", "runs/drums", "the run"),
    ]
    for field in dataclasses.fields(recipe):
        made = field.default_factory
        default = field.default if made is dataclasses.MISSING else made()
        shown = ",".join(map(str, default)) if isinstance(default, tuple) else str(default)
        rows.append((f"--{field.name}", shown, field.metadata.get("help", "")))
    widths = [max(len(row[i]) for row in rows) for i in range(2)]
    return "\n".join(
        f"  {name:<{widths[0]}}  {default:<{widths[1]}}  {text}".rstrip()
        for name, default, text in rows
    )
