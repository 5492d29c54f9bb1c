"""What the study of Neuroment's choices prints and writes: tables, matrices and curves."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bandscribe.display import matrices
from bandscribe.display.figures import BLUE, INK, ORANGE, PALE, begin, save
from bandscribe.files import whole
from bandscribe.types import LEVEL_FLOOR_DB

#: What a table shows of a row, and what it is called there.
COLUMNS = {
    "weights": "weights", "minutes": "minutes to best", "validation_bce": "BCE",
    "validation_mse": "MSE",
    "loudest": "loudest output", "noise_diagonal_db": "noise, diagonal (dB)",
    "noise_beside_db": "noise, others (dB)", "leakage_db": "leakage (dB)",
    "map": "mean AP of frames", "level_error_db": "level error (dB)",
}  # fmt: skip
#: What `envelopes.constant` tells: losses of the truth, of each class's mean, and of zero.
BASES = ("least_bce", "mean_bce", "mean_mse", "zero_mse")


def write_row(run: Path, drawn: Mapping[str, NDArray[np.float64]], classes: Sequence[str]) -> None:
    """Write the matrices (playing alone, detected) of a run by name, as csv and as matrices.png.

    And its losses.png. Raises OSError where the run has no history.csv.
    """
    matrices.draw(run / "matrices.png", drawn, classes, title=run.name)
    draw_curves(run / "losses.png", run)
    for kind, matrix in drawn.items():
        _write(run / f"{kind}.csv", ["alone", *classes], _rows(classes, matrix))


def summarise(folder: Path, names: Iterable[str]) -> dict[str, dict[str, float]]:
    """The figures of those rows that are judged."""
    return {
        name: json.loads((folder / name / "study.json").read_text(encoding="utf-8"))
        for name in names
        if (folder / name / "study.json").is_file()
    }


def tabulate(told: Mapping[str, Mapping[str, float]]) -> list[str]:
    """A line per row, and who always says the mean."""
    width = max(len(name) for name in told)
    heads = list(COLUMNS.values())
    lines = [" ".join([" " * width, *heads])]
    for name, figures in told.items():
        cells = (_cell(float(figures[key])) if key in figures else "-" for key in COLUMNS)
        row = [cell.rjust(len(head)) for cell, head in zip(cells, heads, strict=True)]
        lines.append(" ".join([name.ljust(width), *row]))
    first = next(iter(told.values()))
    base = ", ".join(f"{key.replace('_', ' ')} {_cell(first[key])}" for key in BASES)
    return [*lines, "", f"On the same windows: {base}."]


def write(folder: Path, told: Mapping[str, Mapping[str, float]]) -> None:
    """Write neuroment.csv and neuroment.png of rows into `folder`.

    Raises ValueError where there is none.
    """
    if not told:
        raise ValueError(f"{folder}: no row of the study is judged")
    names = list(dict.fromkeys(key for figures in told.values() for key in figures))
    rows = [[name, *(figures.get(key, "") for key in names)] for name, figures in told.items()]
    _write(folder / "neuroment.csv", ["row", *names], rows)
    draw(folder / "neuroment.png", told)


def draw(path: Path, told: Mapping[str, Mapping[str, float]]) -> None:
    """A bar for each row and column; a dotted line where one who always says the mean would be.

    Cross-entropies begin at the least there is, decibels at -60; what is far beyond the others is
    cut off.
    """
    columns = [name for name in COLUMNS if name not in ("weights", "minutes")]
    title = "Neuroment: what matters (dotted: who always says the mean)"
    figure = begin(2.1 * len(columns), 0.32 * len(told) + 1.6, title)
    axes = figure.subplots(1, len(columns), sharey=True)
    places = np.arange(len(told))[::-1]
    first = next(iter(told.values()))
    for axis, name in zip(axes, columns, strict=True):
        values = np.array([figures[name] for figures in told.values()])
        base = LEVEL_FLOOR_DB if name.startswith(("noise", "leakage")) else 0.0
        base = first["least_bce"] if name == "validation_bce" else base
        end = min(values.max(), base + 2.5 * float(np.median(values - base)))
        shown = values.clip(max=end)
        axis.barh(places, shown - base, left=base, color=BLUE, height=0.6)
        for place, value, reached in zip(places, values, shown, strict=True):
            axis.text(reached, place, f" {value:.3g}", va="center", fontsize=8, color=INK)
        mean = first.get(f"mean_{name.removeprefix('validation_')}")
        if mean is not None:
            axis.axvline(mean, color=INK, linewidth=0.8, linestyle=":")
        axis.set_title(COLUMNS[name], fontsize=9, color=INK, loc="left")
        axis.set_xlim(base, base + 1.45 * max(end - base, 1e-9))
        axis.locator_params(axis="x", nbins=3)
        axis.tick_params(length=0, labelsize=8, labelcolor=INK)
        axis.set_yticks(places, labels=list(told), fontsize=9)
        for side in axis.spines.values():
            side.set_color(PALE)
    save(path, figure)


def draw_curves(path: Path, run: Path) -> None:
    """Draw loss and learning rate of a run over its steps, as figures 10 and 11 of the paper.

    Raises OSError where the run has no history.csv.
    """
    with (run / "history.csv").open(newline="", encoding="utf-8") as file:
        rows = [{key: float(value) for key, value in row.items()} for row in csv.DictReader(file)]
    figure = begin(8, 4.5, run.name)
    losses, rates = figure.subplots(2, 1, sharex=True, height_ratios=(2, 1))
    steps = [row["step"] for row in rows]
    losses.plot(steps, [row["loss"] for row in rows], color=ORANGE, label="training")
    losses.plot(steps, [row["validation_loss"] for row in rows], color=BLUE, label="validation")
    losses.set_ylabel("loss", color=INK)
    losses.legend(frameon=False)
    rates.plot(steps, [row["rate"] for row in rows], color=INK)
    rates.set_yscale("log")
    rates.set_ylabel("learning rate", color=INK)
    rates.set_xlabel("step", color=INK)
    save(path, figure)


def _rows(classes: Sequence[str], matrix: NDArray[np.float64]) -> Iterator[list[Any]]:
    for name, values in zip(classes, matrix, strict=True):
        yield [name, *("" if np.isnan(value) else f"{value:.1f}" for value in values)]


def _write(path: Path, header: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    writer.writerows([[_cell(value) for value in row] for row in rows])
    with whole(path) as temporary:
        temporary.write_text(text.getvalue(), encoding="utf-8")


def _cell(value: Any) -> Any:
    return f"{value:.5g}" if isinstance(value, float) else value
