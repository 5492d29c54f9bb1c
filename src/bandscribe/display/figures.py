"""Shared by all plots: colours, axes, creation without a display, and saving.

Each `plot` writes into its path: png, or whatever matplotlib knows by its suffix. It raises as
`begin` and `save`.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bandscribe.extras import install
from bandscribe.files import whole

# Okabe and Ito's colours, which the colour-blind distinguish; the yellow and pink are darkened.
BLUE, RED, GREEN, PURPLE, ORANGE = "#0072B2", "#D55E00", "#009E73", "#AA5C8F", "#C98A00"
INK, PALE, GREY = "#222222", "#D8D8D8", "#8A8A8A"
#: Of what is shown side by side, in this order.
CYCLE = (BLUE, ORANGE, GREEN, RED, PURPLE, "#7A7A7A", "#56B4E9", "#B8A13A")
SPLITS = {"train": BLUE, "validation": ORANGE, "test": GREEN}


def begin(width: float, height: float, title: str = "") -> Any:
    """A figure of so many inches, under a title.

    Raises ModuleNotFoundError, with its cure, without matplotlib.
    """
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
        from matplotlib.layout_engine import ConstrainedLayoutEngine
    except ModuleNotFoundError:
        raise ModuleNotFoundError(f"a picture needs matplotlib: {install('plot')}") from None
    figure = Figure(figsize=(width, height), facecolor="white")
    FigureCanvasAgg(figure)
    figure.set_layout_engine(ConstrainedLayoutEngine(h_pad=0.06, w_pad=0.1))
    if title:
        # A recording's name is no formula.
        figure.suptitle(title, fontsize=13, fontweight="bold", color=INK, parse_math=False)
    return figure


def style(axis: Any, *, title: str = "", grid: str = "", spine: str = "bottom") -> None:
    """The look of all axes: a title, pale lines across `grid` (x or y), one `spine` or none."""
    axis.tick_params(which="both", length=0, labelsize=8.5, labelcolor=INK)
    axis.set_axisbelow(True)
    for side, line in axis.spines.items():
        line.set_visible(side == spine)
        line.set_color(PALE)
    if grid:
        axis.grid(axis=grid, color="#ECECEC", linewidth=0.7)
    if title:
        axis.set_title(title, fontsize=10.5, color=INK, loc="left", parse_math=False)


def explain(axis: Any, handles: Sequence[Any], **look: Any) -> None:
    """A legend in one line above the axes, at their right, and so below the title."""
    axis.legend(
        handles=handles, loc="lower right", bbox_to_anchor=(1.0, 1.0), ncols=len(handles),
        frameon=False, fontsize=9, **look,
    )  # fmt: skip


def style_bar(bar: Any, label: str = "") -> None:
    """The same of a colour bar."""
    bar.outline.set_visible(False)
    bar.ax.tick_params(length=0, labelsize=8, labelcolor=INK)
    bar.set_label(label, fontsize=8.5, color=INK)


def plot_cells(
    axis: Any,
    values: NDArray[np.float64],
    rows: Sequence[str],
    columns: Sequence[str],
    *,
    low: float,
    high: float,
) -> Any:
    """Draw `values` (row, column) as cells, white at `low`, dark at `high`; returns the image."""
    drawn = axis.imshow(values, cmap="Blues", vmin=low, vmax=high, aspect="equal")
    axis.set_xticks(range(len(columns)), labels=columns)
    axis.set_yticks(range(len(rows)), labels=rows)
    # White lines between the cells.
    axis.set_xticks(np.arange(1, len(columns)) - 0.5, minor=True)
    axis.set_yticks(np.arange(1, len(rows)) - 0.5, minor=True)
    axis.grid(which="minor", color="white", linewidth=1.5)
    style(axis, spine="")
    return drawn


def plot_outline(
    axis: Any, samples: NDArray[np.float32], seconds: float, *, points: int, colour: str = BLUE
) -> None:
    """Draw a waveform: the lowest and highest of each of about so many groups of samples (n,)."""
    step = max(1, len(samples) // points)
    whole = samples[: len(samples) // step * step].reshape(-1, step)
    times = np.arange(len(whole)) * (step * seconds / max(1, len(samples)))
    axis.fill_between(
        times, whole.min(axis=1), whole.max(axis=1), color=colour, linewidth=0.5, edgecolor=colour
    )


def annotate(
    axis: Any, text: str, x: float, y: float, *, shift: tuple[float, float] = (0, 2),
    size: float = 8.5, **look: Any,
) -> None:  # fmt: skip
    """Write a value at a point of the data, moved by so many typographic points."""
    axis.annotate(
        text, (x, y), shift, textcoords="offset points", fontsize=size, color=INK,
        **{"ha": "center", **look},
    )  # fmt: skip


def write_cells(
    axis: Any,
    texts: Sequence[Sequence[str]],
    dark: NDArray[np.bool_],
    strong: NDArray[np.bool_],
    size: float = 8.5,
) -> None:
    """Write texts (row, column) into cells, in white where they are dark, bold where strong."""
    for i, row in enumerate(texts):
        for j, text in enumerate(row):
            if text:
                axis.text(
                    j, i, text, ha="center", va="center", fontsize=size,
                    color="white" if dark[i, j] else INK,
                    fontweight="bold" if strong[i, j] else "normal",
                )  # fmt: skip


def save(path: str | Path, figure: Any) -> None:
    """Write a figure: png, or whatever matplotlib knows by the suffix; the same bytes each time.

    Raises ValueError for an unknown suffix; OSError as `bandscribe.files.whole`.
    """
    suffix = Path(path).suffix[1:].lower() or "png"
    if suffix not in figure.canvas.get_supported_filetypes():
        raise ValueError(f"{path}: expected a picture's suffix, as .png")
    metadata = {"Software": None} if suffix == "png" else None
    with whole(path) as temporary, warnings.catch_warnings():
        # A name may hold what the font does not: a box is drawn in its place.
        warnings.filterwarnings("ignore", "Glyph .* missing")
        figure.savefig(temporary, format=suffix, dpi=110, metadata=metadata)
