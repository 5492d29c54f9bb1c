"""The noise and leakage matrices of Neuroment (2022): detections while one instrument plays alone.

Rows are the instruments that play alone, columns those detected (section 5.4 of the source, where
the leakage matrix is drawn the other way round). Dark is bad: the colour of 0 dB; white is -60 dB.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bandscribe.display.figures import INK, begin, plot_cells, save, style, style_bar, write_cells
from bandscribe.types import LEVEL_FLOOR_DB

_CELL = 0.52  # inch
_DARK = -25.0  # dB; on cells above it, numbers are white


def plot(
    path: str | Path,
    matrices: Mapping[str, NDArray[np.float64]],
    classes: Sequence[str],
    *,
    title: str = "",
) -> None:
    """Draw `matrices` (playing alone, detected) in dB, side by side under their names, into `path`.

    nan is undefined: a class that never plays alone has an empty row, which is left out.

    Raises ValueError for a matrix of another shape.
    """
    size = len(classes)
    for name, matrix in matrices.items():
        if matrix.shape != (size, size):
            raise ValueError(f"matrices: expected {name} to be {size, size}, got {matrix.shape}")
    alone = [i for i in range(size) if any(np.isfinite(m[i]).any() for m in matrices.values())]
    width = len(matrices) * (size * _CELL + 1.1) + 0.6
    figure = begin(width, max(len(alone), 1) * _CELL + 1.5, title)
    axes = figure.subplots(1, len(matrices), squeeze=False)[0]
    for axis, (name, matrix) in zip(axes, matrices.items(), strict=True):
        drawn = _draw_matrix(axis, matrix[alone], [classes[i] for i in alone], classes)
        style(axis, title=name, spine="")
        axis.set_xlabel("detected", fontsize=10, color=INK)
    axes[0].set_ylabel("plays alone", fontsize=10, color=INK)
    bar = figure.colorbar(drawn, ax=list(axes), pad=0.01, fraction=0.02, aspect=18)
    style_bar(bar, "dB")
    save(path, figure)


def _draw_matrix(
    axis: Any, matrix: NDArray[np.float64], rows: Sequence[str], columns: Sequence[str]
) -> Any:
    drawn = plot_cells(axis, matrix, rows, columns, low=LEVEL_FLOOR_DB, high=0)
    texts = [[f"{value:.0f}" if np.isfinite(value) else "" for value in row] for row in matrix]
    same = np.array([[row == column for column in columns] for row in rows], bool)
    write_cells(axis, texts, matrix > _DARK, same.reshape(matrix.shape))
    return drawn
