"""How well a system tells which instruments are heard in the tracks of a corpus.

A class is scored where the corpus annotates it and, of a model, where the model knows it. Figures
are those of `metrics.tags`: Harmony Is All You Need 2023, section 5.1 (Hamming score, macro
precision, recall and F1, exact match), and micro F1, label ranking and average precision besides.
Where every clip has one label, `top1` is the share of them whose highest score is that of the
label.

metrics.json   what was evaluated, and all figures
tracks.csv     of each track and class: what is annotated, how sure the system is, what it says
report.html    a page to look at and listen to
tracks/        a file per track: what a later call need not do again
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bandscribe.datasets.corpus import Corpus
from bandscribe.datasets.track import Track
from bandscribe.evaluation.listeners import Listener
from bandscribe.evaluation.presence import digest, refer
from bandscribe.evaluation.recognition_estimates import Said, Tables
from bandscribe.evaluation.results import describe_audio
from bandscribe.evaluation.store import Judgement, Plain
from bandscribe.metrics import tags
from bandscribe.metrics.tasks import name_setup
from bandscribe.types import Activations
from bandscribe.vocabulary import INSTRUMENTS

#: Counts up when a verdict holds something else than before, or holds it by another rule.
FORMAT = 1
Figures = dict[str, Any]


@dataclass(frozen=True)
class Task:
    """What is done with every track."""

    system: Listener | Tables

    def missing(self, track: Track[Any]) -> tuple[Path, ...]:
        """Files without which the track cannot be evaluated."""
        return self.system.missing(track)

    def depends(self, track: Track[Any], target: frozenset[str] | Activations) -> list[object]:
        """The labels, or the activity from which they follow, and the system."""
        told = sorted(target) if isinstance(target, frozenset) else digest(target)
        return [FORMAT, told, self.system.identity(track)]

    def judge(self, track: Track[Any], target: frozenset[str] | Activations) -> Judgement:
        """What is annotated, what is left open, and what the system says."""
        labels, doubtful = (
            (target, frozenset()) if isinstance(target, frozenset) else refer(target, track).labels
        )
        heard = self.system.recognize(track)
        return Judgement(
            {
                "track": track.id,
                "split": track.split,
                "group": track.group,
                "audio": str(track.audio),
                "duration": heard.duration,
                "labels": sorted(labels),
                "unknown": sorted(doubtful | track.unscored),
                "said": {name: list(said) for name, said in heard.tagged.items()},
            },
            heard.shown,
        )


@dataclass(frozen=True, eq=False)
class Outcome:
    """Each (track, class): is it annotated, and `known` to be so or not; what does the system say.

    A problem is a track's id and one line that says what was wrong with it.
    """

    classes: tuple[str, ...]
    tracks: list[Plain]
    targets: NDArray[np.bool_]
    known: NDArray[np.bool_]
    scores: NDArray[np.float64]
    present: NDArray[np.bool_]
    problems: list[tuple[str, str]]


def choose_classes(
    corpus: Corpus[Any], heard: Sequence[str], among: Sequence[str] = ()
) -> tuple[str, ...]:
    """The corpus's classes that a system has `heard` of, and of them those `among`, if any.

    Raises ValueError when there is none, or one of `among` is none of them.
    """
    both = set(corpus.classes) & set(heard) - set(corpus.unscored)
    if not both:
        raise ValueError(f"{corpus.name}: the system knows none of its classes")
    known = tuple(name for name in INSTRUMENTS if name in both)
    if unknown := [name for name in among if name not in known]:
        raise ValueError(f"--among: expected some of {', '.join(known)}, got {unknown[0]!r}")
    return tuple(name for name in known if not among or name in among)


def gather(
    verdicts: Sequence[Plain],
    classes: tuple[str, ...],
    problems: Sequence[tuple[str, str]] = (),
    *,
    restrict: bool = False,
) -> Outcome:
    """The verdicts as arrays; with `restrict` those alone that have one of `classes`."""
    done = [each for each in verdicts if not restrict or set(each["labels"]) & set(classes)]
    shape = (len(done), len(classes))
    nothing = Said(0.0, False)
    said = [[Said(*each["said"].get(name, nothing)) for name in classes] for each in done]
    known = [[name not in each["unknown"] for name in classes] for each in done]
    return Outcome(
        classes,
        done,
        tags.indicate([each["labels"] for each in done], classes),
        np.array(known, dtype=bool).reshape(shape),
        np.array([[one.probability for one in row] for row in said]).reshape(shape),
        np.array([[one.present for one in row] for row in said], dtype=bool).reshape(shape),
        list(problems),
    )


def describe(
    corpus: Corpus[Any], root: Path, audio: str, split: str, system: Listener | Tables
) -> Figures:
    """What is evaluated and how: what metrics.json says before the figures."""
    described = {**describe_audio(corpus, root, audio, split), "task": "recognition"}
    if isinstance(system, Tables):
        return {**described, "estimates": str(system.path)}
    own = corpus.licence == "own"  # of somebody's own clips nobody knows who has heard them
    return {
        **described,
        "model": system.model,
        "commit": system.commit,
        "setup": None if own else name_setup(corpus.name, system.trained_on),
        "aggregate": system.aggregate,
        "threshold": system.threshold,
    }


def rows(outcome: Outcome) -> list[Figures]:
    """Of each track what a page says of it: names, what is annotated and heard, and counts."""
    found = tags.count(outcome.targets & outcome.known, outcome.present & outcome.known)
    return [
        {
            **{name: track[name] for name in ("track", "split", "audio", "duration")},
            **dict(zip(("tp", "fp", "fn"), number.sum(axis=0).tolist(), strict=True)),
            "annotated": [name for name in outcome.classes if name in track["labels"]],
            "said": {
                name: [round(float(score), 3), bool(present)]
                for name, score, present in zip(outcome.classes, scores, named, strict=True)
            },
        }
        for track, number, scores, named in zip(
            outcome.tracks, found, outcome.scores, outcome.present, strict=True
        )
    ]
