"""The nouns that every room shares: frozen, validated NumPy records. No input or output here.

Arrays are kept as given (no copy) and must not be changed afterwards. Time comes first:
`(frame, class)`. Times are in seconds, velocities in [0, 1].
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating]
Labels = NDArray[np.str_]

LEVEL_FLOOR_DB = -60.0


@dataclass(frozen=True, eq=False)
class Audio:
    """Sound: `samples` (channel, sample) float32, nominally in [-1, 1], at `sample_rate` Hz."""

    samples: NDArray[np.float32]
    sample_rate: int

    def __post_init__(self) -> None:
        if self.samples.ndim != 2 or self.samples.shape[0] < 1:
            raise ValueError(f"samples: expected (channel, sample), got {self.samples.shape}")
        if self.samples.dtype != np.float32:
            raise ValueError(f"samples: expected float32, got {self.samples.dtype}")
        if self.sample_rate <= 0:
            raise ValueError(f"sample_rate: expected a positive number, got {self.sample_rate}")

    @property
    def duration(self) -> float:
        """Length in seconds."""
        return float(self.samples.shape[1] / self.sample_rate)


@dataclass(frozen=True, eq=False)
class Activations:
    """One curve per class: `values` (frame, class) at `frame_rate` Hz.

    Frame `i` is centred on `start + i / frame_rate` seconds. `kind` is `"probability"`, in
    [0, 1], or `"level_db"`, relative to the loudest frame of the mixture, in [-60, 0].
    """

    values: NDArray[np.float32]
    frame_rate: float
    start: float
    classes: tuple[str, ...]
    kind: str = "probability"

    def __post_init__(self) -> None:
        if self.values.ndim != 2 or self.values.shape[1] != len(self.classes):
            raise ValueError(
                f"values: expected (frame, {len(self.classes)}), got {self.values.shape}"
            )
        if self.frame_rate <= 0:
            raise ValueError(f"frame_rate: expected a positive number, got {self.frame_rate}")
        if self.kind not in ("probability", "level_db"):
            raise ValueError(f"kind: expected 'probability' or 'level_db', got {self.kind!r}")
        low, high = (0.0, 1.0) if self.kind == "probability" else (LEVEL_FLOOR_DB, 0.0)
        # The comparison is false for NaN, so that NaN is refused too.
        if self.values.size and not (self.values.min() >= low and self.values.max() <= high):
            raise ValueError(f"values: a {self.kind} is in [{low:g}, {high:g}]")

    @property
    def times(self) -> NDArray[np.float64]:
        """Centre of each frame in seconds, (frame,)."""
        return self.start + np.arange(len(self.values)) / self.frame_rate


class Segment(NamedTuple):
    """A stretch in which a class plays, in seconds, and its mean level in dB."""

    label: str
    start: float
    end: float
    level_db: float


@dataclass(frozen=True, eq=False)
class Beats:
    """A beat grid: `times` (n,) seconds, ascending; `positions` (n,) in the bar, 1 = downbeat."""

    times: NDArray[np.float64]
    positions: NDArray[np.int64]

    def __post_init__(self) -> None:
        if self.times.ndim != 1 or self.times.shape != self.positions.shape:
            raise ValueError(
                f"positions: expected one per time, got {self.positions.shape} for "
                f"{self.times.shape}"
            )
        if np.any(np.diff(self.times) < 0):
            raise ValueError("times: expected ascending beats")
        if self.positions.size and self.positions.min() < 1:
            raise ValueError("positions: expected 1 for the downbeat, counting up")


@dataclass(frozen=True, eq=False)
class Transcription:
    """Who plays what, and when.

    `onsets` (n,) seconds, ascending; `labels` (n,) names out of `classes`; `velocities` (n,) in
    [0, 1], or None where they are unknown; `duration` of the recording in seconds.
    """

    onsets: NDArray[np.float64]
    labels: Labels
    velocities: NDArray[np.float64] | None
    duration: float
    classes: tuple[str, ...]
    beats: Beats | None = None

    def __post_init__(self) -> None:
        n = self.onsets.shape
        if self.onsets.ndim != 1 or self.labels.shape != n:
            raise ValueError(f"labels: expected one per onset {n}, got {self.labels.shape}")
        if not np.all(np.isfinite(self.onsets)) or np.any(np.diff(self.onsets) < 0):
            raise ValueError("onsets: expected finite, ascending times")
        unknown = sorted(set(self.labels.tolist()) - set(self.classes))
        if unknown:
            raise ValueError(f"labels: {unknown} are not among the classes {self.classes}")
        if self.velocities is not None:
            if self.velocities.shape != n:
                raise ValueError(
                    f"velocities: expected one per onset {n}, got {self.velocities.shape}"
                )
            if n[0] and not (self.velocities.min() >= 0 and self.velocities.max() <= 1):
                raise ValueError("velocities: expected values in [0, 1]")
        if not self.duration >= 0:
            raise ValueError(f"duration: expected seconds, got {self.duration}")


@dataclass(frozen=True, eq=False)
class Tags:
    """How sure a model is of each class: `scores` (class,) probabilities."""

    scores: NDArray[np.float32]
    classes: tuple[str, ...]

    def __post_init__(self) -> None:
        if self.scores.shape != (len(self.classes),):
            raise ValueError(f"scores: expected ({len(self.classes)},), got {self.scores.shape}")
        if self.scores.size and not (self.scores.min() >= 0 and self.scores.max() <= 1):
            raise ValueError("scores: expected probabilities in [0, 1]")
