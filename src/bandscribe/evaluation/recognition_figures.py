"""From what a system says of tracks to the figures of recognition: `metrics.json`, `tracks.csv`,
and the table that is printed.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bandscribe.evaluation.figures import (
    draw_intervals,
    plain,
    show,
    show_span,
    span,
    write_metrics,
)
from bandscribe.evaluation.recognition import Figures, Outcome
from bandscribe.evaluation.results import name_system
from bandscribe.files import whole
from bandscribe.metrics import tags
from bandscribe.metrics.bootstrap import Statistic

#: Figures of all classes together, and what the printed table calls them.
OVERALL = {
    "top1": "top 1",
    "hamming": "Hamming score",
    "exact_match": "exact match",
    "lrap": "label ranking",
    "map": "mean AP",
    "ece": "calibration error",
}
RATES = ("precision", "recall", "f1")
COLUMNS = ("track", "split", "group", "class", "annotated", "probability", "present")


def _occurring(there: NDArray[np.bool_], classes: Sequence[str]) -> list[str]:
    """The classes that some track is known to have, `there` (track, class); all, if it is none."""
    some = np.logical_or.reduce(there, axis=0)
    return [name for name, found in zip(classes, some, strict=True) if found] or list(classes)


def measure(outcome: Outcome) -> Statistic:
    """Every figure of the tracks at some indices: those of `metrics.tags`, and `top1`.

    Means over classes, `macro` and `map`, are over those that occur in these tracks. `top1` is
    there where every track has one label, which is known.
    """
    there = outcome.targets & outcome.known
    single = bool(outcome.known.all() and (outcome.targets.sum(axis=1) == 1).all())
    # A score is reached where the system says so, whatever its thresholds were.
    reached = np.where(outcome.present, 0.0, np.inf)
    named = outcome.targets[np.arange(len(outcome.targets)), outcome.scores.argmax(axis=1)]

    def statistic(i: NDArray[np.int64]) -> dict[str, float]:
        found = tags.figures(
            outcome.targets[i], outcome.scores[i], outcome.classes, reached[i],
            known=outcome.known[i],
        )  # fmt: skip
        occur = _occurring(there[i], outcome.classes)
        for name in RATES:
            found[f"macro.{name}"] = float(np.mean([found[f"{each}.{name}"] for each in occur]))
        found["map"] = float(np.mean([found[f"{each}.ap"] for each in occur]))
        return {"top1": float(named[i].mean()), **found} if single else found

    return statistic


def summarise(described: Mapping[str, Any], outcome: Outcome) -> Figures:
    """All that metrics.json holds.

    Each figure of `OVERALL` has beside it its interval when tracks are drawn anew, as `…_ci95`;
    `micro`, `macro`, `track_mean` and each of `per_class` hold precision, recall, F1, the counts
    behind them and their intervals (`ci95` is that of F1). Undefined figures are 0. Means over
    classes (`macro`, `map`) are over those that some track has, which `occur` names; `top1` is left
    out where clips have not one label each.
    """
    statistic = measure(outcome)
    values = statistic(np.arange(len(outcome.tracks)))
    intervals = draw_intervals(statistic, len(outcome.tracks))
    found = tags.count(outcome.targets & outcome.known, outcome.present & outcome.known)
    totals = found.sum(axis=0)

    def entry(group: str, number: NDArray[np.int64]) -> Figures:
        rates = {name: values[f"{group}.{name}"] for name in RATES}
        return {
            **plain(rates),
            **dict(zip(("tp", "fp", "fn"), number.tolist(), strict=True)),
            "ci95": span(intervals[f"{group}.f1"]),
            "precision_ci95": span(intervals[f"{group}.precision"]),
            "recall_ci95": span(intervals[f"{group}.recall"]),
        }

    overall: Figures = {}
    for name in OVERALL:
        if name in values:
            overall |= {**plain({name: values[name]}), f"{name}_ci95": span(intervals[name])}
    return {
        **described,
        "classes": list(outcome.classes),
        "occur": _occurring(outcome.targets & outcome.known, outcome.classes),
        "tracks": len(outcome.tracks),
        "failed": [{"track": track, "problem": problem} for track, problem in outcome.problems],
        **overall,
        **{group: entry(group, totals.sum(axis=0)) for group in ("micro", "macro", "track_mean")},
        "per_class": {
            name: {**entry(name, row), **plain({"ap": values[f"{name}.ap"]})}
            for name, row in zip(outcome.classes, totals, strict=True)
        },
        "reliability": _reliability(outcome),
    }


def _reliability(outcome: Outcome) -> list[Figures]:
    """Of each bin of scores that is not empty: how sure the system was, and how often right."""
    curve = tags.calibrate(outcome.targets, outcome.scores, known=outcome.known)
    return [
        {"confidence": sure, "frequency": right, "number": number}
        for sure, right, number in zip(*(column.tolist() for column in curve), strict=True)
        if number
    ]


def tabulate(summary: Figures) -> Iterable[str]:
    """Lines for a terminal: figures of all classes together, the averages, then each class."""
    number = "1 track" if summary["tracks"] == 1 else f"{summary['tracks']} tracks"
    place = f"{summary['corpus']} {summary['audio']}".strip()
    yield f"{place}: {number} ({summary['split']}), {name_system(summary)}"
    for name, shown in OVERALL.items():
        if name in summary:
            line = f"{shown:<17}  {show(summary[name])}  {show_span(summary[f'{name}_ci95'])}"
            yield line.rstrip()
    yield ""
    yield f"{'':<10}  precision  recall     F1      tp      fp      fn  95 % of F1"
    averages = {name.replace("_", " "): summary[name] for name in ("micro", "macro", "track_mean")}
    for name, row in {**averages, **summary["per_class"]}.items():
        rates = [show(row[key]) for key in RATES]
        numbers = f"{row['tp']:6}  {row['fp']:6}  {row['fn']:6}"
        line = f"{name:<10}  {rates[0]:>9}  {rates[1]:>6}  {rates[2]:>5}  {numbers}  "
        yield (line + show_span(row["ci95"])).rstrip()


def write(folder: Path, summary: Figures, outcome: Outcome) -> None:
    """Write metrics.json and tracks.csv. Raises OSError as `bandscribe.files.whole`."""
    folder.mkdir(parents=True, exist_ok=True)
    _write_tracks(folder / "tracks.csv", outcome)
    # Last: where it lies, the folder is complete.
    write_metrics(folder / "metrics.json", summary)


def _write_tracks(path: Path, outcome: Outcome) -> None:
    """`annotated` is empty where the corpus leaves it open."""
    with whole(path) as temporary, temporary.open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(COLUMNS)
        for i, track in enumerate(outcome.tracks):
            for c, name in enumerate(outcome.classes):
                annotated = str(outcome.targets[i, c]).lower() if outcome.known[i, c] else ""
                table.writerow(
                    (track["track"], track["split"], track["group"], name, annotated,
                     f"{outcome.scores[i, c]:.6f}", str(outcome.present[i, c]).lower())
                )  # fmt: skip
