"""Record types that all rooms share: frozen, validated NumPy arrays. No input or output here.

Arrays are kept as given (no copy) and must not be changed afterwards. Time comes first:
`(frame, class)`. Times are in seconds, velocities in [0, 1].
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating]
Labels = NDArray[np.str_]

LEVEL_FLOOR_DB = -60.0
#: Seconds that any recording may last, which is four months: more is damage.
LONGEST = 1e7
#: More channels than any sound file has: such samples are (sample, channel).
MAX_CHANNELS = 1024
#: The highest position of a beat in its bar.
_LAST_POSITION = 1000


@dataclass(frozen=True, eq=False)
class Audio:
    """Sound: `samples` (channel, sample) float32, nominally in [-1, 1], at `sample_rate` Hz."""

    samples: NDArray[np.float32]
    sample_rate: int

    def __post_init__(self) -> None:
        if self.samples.ndim != 2 or self.samples.shape[0] < 1:
            raise ValueError(f"samples: expected (channel, sample), got {self.samples.shape}")
        if len(self.samples) > MAX_CHANNELS:
            raise ValueError(
                f"samples: expected (channel, sample), got {self.samples.shape}; transpose them, "
                f"{MAX_CHANNELS} channels are the most"
            )
        if self.samples.dtype != np.float32:
            raise ValueError(
                f"samples: expected float32, got {self.samples.dtype}; convert them with "
                "samples.astype(numpy.float32)"
            )
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
        if not 0 < self.frame_rate < np.inf:
            raise ValueError(f"frame_rate: expected a positive number, got {self.frame_rate}")
        if not abs(self.start) <= LONGEST:
            raise ValueError(f"start: expected seconds, got {self.start}")
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
    """A beat grid: `times` (n,) seconds, ascending; `positions` (n,) in the bar, 1 = downbeat.

    A beat is written as `quarters` quarter notes: 1, or 1.5 in 6/8 and 12/8, 0.5 in 7/8.
    """

    times: NDArray[np.float64]
    positions: NDArray[np.int64]
    quarters: float = 1.0

    def __post_init__(self) -> None:
        if self.times.ndim != 1 or self.times.shape != self.positions.shape:
            raise ValueError(
                f"positions: expected one per time, got {self.positions.shape} for "
                f"{self.times.shape}"
            )
        # The comparisons are false for NaN, so that NaN is refused too.
        if not np.all(np.abs(self.times) <= LONGEST) or not np.all(np.diff(self.times) >= 0):
            raise ValueError("times: expected ascending beats, in seconds")
        if not np.all((self.positions >= 1) & (self.positions <= _LAST_POSITION)):
            raise ValueError("positions: expected 1 for the downbeat, counting up")

    @classmethod
    def of(cls, rows: Iterable[tuple[Any, Any]]) -> Self:
        """Beats of a time and a position each, as numbers or as text.

        Raises ValueError for what is no number, and as beats do.
        """
        try:
            pairs = [(float(time), float(position)) for time, position in rows]
        except (OverflowError, TypeError) as error:
            raise ValueError(f"beats: expected numbers ({error})") from None
        times, positions = np.array(pairs, dtype=np.float64).reshape(-1, 2).T
        # What is no position stays none, and is refused above.
        whole = np.clip(np.nan_to_num(positions), 0, _LAST_POSITION + 1).astype(np.int64)
        return cls(times, whole)

    def between(self, start: float, end: float) -> Beats:
        """The beats in [start, end) seconds."""
        inside = (self.times >= start) & (self.times < end)
        return replace(self, times=self.times[inside], positions=self.positions[inside])


@dataclass(frozen=True, eq=False)
class Transcription:
    """The drum notes of a recording, and its beats where they are known.

    `onsets` (n,) seconds, ascending; `labels` (n,) names out of `classes`; `velocities` (n,) in
    [0, 1], or None where they are unknown; `duration` of the recording in seconds. `confidence` is
    the mean probability that a model gave to these notes; None where there is no such.
    """

    onsets: NDArray[np.float64]
    labels: Labels
    velocities: NDArray[np.float64] | None
    duration: float
    classes: tuple[str, ...]
    beats: Beats | None = None
    confidence: float | None = None

    def __post_init__(self) -> None:
        n = self.onsets.shape
        if self.onsets.ndim != 1 or self.labels.shape != n:
            raise ValueError(f"labels: expected one per onset {n}, got {self.labels.shape}")
        # The comparisons are false for NaN, so that NaN is refused too.
        if not np.all(np.abs(self.onsets) <= LONGEST) or not np.all(np.diff(self.onsets) >= 0):
            raise ValueError("onsets: expected finite, ascending times, in seconds")
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
        if not 0 <= self.duration <= LONGEST:
            raise ValueError(f"duration: expected seconds, got {self.duration}")

    @classmethod
    def of(
        cls,
        rows: Iterable[tuple[float, str, float | None]],
        classes: tuple[str, ...],
        *,
        duration: float | None = None,
        beats: Beats | None = None,
    ) -> Self:
        """Notes of (onset, label, velocity) in any order; `duration` None takes the last onset.

        Velocities are None where any note lacks one. Raises ValueError as transcriptions do.
        """
        ordered = sorted(rows, key=lambda row: row[0])
        onsets = np.array([row[0] for row in ordered], dtype=np.float64)
        velocities = [row[2] for row in ordered]
        return cls(
            onsets,
            np.array([row[1] for row in ordered], dtype=np.str_),
            None if None in velocities else np.array(velocities, dtype=np.float64),
            float(onsets.max(initial=0.0) if duration is None else duration),
            classes,
            beats,
        )

    def select(self, notes: NDArray[np.bool_] | NDArray[np.int64] | slice) -> Self:
        """Some of the notes, by a mask or by ascending indices (n,); all else stays."""
        return replace(
            self,
            onsets=self.onsets[notes],
            labels=self.labels[notes],
            velocities=None if self.velocities is None else self.velocities[notes],
        )


@dataclass(frozen=True, eq=False)
class Tags:
    """Confidence of a model per class: `scores` (class,) probabilities."""

    scores: NDArray[np.float32]
    classes: tuple[str, ...]

    def __post_init__(self) -> None:
        if self.scores.shape != (len(self.classes),):
            raise ValueError(f"scores: expected ({len(self.classes)},), got {self.scores.shape}")
        if self.scores.size and not (self.scores.min() >= 0 and self.scores.max() <= 1):
            raise ValueError("scores: expected probabilities in [0, 1]")
