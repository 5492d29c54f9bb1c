"""The contents of a catalogue: tempi, lengths, loudness, and how many have each instrument."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

from bandscribe.display.figures import BLUE, GREEN, ORANGE, PURPLE, begin, save, style


def plot(
    path: str | Path, found: Mapping[str, Any], *, names: Mapping[str, str], title: str = ""
) -> None:
    """Draw four panels of `found`, which is what `catalogue.statistics.describe` gives.

    `names` are those of instrument classes. Recordings are counted in each panel.
    """
    figure = begin(9.0, 6.2, title)
    axes = figure.subplots(2, 2)
    _draw_steps(axes[0, 0], found["tempo_histogram"], BLUE, "Tempo (beats per minute)")
    _draw_steps(axes[0, 1], found["minutes_histogram"], ORANGE, "Length (minutes)")
    _draw_steps(axes[1, 0], found["loudness_histogram"], PURPLE, "Loudness (LUFS)")
    axis, counts = axes[1, 1], found["by_instrument"]
    labels = [names.get(name, name) for name in counts]
    axis.barh(range(len(counts)), list(counts.values()), color=GREEN, height=0.75)
    axis.set_yticks(range(len(counts)), labels=labels)
    axis.invert_yaxis()
    axis.xaxis.get_major_locator().set_params(integer=True)
    style(axis, title="Instruments (recordings)", grid="x", spine="left")
    save(path, figure)


def _draw_steps(axis: Any, steps: Sequence[Sequence[float]], colour: str, title: str) -> None:
    """Bars from the lower end of each step to that of the next one."""
    lows = [low for low, _ in steps]
    width = min((b - a for a, b in pairwise(lows)), default=1.0)
    axis.bar(lows, [count for _, count in steps], width=0.92 * width, align="edge", color=colour)
    axis.yaxis.get_major_locator().set_params(integer=True)
    style(axis, title=title, grid="y")
