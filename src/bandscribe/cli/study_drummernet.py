"""`bandscribe study drummernet`: the ablations."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bandscribe.cli.report import require, usage_errors


def drummernet(
    context: typer.Context,
    output: Annotated[
        Path,
        typer.Option(
            "-o", "--output", metavar="DIR", help="The runs, and drummernet.csv and .png."
        ),
    ],
    names: Annotated[
        str,
        typer.Option(
            "--rows",
            metavar="A,B,…",
            help="DFL, SOFT, MEL, STFT, NOE, CONV or GRU, shaped. Default: all.",
        ),
    ] = "",
    recipe: Annotated[
        Path | None, typer.Option(metavar="FILE", help="A recipe that all rows share.")
    ] = None,
) -> None:
    """Leave out parts of DrummerNet, one at a time, as Choi and Cho 2019 do (extra: train).

    Every row is trained and judged; a study that was stopped goes on when it is started again.
    Further options --FIELD VALUE are fields of the recipe for all rows: see bandscribe train
    drummernet --help. With --memory conv, all rows but GRU do without recurrent layers, which is
    faster on a CPU.
    """
    require("train", "torch", "matplotlib")
    from bandscribe.cli.train import parse
    from bandscribe.studies import drummernet as comparing
    from bandscribe.training import recipes
    from bandscribe.training.drummernet.recipe import Recipe

    with usage_errors():
        given = recipes.from_file(recipe, Recipe) if recipe else Recipe()
        base = recipes.override(given, parse(context.args))
    output.mkdir(parents=True, exist_ok=True)
    rows = [name for name in names.split(",") if name] or comparing.differ(base)
    told = comparing.run(rows, base, output)
    comparing.write(output, told)
    print("\n".join(["", *comparing.tabulate(told)]))
