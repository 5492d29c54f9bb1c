"""`bandscribe export`: a training run becomes an ONNX file with its card."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bandscribe.cli.report import require


def export(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="The folder of a training run.")],
    output: Annotated[
        Path | None, typer.Option("-o", "--output", metavar="PATH", help="Default: RUN/NAME.onnx")
    ] = None,
    name: Annotated[
        str | None, typer.Option(help="The model's name.", show_default="the task's")
    ] = None,
    credits: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="CSV file with name,licence,origin of each source.",
            show_default="the run's",
        ),
    ] = None,
    quantise: Annotated[
        bool, typer.Option("--quantise", help="Store LSTM weights in 8 bits: smaller, faster.")
    ] = False,
    thresholds: Annotated[
        str | None,
        typer.Option(
            metavar="MODEL",
            help="A model whose thresholds and calibration are kept, such as that before a "
            "training on all recordings.",
            show_default="those that the run learned",
        ),
    ] = None,
) -> None:
    """Write the best weights of a run as a model (extra: train)."""
    require("train", "torch", "onnx")
    from bandscribe import runtime
    from bandscribe.training import credits as crediting
    from bandscribe.training import ship

    kept = runtime.load(thresholds).card if thresholds else None
    name = name or ship.name_of(run)
    path = output or run / f"{name}.onnx"
    if credits:
        crediting.add(run, credits)
    ship.ship(run, path, name=name, quantise=quantise, thresholds=kept)
    print(f"{run} → {path}  {path.stat().st_size / 1e6:.1f} MB")
