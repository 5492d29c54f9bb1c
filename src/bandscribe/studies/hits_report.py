"""What the study of hits prints and writes: hits.csv, and pictures of accuracies, losses, kernels.

hits.csv, hits.png     a row per recipe, means over seeds
losses.png             training and validation loss over the steps, as the report's appendix
confusion.csv, .png    the first row's test clips, all seeds together
kernels.csv, .png      the first row's kernels
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bandscribe.display import comparison, confusion, losses
from bandscribe.display import kernels as kernel_picture
from bandscribe.files import write_csv
from bandscribe.metrics import hits
from bandscribe.studies import hit_kernels
from bandscribe.studies.hits import ROWS, compare_kernels

#: The report's own: 39,356 of 42,122 test clips of E-GMD (section 4).
REPORTED = 39356 / 42122
_MEANS = (
    "accuracy", "balanced_accuracy", "test_loss", "validation_loss", "best_step", "minutes",
    "training_clips", "test_clips", "parameters",
)  # fmt: skip
_SHOWN = {
    "accuracy": "accuracy", "spread": "±", "balanced_accuracy": "mean recall",
    "test_loss": "test loss", "best_step": "best step", "minutes": "minutes",
    "training_clips": "clips", "parameters": "weights",
}  # fmt: skip


def gather(folder: Path) -> dict[str, list[dict[str, Any]]]:
    """What the judged runs of each row score, a dictionary per seed."""
    found: dict[str, list[dict[str, Any]]] = {}
    for name in ROWS:
        paths = sorted((folder / "runs").glob(f"{name}-*/study.json"))
        told = [
            json.loads(path.read_text(encoding="utf-8"))
            for path in paths
            if path.parent.name.rpartition("-")[0] == name
        ]
        if told:
            found[name] = told
    return found


def summarise(told: Mapping[str, Sequence[Mapping[str, Any]]]) -> list[dict[str, Any]]:
    """A line per row: means over seeds, and the deviation of their accuracies."""
    rows = []
    for name, seeds in told.items():
        accuracies = np.array([each["accuracy"] for each in seeds])
        rows.append(
            {
                "row": ROWS[name].label,
                "figures": ROWS[name].figures,
                "seeds": len(seeds),
                **{key: float(np.mean([each[key] for each in seeds])) for key in _MEANS},
                "spread": float(accuracies.std(ddof=1)) if len(seeds) > 1 else None,
            }
        )
    return rows


def tabulate(told: Mapping[str, Sequence[Mapping[str, Any]]]) -> list[str]:
    """Lines: the rows, the report's accuracy, and the pairs most and least confused."""
    rows = summarise(told)
    width = max(len(row["row"]) for row in rows)
    lines = ["  ".join([" " * width, *(f"{head:>11}" for head in _SHOWN.values())])]
    for row in rows:
        cells = (_show(row[key]) for key in _SHOWN)
        lines.append("  ".join([row["row"].ljust(width), *(f"{cell:>11}" for cell in cells)]))
    lines.append("  ".join(["in the report".ljust(width), f"{REPORTED:>11.3f}"]))
    first = next(iter(told.values()))
    nobody_abstains = np.pad(_matrix(first), ((0, 0), (0, 1)))
    pairs = hits.rank_pairs(nobody_abstains[None], first[0]["classes"])
    for name, pair in (("most", pairs[0]), ("least", pairs[-1])):
        lines.append(
            f"{name} confused: {pair.reference} taken for {pair.estimate}, {pair.number} "
            f"({pair.share:.1%})"
        )
    return lines


def write(folder: Path) -> list[str]:
    """Write everything of the rows that are judged, and return the lines of the table.

    Raises ValueError where none is.
    """
    told = gather(folder)
    if not told:
        raise ValueError(f"{folder}: no row of the study is judged")
    rows = summarise(told)
    _write(folder / "hits.csv", rows)
    bars = [
        comparison.Bar(
            ROWS[name].label,
            {key: np.array([each[key] for each in seeds]) for key in _PANELS},
        )
        for name, seeds in told.items()
    ]
    reported = {key: np.array([np.nan]) for key in _PANELS} | {"accuracy": np.array([REPORTED])}
    bars.append(comparison.Bar("in the report, on E-GMD", reported, beside=True))
    panels = [comparison.Panel(key, title) for key, title in _PANELS.items()]
    comparison.draw(folder / "hits.png", bars, panels, title="single hits on test clips")
    _draw_losses(folder, told)
    name, first = next(iter(told.items()))
    classes, matrix = first[0]["classes"], _matrix(first)
    named = [
        {"class": label, **dict(zip(classes, row.tolist(), strict=True))}
        for label, row in zip(classes, matrix, strict=True)
    ]
    _write(folder / "confusion.csv", named)
    right, total = int(matrix.diagonal().sum()), int(matrix.sum())
    confusion.draw(
        folder / "confusion.png", matrix, classes,
        title=f"{right:,} of {total:,}: {right / total:.1%}",
    )  # fmt: skip
    _write_kernels(folder, name)
    return tabulate(told)


_PANELS = {"accuracy": "accuracy", "balanced_accuracy": "mean recall of classes"}


def _draw_losses(folder: Path, told: Mapping[str, object]) -> None:
    curves = {}
    for name in told:
        run = sorted((folder / "runs").glob(f"{name}-*/history.csv"))[0]
        with run.open(newline="", encoding="utf-8") as file:
            history = [
                {key: float(text) for key, text in row.items()} for row in csv.DictReader(file)
            ]
        curves[ROWS[name].label] = losses.Curve(
            np.array([row["step"] for row in history]),
            np.array([row["loss"] for row in history]),
            np.array([row["validation_loss"] for row in history]),
        )
    losses.draw(folder / "losses.png", curves, title="losses over the steps")


def _write_kernels(folder: Path, name: str) -> None:
    run = sorted((folder / "runs").glob(f"{name}-*/best.pt"))[0].parent
    layers = compare_kernels(run)
    _write(
        folder / "kernels.csv",
        [{"layer": i, **layer.summarise()} for i, layer in enumerate(layers, start=1)],
    )
    kernel_picture.draw(
        folder / "kernels.png",
        layers[0].kernels,
        [(hit_kernels.direct(each.kernels), hit_kernels.direct(each.untrained)) for each in layers],
        title=f"which way kernels point: {ROWS[name].label}",
    )


def _matrix(seeds: Sequence[Mapping[str, Any]]) -> NDArray[np.int64]:
    """Hits by their class and the named one, (class, class), of all seeds together."""
    total: NDArray[np.int64] = np.sum([each["confusion"] for each in seeds], axis=0)
    return total


def _show(value: Any) -> str:
    if value is None:
        return "-"
    return f"{value:,.0f}" if value >= 10 else f"{value:.3f}"


def _write(path: Path, rows: Iterable[Mapping[str, Any]]) -> None:
    rounded = [
        {key: f"{value:.8g}" if isinstance(value, float) else value for key, value in row.items()}
        for row in rows
    ]
    write_csv(path, list(rounded[0]), rounded)
