"""Evaluation of instrument recognition on the tracks of a corpus.

A class is scored where the corpus annotates it and, of a model, where the model has it. The metrics
are those of `metrics.tags`: Harmony Is All You Need 2023, section 5.1 (Hamming score, macro
precision, recall and F1, exact match), and micro F1, label ranking and average precision besides.
Where every clip has one label, `top1` is the share of them whose highest score is that of the
label.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bandscribe.datasets.corpus import Corpus
from bandscribe.datasets.track import Track
from bandscribe.evaluation import page
from bandscribe.evaluation.activity_reference import ActivityReference, digest
from bandscribe.evaluation.instrument_systems import InstrumentNetwork, Tag, TagEstimates
from bandscribe.evaluation.store import Json, Results, TrackResult, name_track
from bandscribe.evaluation.tables import (
    COUNTS,
    RATES,
    Metrics,
    confidence_intervals,
    format_interval,
    format_number,
    format_rates,
    headline,
    list_failed,
    name_extent,
    nan_to_none,
    occurring,
    score_rows,
    summarize_overall,
    summarize_scores,
    write_metrics,
)
from bandscribe.files import write_csv
from bandscribe.metrics import tags
from bandscribe.metrics.bootstrap import Statistic
from bandscribe.metrics.counts import rate
from bandscribe.names import find_all
from bandscribe.types import Activations
from bandscribe.vocabulary import INSTRUMENTS

#: Counts up when a result holds something else than before, or is computed by another rule.
FORMAT = 2
#: Metrics of all classes together, and what the printed table calls them.
OVERALL = {
    "top1": "top 1",
    "hamming": "Hamming score",
    "exact_match": "exact match",
    "lrap": "label ranking",
    "map": "mean AP",
    "ece": "calibration error",
}
COLUMNS = ("track", "split", "group", "class", "annotated", "probability", "present")


@dataclass(frozen=True)
class RecognitionTask:
    """How each track is evaluated."""

    system: InstrumentNetwork | TagEstimates

    def missing(self, track: Track[Any]) -> tuple[Path, ...]:
        """Files without which the track cannot be evaluated."""
        return self.system.missing(track)

    def cache_key(self, track: Track[Any], target: frozenset[str] | Activations) -> list[object]:
        """The labels, or the activity from which they follow, and the system."""
        annotation = sorted(target) if isinstance(target, frozenset) else digest(target)
        return [FORMAT, annotation, self.system.identity(track)]

    def evaluate(self, track: Track[Any], target: frozenset[str] | Activations) -> TrackResult:
        """The annotated classes, those of which it is not known, and the predicted ones."""
        labels: frozenset[str]
        unknown: frozenset[str]
        if isinstance(target, frozenset):
            labels, unknown = target, frozenset()
        else:
            labels, unknown = ActivityReference.load(target, track).labels
        found = self.system.recognize(track)
        return TrackResult(
            {
                **name_track(track),
                "duration": found.duration,
                "labels": sorted(labels),
                "unknown": sorted(unknown | track.unscored),
                "predicted": {name: list(one) for name, one in found.tags.items()},
            },
            found.shown,
        )


@dataclass(frozen=True, eq=False)
class RecognitionScores:
    """Of each (track, class): is it annotated, is that `known`, and what does the system predict.

    `tracks` are the stored scores; `failed` are ids of tracks, and why they failed.
    """

    classes: tuple[str, ...]
    tracks: list[Json]
    targets: NDArray[np.bool_]
    known: NDArray[np.bool_]
    scores: NDArray[np.float64]
    present: NDArray[np.bool_]
    failed: list[tuple[str, str]]

    @classmethod
    def stack(
        cls, results: Results[Json], classes: tuple[str, ...], *, restrict: bool = False
    ) -> RecognitionScores:
        """The scores of all tracks; with `restrict` those alone that have one of `classes`."""
        tracks = [
            each for each in results.scores if not restrict or set(each["labels"]) & set(classes)
        ]
        shape = (len(tracks), len(classes))
        absent = (0.0, False)
        predicted = [
            [Tag(*each["predicted"].get(name, absent)) for name in classes] for each in tracks
        ]
        known = [[name not in each["unknown"] for name in classes] for each in tracks]
        return cls(
            classes,
            tracks,
            tags.indicate([each["labels"] for each in tracks], classes),
            np.array(known, dtype=bool).reshape(shape),
            np.array([[one.probability for one in row] for row in predicted]).reshape(shape),
            np.array([[one.present for one in row] for row in predicted], bool).reshape(shape),
            results.failed,
        )

    @property
    def counts(self) -> NDArray[np.int64]:
        """(track, class, 3): tp, fp and fn."""
        return tags.count(self.targets & self.known, self.present & self.known)


def choose_classes(
    corpus: Corpus[Any], system: Sequence[str], among: str | None = None
) -> tuple[str, ...]:
    """The corpus's classes that a `system` has, and of them those `among`, if it is not None.

    Raises ValueError when there is none, or as `names.find_all`.
    """
    both = set(corpus.classes) & set(system) - set(corpus.unscored)
    if not both:
        raise ValueError(f"{corpus.name}: the system knows none of its classes")
    known = tuple(name for name in INSTRUMENTS if name in both)
    chosen = known if among is None else find_all(among, known)
    return tuple(name for name in known if name in chosen)


def statistic_of(all_scores: RecognitionScores) -> Statistic:
    """Every metric of the tracks at some indices: those of `metrics.tags`, and `top1`.

    Means over classes, `macro` and `map`, are over those that occur in these tracks. `top1` is
    there where every track has one label, which is known.
    """
    targets, scores, known = all_scores.targets, all_scores.scores, all_scores.known
    annotated = targets & known
    single = bool(known.all() and (targets.sum(axis=1) == 1).all())
    # A score reaches its threshold where the class is predicted, whatever the thresholds were.
    thresholds = np.where(all_scores.present, 0.0, np.inf)
    top = targets[np.arange(len(targets)), scores.argmax(axis=1)]

    def statistic(i: NDArray[np.int64]) -> dict[str, float]:
        found = tags.figures(
            targets[i], scores[i], all_scores.classes, thresholds[i], known=known[i]
        )
        occur = occurring(annotated[i], all_scores.classes)
        for name in RATES:
            found[f"macro.{name}"] = float(np.mean([found[f"{each}.{name}"] for each in occur]))
        found["map"] = float(np.mean([found[f"{each}.ap"] for each in occur]))
        return {"top1": float(top[i].mean()), **found} if single else found

    return statistic


def summarize(described: Mapping[str, Any], scores: RecognitionScores) -> Metrics:
    """All that metrics.json holds.

    Each metric of `OVERALL` has its bootstrap interval beside it, as `…_ci95`; averages and classes
    are those of `tables.summarize_scores`. Undefined metrics are 0. Means over classes (`macro`,
    `map`) are over those that some track has, which `occur` names; `top1` is left out where clips
    have not one label each.
    """
    statistic = statistic_of(scores)
    values = statistic(np.arange(len(scores.tracks)))
    intervals = confidence_intervals(statistic, len(scores.tracks))
    return {
        **described,
        "classes": list(scores.classes),
        "occur": occurring(scores.targets & scores.known, scores.classes),
        "tracks": len(scores.tracks),
        "failed": list_failed(scores.failed),
        **summarize_overall(filter(values.__contains__, OVERALL), values, intervals),
        **summarize_scores(
            values, intervals, scores.counts.sum(axis=0), scores.classes,
            lambda name, counts: nan_to_none({"ap": values[f"{name}.ap"]}),
        ),
        "reliability": _reliability(scores),
    }  # fmt: skip


def _reliability(scores: RecognitionScores) -> list[Metrics]:
    """Of each bin of probabilities that is not empty: their mean, and how often they were right."""
    curve = tags.calibrate(scores.targets, scores.scores, known=scores.known)
    return [
        {"confidence": confidence, "frequency": frequency, "number": number}
        for confidence, frequency, number in zip(*(c.tolist() for c in curve), strict=True)
        if number
    ]


def tabulate(metrics: Metrics) -> Iterable[str]:
    """Lines for a terminal: metrics of all classes together, the averages, then each class."""
    yield headline(metrics)
    for name, shown in OVERALL.items():
        if name in metrics:
            interval = format_interval(metrics[f"{name}_ci95"])
            yield f"{shown:<17}  {format_number(metrics[name])}  {interval}".rstrip()
    yield ""
    yield f"{'':<10}  precision  recall     F1      tp      fp      fn  95 % of F1"
    for name, row in score_rows(metrics).items():
        numbers = f"{row['tp']:6}  {row['fp']:6}  {row['fn']:6}"
        yield f"{format_rates(name, row, 10)}{numbers}  {format_interval(row['ci95'])}".rstrip()


def write(
    folder: Path, metrics: Metrics, scores: RecognitionScores, *, copy_audio: bool = False
) -> None:
    """Write a result folder, which contains the stored results of the tracks.

    Raises OSError as `bandscribe.files.whole`.
    """
    write_csv(folder / "tracks.csv", COLUMNS, _rows(scores))
    write_instruments_page(folder, metrics, _page_rows(scores), copy_audio)
    write_metrics(folder, metrics)


def _rows(scores: RecognitionScores) -> Iterable[tuple[object, ...]]:
    """Rows of tracks.csv; `annotated` is empty where it is unknown."""
    for i, track in enumerate(scores.tracks):
        for c, name in enumerate(scores.classes):
            annotated = str(scores.targets[i, c]).lower() if scores.known[i, c] else ""
            yield (
                track["track"], track["split"], track["group"], name, annotated,
                f"{scores.scores[i, c]:.6f}", str(scores.present[i, c]).lower(),
            )  # fmt: skip


def _page_rows(scores: RecognitionScores) -> Iterable[Metrics]:
    """The entry of each track on the page."""
    for i, track in enumerate(scores.tracks):
        rows = zip(scores.classes, scores.scores[i], scores.present[i], strict=True)
        yield {
            **page_row(track, scores.counts[i].sum(axis=0)),
            "annotated": [name for name in scores.classes if name in track["labels"]],
            "predicted": {name: [round(float(s), 3), bool(present)] for name, s, present in rows},
        }


def page_row(track: Json, counts: NDArray[np.int64]) -> Metrics:
    """The entry of any track on an instrument page, from its tp, fp and fn."""
    return {
        **{name: track[name] for name in ("track", "split", "audio", "duration")},
        **dict(zip(COUNTS, counts.tolist(), strict=True)),
        **nan_to_none(dict(zip(RATES, rate(counts).tolist(), strict=True))),
    }


def write_instruments_page(
    folder: Path, metrics: Metrics, rows: Iterable[Metrics], copy_audio: bool
) -> None:
    """The page of recognition or of activity. Raises OSError as `bandscribe.files.whole`."""
    page.write(
        folder, "instruments", metrics, list(rows), copy_audio=copy_audio,
        about=f"{metrics['task']} · {name_extent(metrics)} of {metrics['root']}",
        f1=lambda row: row["f1"],
    )  # fmt: skip
