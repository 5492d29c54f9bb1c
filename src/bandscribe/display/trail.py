"""Figures in [0, 1] over the examples of a training, a panel for each of several runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from bandscribe.display.figures import BLUE, GREEN, INK, ORANGE, PURPLE, RED, begin, save, style

_COLOURS = (INK, BLUE, ORANGE, GREEN, PURPLE, RED)
_COLUMNS = 3


def plot(
    path: str | Path,
    runs: Mapping[str, Sequence[Mapping[str, Any]]],
    names: Mapping[str, str],
    *,
    title: str = "",
) -> None:
    """Draw `runs`, whose rows have `items` and a value for each of `names`, by their titles.

    Raises ValueError where there is no run or no name.
    """
    if not runs or not names:
        raise ValueError("runs, names: expected at least one of each")
    columns = min(_COLUMNS, len(runs))
    rows = -(-len(runs) // columns)
    figure = begin(4.2 * columns, 2.8 * rows + 0.6, title)
    axes = figure.subplots(rows, columns, sharex=True, sharey=True, squeeze=False).ravel()
    for axis in axes[len(runs) :]:
        axis.axis("off")
    for axis, (label, points) in zip(axes, runs.items(), strict=False):
        items = [point["items"] for point in points]
        for place, (name, shown) in enumerate(names.items()):
            axis.plot(
                items,
                [point[name] for point in points],
                "o-",
                color=_COLOURS[place % len(_COLOURS)],
                markersize=3,
                label=shown,
            )
        axis.set_xlabel("excerpts trained on", color=INK)
        axis.set_ylim(0, 1)
        style(axis, title=label, grid="y")
    axes[0].set_ylabel("F1", color=INK)
    axes[0].legend(frameon=False, fontsize=8.5, labelcolor=INK)
    save(path, figure)
