"""Shared by the results of all tasks: description of the evaluation, intervals, printed tables.

metrics.json   what was evaluated, and all metrics
tracks.csv     a row for each track and class
report.html    a page to look at and listen to: see `page`
tracks/        a file per track, from which a later call continues: see `store`
audio/         with `copy_audio`: what the page plays
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from bandscribe.datasets.address import CorpusAddress
from bandscribe.evaluation.networks import Network
from bandscribe.files import write_json
from bandscribe.metrics import bootstrap
from bandscribe.metrics.bootstrap import Interval, Statistic

#: The content of metrics.json, or a part of it.
Metrics = dict[str, Any]
SEED = 0
RATES = ("precision", "recall", "f1")
COUNTS = ("tp", "fp", "fn")
AVERAGES = ("micro", "macro", "track_mean")


class Estimates(Protocol):
    """The files of any other system."""

    @property
    def path(self) -> Path:
        """The file, or the folder of files."""


def describe(task: str, address: CorpusAddress, split: str, system: Network | Estimates) -> Metrics:
    """The system and the corpus: the beginning of metrics.json."""
    corpus = address.corpus
    described: Metrics = {
        "task": task,
        "corpus": corpus.name,
        "root": address.root.resolve().name,
        "audio": address.variant,
        "split": split,
        "model": None,
        "commit": None,
        "estimates": None,
        "setup": None,
    }
    if not isinstance(system, Network):
        return {**described, "estimates": str(system.path)}
    # Whether a model was trained on the user's own recordings is not known.
    setup = None if corpus.licence == "own" else name_setup(corpus.name, system.trained_on)
    return {**described, "model": system.model, "commit": system.commit, "setup": setup}


def name_task(*, melodic: bool, untranscribed: bool) -> str:
    """The name of an evaluation of drum transcription in the literature: `DTM`, `DTP` or `DTD`.

    `DTM` where instruments other than drums and percussion sound (`melodic`), `DTP` where drums or
    percussion sound that the scored classes do not cover (`untranscribed`), as toms and cymbals do
    where only `KD SD HH` are scored; else `DTD`. Names as in Wu et al. 2018, A Review of Automatic
    Drum Transcription, and in Deep Unsupervised Drum Transcription (2019), section 4.
    """
    if melodic:
        return "DTM"
    return "DTP" if untranscribed else "DTD"


def name_setup(corpus: str, trained_on: Collection[str]) -> str:
    """`eval-subset` if the system was trained on `corpus`, else `eval-cross`.

    The caller has to ensure that no track, and none of its group, was trained on.
    """
    return "eval-subset" if corpus in trained_on else "eval-cross"


def name_system(metrics: Mapping[str, Any]) -> str:
    """For example `model drums`, or `estimates of system_x`."""
    if metrics["model"] is not None:
        return f"model {metrics['model']}"
    return f"estimates of {Path(metrics['estimates']).name}"


def name_corpus(metrics: Mapping[str, Any]) -> str:
    """For example `mdb drum_only`."""
    return f"{metrics['corpus']} {metrics['audio']}".strip()


def name_extent(metrics: Mapping[str, Any]) -> str:
    """For example `23 tracks (test)`."""
    return f"{count_tracks(metrics)} ({metrics['split']})"


def count_tracks(metrics: Mapping[str, Any]) -> str:
    """`1 track`, `2 tracks`."""
    return f"{metrics['tracks']} track" + ("" if metrics["tracks"] == 1 else "s")


def list_failed(failed: Sequence[tuple[str, str]]) -> list[Metrics]:
    """The tracks that could not be evaluated, and why."""
    return [{"track": track, "problem": problem} for track, problem in failed]


# metrics ------------------------------------------------------------------------------------------


def confidence_intervals(statistic: Statistic, tracks: int) -> dict[str, Interval]:
    """The bootstrap interval of every metric; all are computed on the same resamples of tracks."""
    return bootstrap.intervals(statistic, tracks, np.random.default_rng(SEED))


def bounds(interval: Interval) -> list[float] | None:
    """Low and high, for JSON; None if the interval is undefined."""
    return None if math.isnan(interval.low) else list(interval)


def summarize_overall(
    names: Iterable[str], values: Mapping[str, float], intervals: Mapping[str, Interval]
) -> Metrics:
    """Each metric with its interval as `…_ci95`; None for metrics without a value."""
    overall: Metrics = {}
    for name in names:
        known = name in values
        overall[name] = nan_to_none(values)[name] if known else None
        overall[f"{name}_ci95"] = bounds(intervals[name]) if known else None
    return overall


def occurring(annotated: NDArray[np.bool_], classes: Sequence[str]) -> list[str]:
    """The classes that are annotated in a track, `annotated` (track, class); all, if none is."""
    some = np.logical_or.reduce(annotated, axis=0)
    return [name for name, found in zip(classes, some, strict=True) if found] or list(classes)


def nan_to_none(metrics: Mapping[str, float]) -> dict[str, float | None]:
    """The same metrics with None for nan, which JSON lacks."""
    return {name: None if math.isnan(value) else value for name, value in metrics.items()}


def summarize_scores(
    values: Mapping[str, float],
    intervals: Mapping[str, Interval],
    totals: NDArray[np.int64],
    classes: Sequence[str],
    more: Callable[[str, NDArray[np.int64]], Metrics] = lambda name, counts: {},
) -> Metrics:
    """`micro`, `macro`, `track_mean`, and each class under `per_class`.

    Each holds precision, recall, F1 (`values`: `micro.f1` and so on), the counts behind them, and
    their intervals; `ci95` is that of F1. `totals` (class, 3 or more) begin with true positives,
    false positives and false negatives; `more` gives what a class has besides.
    """

    def entry(group: str, counts: NDArray[np.int64]) -> Metrics:
        return {
            **nan_to_none({name: values[f"{group}.{name}"] for name in RATES}),
            **dict(zip(COUNTS, counts[:3].tolist(), strict=True)),
            "ci95": bounds(intervals[f"{group}.f1"]),
            "precision_ci95": bounds(intervals[f"{group}.precision"]),
            "recall_ci95": bounds(intervals[f"{group}.recall"]),
        }

    return {
        **{group: entry(group, totals.sum(axis=0)) for group in AVERAGES},
        "per_class": {
            name: {**entry(name, counts), **more(name, counts)}
            for name, counts in zip(classes, totals, strict=True)
        },
    }


def write_metrics(folder: Path, metrics: Metrics) -> None:
    """Write metrics.json, the last file of a result: a folder that contains it is complete.

    Raises OSError as `bandscribe.files.whole`.
    """
    write_json(folder / "metrics.json", metrics, indent=2)


# printed tables -----------------------------------------------------------------------------------


def headline(metrics: Mapping[str, Any]) -> str:
    """Corpus, tracks and system, in one line."""
    return f"{name_corpus(metrics)}: {name_extent(metrics)}, {name_system(metrics)}"


def score_rows(metrics: Mapping[str, Any]) -> dict[str, Metrics]:
    """The averages and each class, by the names that are printed."""
    return {
        **{name.replace("_", " "): metrics[name] for name in AVERAGES},
        **metrics["per_class"],
    }


def format_rates(name: str, row: Mapping[str, Any], width: int = 12) -> str:
    """The beginning of a line: a name, precision, recall and F1."""
    rates = [format_number(row[key]) for key in RATES]
    return f"{name:<{width}}  {rates[0]:>9}  {rates[1]:>6}  {rates[2]:>5}  "


def format_number(value: float | None) -> str:
    """Three decimals, or `-`."""
    return "-" if value is None else f"{value:.3f}"


def format_interval(interval: Iterable[float] | None) -> str:
    """For example `0.812 to 0.934`; empty without an interval."""
    return " to ".join(map(format_number, interval or ()))
