"""Training and validation losses of several runs, a small panel each, on common scales.

In powers of ten: what a run starts from, or one that fails, is far above what others come to.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bandscribe.display.figures import BLUE, INK, ORANGE, annotate, begin, save, style

_COLUMNS = 4
_TICKS = [digit * 10.0**power for power in range(-4, 5) for digit in (1, 2, 5)]


@dataclass(frozen=True, eq=False)
class Curve:
    """Of a run, at each validation (n,): the step, the mean loss before it, the held-out one."""

    steps: NDArray[np.float64]
    training: NDArray[np.float64]
    validation: NDArray[np.float64]


def plot(path: str | Path, curves: Mapping[str, Curve], *, title: str = "") -> None:
    """Draw each run under its name; a dot marks the lowest validation loss, whose weights are kept.

    Raises ValueError where there is no run.
    """
    if not curves:
        raise ValueError("curves: expected at least one")
    columns = min(_COLUMNS, len(curves))
    rows = -(-len(curves) // columns)
    figure = begin(3.1 * columns, 2.1 * rows + 0.6, title)
    axes = figure.subplots(rows, columns, sharex=True, sharey=True, squeeze=False).ravel()
    for axis in axes[len(curves) :]:
        axis.axis("off")
    for axis, (name, curve) in zip(axes, curves.items(), strict=False):
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
    axes[0].legend(frameon=False, fontsize=8.5, labelcolor=INK)
    save(path, figure)
