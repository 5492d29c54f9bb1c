"""Comparison of results on the same corpus: of two track by track, or of the rates of several."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from bandscribe.evaluation import activity, activity_metrics, drum_metrics, recognition
from bandscribe.evaluation.store import FOLDER, Results, read_scores
from bandscribe.evaluation.tables import COUNTS, RATES, Metrics, nan_to_none
from bandscribe.metrics import counts
from bandscribe.metrics.bootstrap import Difference, Statistic, compare
from bandscribe.readers import read_csv, read_json, refused
from bandscribe.vocabulary import DRUMS

SEED = 0
#: Settings that two results must share to be comparable.
SHARED = {
    "drums": ("task", "corpus", "tolerance", "unscored"),
    "recognition": ("task", "corpus", "classes"),
    "activity": ("task", "corpus", "classes"),
}
#: Metrics of which lower values are better.
LOWER = ("level_error_db", "ece")
#: Names of metrics of all classes together in the printed table.
OVERALL = {**recognition.OVERALL, **activity_metrics.OVERALL}


@dataclass(frozen=True, eq=False)
class Table:
    """Tracks by name, and a `statistic` of those at given indices."""

    names: tuple[str, ...]
    statistic: Callable[[Sequence[str]], Statistic]


@dataclass(frozen=True, eq=False)
class StoredResult:
    """A result folder: metrics.json, and its tracks by view.

    Drums have a view for each number of classes, `classes_5`; instruments have one, without a name.
    """

    summary: Metrics
    tables: dict[str, Table]


@dataclass(frozen=True, eq=False)
class Comparison:
    """The second result compared with the first, on the tracks that both have.

    `differences` holds by view the metrics of the task; `unpaired` are tracks that only one has;
    `remarks` are settings in which they differ.
    """

    tracks: int
    unpaired: tuple[str, ...]
    remarks: tuple[str, ...]
    differences: dict[str, dict[str, Difference]]


def load(folder: Path) -> StoredResult:
    """Read metrics.json and tracks.csv, and of instruments the stored scores of each track.

    Raises ValueError when the folder holds no result, or one that is damaged.
    """
    summary = _read_metrics(folder)
    rows = read_csv(folder / "tracks.csv", "track")
    with refused(f"{folder}: damaged; run bandscribe evaluate again"):
        names = (*SHARED[summary["task"]], "audio", "split")
        if summary["task"] == "drums":
            tables = _load_drums(rows)
        else:
            tables = {"": _load_instruments(folder, rows, summary)}
        return StoredResult({name: summary[name] for name in names}, tables)


def _read_metrics(folder: Path) -> Metrics:
    if not all((folder / name).is_file() for name in ("metrics.json", "tracks.csv")):
        raise ValueError(
            f"{folder}: no finished result; make one with bandscribe evaluate ... -o {folder}"
        )
    metrics: Metrics = read_json(folder / "metrics.json")
    if not isinstance(metrics, dict) or "task" not in metrics:
        raise ValueError(f"{folder}: damaged; run bandscribe evaluate again")
    return metrics


def _load_drums(rows: Sequence[dict[str, str]]) -> dict[str, Table]:
    """Read the counts in tracks.csv."""
    found: dict[int, dict[str, NDArray[np.int64]]] = {}
    for row in rows:
        if row["class"] == drum_metrics.ALL:
            continue
        count = int(row["classes"])
        empty = np.zeros((len(DRUMS[count]), 3), dtype=np.int64)
        mine = found.setdefault(count, {}).setdefault(row["track"], empty)
        mine[DRUMS[count].index(row["class"])] = [int(row[name]) for name in COUNTS]

    def table(count: int) -> Table:
        def statistic(names: Sequence[str]) -> Statistic:
            numbers = np.array([found[count][name] for name in names])
            return lambda tracks: counts.figures(numbers[tracks], DRUMS[count])

        return Table(tuple(found[count]), statistic)

    return {f"classes_{count}": table(count) for count in DRUMS if count in found}


def _load_instruments(folder: Path, rows: Sequence[dict[str, str]], summary: Metrics) -> Table:
    """Read the stored scores of the tracks in tracks.csv."""
    names = tuple(dict.fromkeys(row["track"] for row in rows))
    scores = {name: read_scores(folder / FOLDER, name) for name in names}
    classes = tuple(summary["classes"])

    def statistic(names: Sequence[str]) -> Statistic:
        chosen = Results([scores[name] for name in names], 0, [])
        if summary["task"] == "recognition":
            return recognition.statistic_of(recognition.RecognitionScores.stack(chosen, classes))
        return activity_metrics.statistic_of(activity.ActivityScores.stack(chosen, classes))

    return Table(names, statistic)


def contrast(first: StoredResult, second: StoredResult) -> Comparison:
    """The paired bootstrap of the tracks that both have: the same resamples for both.

    Raises ValueError when the results are of different corpora or settings, or share no track.
    """
    for name in dict.fromkeys(("task", "corpus", *first.summary)):
        if name in SHARED[first.summary["task"]] and first.summary[name] != second.summary[name]:
            raise ValueError(
                f"the results differ in {name}: {first.summary[name]} and {second.summary[name]}; "
                "evaluate both alike"
            )
    remarks = [
        f"{name}: {first.summary[name] or 'none'} and {second.summary[name] or 'none'}"
        for name in ("audio", "split")
        if first.summary[name] != second.summary[name]
    ]
    both = [view for view in first.tables if view in second.tables]
    if not both:
        raise ValueError("the results have no number of classes in common")
    ones, others = first.tables[both[0]].names, second.tables[both[0]].names
    names = [name for name in ones if name in set(others)]
    if not names:
        raise ValueError("the results have no track in common")
    return Comparison(
        tracks=len(names),
        unpaired=tuple(sorted(set(ones) ^ set(others))),
        remarks=tuple(remarks),
        differences={
            view: compare(
                first.tables[view].statistic(names),
                second.tables[view].statistic(names),
                len(names),
                np.random.default_rng(SEED),
            )
            for view in both
        },
    )


def to_json(comparison: Comparison) -> dict[str, Any]:
    """For JSON: for drums in the shape of metrics.json, `classes_5`, then `micro` and each class.

    For instruments `micro` and each class stand beside the metrics of all classes together.
    """
    content: dict[str, Any] = {
        "tracks": comparison.tracks,
        "unpaired": list(comparison.unpaired),
        "remarks": list(comparison.remarks),
    }
    for view, differences in comparison.differences.items():
        groups: dict[str, Any] = content.setdefault(view, {}) if view else content
        for name, found in differences.items():
            numbers = nan_to_none(
                {
                    "first": found.first,
                    "second": found.second,
                    "difference": found.difference,
                    "low": found.interval.low,
                    "high": found.interval.high,
                    "share_better": 1 - found.share_better if _lower(name) else found.share_better,
                }
            )
            group, _, metric = name.rpartition(".")
            place = groups.setdefault(group, {}) if group else groups
            place[metric] = {**numbers, "clear": found.clear}
    return content


def tabulate(comparison: Comparison) -> Iterable[str]:
    """Lines for a terminal: the F1 of each, their difference, and its interval.

    For instruments, metrics of all classes together come first.
    """
    for view, differences in comparison.differences.items():
        title = f"{view.removeprefix('classes_')} classes, F1" if view else "figure, or class: F1"
        yield f"\n{title:<20} first  second  difference  95 %"
        rows = {OVERALL[name]: name for name in OVERALL if name in differences}
        for name in differences:
            group, _, metric = name.rpartition(".")
            if metric == "f1":
                rows[group.replace("_", " ")] = name
        for shown, name in rows.items():
            yield _line(shown, differences[name], -1 if _lower(name) else 1)


def _line(name: str, found: Difference, sign: int) -> str:
    row = f"{name:<18}  {_rate(found.first)}  {_rate(found.second)}"
    if not np.isnan(found.difference):
        low, high = found.interval
        better = "" if not found.clear else "  better" if low * sign > 0 else "  worse"
        row += f"      {found.difference:+.3f}  {low:+.3f} to {high:+.3f}{better}"
    return row


def _lower(name: str) -> bool:
    """Whether lower values are better."""
    return name.rpartition(".")[2] in LOWER


def _rate(value: float) -> str:
    return "     -" if np.isnan(value) else f"{value:6.3f}"


class Rates(NamedTuple):
    """Several results in one number of classes, the last column of which is the mean of the others.

    `rates` (result, class, 3) are precision, recall and F1, `intervals` (result, class, 2) low and
    high of F1; nan where undefined.
    """

    classes: tuple[str, ...]
    rates: NDArray[np.float64]
    intervals: NDArray[np.float64]


def stack_rates(folders: Sequence[Path]) -> list[Rates]:
    """Precision, recall and F1 of results on drums, in each number of classes that all have.

    Their mean is `macro` in metrics.json, which in three classes is the mean over KD, SD and HH
    that Deep Unsupervised Drum Transcription (2019) reports.

    Raises ValueError when a folder holds no result on drums, or they share no number of classes.
    """
    results = [_read_metrics(folder) for folder in folders]
    for folder, result in zip(folders, results, strict=True):
        if (task := result["task"]) != "drums":
            raise ValueError(f"{folder}: expected a result on drums, got one on {task}")
    shared = [n for n in DRUMS if all(f"classes_{n}" in each for each in results)]
    if not shared:
        raise ValueError("the results have no number of classes in common")
    with refused(f"{', '.join(map(str, folders))}: damaged; run bandscribe evaluate again"):
        return [_stack([each[f"classes_{n}"] for each in results], DRUMS[n]) for n in shared]


def _stack(results: Sequence[Metrics], classes: tuple[str, ...]) -> Rates:
    rows = [[*(each["per_class"][name] for name in classes), each["macro"]] for each in results]
    # JSON has null for nan.
    rates = [[[row[name] for name in RATES] for row in each] for each in rows]
    intervals = [[row["ci95"] or (None, None) for row in each] for each in rows]
    return Rates((*classes, "mean"), np.array(rates, np.float64), np.array(intervals, np.float64))
