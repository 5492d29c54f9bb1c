"""Kernels of convolutions: what the first layer's look like, and which way those of each point.

Time goes to the right, frequency up. Directions are those of a study: 1 distinguishes moments, -1
distinguishes bands.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bandscribe.display.figures import BLUE, INK, PALE, begin, save, style

_COLUMNS = 8
_BINS = np.linspace(-1, 1, 21)


def plot(
    path: str | Path,
    first: NDArray[np.float64],
    directions: Sequence[tuple[NDArray[np.float64], NDArray[np.float64]]],
    *,
    title: str = "",
) -> None:
    """Draw the kernels `first` (kernel, time, frequency) by direction, and directions by layer.

    Of each layer, `directions` are those of its kernels and of untrained ones; the first layer's
    are those of `first`.

    Raises ValueError where there is no kernel or no layer.
    """
    if not len(first) or not directions:
        raise ValueError("first, directions: expected at least one kernel and one layer")
    rows = -(-len(first) // _COLUMNS)
    figure = begin(11, 1.45 * rows + 3.6, title)
    above, below = figure.subfigures(2, 1, height_ratios=(1.45 * rows, 2.9))
    above.suptitle(
        "first layer: time to the right, frequency up; blue adds, red takes away",
        fontsize=10.5, color=INK, x=0.01, ha="left",
    )  # fmt: skip
    cells = above.subplots(rows, _COLUMNS, squeeze=False).ravel()
    largest = float(np.abs(first).max()) or 1.0
    order = np.argsort(-directions[0][0], kind="stable")
    for cell in cells:
        cell.axis("off")
    for cell, i in zip(cells, order.tolist(), strict=False):
        cell.imshow(
            first[i].T, cmap="RdBu", vmin=-largest, vmax=largest, origin="lower", aspect="equal"
        )
        cell.set_title(f"{directions[0][0][i]:+.2f}", fontsize=9, color=INK, pad=3)
    axes = below.subplots(1, len(directions), sharex=True, squeeze=False)[0]
    for number, (axis, pair) in enumerate(zip(axes, directions, strict=True), start=1):
        _draw_layer(axis, *pair)
        style(axis, title=f"layer {number}: {len(pair[0]):,} kernels")
    axes[0].legend(frameon=False, fontsize=9, labelcolor=INK, loc="upper left")
    save(path, figure)


def _draw_layer(axis: Any, learned: NDArray[np.float64], untrained: NDArray[np.float64]) -> None:
    for values, colour, filled, name in (
        (untrained, PALE, True, "untrained"),
        (learned, BLUE, False, "learned"),
    ):
        axis.hist(
            values, _BINS, weights=np.full(len(values), 1 / len(values)), color=colour, label=name,
            histtype="stepfilled" if filled else "step", linewidth=1.6,
        )  # fmt: skip
    axis.axvline(0, color=INK, linewidth=0.7, linestyle=":")
    axis.axvline(float(learned.mean()), color=BLUE, linewidth=1.2)
    axis.set_xticks([-1, 0, 1], labels=["−1\nbands", "0", "1\nmoments"])
    axis.yaxis.get_major_locator().set_params(nbins=4, steps=[1, 2, 5, 10])
    axis.yaxis.set_major_formatter("{x:.0%}")
