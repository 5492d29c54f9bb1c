"""How well a system transcribes the drums of a corpus: the evaluation of each track.

A result depends on the annotation, the content of the model or estimate, the audio file's name,
size and time, the settings, and `FORMAT`: see `evaluation.store`. `drum_metrics` sums up.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from bandscribe.datasets.track import Track
from bandscribe.evaluation.drum_systems import DrumSystem
from bandscribe.evaluation.store import Json, Results, TrackResult, evaluate_tracks, name_track
from bandscribe.metrics import beats, offset, onsets, velocity
from bandscribe.metrics.beats import Continuity, TrackScores
from bandscribe.metrics.counts import Scores
from bandscribe.types import Transcription
from bandscribe.vocabulary import DRUMS, reduce

#: Version of stored results; raise it when their content or its computation changes.
FORMAT = 4


@dataclass(frozen=True)
class ScoringOptions:
    """How tracks are scored: class counts, classes left out, tolerance in seconds.

    With `offset` it is also measured whether each estimate as a whole is early or late.
    """

    class_counts: tuple[int, ...]
    unscored: tuple[str, ...]
    tolerance: float
    offset: bool = False


@dataclass(frozen=True, eq=False)
class OnsetScores:
    """The onsets of a track in one number of classes.

    `counts` (class, 3) are tp, fp and fn; `by_tolerance` (tolerance, class, 3) are those at each of
    `metrics.onsets.TOLERANCES`. `confusion` (class + 1, class + 1) is that of
    `metrics.onsets.confuse`, `velocities` (class, 7) are the sums of `metrics.velocity.gather`, or
    None where reference or estimate has no velocities.
    """

    counts: NDArray[np.int64]
    by_tolerance: NDArray[np.int64]
    confusion: NDArray[np.int64]
    velocities: NDArray[np.float64] | None = None

    @classmethod
    def compute(
        cls, reference: Transcription, estimate: Transcription, count: int, tolerance: float
    ) -> OnsetScores:
        """Match the onsets of both in `count` classes, as `metrics.onsets.score` does."""
        pair, classes = ([reference], [estimate]), DRUMS[count]
        has_velocities = reference.velocities is not None and estimate.velocities is not None
        return cls(
            onsets.score(*pair, classes, tolerance).counts[0],
            np.stack([onsets.score(*pair, classes, each).counts[0] for each in onsets.TOLERANCES]),
            onsets.confuse(*pair, classes, tolerance)[0],
            velocity.gather(*pair, classes, tolerance)[0] if has_velocities else None,
        )

    def to_json(self) -> Json:
        """The arrays as lists."""
        return {name: None if a is None else a.tolist() for name, a in vars(self).items()}

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> OnsetScores:
        """The inverse of `to_json`."""
        sums = content["velocities"]
        return cls(
            np.array(content["counts"], dtype=np.int64),
            np.array(content["by_tolerance"], dtype=np.int64),
            np.array(content["confusion"], dtype=np.int64),
            None if sums is None else np.array(sums, dtype=np.float64),
        )


@dataclass(frozen=True, eq=False)
class DrumScores:
    """The scores of a track.

    `labels` are those that the system used, `onsets` the scores by number of classes. `offset` in
    seconds is that of `metrics.offset`, in the largest number of classes, or None where it was not
    measured. `beats` is None where reference or estimate has none.
    """

    track: str
    split: str
    group: str
    audio: str
    duration: float
    labels: tuple[str, ...]
    onsets: dict[int, OnsetScores]
    offset: float | None = None
    beats: TrackScores | None = None

    def to_json(self) -> Json:
        """For the store."""
        return {
            **vars(self),
            "labels": list(self.labels),
            "onsets": {count: scores.to_json() for count, scores in self.onsets.items()},
            "beats": None if self.beats is None else asdict(self.beats),
        }

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> DrumScores:
        """The inverse of `to_json`. Raises KeyError, TypeError or ValueError for anything else."""
        grid = content["beats"]
        changed = {
            "labels": tuple(content["labels"]),
            "onsets": {
                int(count): OnsetScores.from_json(each) for count, each in content["onsets"].items()
            },
            "beats": grid
            and TrackScores(
                Scores(**_none_to_nan(grid["beats"])),
                Scores(**_none_to_nan(grid["downbeats"])),
                Continuity(**_none_to_nan(grid["continuity"])),
                grid["level"],
            ),
        }
        return cls(**{**content, **changed})


def _none_to_nan(figures: Mapping[str, Any]) -> dict[str, Any]:
    """Undefined figures, which the store has as null, are nan."""
    return {name: math.nan if value is None else value for name, value in figures.items()}


@dataclass(frozen=True)
class DrumTask:
    """How each track is evaluated."""

    system: DrumSystem
    settings: ScoringOptions

    def missing(self, track: Track[Any]) -> tuple[Path, ...]:
        """Files without which the track cannot be evaluated."""
        return self.system.missing(track)

    def cache_key(self, track: Track[Any], target: Transcription) -> list[object]:
        """The annotation, the system, and the settings."""
        notes = hashlib.sha256(target.onsets.tobytes())
        notes.update(" ".join(target.labels.tolist()).encode())
        if target.velocities is not None:
            notes.update(target.velocities.tobytes())
        if target.beats is not None:
            notes.update(b"beats")
            notes.update(target.beats.times.tobytes())
            notes.update(target.beats.positions.tobytes())
        system = self.system.identity(track)
        return [FORMAT, notes.hexdigest(), target.duration, system, vars(self.settings)]

    def evaluate(self, track: Track[Any], target: Transcription) -> TrackResult:
        """The scores, and for the page every onset of each class as hit, miss or false alarm."""
        settings = self.settings
        unscored = (*settings.unscored, *sorted(track.unscored))
        predicted = self.system.predict(track, settings.class_counts, unscored)
        pairs = {count: (reduce(target, count), n) for count, n in predicted.notes.items()}
        largest = pairs[max(pairs)] if pairs else None
        scores = DrumScores(
            **name_track(track),
            duration=max(target.duration, predicted.duration),
            labels=predicted.labels,
            onsets={
                count: OnsetScores.compute(*pair, count, settings.tolerance)
                for count, pair in pairs.items()
            },
            offset=_measure_offset(*largest, DRUMS[max(pairs)], settings.tolerance)
            if settings.offset and largest
            else None,
            beats=_score_beats(*largest) if largest else None,
        )
        shown = {
            str(count): match_onsets(*pair, DRUMS[count], settings.tolerance)
            for count, pair in pairs.items()
        }
        return TrackResult(scores.to_json(), shown)


def evaluate(
    tracks: Sequence[Track[Transcription]],
    system: DrumSystem,
    settings: ScoringOptions,
    *,
    store: Path | None = None,
    jobs: int = 1,
    progress: Callable[[int, str], None] = lambda done, track: None,
) -> Results[DrumScores]:
    """The scores of every track. Arguments and errors are those of `store.evaluate_tracks`."""
    found = evaluate_tracks(
        tracks, DrumTask(system, settings), store=store, jobs=jobs, progress=progress
    )
    return Results(list(map(DrumScores.from_json, found.scores)), found.reused, found.failed)


def _measure_offset(
    reference: Transcription, estimate: Transcription, classes: tuple[str, ...], tolerance: float
) -> float:
    """Seconds by which all of the estimate is early (positive) or late."""
    found = offset.estimate_offset([reference], [estimate], classes, tolerance=tolerance)
    return round(found.seconds, 5)


def _score_beats(reference: Transcription, estimate: Transcription) -> TrackScores | None:
    """As `metrics.beats.score`; None if either has no beats."""
    if reference.beats is None or estimate.beats is None:
        return None
    [scores] = beats.score([reference.beats], [estimate.beats])
    return scores


def match_onsets(
    reference: Transcription, estimate: Transcription, classes: tuple[str, ...], tolerance: float
) -> Json:
    """The onsets of each class, in seconds to a tenth of a millisecond.

    `hits` are pairs (annotated, estimated); `misses` and `false_alarms` are times.
    """
    found = {}
    for name in classes:
        annotated = reference.onsets[reference.labels == name]
        estimated = estimate.onsets[estimate.labels == name]
        matching = onsets.match(annotated, estimated, tolerance)
        hits = np.column_stack([annotated[matching.reference], estimated[matching.estimate]])
        found[name] = {
            "hits": np.round(hits, 4).tolist(),
            "misses": np.round(np.delete(annotated, matching.reference), 4).tolist(),
            "false_alarms": np.round(np.delete(estimated, matching.estimate), 4).tolist(),
        }
    return found


class Matched(NamedTuple):
    """Which notes (n,) of the reference are `found`, and which (m,) of the estimate are `right`."""

    found: NDArray[np.bool_]
    right: NDArray[np.bool_]


def match_notes(reference: Transcription, estimate: Transcription, tolerance: float) -> Matched:
    """Match the notes of both, class by class, one to one."""
    found = np.zeros(len(reference.onsets), bool)
    right = np.zeros(len(estimate.onsets), bool)
    for name in estimate.classes:
        theirs, ours = (np.flatnonzero(part.labels == name) for part in (reference, estimate))
        matching = onsets.match(reference.onsets[theirs], estimate.onsets[ours], tolerance)
        found[theirs[matching.reference]] = True
        right[ours[matching.estimate]] = True
    return Matched(found, right)
