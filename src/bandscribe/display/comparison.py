"""Bars of several figures side by side, a line per thing compared; dots where there are seeds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bandscribe.display.figures import BLUE, INK, PALE, annotate, begin, save, style

_ROW = 0.34  # inch
_LETTER = 0.075  # inch, of a label


@dataclass(frozen=True, eq=False)
class Bar:
    """A row of a comparison: its `label`, and its `values` (seed,) by score; nan where unknown.

    `intervals` are those of the means, (low, high) by figure, where there are any. Those `beside`
    are no part of the comparison, but its measure, as chance is.
    """

    label: str
    values: Mapping[str, NDArray[np.float64]]
    intervals: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    beside: bool = False


@dataclass(frozen=True)
class Panel:
    """A figure and its title; bars begin at `low`, unless they are drawn in powers of ten."""

    figure: str
    title: str
    logarithmic: bool = False
    low: float = 0.0


def plot(
    path: str | Path, bars: Sequence[Bar], panels: Sequence[Panel], *, title: str = ""
) -> None:
    """Draw into `path`: a bar is the mean, a dot each seed; a line is the interval of the mean, or,
    where there is none, spans the seeds.

    Raises ValueError where there is no bar or panel.
    """
    if not bars or not panels:
        raise ValueError("bars, panels: expected at least one of each")
    names = max(len(bar.label) for bar in bars) * _LETTER
    figure = begin(names + 2.6 * len(panels), 1.3 + _ROW * len(bars), title)
    axes = figure.subplots(1, len(panels), sharey=True, squeeze=False)[0]
    for axis, panel in zip(axes, panels, strict=True):
        _draw_panel(axis, panel, bars)
    axes[0].set_yticks(range(len(bars)), labels=[bar.label for bar in bars])
    axes[0].set_ylim(len(bars) - 0.4, -0.6)
    save(path, figure)


def _draw_panel(axis: Any, panel: Panel, bars: Sequence[Bar]) -> None:
    name = panel.figure
    known = [value for bar in bars for value in bar.values[name] if np.isfinite(value)]
    lowest, highest = (min(known), max(known)) if known else (0.0, 1.0)
    ends = [bar.intervals[name][1] for bar in bars if name in bar.intervals]
    highest = max([highest, *(end for end in ends if np.isfinite(end))])
    if panel.logarithmic:
        axis.set_xscale("log")
        left = lowest / 2
        axis.set_xlim(left, highest * (highest / left) ** 0.35)
    else:
        left = panel.low
        axis.set_xlim(left, left + 1.28 * max(highest - left, 0.01))
    for place, bar in enumerate(bars):
        values = bar.values[name]
        mean = float(np.mean(values))
        if not np.isfinite(mean):
            axis.text(left, place, " –", va="center", fontsize=8.5, color=INK)
            continue
        colour = PALE if bar.beside else BLUE
        axis.barh(place, mean - left, left=left, height=0.62, color=colour, alpha=0.9)
        end = mean
        if len(values) > 1:
            low, high = bar.intervals.get(name, (min(values), max(values)))
            end = float(max(high, *values))
            axis.plot([max(low, left), high], [place, place], color=INK, linewidth=1)
            axis.plot(
                values, np.full(len(values), place), "o", markersize=4, color=INK,
                markerfacecolor="white", markeredgewidth=0.9,
            )  # fmt: skip
        text = _write(mean) if panel.logarithmic else f"{mean:.3f}"
        annotate(axis, text, end, place, shift=(6, 0), ha="left", va="center")
    style(axis, title=panel.title, grid="x", spine="left")


def _write(value: float) -> str:
    return f"{value:,.0f}" if value >= 1000 else f"{value:.3g}"
