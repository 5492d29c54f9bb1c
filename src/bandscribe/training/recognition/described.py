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

from bandscribe import __version__
from bandscribe.files import whole
from bandscribe.training.recognition.corpora import Windows
from bandscribe.training.recognition.front_end import FrontEnd, Statistics

#: Samples, neither normalised nor described.
PLAIN = FrontEnd("audio", Statistics(0.0, 1.0))


def describe(
    windows: Windows, front_end: FrontEnd, folder: Path | None = None
) -> NDArray[np.float32]:
    """Features (window, frame, bin) of every window, mapped from a file.

    In `folder` the file stays, named by what it holds, and is opened again for the same windows and
    the same front end. Without a folder it has no name, and vanishes with the
    process. Raises as `audio.read`.
    """
    if folder is None:
        with tempfile.TemporaryFile() as file:
            features = np.memmap(file, np.float32, "w+", shape=_shape(windows, front_end))
        return _fill(features, windows, front_end)
    path = folder / f"{front_end.features}-{_digest(windows, front_end)}.npy"
    if not path.is_file():
        folder.mkdir(parents=True, exist_ok=True)
        with whole(path) as temporary:
            features = np.lib.format.open_memmap(
                temporary, "w+", np.dtype(np.float32), _shape(windows, front_end)
            )
            _fill(features, windows, front_end).flush()
    return np.asarray(np.load(path, mmap_mode="r"))


def keep(windows: Windows, folder: Path) -> Windows:
    """The same windows, which read their samples from a file in `folder`, written if need be."""
    return replace(windows, samples=describe(windows, PLAIN, folder)[:, :, 0])


def _fill(features: np.memmap, windows: Windows, front_end: FrontEnd) -> np.memmap:
    for index in range(len(windows)):
        features[index] = front_end(windows.read(index))
    return features


def _shape(windows: Windows, front_end: FrontEnd) -> tuple[int, ...]:
    return (len(windows), *front_end(windows.read(0)).shape)


def _digest(windows: Windows, front_end: FrontEnd) -> str:
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
