"""Pictures: how a training run went."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bandscribe.display.figures import CYCLE, INK, begin, save

_NOT_VALIDATION = ("step", "minutes", "rate", "loss")


def plot(path: str | Path, history: Sequence[dict[str, float]], *, title: str = "") -> None:
    """Training loss, validation figures in [0, 1] (none in dB), and the rate against the step.

    `history` holds one row per validation: `step`, `rate`, `loss`, and the figures under their
    names.
    """
    figure = begin(8, 5, title)
    left, below = figure.subplots(2, 1, sharex=True, height_ratios=(4, 1))
    right = left.twinx()
    steps = [row["step"] for row in history]
    left.plot(steps, [row["loss"] for row in history], color="0.6", label="training loss")
    names = [
        name for name in history[0] if name not in _NOT_VALIDATION and not name.endswith("_db")
    ]
    for name, colour in zip(names, CYCLE, strict=False):
        right.plot(steps, [row[name] for row in history], color=colour, label=name)
    rates = [row["rate"] for row in history]
    below.plot(steps, rates, color="0.6")
    below.set_xlabel("step", color=INK)
    below.set_ylabel("learning rate", color=INK)
    _scale(below, rates, most=3)
    left.set_ylabel("training loss", color=INK)
    _scale(left, [row["loss"] for row in history], most=6)
    right.set_ylabel("validation", color=INK)
    right.set_ylim(0, 1)
    right.legend(loc="lower right", frameon=False)
    save(path, figure)


def _scale(axis: Any, values: Sequence[float], most: int) -> None:
    """Logarithmic where values span more than a decade; a few numbers, which do not collide."""
    from matplotlib import ticker

    positive = min(values) > 0
    if positive and max(values) > 10 * min(values):
        axis.set_yscale("log")
        axis.yaxis.set_major_locator(ticker.LogLocator(numticks=most))
    else:
        axis.set_yscale("log" if positive else "linear")
        axis.yaxis.set_major_locator(ticker.MaxNLocator(most))
    axis.yaxis.set_major_formatter(ticker.FuncFormatter(lambda value, _: f"{value:.4g}"))
    axis.yaxis.set_minor_locator(ticker.NullLocator())
