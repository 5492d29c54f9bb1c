"""Recordings of corpora that label whole clips, their windows, and the features of these.

Sources are addresses of corpora: see `datasets.address`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bandscribe.audio import read
from bandscribe.datasets.address import CorpusAddress
from bandscribe.datasets.corpus import Corpus
from bandscribe.decode import length
from bandscribe.features.windows import FeatureStatistics, RecognitionFrontEnd
from bandscribe.training import mapped
from bandscribe.training.batches import each
from bandscribe.training.mapped import leave_out, map_rows
from bandscribe.vocabulary import INSTRUMENTS

#: Samples as they are, not normalised.
PLAIN = RecognitionFrontEnd("audio", FeatureStatistics(0.0, 1.0))

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
                leave_out([str(error)])
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
    """All windows of the recordings, laid out as `instruments.recognize` does."""
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


def describe(
    windows: RecordingWindows,
    front_end: RecognitionFrontEnd,
    folder: Path | None = None,
    *,
    workers: int = 0,
) -> NDArray[np.float32]:
    """Features (window, frame, bin) of every window, mapped from a file, made by `workers`.

    What no augmentation changes need not be computed in each epoch, nor by each run: the file stays
    in `folder` (see `mapped.map_rows`). Raises as `audio.read`.
    """
    path = folder and folder / f"{front_end.features}-{digest(windows, front_end)}.npy"
    made = partial(_describe, windows, front_end)
    return map_rows(each(made, range(len(windows)), workers=workers), len(windows), path)


def keep(windows: RecordingWindows, folder: Path, *, workers: int = 0) -> RecordingWindows:
    """The same windows, which read their samples from a file in `folder`, written if need be.

    It holds whole numbers of 16 bits (see `pack`): half of what samples take otherwise.
    """
    path = folder / f"samples-{digest(windows, PLAIN)}.npy"
    rows = each(partial(_pack, windows), range(len(windows)), workers=workers)
    return replace(windows, packed=map_rows(rows, len(windows), path))


def digest(windows: RecordingWindows, front_end: RecognitionFrontEnd) -> str:
    """A name that changes with the files, the windows, the front end and the version."""
    places = hashlib.sha256(windows.owner.tobytes() + windows.start.tobytes()).hexdigest()
    about = (places, windows.length, windows.sample_rate, asdict(front_end))
    return mapped.digest([recording.path for recording in windows.recordings], *about)


def _describe(
    windows: RecordingWindows, front_end: RecognitionFrontEnd, index: int
) -> NDArray[np.float32]:
    return front_end(windows.read(index))


def _pack(windows: RecordingWindows, index: int) -> NDArray[np.int16]:
    return pack(windows.read(index))


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
