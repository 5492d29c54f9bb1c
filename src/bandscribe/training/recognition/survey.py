"""Reading all recordings before the first step: which are unreadable, and the others' statistics.

A file that cannot be decoded is left out then, and does not end hours of training.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable
from dataclasses import asdict
from functools import partial, reduce
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from bandscribe.features.windows import FeatureStatistics, RecognitionFrontEnd, is_silent
from bandscribe.files import write_json
from bandscribe.readers import read_json, refused
from bandscribe.training.batches import attempt, each
from bandscribe.training.mapped import leave_out
from bandscribe.training.recognition import corpora
from bandscribe.training.recognition.corpora import PLAIN, RecordingWindows, digest
from bandscribe.types import Floats


class Moments(NamedTuple):
    """The number of values, their mean, and the sum of squared deviations.

    Joined as in Chan, Golub and LeVeque 1979, in double precision: stable for a large mean.
    """

    size: int = 0
    mean: float = 0.0
    squares: float = 0.0

    @classmethod
    def of(cls, array: Floats) -> Moments:
        """The statistics of an array of any shape."""
        if not array.size:
            return cls()
        values = array.astype(np.float64)
        mean = float(values.mean())
        return cls(values.size, mean, float(np.square(values - mean).sum()))

    def join(self, other: Moments) -> Moments:
        """The statistics of both together."""
        total = self.size + other.size
        if not total:
            return self
        apart, share = other.mean - self.mean, other.size / total
        squares = self.squares + other.squares + apart**2 * self.size * share
        return Moments(total, self.mean + apart * share, squares)

    @property
    def statistics(self) -> FeatureStatistics:
        """The deviation is that of the values given (divided by n, not n - 1).

        Raises ValueError when there is no value, or one is not finite.
        """
        if not self.size:
            raise ValueError("arrays: expected at least one value, got none")
        if not math.isfinite(self.squares):
            raise ValueError("arrays: expected finite values")
        return FeatureStatistics(self.mean, math.sqrt(self.squares / self.size))


def measure(arrays: Iterable[Floats]) -> FeatureStatistics:
    """The statistics of all values in the arrays, of any shapes, one array held at a time.

    Raises ValueError as `Moments.statistics`.
    """
    return reduce(lambda total, array: total.join(Moments.of(array)), arrays, Moments()).statistics


class Survey(NamedTuple):
    """The `statistics` of the features of all windows, of the recordings that can be read.

    `unreadable` are the others: their paths, and what is wrong with each.
    """

    statistics: FeatureStatistics
    unreadable: dict[str, str]


def survey(
    windows: RecordingWindows,
    front_end: RecognitionFrontEnd = PLAIN,
    *,
    workers: int = 0,
    folder: Path | None = None,
) -> Survey:
    """Read every window, and compute the statistics of its features (by default, its samples).

    Silent frames do not count. The result does not depend on the number of `workers`, and is cached
    in `folder`.

    Raises ValueError where no recording can be read.
    """
    path = folder / f"survey-{digest(windows, front_end)}.json" if folder else None
    if path and path.is_file():
        with refused(f"{path}: damaged; delete it"):
            saved = read_json(path)
            return Survey(FeatureStatistics(**saved["statistics"]), dict(saved["unreadable"]))
    total, unreadable = Moments(), {}
    edges = np.searchsorted(windows.owner, np.arange(1, len(windows.recordings)))
    owned = np.split(np.arange(len(windows)), edges)
    made = partial(attempt, partial(_measure, windows, front_end))
    moments = each(made, owned, workers=workers)
    for recording, found in zip(windows.recordings, moments, strict=True):
        if isinstance(found, str):
            unreadable[str(recording.path)] = found
        else:
            total = total.join(found)
    if len(unreadable) == len(windows.recordings):
        raise ValueError(next(iter(unreadable.values())))
    result = Survey(total.statistics, unreadable)
    if path:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_json(path, {"statistics": asdict(result.statistics), "unreadable": unreadable})
    return result


def usable(
    windows: RecordingWindows, *, workers: int = 0, folder: Path | None = None
) -> RecordingWindows:
    """The windows of the recordings that can be read; the others are reported.

    Raises ValueError where there is none.
    """
    unreadable = survey(windows, workers=workers, folder=folder).unreadable
    leave_out(unreadable.values())
    return without(windows, unreadable)


def without(windows: RecordingWindows, paths: Collection[str]) -> RecordingWindows:
    """The windows of recordings that are not at one of these paths."""
    if not paths:
        return windows
    kept = [recording for recording in windows.recordings if str(recording.path) not in paths]
    return corpora.cut(kept, windows.length / windows.sample_rate, windows.sample_rate)


def _measure(
    windows: RecordingWindows, front_end: RecognitionFrontEnd, indices: NDArray[np.intp]
) -> Moments:
    """The statistics of the features of some windows."""
    total = Moments()
    for index in indices:
        samples = windows.read(int(index))
        if front_end is PLAIN:
            total = total.join(Moments.of(samples))
        else:
            features = front_end(samples)
            total = total.join(Moments.of(features[~is_silent(features)]))
    return total
