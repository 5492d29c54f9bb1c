"""How well a system tracks the instruments of a corpus over time: the evaluation of a track.

The metrics are those of `metrics.frames`, over all annotated frames;
levels and matrices are measured where the corpus annotates levels. Where the annotation are
confidences of MedleyDB, the levels of a network are converted to such: see `activity_reference`.
`activity_metrics` sums the tracks up.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from bandscribe.datasets.levels import levels, power
from bandscribe.datasets.track import Track
from bandscribe.decode import decode
from bandscribe.evaluation.activity_reference import (
    ActivityReference,
    Groups,
    digest,
    merge_activity,
    merge_reference,
    select,
    to_medleydb_confidence,
)
from bandscribe.evaluation.instrument_systems import ActivityEstimates
from bandscribe.evaluation.networks import Tracker
from bandscribe.evaluation.page import encode_curves
from bandscribe.evaluation.store import Json, Results, TrackResult, name_track
from bandscribe.metrics.frames import Levels, Presence, align, count_presence, sum_levels
from bandscribe.types import LEVEL_FLOOR_DB, Activations
from bandscribe.vocabulary import INSTRUMENTS

#: Version of stored results; raise it when their content or its computation changes.
FORMAT = 3


@dataclass(frozen=True)
class ActivityTask:
    """How a track is evaluated: in these `classes`, with each of the `groups` as one class."""

    system: Tracker | ActivityEstimates
    classes: tuple[str, ...]
    groups: Groups = ()

    def missing(self, track: Track[Any]) -> tuple[Path, ...]:
        """Files without which the track cannot be evaluated."""
        return self.system.missing(track)

    def cache_key(self, track: Track[Any], target: Activations) -> list[object]:
        """The annotation, the system, the classes."""
        system = self.system.identity(track)
        return [FORMAT, digest(target), system, self.classes, self.groups]

    def evaluate(self, track: Track[Any], target: Activations) -> TrackResult:
        """Sums over the frames of the annotation."""
        annotated = ActivityReference.load(select(target, self.classes), track)
        reference = merge_reference(annotated, self.groups)
        predicted = self.system.track(track)
        if isinstance(self.system, Tracker) and target.kind == "probability":
            predicted = to_medleydb_confidence(predicted)
        found = merge_activity(predicted, self.classes, self.groups)
        probability = align(found.probability, reference.presence)
        presence = count_presence(
            [reference.presence], [probability], found.thresholds, known=[reference.known]
        )
        level_sums = None
        if reference.level is not None:
            level = align(found.level, reference.level)
            level_sums = sum_levels([reference.level], [level], [reference.solos])
        return TrackResult(
            {
                **name_track(track),
                "duration": predicted.duration,
                "presence": _to_json(presence),
                "levels": None if level_sums is None else _to_json(level_sums),
            },
            encode_curves(found.probability, found.thresholds, reference),
        )


def _to_json(sums: Presence | Levels) -> Json:
    """The sums of one track."""
    arrays = {name: array[0] for name, array in vars(sums).items() if name != "classes"}
    # Counts are whole numbers, and shorter in JSON as such.
    return {n: (a.astype(int) if n == "histogram" else a).tolist() for n, a in arrays.items()}


@dataclass(frozen=True, eq=False)
class ActivityScores:
    """The stored scores, and the sums of all tracks; `levels` is None if a track has none.

    `failed` are ids of tracks, and why they failed.
    """

    classes: tuple[str, ...]
    tracks: list[Json]
    presence: Presence
    levels: Levels | None
    failed: list[tuple[str, str]]

    @classmethod
    def stack(cls, results: Results[Json], classes: tuple[str, ...]) -> ActivityScores:
        """The sums of one track or more."""
        tracks = results.scores

        def stack(kind: str, name: str) -> NDArray[Any]:
            return np.array([track[kind][name] for track in tracks])

        presence = Presence(classes, stack("presence", "counts"), stack("presence", "histogram"))
        level_sums = None
        if all(track["levels"] for track in tracks):
            names = [field.name for field in fields(Levels) if field.name != "classes"]
            level_sums = Levels(classes, **{name: stack("levels", name) for name in names})
        return cls(classes, tracks, presence, level_sums, results.failed)


class SoloColumn(NamedTuple):
    """The annotated and the predicted levels of a recording, in dB below its loudest frame."""

    name: str
    reference: Activations
    estimate: Activations


def compare_solos(track: Track[Activations], system: Tracker) -> list[SoloColumn]:
    """The mixture of a track, then each of its solos: files named by a class among its annotations.

    Source: Neuroment 2022, section 5.5 and figures 19 to 22. Raises ValueError or OSError where a
    file cannot be read.
    """
    solos = find_solos(track)
    classes = tuple(solos)
    found = [SoloColumn("mixture", select(track.load(), classes), _levels(track, system))]
    rate = found[0].reference.frame_rate
    for name, path in solos.items():
        own = power(decode(path))
        alone = levels({name: [own]}, own, rate)
        values = np.full((len(own), len(classes)), LEVEL_FLOOR_DB, dtype=np.float32)
        values[:, classes.index(name)] = alone.values[:, 0]
        reference = replace(alone, values=values, classes=classes)
        estimate = _levels(replace(track, audio=path), system)
        found.append(SoloColumn(f"{name} alone", reference, estimate))
    return found


def find_solos(track: Track[Any]) -> dict[str, Path]:
    """The recordings of single instruments that belong to a track, by class."""
    return {path.stem: path for path in track.annotations if path.stem in INSTRUMENTS}


def _levels(track: Track[Any], system: Tracker) -> Activations:
    """Levels of the classes while they are predicted to play; silence elsewhere."""
    predicted = system.track(track)
    plays = predicted.probability.values >= predicted.thresholds
    values = np.where(plays, predicted.level.values, np.float32(LEVEL_FLOOR_DB))
    return replace(predicted.level, values=values)
