"""Pictures: how a training run went."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from bandscribe.display.figures import BLUE, GREEN, INK, ORANGE, PURPLE, RED, begin, save

_COLOURS = (BLUE, ORANGE, GREEN, PURPLE, RED)
_NOT_VALIDATION = ("step", "minutes", "rate", "loss")


def draw(path: str | Path, history: Sequence[dict[str, float]], *, title: str = "") -> None:
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
    for name, colour in zip(names, _COLOURS, strict=False):
        right.plot(steps, [row[name] for row in history], color=colour, label=name)
    rates = [row["rate"] for row in history]
    below.plot(steps, rates, color="0.6")
    below.set_xlabel("step", color=INK)
    below.set_ylabel("learning rate", color=INK)
    if min(rates) > 0:
        below.set_yscale("log")
    left.set_ylabel("training loss", color=INK)
    left.set_yscale("log")
    right.set_ylabel("validation", color=INK)
    right.set_ylim(0, 1)
    right.legend(loc="lower right", frameon=False)
    save(path, figure)
