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

from bandscribe.evaluation.drum_estimates import counts_of
from bandscribe.evaluation.judge import Verdict
from bandscribe.files import whole
from bandscribe.metrics import bootstrap, counts, velocity
from bandscribe.metrics.bootstrap import Interval, Statistic
from bandscribe.metrics.onsets import TOLERANCES
from bandscribe.vocabulary import DRUMS

SEED = 0
SHOWN = ("precision", "recall", "f1", "tp", "fp", "fn")
AGREEMENT = ("pearson", "mae", "bias")
COLUMNS = (
    "track", "split", "group", "classes", "class", *SHOWN,
    *(f"velocity_{name}" for name in ("pairs", *AGREEMENT)),
)  # fmt: skip
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
    behind them and their intervals when tracks are drawn anew (`ci95` is that of F1).
    `tolerances` has micro and macro at each of `metrics.onsets.TOLERANCES`. `confusion` has a row
    per annotated class and a column per estimated one, the last of each for `nothing`. `velocity`
    says how those of hits agree, and is None where they are not known.
    """
    classes, found = DRUMS[count], stack(verdicts, count)
    intervals = draw_intervals(lambda tracks: counts.figures(found[tracks], classes), len(found))

    def entry(name: str, scores: counts.Scores) -> dict[str, Any]:
        return {
            **plain(vars(scores)),
            "ci95": span(intervals[f"{name}.f1"]),
            "precision_ci95": span(intervals[f"{name}.precision"]),
            "recall_ci95": span(intervals[f"{name}.recall"]),
        }

    figures: dict[str, Any] = {
        "micro": entry("micro", counts.micro(found)),
        "macro": entry("macro", counts.macro(found)),
        "track_mean": entry("track_mean", counts.track_mean(found)),
        "per_class": {
            name: entry(name, scores) for name, scores in counts.per_class(found, classes).items()
        },
        "tolerances": _by_tolerance([verdict.views[count].by_tolerance for verdict in verdicts]),
        "confusion": {
            "classes": [*classes, "nothing"],
            "onsets": np.sum(
                [verdict.views[count].confusion for verdict in verdicts], axis=0
            ).tolist(),
        },
    }
    sums = [verdict.views[count].velocities for verdict in verdicts]
    figures["velocity"] = _velocity([one for one in sums if one is not None], classes)
    return figures


def _velocity(sums: Sequence[NDArray[np.float64]], classes: Sequence[str]) -> dict[str, Any] | None:
    """How the velocities of hits agree, of each track's sums (class, 7); None where no hit has any.

    In `micro`, `macro` and each of `per_class`: pairs, Pearson, mean absolute error (`mae`, and in
    steps of MIDI `mae_steps`) and bias, and their intervals when tracks are drawn anew.
    """
    known = np.array(sums).reshape(-1, len(classes), velocity.SUMS)
    if not known[..., 0].any():
        return None
    found = velocity.figures(known, classes)
    intervals = draw_intervals(lambda tracks: velocity.figures(known[tracks], classes), len(known))

    def entry(group: str) -> dict[str, Any]:
        pairs = found["micro.pairs" if group == "macro" else f"{group}.pairs"]
        values = {name: found[f"{group}.{name}"] for name in AGREEMENT}
        return {
            "pairs": int(pairs),
            **plain({**values, "mae_steps": values["mae"] * velocity.STEPS}),
            **{f"{name}_ci95": span(intervals[f"{group}.{name}"]) for name in AGREEMENT},
        }

    return {
        "tracks": len(known),
        "micro": entry("micro"),
        "macro": entry("macro"),
        "per_class": {name: entry(name) for name in classes},
    }


def _by_tolerance(counted: Sequence[Counts]) -> list[dict[str, Any]]:
    """Averages at each of the usual tolerances, of each track's counts (tolerance, class, 3)."""
    found = np.array(counted, dtype=np.int64)

    def statistic(tracks: NDArray[np.int64]) -> dict[str, float]:
        drawn = np.bincount(tracks, minlength=len(found))
        totals = np.tensordot(drawn, found, 1)
        averages = {
            "micro": counts.rate(totals.sum(axis=1)),
            "macro": counts.mean(np.moveaxis(counts.rate(totals), 1, 0)),
        }
        return {
            f"{i}.{group}.{name}": float(value)
            for group, rates in averages.items()
            for i, row in enumerate(rates)
            for name, value in zip(SHOWN, row, strict=False)
        }

    every = plain(statistic(np.arange(len(found))))
    intervals = draw_intervals(statistic, len(found))

    def entry(i: int, group: str) -> dict[str, Any]:
        rates = {name: every[f"{i}.{group}.{name}"] for name in SHOWN[:3]}
        return {**rates, "ci95": span(intervals[f"{i}.{group}.f1"])}

    return [
        {"tolerance": tolerance, "micro": entry(i, "micro"), "macro": entry(i, "macro")}
        for i, tolerance in enumerate(TOLERANCES)
    ]


def draw_intervals(statistic: Statistic, tracks: int) -> dict[str, Interval]:
    """The interval of every figure when tracks are drawn anew: the same draws for all figures."""
    return bootstrap.intervals(statistic, tracks, np.random.default_rng(SEED))


def span(interval: Interval) -> list[float] | None:
    """Low and high, for JSON."""
    return None if math.isnan(interval.low) else list(interval)


def summarise_offsets(verdicts: Sequence[Verdict]) -> dict[str, Any] | None:
    """The median over tracks of their offsets in seconds, its interval, and the middle half."""
    known = np.array([verdict.offset for verdict in verdicts if verdict.offset is not None])
    if not known.size:
        return None
    low, median, high = np.quantile(known, [0.25, 0.5, 0.75]).tolist()
    spread = draw_intervals(lambda tracks: {"median": float(np.median(known[tracks]))}, len(known))
    return {
        "median": median,
        "ci95": span(spread["median"]),
        "quartile_1": low,
        "quartile_3": high,
    }


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
    found, sums = verdict.views[count].counts[None], verdict.views[count].velocities
    named = {ALL: counts.micro(found), **counts.per_class(found, DRUMS[count])}
    agreement = {} if sums is None else plain(velocity.figures(sums[None], DRUMS[count]))
    for name, scores in named.items():
        figures = plain(vars(scores))
        group = "micro" if name == ALL else name
        yield [
            verdict.track, verdict.split, verdict.group, count, name,
            *(figures[column] for column in SHOWN),
            None if sums is None else int(agreement[f"{group}.pairs"] or 0),
            *(agreement.get(f"{group}.{column}") for column in AGREEMENT),
        ]  # fmt: skip


def plain(figures: Mapping[str, float]) -> dict[str, float | None]:
    """The same figures with None for nan."""
    return {name: None if math.isnan(figure) else figure for name, figure in figures.items()}


def tabulate(title: str, figures: Mapping[str, Any]) -> Iterable[str]:
    """Lines for a terminal: the averages, then each class; where known, velocities on the right."""
    struck = figures["velocity"]
    head = f"{title:<12}  precision  recall     F1        tp      fp      fn  95 % of F1"
    yield head if struck is None else f"{head:<82}{'velocity r':>12}{'mae':>7}"
    rows = {
        "micro": figures["micro"],
        "macro": figures["macro"],
        "track mean": figures["track_mean"],
        **figures["per_class"],
    }
    agreements = {} if struck is None else {**struck, **struck["per_class"]}
    for name, row in rows.items():
        rates = [show(row[key]) for key in ("precision", "recall", "f1")]
        numbers = f"{row['tp']:8}{row['fp']:8}{row['fn']:8}"
        line = f"{name:<12}  {rates[0]:>9}  {rates[1]:>6}  {rates[2]:>5}  {numbers}  "
        line += show_span(row["ci95"])
        if (agreement := agreements.get(name)) is not None:
            line = f"{line:<82}{show(agreement['pearson']):>12}{show(agreement['mae']):>7}"
        yield line.rstrip()
    within = ", ".join(
        f"{show(row['micro']['f1'])} within ±{row['tolerance'] * 1000:g} ms"
        for row in figures["tolerances"]
    )
    yield f"micro F1      {within}"
    if struck is not None:
        pooled = struck["micro"]
        yield (
            f"velocity      {pooled['pairs']} hits, mean absolute error {pooled['mae_steps']:.1f} "
            f"steps of MIDI; pearson {show_span(pooled['pearson_ci95'])}, "
            f"mae {show_span(pooled['mae_ci95'])}"
        )


def show(figure: float | None) -> str:
    """For a terminal."""
    return "-" if figure is None else f"{figure:.3f}"


def show_span(interval: Sequence[float] | None) -> str:
    """For a terminal."""
    return " to ".join(map(show, interval or ()))
