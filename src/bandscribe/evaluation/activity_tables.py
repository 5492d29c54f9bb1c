"""What `bandscribe evaluate activity` prints, and the tables that it writes."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from bandscribe.evaluation.activity import Figures, Outcome
from bandscribe.evaluation.activity_figures import OVERALL
from bandscribe.evaluation.figures import show, show_span, write_metrics
from bandscribe.evaluation.results import name_system
from bandscribe.files import whole

COLUMNS = (
    "track", "split", "group", "class", "tp", "fp", "fn", "tn", "level_frames", "level_error_db",
)  # fmt: skip
MATRICES = ("noise", "leakage")


def tabulate(summary: Figures) -> Iterable[str]:
    """Lines for a terminal: figures of all classes together, the averages, then each class."""
    number = "1 track" if summary["tracks"] == 1 else f"{summary['tracks']} tracks"
    place = f"{summary['corpus']} {summary['audio']}".strip()
    yield f"{place}: {number} ({summary['split']}), {name_system(summary)}"
    trivial = summary["always_on"]
    for name, shown in OVERALL.items():
        if summary[name] is not None:
            line = f"{shown:<17}  {_number(summary[name], name)}  "
            line += _interval(summary[f"{name}_ci95"], name)
            yield f"{line:<43}{_beside(trivial.get(name))}".rstrip()
    for name in ("micro", "macro"):
        line = (
            f"{name + ' F1':<17}  {show(summary[name]['f1'])}  {show_span(summary[name]['ci95'])}"
        )
        yield f"{line:<43}{_beside(trivial[f'{name}_f1'])}".rstrip()
    if summary["noise_diagonal_db"] is not None:
        yield (
            f"while one plays alone: noise {summary['noise_diagonal_db']:.1f} dB in its own place, "
            f"leakage {_decibels(summary['leakage_db'])} dB into others (-60 is best)"
        )
    if (absent := summary["absent"]) is not None:
        yield (
            f"never played: {', '.join(absent['classes'])}; said to play {absent['called']:.1%} of "
            f"the time, {absent['worst']} the most ({absent['worst_called']:.1%})"
        )
    yield ""
    yield (
        f"{'':<10}  precision  recall     F1     AP  balanced  level dB  played  called  95 % of F1"
    )
    averages = {name.replace("_", " "): summary[name] for name in ("micro", "macro", "track_mean")}
    for name, row in {**averages, **summary["per_class"]}.items():
        rates = [show(row[key]) for key in ("precision", "recall", "f1")]
        line = f"{name:<10}  {rates[0]:>9}  {rates[1]:>6}  {rates[2]:>5}  "
        if "ap" in row:
            line += f"{show(row['ap']):>5}  {show(row['balanced_accuracy']):>8}  "
            line += f"{_decibels(row['level_error_db']):>8}  "
            line += f"{row['played']:>6.1%}  {row['called']:>6.1%}  "
        yield (f"{line:<77}" + show_span(row["ci95"])).rstrip()


def _number(figure: float, name: str) -> str:
    return f"{figure:5.2f}" if name.endswith("_db") else show(figure)


def _interval(interval: Sequence[float] | None, name: str) -> str:
    return " to ".join(_number(edge, name).strip() for edge in interval or ())


def _beside(figure: float | None) -> str:
    return "" if figure is None else f"always on: {show(figure)}"


def _decibels(figure: float | None) -> str:
    return "-" if figure is None else f"{figure:.1f}"


def write(folder: Path, summary: Figures, outcome: Outcome) -> None:
    """Write metrics.json, tracks.csv, and the matrices where there are any.

    Raises OSError as `bandscribe.files.whole`.
    """
    folder.mkdir(parents=True, exist_ok=True)
    _write_tracks(folder / "tracks.csv", outcome)
    for name in MATRICES:
        _write_matrix(folder / f"{name}.csv", outcome.classes, summary[name])
    # Last: where it lies, the folder is complete.
    write_metrics(folder / "metrics.json", summary)


def _write_tracks(path: Path, outcome: Outcome) -> None:
    """Frames of which it is known who plays, and the mean level error where a class plays."""
    levels = outcome.levels
    with whole(path) as temporary, temporary.open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(COLUMNS)
        for i, track in enumerate(outcome.tracks):
            for c, name in enumerate(outcome.classes):
                error, frames = (0.0, 0.0) if levels is None else levels.errors[i, c].tolist()
                table.writerow(
                    (track["track"], track["split"], track["group"], name,
                     *outcome.presence.counts[i, c].tolist(), int(frames),
                     f"{error / frames:.6f}" if frames else "")
                )  # fmt: skip


def _write_matrix(path: Path, classes: Sequence[str], matrix: list[list[Any]] | None) -> None:
    """A row per class that plays alone, a column per class detected; empty where undefined."""
    if matrix is None:
        path.unlink(missing_ok=True)  # of an earlier result
        return
    with whole(path) as temporary, temporary.open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(("playing", *classes))
        for name, row in zip(classes, matrix, strict=True):
            table.writerow((name, *("" if x is None else f"{x:.2f}" for x in row)))
