"""Which class was taken for which: a matrix of numbers, dark where a large share of a row is."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bandscribe.display.figures import INK, begin, plot_cells, save

_CELL = 0.82  # inch


def plot(
    path: str | Path,
    matrix: NDArray[np.int64],
    classes: Sequence[str],
    *,
    title: str = "",
) -> None:
    """Draw `matrix` (class, named): how many of each class were named so, and the share of the row.

    A column more than there are classes is `none`. Raises ValueError for a matrix of another
    shape.
    """
    size = len(classes)
    if matrix.shape not in ((size, size), (size, size + 1)):
        raise ValueError(f"matrix: expected {(size, size)}, got {matrix.shape}")
    columns = [*classes, "none"][: matrix.shape[1]]
    figure = begin(len(columns) * _CELL + 1.6, size * _CELL + 1.7, title)
    axis = figure.subplots()
    shares = matrix / np.maximum(matrix.sum(axis=1, keepdims=True), 1)
    plot_cells(axis, shares, classes, columns, low=0, high=1)
    for (i, j), count in np.ndenumerate(matrix):
        ink = "white" if shares[i, j] > 0.5 else INK
        if count:
            axis.text(
                j, i, f"{count:,}\n{shares[i, j]:.1%}", ha="center", va="center", fontsize=8.5,
                color=ink, fontweight="bold" if i == j else "normal",
            )  # fmt: skip
    axis.set_xlabel("named", color=INK)
    axis.set_ylabel("is", color=INK)
    save(path, figure)
