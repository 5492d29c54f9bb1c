"""Features of many windows: computed once, in a file and not in memory, kept where runs share them.

What no augmentation changes need not be computed in each epoch, nor by each run.
"""

from __future__ import annotations

import hashlib
import json
import tempfile
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from torch.utils.data import Dataset

from bandscribe import __version__
from bandscribe.features.windows import FeatureStatistics, RecognitionFrontEnd
from bandscribe.files import whole
from bandscribe.training.batches import each
from bandscribe.training.recognition.corpora import RecordingWindows, pack

#: Samples, neither normalised nor described.
PLAIN = RecognitionFrontEnd("audio", FeatureStatistics(0.0, 1.0))


def describe(
    windows: RecordingWindows,
    front_end: RecognitionFrontEnd,
    folder: Path | None = None,
    *,
    workers: int = 0,
) -> NDArray[np.float32]:
    """Features (window, frame, bin) of every window, mapped from a file, made by `workers`.

    In `folder` the file stays, named by what it holds, and is opened again for the same windows and
    the same front end. Without a folder it has no name, and vanishes with the
    process. Raises as `audio.read`.
    """
    if folder is None:
        with tempfile.TemporaryFile() as file:
            features = np.memmap(file, np.float32, "w+", shape=_shape(windows, front_end))
        return _fill(features, windows, front_end, workers)
    path = folder / f"{front_end.features}-{digest(windows, front_end)}.npy"
    if not path.is_file():
        folder.mkdir(parents=True, exist_ok=True)
        with whole(path) as temporary:
            features = np.lib.format.open_memmap(
                temporary, "w+", np.dtype(np.float32), _shape(windows, front_end)
            )
            _fill(features, windows, front_end, workers).flush()
    return np.asarray(np.load(path, mmap_mode="r"))


def keep(windows: RecordingWindows, folder: Path, *, workers: int = 0) -> RecordingWindows:
    """The same windows, which read their samples from a file in `folder`, written if need be.

    It holds whole numbers of 16 bits (see `corpora.pack`): half of what samples take otherwise.
    """
    path = folder / f"samples-{digest(windows, PLAIN)}.npy"
    if not path.is_file():
        folder.mkdir(parents=True, exist_ok=True)
        shape = (len(windows), len(pack(windows.read(0))))
        with whole(path) as temporary:
            packed = np.lib.format.open_memmap(temporary, "w+", np.dtype(np.int16), shape)
            for index, row in enumerate(each(_Packed(windows), workers=workers)):
                packed[index] = row
            packed.flush()
    return replace(windows, packed=np.load(path, mmap_mode="r"))


class _Features(Dataset[NDArray[np.float32]]):
    def __init__(self, windows: RecordingWindows, front_end: RecognitionFrontEnd) -> None:
        self.windows, self.front_end = windows, front_end

    def __len__(self) -> int:
        return len(self.windows)

    def __getitem__(self, index: int) -> NDArray[np.float32]:
        return self.front_end(self.windows.read(index))


class _Packed(Dataset[NDArray[np.int16]]):
    def __init__(self, windows: RecordingWindows) -> None:
        self.windows = windows

    def __len__(self) -> int:
        return len(self.windows)

    def __getitem__(self, index: int) -> NDArray[np.int16]:
        return pack(self.windows.read(index))


def _fill(
    features: np.memmap, windows: RecordingWindows, front_end: RecognitionFrontEnd, workers: int
) -> np.memmap:
    for index, made in enumerate(each(_Features(windows, front_end), workers=workers)):
        features[index] = made
    return features


def _shape(windows: RecordingWindows, front_end: RecognitionFrontEnd) -> tuple[int, ...]:
    return (len(windows), *front_end(windows.read(0)).shape)


def digest(windows: RecordingWindows, front_end: RecognitionFrontEnd) -> str:
    """A name that changes with the files, the windows, the front end and the version."""
    files = [
        (str(recording.path.resolve()), stat.st_size, stat.st_mtime_ns)
        for recording in windows.recordings
        for stat in [recording.path.stat()]
    ]
    content = [__version__, files, windows.length, windows.sample_rate, asdict(front_end)]
    digest = hashlib.sha256(json.dumps(content).encode())
    digest.update(windows.owner.tobytes() + windows.start.tobytes())
    return digest.hexdigest()[:16]
