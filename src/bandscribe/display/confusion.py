"""Which class was taken for which: a matrix of numbers, dark where a large share of a row is."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bandscribe.display.figures import INK, begin, plot_cells, save, write_cells

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
    texts = [
        [f"{count:,}\n{share:.1%}" if count else "" for count, share in zip(*row, strict=True)]
        for row in zip(matrix.tolist(), shares.tolist(), strict=True)
    ]
    write_cells(axis, texts, shares > 0.5, np.eye(size, len(columns), dtype=bool))
    axis.set_xlabel("named", color=INK)
    axis.set_ylabel("is", color=INK)
    save(path, figure)
