"""`bandscribe export`: a training run becomes an ONNX file with its card."""

from __future__ import annotations

import json
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
        bool, typer.Option("--quantise", help="LSTM weights in 8 bits: smaller and faster.")
    ] = False,
) -> None:
    """Write the best weights of a run as a model (extra: train)."""
    require("train", "torch", "onnx")
    task = _task(run)
    name = name or {"activity": "instruments"}.get(task, task)
    path = output or run / f"{name}.onnx"
    if credits:
        from bandscribe.training import record

        record.add_credits(run, credits)
    if task == "recognition":
        from bandscribe.training.recognition.ship import ship as ship_recognizer

        ship_recognizer(run, path, name=name)
    elif task == "activity":
        from bandscribe.training.activity.ship import ship as ship_tracker

        ship_tracker(run, path, name=name)
    elif task == "drummernet":
        from bandscribe.training.drummernet.ship import ship as ship_drummernet

        ship_drummernet(run, path, name=name)
    elif task == "adaptation":
        from bandscribe.training.adaptation.ship import ship as ship_adapted

        ship_adapted(run, path, name=name, quantise=quantise)
    elif task == "hits":
        from bandscribe.training.hits.ship import ship as ship_classifier

        ship_classifier(run, path, name=name)
    else:
        from bandscribe.training.drums.ship import ship

        ship(run, path, name=name, quantise=quantise)
    print(f"{run} → {path}  {path.stat().st_size / 1e6:.1f} MB")


def _task(run: Path) -> str:
    """What a run was trained for; a folder that is no run is drums', and refused there."""
    metrics = run / "metrics.json"
    return json.loads(metrics.read_text(encoding="utf-8"))["task"] if metrics.is_file() else "drums"
