"""`bandscribe train`: the fields of the task's recipe are its options."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from bandscribe.cli.report import complain, require

TASKS = ("drums", "recognition", "activity", "hits", "drummernet", "factorization", "adaptation")
USAGE = "bandscribe train TASK [--recipe FILE] [--FIELD VALUE ...] [-o RUN] [--gpus N]"


def train(
    context: typer.Context,
    task: Annotated[str, typer.Argument(metavar="TASK", help=", ".join(TASKS))],
    recipe: Annotated[Path | None, typer.Option(metavar="FILE")] = None,
    output: Annotated[Path | None, typer.Option("-o", "--output", metavar="RUN")] = None,
    gpus: Annotated[int, typer.Option(metavar="N")] = 1,
) -> None:
    """Train a network, or resume a run (extra: train)."""
    if task == "--help":
        every = "\n".join(f"bandscribe train {name} --help shows every field." for name in TASKS)
        print(f"Usage: {USAGE}\n\n{every}")
        return
    if task not in TASKS:
        raise typer.BadParameter(f"TASK: expected one of {', '.join(TASKS)}, got {task!r}")
    require("train", "torch")
    from bandscribe.training import device, recipes, record
    from bandscribe.training import task as tasks

    if "--help" in context.args:
        fields = describe(tasks.recipe_of(task), task)
        print(f"Usage: {USAGE.replace('TASK', task)}\n\n{fields}")
        return
    run = output or Path("runs") / task
    try:
        values = parse(context.args)
        if recipe is None and _is_resumed(run, tasks.recipe_of(task), values):
            recipe = run / "recipe.json"
        resolved = tasks.resolve(task, recipe, values)
        if task != "factorization":
            resolved = record.resolve_half(resolved, run)
        if gpus > 1:
            raise typer.Exit(_launch(gpus, resolved, task, recipe, run, context.args))
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error
    first = device.rank() == 0
    if first:
        print(recipes.to_json(resolved), flush=True)
        _check_exportable(task, resolved)
    result = tasks.train(task, resolved, run)
    if not first:
        return
    resume = f"bandscribe train {task} -o {run}"
    state = "finished" if result.finished else f"stopped; {resume} resumes it"
    print(f"{run}: step {result.step}, {state}")
    if result.interrupted:
        raise typer.Exit(130)


def _is_resumed(run: Path, recipe: type[Any], values: Collection[str]) -> bool:
    """Whether there is such a run, and no value given but those that a run may change."""
    changeable = {f.name for f in dataclasses.fields(recipe) if f.metadata.get("changeable")}
    return (run / "recipe.json").is_file() and changeable.issuperset(values)


def _launch(
    gpus: int, resolved: Any, task: str, recipe: Path | None, run: Path, args: Sequence[str]
) -> int:
    """Run the same command in a process per GPU; returns its exit code."""
    if task == "factorization":
        raise ValueError("gpus: factorization trains no network")
    from bandscribe.training.launch import launch

    given = ["--recipe", str(recipe)] if recipe else []
    return launch(gpus, resolved.device, ["train", task, *given, "-o", str(run), *args])


def _check_exportable(task: str, recipe: Any) -> None:
    """What `export` would refuse after the training is an error before it, or a warning.

    Who gives credits means to export the run, who gives none may add them then.
    """
    from bandscribe.training import credits

    try:
        credits.of_recipe(task, recipe)
    except ValueError as error:
        if recipe.credits:
            raise
        complain(f"this run cannot be exported yet: {error}")


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


def describe(recipe: type[Any], task: str) -> str:
    """One line per field: name, default, and help text."""
    rows = [
        ("--recipe", "", "a JSON file of fields to start from; that of the run where there is one"),
        ("-o, --output", f"runs/{task}", "the folder of the run; one that exists is resumed"),
        ("--gpus", "1", "processes that train together, on a GPU each"),
    ]
    for field in dataclasses.fields(recipe):
        made = field.default_factory
        default = field.default if made is dataclasses.MISSING else made()
        shown = ",".join(map(str, default)) if isinstance(default, tuple) else str(default)
        rows.append((f"--{field.name.replace('_', '-')}", shown, field.metadata.get("help", "")))
    widths = [max(len(row[i]) for row in rows) for i in range(2)]
    return "\n".join(
        f"  {name:<{widths[0]}}  {default:<{widths[1]}}  {text}".rstrip()
        for name, default, text in rows
    )
