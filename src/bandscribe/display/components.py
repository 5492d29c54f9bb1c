"""Precision, recall and F1 of each class, of several systems side by side.

As figures 5 and 6 of Deep Unsupervised Drum Transcription (2019) show them of kick, snare and
hi-hat: a column for each figure, a row for each number of classes, a colour for each system.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bandscribe.display.figures import CYCLE, INK, PALE, begin, save, style

FIGURES = ("precision", "recall", "F1")
_WIDTHS = (3.2, 13.0)  # inch, of a column: at the least, and of all at the most
_ROW = 2.3  # inch
_GROUP = 0.8  # of the distance of two classes, what their bars take


@dataclass(frozen=True, eq=False)
class View:
    """Some classes, the last of which may be a mean.

    `rates` (system, class, 3) are precision, recall and F1 in [0, 1], `intervals` (system, class,
    2) are low and high of F1; nan where they are not known.
    """

    classes: tuple[str, ...]
    rates: NDArray[np.float64]
    intervals: NDArray[np.float64]


def plot(
    path: str | Path, systems: Sequence[str], views: Sequence[View], *, title: str = ""
) -> None:
    """Draw into `path`. Raises ValueError where there is no view, or one has other systems."""
    if not views or not systems:
        raise ValueError("systems, views: expected at least one of each")
    for view in views:
        shape = (len(systems), len(view.classes), 3)
        if view.rates.shape != shape:
            raise ValueError(f"views: expected rates {shape}, got {view.rates.shape}")
    bars = len(systems) * max(len(view.classes) for view in views)
    width = float(np.clip(0.13 * bars, _WIDTHS[0], _WIDTHS[1] / 3)) * 3
    figure = begin(width, _ROW * len(views) + 0.9, title)
    axes = figure.subplots(len(views), 3, squeeze=False, sharey=True)
    for row, view in zip(axes, views, strict=True):
        for index, axis in enumerate(row):
            spans = view.intervals if index == 2 else np.full_like(view.intervals, np.nan)
            _draw_bars(axis, view.classes, view.rates[:, :, index], spans)
    for axis, name in zip(axes[0], FIGURES, strict=True):
        style(axis, title=name, grid="y")
    handles = axes[0, 0].containers
    figure.legend(
        [handle[0] for handle in handles], systems, loc="outside lower center",
        ncols=min(len(systems), 6), frameon=False, fontsize=9,
    )  # fmt: skip
    save(path, figure)


def _draw_bars(
    axis: Any,
    classes: tuple[str, ...],
    rates: NDArray[np.float64],
    intervals: NDArray[np.float64],
) -> None:
    """`rates` (system, class), one figure of each."""
    places = np.arange(len(classes))
    width = _GROUP / len(rates)
    for i, values in enumerate(rates):
        at = places + (i - (len(rates) - 1) / 2) * width
        colour = CYCLE[i % len(CYCLE)]
        axis.bar(at, np.nan_to_num(values), 0.9 * width, color=colour, alpha=0.85)
        axis.vlines(at, intervals[i, :, 0], intervals[i, :, 1], color=INK, linewidth=0.9)
        for place in at[np.isnan(values)]:
            axis.text(place, 0.01, "–", ha="center", fontsize=8, color=INK)
    if classes[-1] == "mean":
        axis.axvline(len(classes) - 1.5, color=PALE, linewidth=1)
    axis.set_xticks(places, labels=classes)
    axis.set_xlim(-0.6, len(classes) - 0.4)
    axis.set_ylim(0, 1)
    style(axis, grid="y")
