"""`bandscribe catalogue`: many recordings, analysed into tables that can be queried."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bandscribe.cli.arguments import make_group
from bandscribe.cli.catalogue_queries import export, find, similar, stats
from bandscribe.cli.report import clock, complain, count, require, usage_errors, visible

if TYPE_CHECKING:
    from bandscribe.catalogue.build import Progress

#: Seconds between two lines of a log.
_EVERY = 30.0
_SHOWN = 20  # failures that are named

catalogue = make_group(
    "catalogue",
    "Analyse many recordings into Parquet tables, and query them.",
)


@catalogue.command()
def build(
    sources: Annotated[
        list[str],
        typer.Argument(
            metavar="SOURCE",
            help="Folders, files, patterns, CSV or Parquet lists with a column path, or addresses "
            "such as s3://bucket/folder.",
        ),
    ],
    output: Annotated[
        Path,
        typer.Option("-o", "--output", metavar="CATALOGUE", help="Folder to create, or to add to."),
    ],
    tasks: Annotated[
        str | None,
        typer.Option(
            metavar="TASK,TASK",
            help="Any of drums, beats, instruments, activity. Default: those of the last build, "
            "or all but activity.",
        ),
    ] = None,
    jobs: Annotated[
        int | None,
        typer.Option(
            "--jobs", metavar="N", min=1, help="Number of workers. Default: one per core."
        ),
    ] = None,
    address: Annotated[
        str | None,
        typer.Option(metavar="HOST:PORT", help="Use a running Ray cluster. Default: this machine."),
    ] = None,
    retry: Annotated[bool, typer.Option("--retry", help="Retry recordings that failed.")] = False,
    drum_model: Annotated[
        str, typer.Option(metavar="NAME", help="A shipped model, or the path of an ONNX file.")
    ] = "drums",
    instrument_model: Annotated[
        str, typer.Option(metavar="NAME", help="A shipped model, or the path of an ONNX file.")
    ] = "instruments",
) -> None:
    """Analyse recordings that are not in the catalogue yet.

    Repeating the command resumes an interrupted build, and adds new recordings.
    """
    require("catalogue", "ray", "pyarrow", "duckdb", "fsspec")
    from bandscribe.catalogue.analysis import Models
    from bandscribe.catalogue.build import build as build_catalogue
    from bandscribe.catalogue.cluster import Cluster
    from bandscribe.catalogue.schema import TASKS

    chosen = [task.strip() for task in tasks.split(",")] if tasks else []
    if unknown := [task for task in chosen if task not in TASKS]:
        raise typer.BadParameter(
            f"--tasks: expected some of {', '.join(TASKS)}, got {unknown[0]!r}"
        )
    models = Models(drum_model, instrument_model)
    with usage_errors():
        models.versions(chosen or TASKS)
    # Where a worker dies, Ray prints pages of its state; it is in the error of the recording.
    with open(os.devnull, "w") as nothing, redirect_stdout(nothing), _shown() as show:  # noqa: PTH123
        progress = build_catalogue(
            output,
            sources,
            Cluster(jobs, address),
            tasks=chosen,
            models=models,
            retry=retry,
            show=show,
        )
    for problem in progress.problems[:_SHOWN]:
        complain(problem)
    if len(progress.problems) > _SHOWN:
        rest = len(progress.problems) - _SHOWN
        complain(f"and {rest:,} more; see the column error of files and recordings")
    before = ""
    if progress.failed_before:
        before = (
            f", {progress.failed_before:,} of them in earlier builds (--retry tries them again)"
        )
    if output.exists():  # a build that finds no file makes no catalogue
        print(
            f"{output}: {count(progress.files, 'file')}, {progress.unchanged:,} of them unchanged; "
            f"{count(progress.analysed, 'recording')} ({_hours(progress.audio_seconds)}) analysed "
            f"in {clock(progress.seconds)}, {count(progress.duplicates, 'duplicate')}, "
            f"{progress.failed:,} failed{before}"
        )
    if progress.problems:
        raise typer.Exit(1)


for query in (find, similar, stats, export):
    catalogue.command()(query)


def _hours(seconds: float) -> str:
    return f"{seconds / 3600:.2f} h"


def _cells(progress: Progress) -> dict[str, str]:
    """The content of a live table, and a line of a log."""
    to_do = progress.files - progress.unchanged
    rate = progress.audio_seconds / max(progress.seconds, 1e-9)
    left = progress.left
    return {
        "files": f"{progress.done:,} of {to_do:,}",
        "audio": _hours(progress.audio_seconds),
        "rate": f"{rate:.0f} x real time",
        "left": "unknown" if left is None else clock(left),
        "duplicates": f"{progress.duplicates:,}",
        "failed": f"{progress.failed:,}",
    }


@contextmanager
def _shown() -> Iterator[Callable[[Progress], None]]:
    """A live table on standard error where that is a terminal, else a line now and then."""
    if not sys.stderr.isatty():
        yield _Log()
        return
    from rich.console import Console
    from rich.live import Live
    from rich.table import Table

    with Live(console=Console(stderr=True), transient=True, refresh_per_second=4) as live:

        def show(progress: Progress) -> None:
            cells = _cells(progress)
            table = Table(*cells)
            table.add_row(*map(visible, cells.values()))
            live.update(table)

        yield show


class _Log:
    """A line on standard error at the beginning, and every half minute."""

    def __init__(self) -> None:
        self._last = float("-inf")

    def __call__(self, progress: Progress) -> None:
        now = time.monotonic()
        if now - self._last >= _EVERY:
            self._last = now
            cells = _cells(progress).items()
            print(", ".join(f"{name} {value}" for name, value in cells), file=sys.stderr)
