"""The metrics of activity, computed from the sums of all tracks: metrics.json and tables.

Beside the metrics of a system stand those of one that predicts every class all the time
(`always_on`). Its average precision, the share of the time in which the class plays, is what any
system gets from random scores.

noise.csv, leakage.csv     the matrices of Neuroment (2022), section 5.4, in dB
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bandscribe.evaluation.activity import ActivityScores
from bandscribe.evaluation.recognition import page_row, write_instruments_page
from bandscribe.evaluation.tables import (
    RATES,
    Metrics,
    confidence_intervals,
    format_interval,
    format_number,
    format_rates,
    headline,
    list_failed,
    nan_to_none,
    occurring,
    score_rows,
    summarize_overall,
    summarize_scores,
    write_metrics,
)
from bandscribe.files import write_csv
from bandscribe.metrics import counts
from bandscribe.metrics.bootstrap import Statistic
from bandscribe.metrics.frames import (
    Levels,
    Presence,
    leakage_matrix,
    level_figures,
    noise_matrix,
    presence_figures,
)

#: Metrics of all classes together, and their names in the printed table.
OVERALL = {
    "map": "mean AP",
    "balanced_accuracy": "balanced accuracy",
    "level_error_db": "level error (dB)",
}
COLUMNS = (
    "track", "split", "group", "class", "tp", "fp", "fn", "tn", "level_frames", "level_error_db",
)  # fmt: skip
MATRICES = ("noise", "leakage")


def summarize(described: Mapping[str, Any], scores: ActivityScores) -> Metrics:
    """The content of metrics.json; undefined metrics are None.

    Each metric of `OVERALL` has its bootstrap interval beside it, as `…_ci95`; averages and classes
    are those of `tables.summarize_scores`. Of a class there are also `ap`, `balanced_accuracy`,
    `level_error_db`, and the shares of the time in which it is annotated to play (`played`) and
    predicted to (`called`). Means over classes are over those that play at some time, which `occur`
    names. `always_on` holds the metrics of that system; `absent` sums up the classes that never
    play. `noise` and `leakage` are matrices (playing alone, detected) in dB.
    """
    presence = scores.presence
    count, statistic = len(scores.tracks), statistic_of(scores)
    values, intervals = statistic(np.arange(count)), confidence_intervals(statistic, count)
    totals = presence.counts.sum(axis=0)

    def more(name: str, frames: NDArray[np.int64]) -> Metrics:
        tp, fp, fn, _ = frames / max(1, int(frames.sum()))
        own = {
            key: values.get(f"{name}.{key}", np.nan)
            for key in ("ap", "balanced_accuracy", "level_error_db")
        }
        return nan_to_none({**own, "played": tp + fn, "called": tp + fp})

    return {
        **described,
        "classes": list(scores.classes),
        "occur": occurring(_plays(presence.counts), presence.classes),
        "tracks": count,
        "failed": list_failed(scores.failed),
        **summarize_overall(OVERALL, values, intervals),
        **summarize_scores(values, intervals, totals, scores.classes, more),
        "always_on": always_on(presence),
        "absent": _absent(scores.classes, totals),
        **_matrices(scores.levels),
    }


def _plays(numbers: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Whether each class plays in a track, by counts (track, class, 4)."""
    return np.asarray(numbers[..., [0, 2]].any(axis=-1))


def statistic_of(scores: ActivityScores) -> Statistic:
    """The metrics of `metrics.frames` over the tracks at these indices.

    Means over classes are over those that occur in these tracks: of a class that never plays,
    precision and F1 are 0 as soon as it is predicted once.
    """
    presence, levels = scores.presence, scores.levels

    def statistic(tracks: NDArray[np.int64]) -> dict[str, float]:
        found = presence_figures(presence, tracks)
        occur = occurring(_plays(presence.counts[tracks]), presence.classes)
        for name in RATES:
            rates = np.array([found[f"{each}.{name}"] for each in occur])
            found[f"macro.{name}"] = float(counts.mean(rates))
        return found if levels is None else {**found, **level_figures(levels, tracks)}

    return statistic


def always_on(presence: Presence) -> Metrics:
    """The metrics of a system that predicts every class all the time."""
    tp, fp, fn, tn = np.moveaxis(presence.counts, -1, 0)
    predicted = np.stack([tp + fn, fp + tn, np.zeros_like(tp)], axis=-1)
    found = counts.figures(predicted, presence.classes)
    total = predicted.sum(axis=0)
    plays = total[:, 0] > 0
    share = counts.divide(total[:, 0], total.sum(axis=1))
    partly = plays & (total[:, 1] > 0)
    f1 = [found[f"{name}.f1"] for name in occurring(_plays(presence.counts), presence.classes)]
    return nan_to_none(
        {
            "micro_f1": found["micro.f1"],
            "macro_f1": float(np.mean(f1)),
            "map": float(share[plays].mean()) if plays.any() else float("nan"),
            "balanced_accuracy": 0.5 if partly.any() else float("nan"),
        }
    )


def _absent(classes: Sequence[str], totals: NDArray[np.int64]) -> Metrics | None:
    """The share of the time in which classes are predicted that never play."""
    never = (totals[:, 0] + totals[:, 2] == 0) & (totals.sum(axis=1) > 0)
    if not never.any():
        return None
    called = counts.divide(totals[:, 1], totals.sum(axis=1))
    worst = int(np.argmax(np.where(never, called, -1)))
    return {
        "classes": [name for name, absent in zip(classes, never, strict=True) if absent],
        "called": float(called[never].mean()),
        "worst": classes[worst],
        "worst_called": float(called[worst]),
    }


def _matrices(levels: Levels | None) -> Metrics:
    """Both matrices, and their means over the classes that play alone at some time."""
    if levels is None or not levels.alone.any():
        return {"noise": None, "leakage": None, "noise_diagonal_db": None, "leakage_db": None}
    noise, leakage = noise_matrix(levels), leakage_matrix(levels)
    means = {
        "noise_diagonal_db": float(np.nanmean(noise.diagonal())),
        "leakage_db": float(counts.mean(leakage.ravel())),
    }
    return {"noise": _nested(noise), "leakage": _nested(leakage), **nan_to_none(means)}


def _nested(matrix: NDArray[np.float64]) -> list[list[float | None]]:
    return [[None if np.isnan(x) else float(x) for x in row] for row in matrix]


def write(
    folder: Path, metrics: Metrics, scores: ActivityScores, *, copy_audio: bool = False
) -> None:
    """Write a result folder, which contains the stored results of the tracks.

    Raises OSError as `bandscribe.files.whole`.
    """
    write_csv(folder / "tracks.csv", COLUMNS, _rows(scores))
    for name in MATRICES:
        path, matrix = folder / f"{name}.csv", metrics[name]
        if matrix is None:
            path.unlink(missing_ok=True)  # of an earlier result
            continue
        # A row per class that plays alone, a column per class detected.
        rows = zip(scores.classes, matrix, strict=True)
        cells = ((name, *(x if x is None else f"{x:.2f}" for x in row)) for name, row in rows)
        write_csv(path, ("playing", *scores.classes), cells)
    write_instruments_page(folder, metrics, _page_rows(scores), copy_audio)
    write_metrics(folder, metrics)


def _rows(scores: ActivityScores) -> Iterable[tuple[object, ...]]:
    """Rows of tracks.csv: frames with known activity, and the level error of active classes."""
    for i, track in enumerate(scores.tracks):
        for c, name in enumerate(scores.classes):
            error, frames = (0, 0) if scores.levels is None else scores.levels.errors[i, c].tolist()
            yield (
                track["track"], track["split"], track["group"], name,
                *scores.presence.counts[i, c].tolist(), int(frames),
                f"{error / frames:.6f}" if frames else "",
            )  # fmt: skip


def _page_rows(scores: ActivityScores) -> Iterable[Metrics]:
    """The entry of each track on the page."""
    for i, track in enumerate(scores.tracks):
        error = np.nan
        if scores.levels is not None:
            sums = scores.levels.errors[i].sum(axis=0)
            error = float(counts.divide(sums[0], sums[1]))
        frames = scores.presence.counts[i].sum(axis=0)[:3]
        yield {**page_row(track, frames), **nan_to_none({"level_error_db": error})}


def tabulate(metrics: Metrics) -> Iterable[str]:
    """Lines for a terminal: metrics of all classes together, the averages, then each class."""
    yield headline(metrics)
    trivial = metrics["always_on"]
    for name, shown in OVERALL.items():
        if metrics[name] is not None:
            interval, beside = metrics[f"{name}_ci95"], trivial.get(name)
            yield _overall_line(shown, metrics[name], interval, beside, name.endswith("_db"))
    for name in ("micro", "macro"):
        f1, interval = metrics[name]["f1"], metrics[name]["ci95"]
        yield _overall_line(f"{name} F1", f1, interval, trivial[f"{name}_f1"], False)
    if metrics["noise_diagonal_db"] is not None:
        yield (
            f"while one plays alone: noise {metrics['noise_diagonal_db']:.1f} dB in its own place, "
            f"leakage {_decibels(metrics['leakage_db'])} dB into others (-60 is best)"
        )
    if (absent := metrics["absent"]) is not None:
        yield (
            f"never played: {', '.join(absent['classes'])}; predicted {absent['called']:.1%} of "
            f"the time, {absent['worst']} the most ({absent['worst_called']:.1%})"
        )
    yield ""
    yield (
        f"{'':<10}  precision  recall     F1     AP  balanced  level dB  played  called  95 % of F1"
    )
    for name, row in score_rows(metrics).items():
        line = format_rates(name, row, 10)
        if "ap" in row:
            line += f"{format_number(row['ap']):>5}  {format_number(row['balanced_accuracy']):>8}  "
            line += f"{_decibels(row['level_error_db']):>8}  "
            line += f"{row['played']:>6.1%}  {row['called']:>6.1%}  "
        yield f"{line:<77}{format_interval(row['ci95'])}".rstrip()


def _overall_line(
    name: str,
    value: float,
    interval: Sequence[float] | None,
    always_on: float | None,
    decibels: bool,
) -> str:
    """A metric of all classes together, its interval, and the one of `always_on`."""
    if decibels:
        line = f"{name:<17}  {value:5.2f}  {' to '.join(f'{x:.2f}' for x in interval or ())}"
    else:
        line = f"{name:<17}  {format_number(value)}  {format_interval(interval)}"
    beside = "" if always_on is None else f"always on: {format_number(always_on)}"
    return f"{line:<43}{beside}".rstrip()


def _decibels(value: float | None) -> str:
    return "-" if value is None else f"{value:.1f}"
