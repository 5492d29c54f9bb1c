"""Recordings to train and to validate on, out of corpora that label whole clips.

Sources are addresses of corpora: see `datasets.address`.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bandscribe.audio import read
from bandscribe.datasets.address import CorpusAddress
from bandscribe.datasets.corpus import Corpus
from bandscribe.decode import length
from bandscribe.vocabulary import INSTRUMENTS

_FULL = 32767
_STEPS = (2.0**-15, 2.0**-16)


@dataclass(frozen=True, eq=False)
class LabelledRecording:
    """A labelled recording: `target` (class,) is 1, 0, or nan where it is not annotated."""

    id: str
    group: str
    path: Path
    seconds: float
    target: NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class RecordingWindows:
    """Windows of `length` samples of `recordings`: `owner` (window,) and `start` (window,).

    A window's labels are its recording's (section 4.6). Starts are in samples at `sample_rate`.
    `packed` (window, length + 2) are those of all windows, where they were read before: see `pack`.
    """

    recordings: tuple[LabelledRecording, ...]
    owner: NDArray[np.int64]
    start: NDArray[np.int64]
    length: int
    sample_rate: int
    packed: NDArray[np.int16] | None = None

    def __len__(self) -> int:
        """How many there are."""
        return len(self.owner)

    @property
    def targets(self) -> NDArray[np.float32]:
        """(window, class)."""
        return np.stack([recording.target for recording in self.recordings])[self.owner]

    def read(self, index: int) -> NDArray[np.float32]:
        """The samples (length,) of a window, filled up with silence. Raises as `audio.read`."""
        if self.packed is not None:
            return unpack(self.packed[index])
        sound = read(
            self.recordings[self.owner[index]].path,
            sample_rate=self.sample_rate,
            mono=True,
            start=float(self.start[index] / self.sample_rate),
            duration=self.length / self.sample_rate,
        )
        samples = sound.samples[0, : self.length]
        return np.pad(samples, (0, self.length - len(samples)))


def classes_of(sources: Sequence[str]) -> tuple[str, ...]:
    """The instruments that these sources label, in the order of `INSTRUMENTS`.

    Raises ValueError for a source that is none.
    """
    known = {name for source in sources for name in _scored(_parse(source).corpus)}
    return tuple(name for name in INSTRUMENTS if name in known)


def load(
    sources: Sequence[str], split: str, classes: Sequence[str]
) -> tuple[LabelledRecording, ...]:
    """The recordings of one split of each source; audio is not read, only its length.

    A recording whose file or labels cannot be opened has a line on standard error, and is left out.
    Raises ValueError for a source that is none, a split that is empty, and where none is left.
    """
    found: list[LabelledRecording] = []
    for source in sources:
        address = _parse(source)
        for track in address.tracks(split):
            try:
                labels = track.load()
                seconds = length(track.audio) if track.seconds is None else track.seconds
            except (ValueError, OSError) as error:
                print(f"{error}; left out", file=sys.stderr, flush=True)
                continue
            looked = _scored(address.corpus) - track.unscored
            target = [
                1.0 if name in labels else 0.0 if name in looked else np.nan for name in classes
            ]
            found.append(
                LabelledRecording(
                    track.id,
                    f"{address.root} {track.group}",
                    track.audio,
                    seconds,
                    np.array(target, dtype=np.float32),
                )
            )
    if not found:
        raise ValueError(f"{', '.join(sources)}: no recording of the split {split!r} can be opened")
    return tuple(found)


def _parse(source: str) -> CorpusAddress:
    return CorpusAddress.parse(source, "recognition")


def cut(
    recordings: Sequence[LabelledRecording], seconds: float, sample_rate: int
) -> RecordingWindows:
    """All windows of the recordings, laid out as `chunks.windows` does."""
    wide = round(seconds * sample_rate)
    owner: list[int] = []
    start: list[int] = []
    for index, recording in enumerate(recordings):
        last = max(0, round(recording.seconds * sample_rate) - wide)
        starts = [*range(0, last, wide), last]
        owner += [index] * len(starts)
        start += starts
    return RecordingWindows(
        tuple(recordings), np.array(owner, np.int64), np.array(start, np.int64), wide, sample_rate
    )


def pack(samples: NDArray[np.float32]) -> NDArray[np.int16]:
    """Samples (n,) as whole numbers (n + 2,): those, then the halves of what one stands for.

    Exact where they are steps of 16 bits, or the mean of two such channels and not too loud; else
    to 1/65534 of the largest sample.
    """
    largest = float(np.abs(samples).max(initial=0.0))
    for step in (*_STEPS, largest / _FULL or 1.0):
        scaled = samples / np.float32(step)
        if largest <= step * _FULL and (step not in _STEPS or np.all(scaled == np.rint(scaled))):
            break
    halves = np.array([step], dtype=np.float32).view(np.int16)
    return np.concatenate([np.rint(scaled).astype(np.int16), halves])


def unpack(packed: NDArray[np.int16]) -> NDArray[np.float32]:
    """The samples (n,) that `pack` was given."""
    return np.asarray(packed[:-2] * np.array(packed[-2:]).view(np.float32)[0])


def _scored(corpus: Corpus[Any]) -> set[str]:
    return set(corpus.classes) - set(corpus.unscored)
