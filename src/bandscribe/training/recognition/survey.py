"""A look at all recordings before the first step: which cannot be read, and the others' statistics.

Every window is read once, in several processes, so that a file that cannot be decoded costs itself
and not the hours of training that came before it.
"""

from __future__ import annotations

import sys
from collections.abc import Collection
from dataclasses import asdict
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from torch.utils.data import Dataset

from bandscribe.features.windows import FeatureStatistics, RecognitionFrontEnd, is_silent
from bandscribe.files import write_json
from bandscribe.readers import read_json, refused
from bandscribe.training.batches import each
from bandscribe.training.recognition import corpora
from bandscribe.training.recognition.corpora import RecordingWindows
from bandscribe.training.recognition.described import PLAIN, digest
from bandscribe.training.recognition.moments import Moments


class Survey(NamedTuple):
    """Of the recordings that can be read, the `statistics` of the features of all windows.

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
    """Read every window; by default, the statistics are those of the samples.

    Frames of silence are no part of the statistics. The result does not depend on the number of
    `workers`. In `folder` it is kept for other runs, in a file named by all that it depends on.

    Raises ValueError where no recording can be read.
    """
    path = folder / f"survey-{digest(windows, front_end)}.json" if folder else None
    if path and path.is_file():
        with refused(f"{path}: damaged; delete it"):
            saved = read_json(path)
            return Survey(FeatureStatistics(**saved["statistics"]), dict(saved["unreadable"]))
    total, unreadable = Moments(), {}
    moments = each(_Recordings(windows, front_end), workers=workers)
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
    report(unreadable)
    return without(windows, unreadable)


def report(unreadable: dict[str, str]) -> None:
    """Write a line on standard error for each recording that is left out."""
    for problem in unreadable.values():
        print(f"{problem}; left out", file=sys.stderr, flush=True)


def without(windows: RecordingWindows, paths: Collection[str]) -> RecordingWindows:
    """The windows of recordings that are not at one of these paths."""
    if not paths:
        return windows
    kept = [recording for recording in windows.recordings if str(recording.path) not in paths]
    return corpora.cut(kept, windows.length / windows.sample_rate, windows.sample_rate)


class _Recordings(Dataset[Moments | str]):
    """Of each recording, the moments of its windows' features, or what is wrong with it."""

    def __init__(self, windows: RecordingWindows, front_end: RecognitionFrontEnd) -> None:
        self.windows, self.front_end = windows, front_end
        count = len(windows.recordings)
        self.edges = np.searchsorted(windows.owner, np.arange(count + 1))

    def __len__(self) -> int:
        return len(self.windows.recordings)

    def __getitem__(self, recording: int) -> Moments | str:
        total = Moments()
        try:
            for index in range(*self.edges[recording : recording + 2].tolist()):
                total = total.join(Moments.of(self._describe(index)))
        except (ValueError, OSError) as error:
            return str(error)
        return total

    def _describe(self, index: int) -> NDArray[np.float32]:
        samples = self.windows.read(index)
        if self.front_end is PLAIN:
            return samples
        features = self.front_end(samples)
        return features[~is_silent(features)]
