"""Which drums are played in a corpus, and how many single hits were found of them.

After figures 1 and 2 of Hiner 2024, Drum Classification.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from bandscribe import splits
from bandscribe.display.figures import BLUE, INK, PALE, SPLITS, annotate, begin, save, style


def plot(
    path: str | Path,
    notes: Mapping[str, int],
    clips: Mapping[str, Mapping[str, int]],
    classes: Sequence[str],
    *,
    title: str = "",
) -> None:
    """Draw the notes of each instrument, those of `classes` in blue, and clips by class and split.

    `clips` are counts by split, then by class. Raises ValueError where there are no notes or
    classes.
    """
    if not notes or not classes:
        raise ValueError("notes, classes: expected at least one each")
    figure = begin(5.5 + 0.42 * len(notes), 4.2, title)
    left, right = figure.subplots(1, 2, width_ratios=(0.42 * len(notes) + 1, 4.5))
    colours = [BLUE if name in classes else PALE for name in notes]
    values = np.array(list(notes.values()))
    left.bar(list(notes), values, width=0.72, color=colours)
    _finish(left, values, "notes by instrument")
    bottom = np.zeros(len(classes))
    for split in splits.order(clips):
        row = np.array([clips[split].get(name, 0) for name in classes])
        right.bar(classes, row, bottom=bottom, width=0.72, color=SPLITS.get(split, INK),
                  label=split)  # fmt: skip
        bottom += row
    right.legend(frameon=False, fontsize=9, labelcolor=INK)
    _finish(right, bottom, "single hits by class")
    save(path, figure)


def _finish(axis: Any, values: Any, title: str) -> None:
    for place, value in enumerate(values):
        annotate(axis, f"{value:,.0f}", place, value, size=7.5)
    axis.set_ylim(0, 1.12 * max(values.max(), 1))
    axis.yaxis.set_major_formatter("{x:,.0f}")
    style(axis, title=title, grid="y")
