"""One track: what was played against what was heard."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from bandscribe.metrics import offset, onsets, velocity
from bandscribe.metrics.beats import Continuity, TrackScores, score
from bandscribe.metrics.counts import Scores
from bandscribe.types import Transcription


@dataclass(frozen=True, eq=False)
class View:
    """A track in one number of classes.

    `counts` (class, 3) are tp, fp and fn; `by_tolerance` (tolerance, class, 3) are those at each of
    `metrics.onsets.TOLERANCES`. `confusion` (class + 1, class + 1) is that of
    `metrics.onsets.confuse`, `velocities` (class, 7) are the sums of `metrics.velocity.gather`, or
    None where reference or estimate has none.
    """

    counts: NDArray[np.int64]
    by_tolerance: NDArray[np.int64]
    confusion: NDArray[np.int64]
    velocities: NDArray[np.float64] | None = None

    def to_plain(self) -> dict[str, Any]:
        """For JSON."""
        return {name: None if a is None else a.tolist() for name, a in vars(self).items()}

    @classmethod
    def from_plain(cls, content: Mapping[str, Any]) -> View:
        """From what `to_plain` gave."""
        sums = content["velocities"]
        return cls(
            np.array(content["counts"], dtype=np.int64),
            np.array(content["by_tolerance"], dtype=np.int64),
            np.array(content["confusion"], dtype=np.int64),
            None if sums is None else np.array(sums, dtype=np.float64),
        )


@dataclass(frozen=True)
class Lane:
    """The onsets of one class, in seconds: pairs (played, heard), those missed, those invented."""

    hits: list[list[float]]
    misses: list[float]
    false_alarms: list[float]


class Paired(NamedTuple):
    """Which notes (n,) of the reference are `found`, and which (m,) of the estimate are `right`."""

    found: NDArray[np.bool_]
    right: NDArray[np.bool_]


#: By number of classes, then by class.
Lanes = dict[int, dict[str, Lane]]


@dataclass(frozen=True, eq=False)
class Verdict:
    """What is known of a track when it is judged.

    `labels` are those that the system used. `offset` in seconds is that of `metrics.offset`, in
    the largest number of classes, or None where it was not asked for. `beats` is None where
    reference or estimate has none.
    """

    track: str
    split: str
    group: str
    audio: str
    duration: float
    labels: tuple[str, ...]
    views: dict[int, View]
    offset: float | None = None
    beats: TrackScores | None = None

    def to_plain(self) -> dict[str, Any]:
        """For JSON."""
        views = {count: view.to_plain() for count, view in self.views.items()}
        grid = None if self.beats is None else asdict(self.beats)
        return {**vars(self), "labels": list(self.labels), "views": views, "beats": grid}

    @classmethod
    def from_plain(cls, content: Mapping[str, Any]) -> Verdict:
        """From what `to_plain` gave. Raises KeyError, TypeError or ValueError for anything else."""
        views = {int(count): View.from_plain(view) for count, view in content["views"].items()}
        grid = content["beats"]
        scores = grid and TrackScores(
            Scores(**grid["beats"]),
            Scores(**grid["downbeats"]),
            Continuity(**grid["continuity"]),
            grid["level"],
        )
        labels = tuple(content["labels"])
        return cls(**{**content, "labels": labels, "views": views, "beats": scores})


def judge(
    reference: Transcription, estimate: Transcription, classes: tuple[str, ...], tolerance: float
) -> View:
    """Count as `metrics.onsets.score` does."""
    pair = [reference], [estimate]
    has_velocities = reference.velocities is not None and estimate.velocities is not None
    return View(
        onsets.score(*pair, classes, tolerance).counts[0],
        np.stack([onsets.score(*pair, classes, each).counts[0] for each in onsets.TOLERANCES]),
        onsets.confuse(*pair, classes, tolerance)[0],
        velocity.gather(*pair, classes, tolerance)[0] if has_velocities else None,
    )


def measure_offset(
    reference: Transcription, estimate: Transcription, classes: tuple[str, ...], tolerance: float
) -> float:
    """Seconds by which all of the estimate is early (positive) or late."""
    found = offset.estimate_offset([reference], [estimate], classes, tolerance=tolerance)
    return round(found.seconds, 5)


def judge_beats(reference: Transcription, estimate: Transcription) -> TrackScores | None:
    """Compare as `metrics.beats.score` does; None where either has no beats."""
    if reference.beats is None or estimate.beats is None:
        return None
    [scores] = score([reference.beats], [estimate.beats])
    return scores


def lanes(
    reference: Transcription, estimate: Transcription, classes: tuple[str, ...], tolerance: float
) -> dict[str, Lane]:
    """Which onsets were hit, missed and invented, to a tenth of a millisecond."""
    found = {}
    for name in classes:
        played = reference.onsets[reference.labels == name]
        heard = estimate.onsets[estimate.labels == name]
        matching = onsets.match(played, heard, tolerance)
        pairs = np.column_stack([played[matching.reference], heard[matching.estimate]])
        found[name] = Lane(
            _rounded(pairs),
            _rounded(np.delete(played, matching.reference)),
            _rounded(np.delete(heard, matching.estimate)),
        )
    return found


def pair(reference: Transcription, estimate: Transcription, tolerance: float) -> Paired:
    """Which notes are in both, class by class, one to one."""
    found = np.zeros(len(reference.onsets), bool)
    right = np.zeros(len(estimate.onsets), bool)
    for name in estimate.classes:
        theirs, ours = (np.flatnonzero(part.labels == name) for part in (reference, estimate))
        matching = onsets.match(reference.onsets[theirs], estimate.onsets[ours], tolerance)
        found[theirs[matching.reference]] = True
        right[ours[matching.estimate]] = True
    return Paired(found, right)


def _rounded(times: NDArray[np.float64]) -> list[Any]:
    rounded: list[Any] = np.round(times, 4).tolist()
    return rounded
