"""`bandscribe tune`: a search for the best options of a drum network."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bandscribe.cli.report import complain, require, usage_errors

if TYPE_CHECKING:
    from bandscribe.training.search import TrialOutcome

EPOCHS = 100
TRIALS = 10

Trials = Annotated[
    int, typer.Option(metavar="N", help="Number of combinations to try, chosen at random.")
]
Grid = Annotated[bool, typer.Option("--grid", help="Try every combination instead.")]
Space = Annotated[
    str | None,
    typer.Option(
        metavar="JSON|later",
        help="Values to try of the network's options or of fields of the recipe, such as "
        '{"layers": [2, 3], "learning_rate": [1e-3, 3e-4]}; later: the larger search spaces of a '
        "later state of the thesis.",
    ),
]
Scheduler = Annotated[
    str,
    typer.Option(
        metavar="asha|fifo", help="Early stopping of inferior trials (asha), or none (fifo)."
    ),
]
Epochs = Annotated[int, typer.Option(metavar="N", help="Maximum number of epochs per trial.")]
Jobs = Annotated[
    int | None, typer.Option(metavar="N", help="Trials in parallel. Default: one per core.")
]
Gpus = Annotated[
    float | None,
    typer.Option(
        metavar="X",
        min=0,
        help="GPUs per trial; 0.5 runs two trials on each GPU. Default: one, if there are any.",
    ),
]
Cluster = Annotated[
    str | None,
    typer.Option("--address", metavar="RAY", help="A Ray cluster. Default: this machine."),
]
Seed = Annotated[int, typer.Option(metavar="N", help="Seed of the random trials.")]


def tune(
    context: typer.Context,
    task: Annotated[str, typer.Argument(metavar="TASK", help="drums.")],
    output: Annotated[
        Path,
        typer.Option(
            "-o", "--output", metavar="DIR", help="Folder for trials, trials.csv, best.json."
        ),
    ],
    corpus: Annotated[
        list[str] | None,
        typer.Option(
            "--corpora",
            "--corpus",
            metavar="CORPUS,…",
            help="Corpora to train and validate on: NAME=ROOT for their own splits, or "
            "NAME:SPLIT/AUDIO=ROOT for one split. May be repeated.",
        ),
    ] = None,
    recipe: Annotated[
        Path | None, typer.Option(metavar="FILE", help="A JSON file of fields to start from.")
    ] = None,
    trials: Trials = TRIALS,
    grid: Grid = False,
    space: Space = None,
    scheduler: Scheduler = "asha",
    epochs: Epochs = EPOCHS,
    jobs: Jobs = None,
    gpus: Gpus = None,
    address: Cluster = None,
    draw_seed: Seed = 0,
) -> None:
    """Search for the best options of a drum network (extra: tune).

    The method is that of Fosse 2025. Further options --FIELD VALUE set fields of the recipe of all
    trials: see bandscribe train drums --help. --model names the network. Each trial is a run, like
    those of bandscribe train. An interrupted search resumes when the command is repeated.
    """
    if task != "drums":
        raise typer.BadParameter(f"TASK: expected drums, got {task!r}")
    require("tune", "torch", "ray")
    from bandscribe.cli.train import parse
    from bandscribe.training import search

    with usage_errors():
        base = search.resolve(
            recipe, parse(context.args), ",".join(corpus or ()).split(","), epochs
        )
        tried = propose(base, space, None if grid else trials, draw_seed, output / "trials")
    with table() as show:
        outcomes = run(tried, scheduler=scheduler, jobs=jobs, gpus=gpus, address=address, show=show)
    print("\n".join(search.tabulate(outcomes)))
    best = search.write(output, outcomes)
    print(f"\nbest of {len(outcomes)}: {best.run}, micro F1 {best.best:.3f} in validation")
    print(f"bandscribe train drums --recipe {output / 'best.json'} --seed 2 -o {output / 'again'}")
    stop_if_left(outcomes)


def propose(
    base: Any, space: str | None, trials: int | None, seed: int, folder: Path
) -> dict[Path, Any]:
    """The recipes to try, by their folders.

    Raises ValueError for a space that is none, or a combination that is no network.
    """
    from bandscribe.training import recipes, search

    points = search.propose(search.space_of(base.model, space), trials=trials, seed=seed)
    tried = [search.apply(base, point) for point in points]
    return {recipes.place(recipe, folder): recipe for recipe in tried}


def run(trials: Mapping[Path, Any], **how: Any) -> list[TrialOutcome]:
    """`training.tune.search`, which loads Ray, unless all are over."""
    from bandscribe.training.search import is_over, read

    found = [read(folder, recipe) for folder, recipe in trials.items()]
    if all(map(is_over, found)):
        return found
    from bandscribe.training import tune as ray_tune

    return ray_tune.search(trials, **how)


def stop_if_left(outcomes: Sequence[TrialOutcome]) -> None:
    """End the command where some trials are not over."""
    from bandscribe.training.search import is_over

    if not all(map(is_over, outcomes)):
        complain("stopped; run the same command again to go on")
        raise typer.Exit(1)


@contextmanager
def table() -> Iterator[Callable[[Sequence[TrialOutcome]], None]]:
    """A live table of trials on a terminal; elsewhere a line for each validation."""
    if not sys.stderr.isatty():
        reported: dict[Path, tuple[str, int]] = {}

        def report(outcomes: Sequence[TrialOutcome]) -> None:
            for each in outcomes:
                if reported.get(each.run, ("new", 0)) != (each.state, each.epochs):
                    reported[each.run] = (each.state, each.epochs)
                    print(
                        f"{each.run.name} {each.state} · epoch {each.epochs} · "
                        f"best {each.best:.3f} · {each.minutes:.1f} min",
                        file=sys.stderr, flush=True,
                    )  # fmt: skip

        yield report
        return
    from rich.console import Console
    from rich.live import Live

    with Live(console=Console(stderr=True), refresh_per_second=2) as live:
        yield lambda outcomes: live.update(_draw(outcomes))


def _draw(outcomes: Sequence[TrialOutcome]) -> Any:
    from rich.table import Table

    drawn = Table("trial", "options", "state", "epoch", "micro F1", "minutes", box=None)
    known = [each.best for each in outcomes if each.epochs]
    for each in outcomes:
        options = ", ".join(f"{name} {value}" for name, value in each.recipe.options.items())
        drawn.add_row(
            each.run.name, options, each.state, str(each.epochs),
            "" if math.isnan(each.best) else f"{each.best:.3f}", f"{each.minutes:.1f}",
            style="bold" if known and each.best == max(known) else "",
        )  # fmt: skip
    return drawn
