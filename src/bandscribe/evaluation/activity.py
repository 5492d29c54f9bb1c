"""How well a system follows the instruments of a corpus over time.

Figures are those of `metrics.frames`, over all frames of which `evaluation.presence` can say who
plays; levels and matrices are measured where the corpus tells levels. Beside them stands always-on:
a system that says of every class that it always plays. Its average precision, the share of the time
in which the class plays, is what any other one gets from scores drawn at random. Where the
annotation are confidences of MedleyDB, a network's levels are read as such
(`evaluation.confidence`).

metrics.json               what was evaluated, and all figures
tracks.csv                 of each track and class the counts of frames, and the level error
noise.csv, leakage.csv     the matrices of Neuroment (2022), section 5.4, in dB; and as pictures
report.html                a page to look at and listen to
tracks/                    a file per track: what a later call need not do again
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from bandscribe.datasets.corpus import Corpus
from bandscribe.datasets.track import Track
from bandscribe.evaluation import lanes
from bandscribe.evaluation.activity_estimates import Curves
from bandscribe.evaluation.confidence import confide
from bandscribe.evaluation.figures import plain
from bandscribe.evaluation.joining import Groups, join, join_reference, select
from bandscribe.evaluation.presence import digest, refer
from bandscribe.evaluation.results import describe_audio
from bandscribe.evaluation.store import Judgement, Plain
from bandscribe.instruments import Activity
from bandscribe.metrics import counts
from bandscribe.metrics.frames import (
    Levels,
    Presence,
    align,
    count_presence,
    sum_levels,
)
from bandscribe.metrics.tasks import name_setup
from bandscribe.types import Activations

#: Counts up when a verdict holds something else than before, or holds it by another rule.
FORMAT = 2
Figures = dict[str, Any]


@runtime_checkable
class Tracker(Protocol):
    """A network that says who plays at every moment; it is sent to other processes."""

    @property
    def model(self) -> str:
        """Its name or place."""

    @property
    def commit(self) -> str:
        """Of the code that it was trained with; empty where nobody knows."""

    @property
    def classes(self) -> tuple[str, ...]:
        """The classes that it knows."""

    @property
    def trained_on(self) -> tuple[str, ...]:
        """The corpora that it is known to have heard."""

    def missing(self, track: Track[Any]) -> tuple[Path, ...]:
        """Files without which the track cannot be evaluated."""

    def identity(self, track: Track[Any]) -> list[object]:
        """The network and how it is asked, and the sound."""

    def track(self, track: Track[Any]) -> Activity:
        """Who plays at every moment of the audio."""


@dataclass(frozen=True)
class Task:
    """What is done with every track; `classes` are scored, of which `groups` count as one each."""

    system: Tracker | Curves
    classes: tuple[str, ...]
    groups: Groups = ()

    def missing(self, track: Track[Any]) -> tuple[Path, ...]:
        """Files without which the track cannot be evaluated."""
        return self.system.missing(track)

    def depends(self, track: Track[Any], target: Activations) -> list[object]:
        """The annotation, the system, the classes."""
        heard = self.system.identity(track)
        return [FORMAT, digest(target), heard, self.classes, self.groups]

    def judge(self, track: Track[Any], target: Activations) -> Judgement:
        """Sums over the frames of the annotation."""
        reference = join_reference(refer(select(target, self.classes), track), self.groups)
        heard = self.system.track(track)
        confident = isinstance(self.system, Tracker) and target.kind == "probability"
        found = join(confide(heard) if confident else heard, self.classes, self.groups)
        probability = align(found.probability, reference.presence)
        presence = count_presence(
            [reference.presence], [probability], found.thresholds, known=[reference.known]
        )
        levels = None
        if reference.level is not None:
            loudness = align(found.level, reference.level)
            levels = sum_levels([reference.level], [loudness], [reference.solos])
        return Judgement(
            {
                "track": track.id,
                "split": track.split,
                "group": track.group,
                "audio": str(track.audio),
                "duration": heard.duration,
                "presence": _to_plain(presence),
                "levels": None if levels is None else _to_plain(levels),
            },
            lanes.describe(found.probability, found.thresholds, reference),
        )


def _to_plain(sums: Presence | Levels) -> Plain:
    """The sums of one track."""
    arrays = {name: array[0] for name, array in vars(sums).items() if name != "classes"}
    # Counts are whole numbers, which are shorter as such.
    return {n: (a.astype(int) if n == "histogram" else a).tolist() for n, a in arrays.items()}


@dataclass(frozen=True, eq=False)
class Outcome:
    """The verdicts, and the sums of all tracks; `levels` is None where one has none.

    A problem is a track's id and one line that says what was wrong with it.
    """

    classes: tuple[str, ...]
    tracks: list[Plain]
    presence: Presence
    levels: Levels | None
    problems: list[tuple[str, str]]


def gather(
    verdicts: Sequence[Plain], classes: tuple[str, ...], problems: Sequence[tuple[str, str]] = ()
) -> Outcome:
    """The sums of one track or more, stacked."""

    def stack(kind: str, name: str) -> NDArray[Any]:
        return np.array([verdict[kind][name] for verdict in verdicts])

    presence = Presence(classes, stack("presence", "counts"), stack("presence", "histogram"))
    levels = None
    if all(verdict["levels"] for verdict in verdicts):
        names = [field.name for field in fields(Levels) if field.name != "classes"]
        levels = Levels(classes, **{name: stack("levels", name) for name in names})
    return Outcome(classes, list(verdicts), presence, levels, list(problems))


def describe(
    corpus: Corpus[Any],
    root: Path,
    audio: str,
    split: str,
    system: Tracker | Curves,
    groups: Groups,
) -> Figures:
    """What is evaluated and how: what metrics.json says before the figures."""
    described = {
        **describe_audio(corpus, root, audio, split),
        "joined": ["+".join(group) for group in groups],
    }
    if isinstance(system, Curves):
        threshold = system.threshold
        return {**described, "estimates": str(system.path), "threshold": threshold}
    own = corpus.licence == "own"  # of somebody's own pieces nobody knows who has heard them
    return {
        **described,
        "model": system.model,
        "commit": system.commit,
        "setup": None if own else name_setup(corpus.name, system.trained_on),
    }


def rows(outcome: Outcome) -> list[Figures]:
    """Of each track what a page says of it: names, counts of frames, and the level error."""
    found = []
    for i, track in enumerate(outcome.tracks):
        names = {name: track[name] for name in ("track", "split", "audio", "duration")}
        frames = outcome.presence.counts[i].sum(axis=0)[:3].tolist()
        error = np.nan
        if outcome.levels is not None:
            sums = outcome.levels.errors[i].sum(axis=0)
            error = float(counts.divide(sums[0], sums[1]))
        told = dict(zip(("tp", "fp", "fn"), frames, strict=True))
        found.append({**names, **told, **plain({"level_error_db": error})})
    return found
