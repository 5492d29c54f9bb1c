"""Bars in groups with intervals: several things measured in several places, on one scale."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from bandscribe.display.figures import CYCLE, INK, begin, save, style

_BARS = 0.8  # of a group's width


class Interval(NamedTuple):
    """A value and its interval."""

    value: float
    low: float
    high: float


def plot(
    path: str | Path,
    groups: Sequence[str],
    series: Mapping[str, Mapping[str, Interval]],
    floors: Mapping[str, float],
    *,
    title: str = "",
    axis: str = "",
) -> None:
    """Draw into `path`.

    `series` are, by label, the spans of some groups; `floors` is drawn across a group as a line,
    such as what chance scores there. Raises ValueError where there is no group or series.
    """
    if not groups or not series:
        raise ValueError("groups, series: expected at least one of each")
    # Wide enough for a legend of three columns, and not so wide that a page makes it small.
    wide = min(max(7.6, 2.2 + max(0.3 * len(series), 1.2) * len(groups)), 12.0)
    figure = begin(wide, 4.4, title)
    plot = figure.subplots()
    width = _BARS / len(series)
    for place, (label, spans) in enumerate(series.items()):
        known = [group for group in groups if group in spans]
        x = [groups.index(group) + (place + 0.5) * width - _BARS / 2 for group in known]
        values = [spans[group].value for group in known]
        below = [max(0.0, spans[group].value - spans[group].low) for group in known]
        above = [max(0.0, spans[group].high - spans[group].value) for group in known]
        plot.bar(
            x, values, 0.92 * width, label=label, color=CYCLE[place % len(CYCLE)],
            yerr=(below, above), error_kw={"ecolor": INK, "elinewidth": 1, "capsize": 2},
        )  # fmt: skip
    for place, group in enumerate(groups):
        if group in floors:
            plot.hlines(
                floors[group], place - _BARS / 2, place + _BARS / 2, color=INK, linestyle=":",
                linewidth=1.4, label="chance" if place == 0 else None,
            )  # fmt: skip
    plot.set_xticks(range(len(groups)), labels=list(groups), fontsize=10, color=INK)
    plot.set_ylim(0, 1)
    plot.set_ylabel(axis, color=INK)
    style(plot, grid="y")
    figure.legend(loc="outside lower center", ncols=3, frameon=False, fontsize=9, labelcolor=INK)
    save(path, figure)
