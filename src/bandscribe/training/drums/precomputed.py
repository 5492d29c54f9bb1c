"""The spectrograms of all tracks of a corpus in one file, which training steps read from.

An excerpt that is decoded, resampled and transformed for every step costs a core some milliseconds:
sixteen workers then make fewer batches than a GPU takes. Precomputed once, in half precision (60 MB
per hour at 100 frames of 84 bins), an excerpt is a slice of a mapped file.

What differs from `Tracks`: excerpts begin at a frame, their first and last frames know the sound
beside them, and values have a precision of 0.05 %.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cached_property, partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bandscribe.audio import stream
from bandscribe.features.spectrogram import LogSpectrogram
from bandscribe.files import whole, write_json
from bandscribe.readers import read_json, refused
from bandscribe.synthesis.drummer.performance import excerpt
from bandscribe.training.batches import attempt, each
from bandscribe.training.drums.tracks import Tracks
from bandscribe.training.mapped import alone, digest, leave_out
from bandscribe.types import Transcription

#: Frames that a track may have beyond its length as its header gives it.
_MARGIN = 2
_LARGEST = float(np.finfo(np.float16).max)


@dataclass(frozen=True, eq=False)
class SpectrogramFile:
    """The spectrograms of some recordings, one after the other, mapped from `path`.

    Recording i is the rows `edges[i]` to `edges[i + 1]` of `values` (frame, bin). `problems` is
    what is wrong with recordings that cannot be decoded, by their place; these have no rows.
    """

    path: Path
    edges: NDArray[np.int64]
    problems: Mapping[int, str]

    @classmethod
    def load(
        cls,
        audio: Sequence[Path],
        seconds: Sequence[float],
        front_end: LogSpectrogram,
        folder: Path,
        *,
        workers: int,
    ) -> SpectrogramFile:
        """Those of the files `audio`, so long, from a file in `folder`, or computed by `workers`.

        The file is named by all that it depends on (see `mapped.digest`). Raises ValueError where
        it is damaged, OSError where it cannot be written.
        """
        path = folder / f"spectrograms-{digest(audio, asdict(front_end))}.npy"
        known = path.with_suffix(".json")
        with alone(path):
            if not known.is_file():  # which is written last
                write_json(known, _write(path, audio, seconds, front_end, workers))
        with refused(f"{known}: damaged; delete it"):
            described = read_json(known)
            frames = np.array(described["frames"], dtype=np.int64)
            problems = {int(place): text for place, text in described["problems"].items()}
            if len(frames) != len(audio) or len(_open(path)) < frames.sum():
                raise ValueError("frames")
        return cls(path, np.concatenate([[0], np.cumsum(frames)]).astype(np.int64), problems)

    @cached_property
    def values(self) -> NDArray[np.float16]:
        """All rows (frame, bin)."""
        return _open(self.path)

    def __getstate__(self) -> dict[str, Any]:
        """Without `values`, which another process maps by itself."""
        return {name: part for name, part in vars(self).items() if name != "values"}

    def read(self, recording: int, first: int, length: int) -> NDArray[np.float32]:
        """Frames (length, bin) of a recording from `first` on; those of silence where it ends."""
        begin, end = self.edges[recording : recording + 2].tolist()
        features = np.zeros((length, self.values.shape[1]), dtype=np.float32)
        found = self.values[begin + first : min(begin + first + length, end)]
        features[: len(found)] = found
        return features


@dataclass(frozen=True, eq=False)
class PrecomputedTracks:
    """Random excerpts of the spectrograms of `tracks`, uniform over all seconds of audio.

    Each corpus has a file, the tracks of `files[i]` come after those of the files before.
    """

    tracks: Tracks
    files: tuple[SpectrogramFile, ...]
    front_end: LogSpectrogram

    @classmethod
    def load(
        cls, tracks: Tracks, front_end: LogSpectrogram, folder: Path, *, workers: int
    ) -> PrecomputedTracks:
        """The spectrograms of these tracks, see `SpectrogramFile.load`.

        Tracks that cannot be decoded are reported on standard error and left out. Raises ValueError
        where none is left, and as `SpectrogramFile.load`.
        """
        files: list[SpectrogramFile] = []
        seconds: list[float] = []  # a track of none is never drawn
        for first, last in pairwise(np.cumsum([0, *tracks.parts]).tolist()):
            audio = [track.audio for track in tracks.tracks[first:last]]
            own = tracks.seconds[first:last]
            found = SpectrogramFile.load(audio, own, front_end, folder, workers=workers)
            leave_out(found.problems.values())
            files.append(found)
            seconds += [0.0 if i in found.problems else length for i, length in enumerate(own)]
        if not any(seconds):
            raise ValueError(f"{tracks.tracks[0].audio}: cannot be decoded, nor can other tracks")
        return cls(replace(tracks, seconds=seconds), tuple(files), front_end)

    def draw(
        self, rng: np.random.Generator, seconds: float
    ) -> tuple[NDArray[np.float32], Transcription]:
        """Features (frame, bin) of an excerpt, those of silence where its track is shorter, notes.

        As many frames as `front_end` makes of that much audio.
        """
        rate = self.front_end.sample_rate
        length = 1 + round(seconds * rate) // self.front_end.hop_length
        chosen, start = self.tracks.place(rng, seconds)
        first = round(start * self.front_end.frame_rate)
        part = int(np.searchsorted(self._ends, chosen, "right"))
        recording = chosen - int(self._ends[part]) + self.tracks.parts[part]
        features = self.files[part].read(recording, first, length)
        notes = excerpt(self.tracks.notes(chosen), first / self.front_end.frame_rate, seconds)
        return features, replace(notes, duration=round(seconds * rate) / rate)

    @cached_property
    def _ends(self) -> NDArray[np.int64]:
        return np.cumsum(self.tracks.parts)


def _open(path: Path) -> NDArray[np.float16]:
    values: NDArray[np.float16] = np.load(path, mmap_mode="r")
    return values


def _write(
    path: Path,
    audio: Sequence[Path],
    seconds: Sequence[float],
    front_end: LogSpectrogram,
    workers: int,
) -> dict[str, Any]:
    """Write the file; returns the frames of each track, and what is wrong with those that fail."""
    most = [math.ceil(length * front_end.frame_rate) + _MARGIN for length in seconds]
    frames: list[int] = []
    problems: dict[int, str] = {}
    end = 0
    made = partial(attempt, partial(_compute, front_end=front_end))
    print(f"{path}: computing {len(audio)} spectrograms", file=sys.stderr, flush=True)
    with whole(path) as temporary:
        shape = (sum(most), front_end.n_bins)
        values = np.lib.format.open_memmap(temporary, "w+", np.float16, shape)
        for place, found in enumerate(each(made, audio, workers=workers)):
            if isinstance(found, str):
                problems[place] = found
                frames.append(0)
                continue
            frames.append(min(len(found), most[place]))
            values[end : end + frames[-1]] = found[: frames[-1]]
            end += frames[-1]
        values.flush()
    return {"frames": frames, "problems": problems}


def _compute(path: Path, front_end: LogSpectrogram) -> NDArray[np.float16]:
    """The spectrogram (frame, bin) of a file."""
    rate = front_end.sample_rate
    blocks = (block.samples[0] for block in stream(path, sample_rate=rate))
    features = np.concatenate(list(front_end.stream(blocks)))
    limited: NDArray[np.float32] = np.minimum(features, _LARGEST)
    return limited.astype(np.float16)
