"""How well a system tells which instruments are heard in the tracks of a corpus.

A class is scored where the corpus annotates it and, of a model, where the model knows it. Figures
are those of `metrics.tags`: Harmony Is All You Need 2023, section 5.1 (Hamming score, macro
precision, recall and F1, exact match), and micro F1, label ranking and average precision besides.

metrics.json   what was evaluated, and all figures
tracks.csv     of each track and class: what is annotated, how sure the system is, what it says
"""

from __future__ import annotations

import csv
import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from bandscribe import instruments, runtime
from bandscribe.audio import TruncatedAudioWarning
from bandscribe.chunks import Strategy
from bandscribe.datasets.corpus import Corpus
from bandscribe.evaluation.figures import (
    draw_intervals,
    plain,
    show,
    show_span,
    span,
    write_metrics,
)
from bandscribe.evaluation.results import describe_audio, name_system
from bandscribe.evaluation.tag_files import Files, Labelled, Said, Tagged
from bandscribe.files import whole
from bandscribe.metrics import tags
from bandscribe.metrics.tasks import name_setup
from bandscribe.vocabulary import INSTRUMENTS

#: Figures of all classes together, and what the printed table calls them.
OVERALL = {
    "hamming": "Hamming score",
    "exact_match": "exact match",
    "lrap": "label ranking",
    "map": "mean AP",
    "ece": "calibration error",
}
COLUMNS = ("track", "split", "group", "class", "annotated", "probability", "present")

Figures = dict[str, Any]


@dataclass(frozen=True)
class Network:
    """A model, and how it is asked; `name` is what it was called by."""

    name: str
    model: runtime.Model
    aggregate: Strategy
    threshold: float | None

    @classmethod
    def load(cls, name: str, aggregate: str, threshold: float | None) -> Network:
        """Raise ValueError when there is no such model, or it does not recognize instruments."""
        model = runtime.load(name)
        instruments.check(model.card, aggregate, threshold)
        return cls(name, model, cast("Strategy", aggregate), threshold)

    @property
    def classes(self) -> tuple[str, ...]:
        """The classes that the system knows."""
        return self.model.card.classes

    def missing(self, track: Labelled) -> tuple[Path, ...]:
        """Files without which the track cannot be evaluated."""
        return track.missing

    def listen(self, track: Labelled) -> Tagged:
        """What is heard in the audio."""
        heard = instruments.recognize(
            track.audio, model=self.model, aggregate=self.aggregate, threshold=self.threshold
        )
        rows = zip(heard.tags.classes, heard.tags.scores, heard.present, strict=True)
        return {name: Said(float(score), bool(present)) for name, score, present in rows}


@dataclass(frozen=True, eq=False)
class Outcome:
    """Each (track, class): is it annotated, and `known` to be so or not; what does the system say.

    A problem is a track's id and one line that says what was wrong with it.
    """

    classes: tuple[str, ...]
    tracks: list[Labelled]
    targets: NDArray[np.bool_]
    known: NDArray[np.bool_]
    scores: NDArray[np.float64]
    present: NDArray[np.bool_]
    problems: list[tuple[str, str]]


def choose_classes(corpus: Corpus[frozenset[str]], system: Network | Files) -> tuple[str, ...]:
    """The classes that both know.

    Raises ValueError when there is none.
    """
    both = set(corpus.classes) & set(system.classes) - set(corpus.unscored)
    if not both:
        raise ValueError(f"{corpus.name}: the system knows none of its classes")
    return tuple(name for name in INSTRUMENTS if name in both)


def run(
    tracks: Sequence[Labelled],
    system: Network | Files,
    classes: tuple[str, ...],
    *,
    progress: Callable[[int, str], None] = lambda done, track: None,
) -> Outcome:
    """Ask the system about every track; what cannot be read is a problem of its own.

    `progress` is called with the number of tracks done and the last one's id.
    """
    done: list[Labelled] = []
    labels: list[frozenset[str]] = []
    answers: list[Tagged] = []
    problems: list[tuple[str, str]] = []
    for i, track in enumerate(tracks):
        try:
            if missing := system.missing(track):
                raise ValueError(f"{missing[0]}: missing")
            present = track.load()
            with warnings.catch_warnings():
                # Half a recording might be the half in which an instrument is silent.
                warnings.simplefilter("error", TruncatedAudioWarning)
                answers.append(system.listen(track))
            labels.append(present)
            done.append(track)
        except (ValueError, OSError, TruncatedAudioWarning) as error:
            message = str(error)
            if isinstance(error, OSError) and error.filename and error.strerror:
                message = f"{error.filename}: {error.strerror.lower()}"
            problems.append((track.id, " ".join(message.split())))
        progress(i + 1, track.id)
    shape = (len(done), len(classes))
    said = [[answer.get(name, Said(0.0, False)) for name in classes] for answer in answers]
    known = [[name not in track.unscored for name in classes] for track in done]
    return Outcome(
        classes,
        done,
        tags.indicate(labels, classes),
        np.array(known, dtype=bool).reshape(shape),
        np.array([[one.probability for one in row] for row in said]).reshape(shape),
        np.array([[one.present for one in row] for row in said], dtype=bool).reshape(shape),
        problems,
    )


def describe(
    corpus: Corpus[frozenset[str]], root: Path, audio: str, split: str, system: Network | Files
) -> Figures:
    """What is evaluated and how: what metrics.json says before the figures."""
    described = describe_audio(corpus, root, audio, split)
    if isinstance(system, Files):
        return {**described, "estimates": str(system.path)}
    card = system.model.card
    own = corpus.licence == "own"  # of somebody's own clips nobody knows who has heard them
    trained_on = [source["name"].lower() for source in card.sources]
    return {
        **described,
        "model": system.name,
        "commit": card.commit,
        "setup": None if own else name_setup(corpus.name, trained_on),
        "aggregate": system.aggregate,
        "threshold": system.threshold,
    }


def summarise(described: Mapping[str, Any], outcome: Outcome) -> Figures:
    """All that metrics.json holds.

    Each figure of `OVERALL` has beside it its interval when tracks are drawn anew, as `…_ci95`;
    `micro`, `macro`, `track_mean` and each of `per_class` hold precision, recall, F1, the counts
    behind them and their intervals (`ci95` is that of F1). Undefined figures are 0.
    """
    # A score is reached where the system says so, whatever its thresholds were.
    reached = np.where(outcome.present, 0.0, np.inf)

    def statistic(i: NDArray[np.int64]) -> dict[str, float]:
        targets, scores, known = outcome.targets[i], outcome.scores[i], outcome.known[i]
        return tags.figures(targets, scores, outcome.classes, reached[i], known=known)

    values = statistic(np.arange(len(outcome.tracks)))
    intervals = draw_intervals(statistic, len(outcome.tracks))
    found = tags.count(outcome.targets & outcome.known, outcome.present & outcome.known)
    totals = found.sum(axis=0)

    def entry(group: str, number: NDArray[np.int64]) -> Figures:
        rates = {name: values[f"{group}.{name}"] for name in ("precision", "recall", "f1")}
        return {
            **plain(rates),
            **dict(zip(("tp", "fp", "fn"), number.tolist(), strict=True)),
            "ci95": span(intervals[f"{group}.f1"]),
            "precision_ci95": span(intervals[f"{group}.precision"]),
            "recall_ci95": span(intervals[f"{group}.recall"]),
        }

    overall: Figures = {}
    for name in OVERALL:
        overall |= {**plain({name: values[name]}), f"{name}_ci95": span(intervals[name])}
    return {
        **described,
        "classes": list(outcome.classes),
        "tracks": len(outcome.tracks),
        "failed": [{"track": track, "problem": problem} for track, problem in outcome.problems],
        **overall,
        **{group: entry(group, totals.sum(axis=0)) for group in ("micro", "macro", "track_mean")},
        "per_class": {
            name: {**entry(name, row), **plain({"ap": values[f"{name}.ap"]})}
            for name, row in zip(outcome.classes, totals, strict=True)
        },
    }


def tabulate(summary: Figures) -> Iterable[str]:
    """Lines for a terminal: figures of all classes together, the averages, then each class."""
    number = "1 track" if summary["tracks"] == 1 else f"{summary['tracks']} tracks"
    place = f"{summary['corpus']} {summary['audio']}".strip()
    yield f"{place}: {number} ({summary['split']}), {name_system(summary)}"
    for name, shown in OVERALL.items():
        yield f"{shown:<17}  {show(summary[name])}  {show_span(summary[f'{name}_ci95'])}".rstrip()
    yield ""
    yield f"{'':<10}  precision  recall     F1      tp      fp      fn  95 % of F1"
    averages = {name.replace("_", " "): summary[name] for name in ("micro", "macro", "track_mean")}
    for name, row in {**averages, **summary["per_class"]}.items():
        rates = [show(row[key]) for key in ("precision", "recall", "f1")]
        numbers = f"{row['tp']:6}  {row['fp']:6}  {row['fn']:6}"
        line = f"{name:<10}  {rates[0]:>9}  {rates[1]:>6}  {rates[2]:>5}  {numbers}  "
        yield (line + show_span(row["ci95"])).rstrip()


def write(folder: Path, summary: Figures, outcome: Outcome) -> None:
    """Write a result folder: see the top of this file.

    Raises OSError as `bandscribe.files.whole`.
    """
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
                    (track.id, track.split, track.group, name, annotated,
                     f"{outcome.scores[i, c]:.6f}", str(outcome.present[i, c]).lower())
                )  # fmt: skip
