"""Two result folders of the same corpus, track by track."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bandscribe.evaluation import (
    activity,
    activity_metrics,
    drum_metrics,
    recognition,
)
from bandscribe.evaluation.store import FOLDER, Results, read_scores
from bandscribe.evaluation.tables import nan_to_none
from bandscribe.metrics import counts
from bandscribe.metrics.bootstrap import Statistic
from bandscribe.metrics.comparison import Difference, compare
from bandscribe.readers import read_csv, read_json, refused
from bandscribe.vocabulary import DRUMS

SEED = 0
#: What two results must share for their difference to say something about the systems.
SHARED = {
    "drums": ("task", "corpus", "tolerance", "unscored"),
    "recognition": ("task", "corpus", "classes"),
    "activity": ("task", "corpus", "classes"),
}
#: Figures of which the lower one is the better one.
LOWER = ("level_error_db", "ece")
#: What the printed table calls figures of all classes together.
OVERALL = {**recognition.OVERALL, **activity_metrics.OVERALL}


@dataclass(frozen=True, eq=False)
class Table:
    """Tracks by name; `choose` makes of some of them a statistic, of whose indices they are."""

    names: tuple[str, ...]
    choose: Callable[[Sequence[str]], Statistic]


@dataclass(frozen=True, eq=False)
class Result:
    """What a folder says: metrics.json, and its tracks by view.

    Drums have a view for each number of classes, `classes_5`; instruments have one, of no name.
    """

    summary: dict[str, Any]
    tables: dict[str, Table]


@dataclass(frozen=True, eq=False)
class Comparison:
    """The second result against the first on the tracks that both have.

    `differences` holds by view the figures of the task; `unpaired` are tracks that only one has;
    `remarks` are settings in which they differ.
    """

    tracks: int
    unpaired: tuple[str, ...]
    remarks: tuple[str, ...]
    differences: dict[str, dict[str, Difference]]


def load(folder: Path) -> Result:
    """Read metrics.json and tracks.csv, and of instruments what was kept of each track.

    Raises ValueError when the folder holds no result, or one that is damaged.
    """
    if not all((folder / name).is_file() for name in ("metrics.json", "tracks.csv")):
        raise ValueError(
            f"{folder}: no finished result; make one with bandscribe evaluate ... -o {folder}"
        )
    summary = read_json(folder / "metrics.json")
    rows = read_csv(folder / "tracks.csv", "track")
    with refused(f"{folder}: damaged; run bandscribe evaluate again"):
        names = (*SHARED[summary["task"]], "audio", "split")
        if summary["task"] == "drums":
            tables = _count_drums(rows)
        else:
            tables = {"": _recall_instruments(folder, rows, summary)}
        return Result({name: summary[name] for name in names}, tables)


def _count_drums(rows: Sequence[dict[str, str]]) -> dict[str, Table]:
    """From the counts in tracks.csv."""
    found: dict[int, dict[str, NDArray[np.int64]]] = {}
    for row in rows:
        if row["class"] == drum_metrics.ALL:
            continue
        count = int(row["classes"])
        empty = np.zeros((len(DRUMS[count]), 3), dtype=np.int64)
        mine = found.setdefault(count, {}).setdefault(row["track"], empty)
        mine[DRUMS[count].index(row["class"])] = [int(row[name]) for name in ("tp", "fp", "fn")]

    def table(count: int) -> Table:
        def choose(names: Sequence[str]) -> Statistic:
            numbers = np.array([found[count][name] for name in names])
            return lambda tracks: counts.figures(numbers[tracks], DRUMS[count])

        return Table(tuple(found[count]), choose)

    return {f"classes_{count}": table(count) for count in DRUMS if count in found}


def _recall_instruments(
    folder: Path, rows: Sequence[dict[str, str]], summary: dict[str, Any]
) -> Table:
    """From the stored scores of the tracks that tracks.csv names."""
    names = tuple(dict.fromkeys(row["track"] for row in rows))
    scores = {name: read_scores(folder / FOLDER, name) for name in names}
    classes = tuple(summary["classes"])

    def choose(names: Sequence[str]) -> Statistic:
        chosen = Results([scores[name] for name in names], 0, [])
        if summary["task"] == "recognition":
            return recognition.statistic_of(recognition.RecognitionScores.stack(chosen, classes))
        return activity_metrics.statistic_of(activity.ActivityScores.stack(chosen, classes))

    return Table(names, choose)


def contrast(first: Result, second: Result) -> Comparison:
    """Draw the tracks that both have anew, for both alike, and see what the difference does.

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
                first.tables[view].choose(names),
                second.tables[view].choose(names),
                len(names),
                np.random.default_rng(SEED),
            )
            for view in both
        },
    )


def to_plain(comparison: Comparison) -> dict[str, Any]:
    """For JSON: of drums in the shape of metrics.json, `classes_5`, then `micro` and each class.

    Of instruments `micro` and each class stand beside the figures of all classes together.
    """
    plain: dict[str, Any] = {
        "tracks": comparison.tracks,
        "unpaired": list(comparison.unpaired),
        "remarks": list(comparison.remarks),
    }
    for view, differences in comparison.differences.items():
        groups: dict[str, Any] = plain.setdefault(view, {}) if view else plain
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
            group, _, figure = name.rpartition(".")
            place = groups.setdefault(group, {}) if group else groups
            place[figure] = {**numbers, "clear": found.clear}
    return plain


def tabulate(comparison: Comparison) -> Iterable[str]:
    """Lines for a terminal: the F1 of each, and what is sure about their difference.

    Of instruments, figures of all classes together come first.
    """
    for view, differences in comparison.differences.items():
        title = f"{view.removeprefix('classes_')} classes, F1" if view else "figure, or class: F1"
        yield f"\n{title:<20} first  second  difference  95 %"
        rows = {OVERALL[name]: name for name in OVERALL if name in differences}
        for name in differences:
            group, _, figure = name.rpartition(".")
            if figure == "f1":
                rows[group.replace("_", " ")] = name
        for shown, name in rows.items():
            yield _line(shown, differences[name], -1 if _lower(name) else 1)


def _line(name: str, found: Difference, sign: int) -> str:
    row = f"{name:<18}  {_rate(found.first)}  {_rate(found.second)}"
    if not np.isnan(found.difference):
        low, high = found.interval
        verdict = "" if not found.clear else "  better" if low * sign > 0 else "  worse"
        row += f"      {found.difference:+.3f}  {low:+.3f} to {high:+.3f}{verdict}"
    return row


def _lower(name: str) -> bool:
    """Whether the lower figure is the better one."""
    return name.rpartition(".")[2] in LOWER


def _rate(figure: float) -> str:
    return "     -" if np.isnan(figure) else f"{figure:6.3f}"
