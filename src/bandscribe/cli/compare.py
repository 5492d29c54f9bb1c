"""`bandscribe compare`: results of `bandscribe evaluate` compared."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bandscribe.cli.report import complain, count


def compare(
    first: Annotated[Path, typer.Argument(metavar="A", help="A folder that evaluate wrote.")],
    others: Annotated[
        list[Path], typer.Argument(metavar="B", help="Another, of the same corpus; or several.")
    ],
    output: Annotated[
        Path | None,
        typer.Option(
            "-o", "--output", metavar="FILE", help="Write the differences of two as JSON."
        ),
    ] = None,
    plot: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="For drums: plot precision, recall and F1 of each class and result.",
        ),
    ] = None,
) -> None:
    """Compare two systems, with confidence intervals.

    The difference B - A is given per class, with its interval from a paired bootstrap over tracks.
    B is called "better" or "worse" where the interval excludes zero.
    """
    from bandscribe.display import components
    from bandscribe.evaluation import comparison
    from bandscribe.files import write_json

    if output is not None and len(others) > 1:
        raise typer.BadParameter(f"-o: is for two results, got {1 + len(others)}")
    base = comparison.load(first)
    for second in others:
        found = comparison.contrast(base, comparison.load(second))
        for remark in found.remarks:
            complain(f"the results differ in {remark}")
        if found.unpaired:
            complain(f"{len(found.unpaired)} tracks are in one result alone and left out")
        number = count(found.tracks, "track")
        print(f"{first} and {second}: {number} in both")
        print("\n".join(comparison.tabulate(found)))
        if output is not None:
            write_json(output, comparison.to_json(found))
    if plot is not None:
        folders = [first, *others]
        names = [folder.resolve().name for folder in folders]
        views = [components.View(*rates) for rates in comparison.stack_rates(folders)]
        components.plot(plot, names, views)
        print(f"\n{plot}: precision, recall and F1 by class")
