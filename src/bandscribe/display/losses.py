"""Training and validation losses of several runs, a small panel each, and of all together.

On common scales, in powers of ten: what a run starts from, or one that fails, is far above what
others come to.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bandscribe.display.figures import BLUE, CYCLE, INK, ORANGE, annotate, begin, save, style

_COLUMNS = 4
_LINES = ("-", "--", ":")
_TICKS = [digit * 10.0**power for power in range(-4, 5) for digit in (1, 2, 5)]


@dataclass(frozen=True, eq=False)
class Curve:
    """At each validation of a run (n,): the step, the mean loss before it, the validation loss."""

    steps: NDArray[np.float64]
    training: NDArray[np.float64]
    validation: NDArray[np.float64]


def plot(path: str | Path, curves: Mapping[str, Curve], *, title: str = "") -> None:
    """Draw each run under its name; a dot marks the lowest validation loss, whose weights are kept.

    Of several runs, the first two panels have the training losses of all, and the validation losses
    of all. Raises ValueError where there is no run.
    """
    if not curves:
        raise ValueError("curves: expected at least one")
    shared = ("training", "validation") if len(curves) > 1 else ()
    panels = len(shared) + len(curves)
    columns = min(_COLUMNS, panels)
    rows = -(-panels // columns)
    figure = begin(3.1 * columns, 2.1 * rows + 0.6, title)
    axes = figure.subplots(rows, columns, sharex=True, sharey=True, squeeze=False).ravel()
    for axis in axes[panels:]:
        axis.axis("off")
    for axis, kind in zip(axes, shared, strict=False):
        for place, (name, curve) in enumerate(curves.items()):
            colour, line = CYCLE[place % len(CYCLE)], _LINES[place // len(CYCLE) % len(_LINES)]
            values = getattr(curve, kind)
            axis.plot(curve.steps, values, line, color=colour, linewidth=1.2, label=name)
        style(axis, title=f"{kind}, all", grid="y")
    if shared:
        axes[0].legend(frameon=False, fontsize=6, labelcolor=INK, ncols=1 + (len(curves) > 6))
    single = axes[len(shared) :]
    for axis, (name, curve) in zip(single, curves.items(), strict=False):
        axis.plot(curve.steps, curve.training, color=ORANGE, label="training")
        axis.plot(curve.steps, curve.validation, color=BLUE, label="validation")
        best = int(curve.validation.argmin())
        axis.plot(curve.steps[best], curve.validation[best], "o", color=BLUE, markersize=5)
        loss = float(curve.validation[best])
        annotate(axis, f"{loss:.3f}", float(curve.steps[best]), loss, shift=(0, 6), size=8)
        style(axis, title=name, grid="y")
    axes[0].set_yscale("log")
    axes[0].minorticks_off()
    low, high = axes[0].get_ylim()
    ticks = [tick for tick in _TICKS if low <= tick <= high]
    axes[0].set_yticks(ticks, labels=[f"{tick:g}" for tick in ticks])
    single[0].legend(frameon=False, fontsize=8.5, labelcolor=INK)
    save(path, figure)
