"""A mixture beside each of its solos: the level of each instrument, and its estimate.

A column for the mixture and for each solo, a row for each instrument, and a last one for the
loudest of all others: what a system detects in the solo should be detected in the mixture too, and
nowhere else (Neuroment 2022, figures 19 to 22).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bandscribe.display.figures import CYCLE, INK, begin, save, style
from bandscribe.types import LEVEL_FLOOR_DB, Activations

_WIDTH, _HEIGHT = 3.4, 1.15  # inch, of a panel
_OTHERS = "others"


@dataclass(frozen=True, eq=False)
class EnvelopeColumn:
    """Reference and estimated levels, in dB, of a recording called `name`.

    `reference` has the classes that play in the mixture, `estimate` all that the system knows. In
    `estimate`, a class that does not play is silent.
    """

    name: str
    reference: Activations
    estimate: Activations


def plot(path: str | Path, columns: Sequence[EnvelopeColumn], *, title: str = "") -> None:
    """Draw into `path`. Raises ValueError without columns, or for other values than levels."""
    if not columns:
        raise ValueError("columns: expected a mixture and its solos, got none")
    for column in columns:
        if {column.reference.kind, column.estimate.kind} != {"level_db"}:
            raise ValueError(f"columns: expected levels of {column.name!r}")
    rows = (*columns[0].reference.classes, _OTHERS)
    figure = begin(_WIDTH * len(columns) + 0.6, _HEIGHT * len(rows) + 0.9, title)
    axes = figure.subplots(len(rows), len(columns), squeeze=False, sharex=True, sharey=True)
    for x, column in enumerate(columns):
        axes[-1, x].set_xlabel("seconds", fontsize=9, color=INK)
        for y, row in enumerate(rows):
            axis, colour = axes[y, x], CYCLE[y % len(CYCLE)]
            if row in column.reference.classes:
                level = column.reference.values[:, column.reference.classes.index(row)]
                axis.fill_between(
                    column.reference.times, LEVEL_FLOOR_DB, level, color="#CFCFCF", linewidth=0
                )
            axis.plot(
                column.estimate.times,
                _level_of(column.estimate, row, rows),
                color=INK if row == _OTHERS else colour,
                linewidth=1.2,
            )
            axis.set_ylim(LEVEL_FLOOR_DB, 2)
            axis.set_yticks((-60, -40, -20, 0))
            style(axis, title="" if y else column.name, grid="y")
    for y, row in enumerate(rows):
        axes[y, 0].set_ylabel(
            row, rotation=0, ha="right", va="center", fontsize=10, fontweight="bold",
            color=INK if row == _OTHERS else CYCLE[y % len(CYCLE)],
        )  # fmt: skip
    axes[0, 0].set_xlim(0, float(columns[0].reference.times[-1]))
    save(path, figure)


def _level_of(estimate: Activations, row: str, rows: Sequence[str]) -> NDArray[np.float32]:
    """(frame,) of a class, or the loudest of the classes that have no row."""
    if row == _OTHERS:
        kept = [i for i, name in enumerate(estimate.classes) if name not in rows]
        loudest = estimate.values[:, kept].max(axis=1, initial=LEVEL_FLOOR_DB)
        return np.asarray(loudest)
    return estimate.values[:, estimate.classes.index(row)]
