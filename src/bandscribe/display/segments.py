"""Which drums are played in a corpus, and how many single hits were found of them.

After figures 1 and 2 of Hiner 2024, Drum Classification.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from bandscribe.display.figures import BLUE, GREEN, INK, ORANGE, PALE, begin, save

_SPLITS = {"train": BLUE, "validation": ORANGE, "test": GREEN}


def draw(
    path: str | Path,
    notes: Mapping[str, int],
    clips: Mapping[str, Mapping[str, int]],
    classes: Sequence[str],
    *,
    title: str = "",
) -> None:
    """Draw the notes of each instrument, those of `classes` in blue, and clips by class and split.

    `clips` are counts by split, then by class. Raises ValueError where there are no notes or
    classes; as `display.figures` otherwise.
    """
    if not notes or not classes:
        raise ValueError("notes, classes: expected at least one each")
    figure = begin(5.5 + 0.42 * len(notes), 4.2, title)
    left, right = figure.subplots(1, 2, width_ratios=(0.42 * len(notes) + 1, 4.5))
    colours = [BLUE if name in classes else PALE for name in notes]
    _bars(left, list(notes), np.array(list(notes.values())), colours)
    left.set_title("notes by instrument", fontsize=10.5, color=INK, loc="left")
    bottom = np.zeros(len(classes))
    for split in sorted(clips, key=lambda name: ([*_SPLITS, name].index(name), name)):
        row = np.array([clips[split].get(name, 0) for name in classes])
        right.bar(classes, row, bottom=bottom, width=0.72, color=_SPLITS.get(split, INK),
                  label=split)  # fmt: skip
        bottom += row
    _annotate(right, bottom)
    right.legend(frameon=False, fontsize=9, labelcolor=INK)
    right.set_title("single hits by class", fontsize=10.5, color=INK, loc="left")
    _finish(right, bottom)
    save(path, figure)


def _bars(axis: Any, names: Sequence[str], values: Any, colours: Sequence[str]) -> None:
    axis.bar(names, values, width=0.72, color=colours)
    _annotate(axis, values)
    _finish(axis, values)


def _annotate(axis: Any, values: Any) -> None:
    for place, value in enumerate(values):
        axis.annotate(
            f"{value:,.0f}", (place, value), (0, 2), textcoords="offset points", ha="center",
            fontsize=7.5, color=INK,
        )  # fmt: skip


def _finish(axis: Any, values: Any) -> None:
    axis.set_ylim(0, 1.12 * max(values.max(), 1))
    axis.tick_params(length=0, labelsize=9, labelcolor=INK)
    axis.yaxis.set_major_formatter("{x:,.0f}")
    axis.grid(axis="y", color="#ECECEC", linewidth=0.7)
    axis.set_axisbelow(True)
    for side in ("top", "right", "left"):
        axis.spines[side].set_visible(False)
    axis.spines["bottom"].set_color(PALE)
