"""From verdicts to figures: `metrics.json` and `tracks.csv`, and the table that is printed."""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bandscribe.evaluation.estimates import counts_of
from bandscribe.evaluation.judge import Verdict
from bandscribe.files import whole
from bandscribe.metrics import bootstrap, counts, velocity
from bandscribe.vocabulary import DRUMS

SEED = 0
SHOWN = ("precision", "recall", "f1", "tp", "fp", "fn")
COLUMNS = ("track", "split", "group", "classes", "class", *SHOWN)
#: The rows of tracks.csv that hold all classes of a track counted together.
ALL = "all"

Counts = NDArray[np.int64]


def scored_counts(verdicts: Sequence[Verdict], wanted: Sequence[int]) -> tuple[int, ...]:
    """The numbers of classes in which every track, and the system as a whole, can be scored."""
    used = {label for verdict in verdicts for label in verdict.labels}
    possible = counts_of(used)
    return tuple(
        count
        for count in wanted
        if count in possible and all(count in verdict.views for verdict in verdicts)
    )


def stack(verdicts: Sequence[Verdict], count: int) -> Counts:
    """(track, class, 3): tp, fp and fn."""
    views = [verdict.views[count].counts for verdict in verdicts]
    return np.array(views, dtype=np.int64).reshape(len(verdicts), len(DRUMS[count]), 3)


def summarise(verdicts: Sequence[Verdict], count: int) -> dict[str, Any]:
    """The figures in `count` classes as metrics.json holds them; nan, which JSON lacks, is null.

    `micro`, `macro`, `track_mean` and each of `per_class` hold precision, recall, F1, the counts
    behind them and `ci95`, the interval of F1 when tracks are drawn anew. `confusion` has a row
    per annotated class and a column per estimated one, the last of each for `nothing`.
    """
    classes, found = DRUMS[count], stack(verdicts, count)
    intervals = bootstrap.intervals(
        lambda tracks: counts.figures(found[tracks], classes),
        len(found),
        np.random.default_rng(SEED),
    )

    def entry(name: str, scores: counts.Scores) -> dict[str, Any]:
        interval = intervals[f"{name}.f1"]
        known = not math.isnan(interval.low)
        return {**plain(vars(scores)), "ci95": list(interval) if known else None}

    figures: dict[str, Any] = {
        "micro": entry("micro", counts.micro(found)),
        "macro": entry("macro", counts.macro(found)),
        "track_mean": entry("track_mean", counts.track_mean(found)),
        "per_class": {
            name: entry(name, scores) for name, scores in counts.per_class(found, classes).items()
        },
        "confusion": {
            "classes": [*classes, "nothing"],
            "onsets": np.sum(
                [verdict.views[count].confusion for verdict in verdicts], axis=0
            ).tolist(),
        },
    }
    sums = [verdict.views[count].velocities for verdict in verdicts]
    known = [one for one in sums if one is not None]
    if known:
        figures["velocity"] = plain(velocity.figures(np.array(known), classes))
    return figures


def summarise_offsets(verdicts: Sequence[Verdict]) -> dict[str, float] | None:
    """The median over tracks of their offsets in seconds, and the middle half of them."""
    known = [verdict.offset for verdict in verdicts if verdict.offset is not None]
    if not known:
        return None
    low, median, high = np.quantile(known, [0.25, 0.5, 0.75]).tolist()
    return {"median": median, "quartile_1": low, "quartile_3": high}


def write_metrics(path: Path, figures: Mapping[str, Any]) -> None:
    """Write metrics.json. Raises OSError as `bandscribe.files.whole`."""
    with whole(path) as temporary:
        text = json.dumps(figures, indent=2, ensure_ascii=False)
        temporary.write_text(text + "\n", encoding="utf-8")


def write_tracks(path: Path, verdicts: Sequence[Verdict], wanted: Sequence[int]) -> None:
    """Write tracks.csv: a row per track, number of classes and class, and one for `all` classes.

    Raises OSError as `bandscribe.files.whole`.
    """
    with whole(path) as temporary, temporary.open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(COLUMNS)
        for count in wanted:
            for verdict in verdicts:
                table.writerows(_rows(verdict, count))


def _rows(verdict: Verdict, count: int) -> Iterable[list[object]]:
    found = verdict.views[count].counts[None]
    named = {ALL: counts.micro(found), **counts.per_class(found, DRUMS[count])}
    for name, scores in named.items():
        figures = plain(vars(scores))
        row = [verdict.track, verdict.split, verdict.group, count, name]
        yield [*row, *(figures[column] for column in SHOWN)]


def plain(figures: Mapping[str, float]) -> dict[str, float | None]:
    """The same figures with None for nan."""
    return {name: None if math.isnan(figure) else figure for name, figure in figures.items()}


def tabulate(title: str, figures: Mapping[str, Any]) -> Iterable[str]:
    """Lines for a terminal: the averages, then each class."""
    yield f"{title:<12}  precision  recall     F1        tp      fp      fn  95 % of F1"
    rows = {
        "micro": figures["micro"],
        "macro": figures["macro"],
        "track mean": figures["track_mean"],
        **figures["per_class"],
    }
    for name, row in rows.items():
        rates = [_shown(row[key]) for key in ("precision", "recall", "f1")]
        numbers = f"{row['tp']:8}{row['fp']:8}{row['fn']:8}"
        interval = " to ".join(map(_shown, row["ci95"])) if row["ci95"] else ""
        yield (
            f"{name:<12}  {rates[0]:>9}  {rates[1]:>6}  {rates[2]:>5}  {numbers}  {interval}"
        ).rstrip()


def _shown(figure: float | None) -> str:
    return "-" if figure is None else f"{figure:.3f}"
