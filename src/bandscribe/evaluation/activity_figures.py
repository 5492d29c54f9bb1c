"""From the sums of all tracks to the figures of activity, as `metrics.json` holds them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bandscribe.evaluation.activity import Figures, Outcome
from bandscribe.evaluation.figures import draw_intervals, plain, span
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

#: Figures of all classes together, and what the printed table calls them.
OVERALL = {
    "map": "mean AP",
    "balanced_accuracy": "balanced accuracy",
    "level_error_db": "level error (dB)",
}

RATES = ("precision", "recall", "f1")


def summarise(described: Mapping[str, Any], outcome: Outcome) -> Figures:
    """All that metrics.json holds; undefined figures are null.

    Each figure of `OVERALL` has beside it its interval when tracks are drawn anew, as `…_ci95`.
    `micro`, `macro`, `track_mean` and each of `per_class` hold precision, recall, F1, the frames
    behind them and their intervals (`ci95` is that of F1); of a class also `ap`,
    `balanced_accuracy`, `level_error_db`, and the shares of the time in which it plays (`played`)
    and is said to (`called`). Means over classes are over those that play at some time, which
    `occur` names. `always_on` is that system's; `absent` sums up the classes that never
    play. `noise` and `leakage` are matrices (playing alone, detected) in dB.
    """
    presence = outcome.presence
    count, statistic = len(outcome.tracks), measure(outcome)
    values, intervals = statistic(np.arange(count)), draw_intervals(statistic, count)
    totals = presence.counts.sum(axis=0)

    def entry(group: str, frames: NDArray[np.int64]) -> Figures:
        rates = {name: values[f"{group}.{name}"] for name in RATES}
        return {
            **plain(rates),
            **dict(zip(("tp", "fp", "fn"), frames[:3].tolist(), strict=True)),
            "ci95": span(intervals[f"{group}.f1"]),
            "precision_ci95": span(intervals[f"{group}.precision"]),
            "recall_ci95": span(intervals[f"{group}.recall"]),
        }

    def more(name: str, frames: NDArray[np.int64]) -> Figures:
        tp, fp, fn, _ = frames / max(1, frames.sum())
        told = {
            key: values.get(f"{name}.{key}", np.nan)
            for key in ("ap", "balanced_accuracy", "level_error_db")
        }
        return plain({**told, "played": tp + fn, "called": tp + fp})

    overall: Figures = {}
    for name in OVERALL:
        known = name in values
        overall[name] = plain({name: values[name]})[name] if known else None
        overall[f"{name}_ci95"] = span(intervals[name]) if known else None
    return {
        **described,
        "classes": list(outcome.classes),
        "occur": _occurring(presence.counts, presence.classes),
        "tracks": count,
        "failed": [{"track": track, "problem": problem} for track, problem in outcome.problems],
        **overall,
        **{group: entry(group, totals.sum(axis=0)) for group in ("micro", "macro", "track_mean")},
        "per_class": {
            name: {**entry(name, row), **more(name, row)}
            for name, row in zip(outcome.classes, totals, strict=True)
        },
        "always_on": always_on(presence),
        "absent": _absent(outcome.classes, totals),
        **_matrices(outcome.levels),
    }


def _occurring(numbers: NDArray[np.int64], classes: Sequence[str]) -> list[str]:
    """The classes that play at some time, by counts (track, class, 4); all, if none does."""
    plays = numbers[..., [0, 2]].sum(axis=(0, 2)) > 0
    return [name for name, some in zip(classes, plays, strict=True) if some] or list(classes)


def measure(outcome: Outcome) -> Statistic:
    """Every figure of the tracks at some indices: those of `metrics.frames`.

    Means over classes are over those that occur in these tracks: of a class that never plays,
    precision and F1 are 0 as soon as it is said to once.
    """
    presence, levels = outcome.presence, outcome.levels

    def statistic(tracks: NDArray[np.int64]) -> dict[str, float]:
        found = presence_figures(presence, tracks)
        occur = _occurring(presence.counts[tracks], presence.classes)
        for name in RATES:
            rates = np.array([found[f"{each}.{name}"] for each in occur])
            found[f"macro.{name}"] = float(counts.mean(rates))
        return found if levels is None else {**found, **level_figures(levels, tracks)}

    return statistic


def always_on(presence: Presence) -> Figures:
    """The figures of who says of every class that it always plays."""
    tp, fp, fn, tn = np.moveaxis(presence.counts, -1, 0)
    said = np.stack([tp + fn, fp + tn, np.zeros_like(tp)], axis=-1)
    found = counts.figures(said, presence.classes)
    total = said.sum(axis=0)
    plays = total[:, 0] > 0
    share = counts.divide(total[:, 0], total.sum(axis=1))
    partly = plays & (total[:, 1] > 0)
    f1 = [found[f"{name}.f1"] for name in _occurring(presence.counts, presence.classes)]
    return plain(
        {
            "micro_f1": found["micro.f1"],
            "macro_f1": float(np.mean(f1)),
            "map": float(share[plays].mean()) if plays.any() else float("nan"),
            "balanced_accuracy": 0.5 if partly.any() else float("nan"),
        }
    )


def _absent(classes: Sequence[str], totals: NDArray[np.int64]) -> Figures | None:
    """Of the classes that never play: how much of the time they are said to, and which the most."""
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


def _matrices(levels: Levels | None) -> Figures:
    """Both matrices, and the means over the classes that play alone at some time."""
    if levels is None or not levels.alone.any():
        return {"noise": None, "leakage": None, "noise_diagonal_db": None, "leakage_db": None}
    noise, leakage = noise_matrix(levels), leakage_matrix(levels)
    means = {
        "noise_diagonal_db": float(np.nanmean(noise.diagonal())),
        "leakage_db": float(counts.mean(leakage.ravel())),
    }
    return {"noise": _nested(noise), "leakage": _nested(leakage), **plain(means)}


def _nested(matrix: NDArray[np.float64]) -> list[list[float | None]]:
    return [[None if np.isnan(x) else float(x) for x in row] for row in matrix]
