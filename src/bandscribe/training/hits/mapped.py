"""A row of numbers for each of many files: computed once, and mapped from one file.

A quarter of a million clips neither fit into memory nor are read again for each step: they lie on a
disk, of which a step reads what it needs, and of which all processes see the same pages.
"""

from __future__ import annotations

import hashlib
import json
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch.utils.data import Dataset

from bandscribe import __version__
from bandscribe.files import whole, write_json
from bandscribe.readers import read_json
from bandscribe.training.batches import each

Floats = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Rows:
    """`values` (file, …) and, of each row, how much of it is filled (file,), the rest is 0.

    `problems` is what is wrong with files that cannot be read, by their place: their rows are 0.
    """

    values: Floats
    lengths: NDArray[np.int64]
    problems: dict[int, str]


class FileRows(Dataset[Floats | str]):
    """The row of each file, or what is wrong with it."""

    def __init__(
        self,
        paths: Sequence[Path],
        shape: tuple[int, ...],
        describe: Callable[[Path], Floats],
        about: Sequence[Any],
    ) -> None:
        """`describe` makes a row of `shape` or shorter, as `about` says, which is JSON.

        It raises ValueError or OSError, naming the file, where that cannot be read.
        """
        self.paths, self.shape, self.describe, self.about = paths, shape, describe, about

    def __len__(self) -> int:
        """How many files there are."""
        return len(self.paths)

    def __getitem__(self, index: int) -> Floats | str:
        """The row of one."""
        try:
            return self.describe(self.paths[index])
        except (ValueError, OSError) as error:
            return str(error)

    @property
    def digest(self) -> str:
        """A name that changes with the files, what is made of them, and the version."""
        files: list[Any] = []
        for path in self.paths:
            stat = path.stat() if path.is_file() else None
            files.append([str(path.resolve()), stat and [stat.st_size, stat.st_mtime_ns]])
        content = [__version__, *self.about, self.shape, files]
        return hashlib.sha256(json.dumps(content).encode()).hexdigest()[:16]


def compute(files: FileRows, *, cache: Path | None, workers: int) -> Rows:
    """The rows of all files, made by `workers`, and kept in `cache` for other runs.

    Without it they vanish with the process. Raises OSError where they cannot be written.
    """
    shape = (len(files), *files.shape)
    if cache is None:
        with tempfile.TemporaryFile() as file:
            values = np.memmap(file, np.float32, "w+", shape=shape)
        return _fill(values, files, workers)
    path = cache / f"hits-{files.digest}.npy"
    about = path.with_suffix(".json")
    if not (path.is_file() and about.is_file()):
        cache.mkdir(parents=True, exist_ok=True)
        with whole(path) as temporary:
            values = np.lib.format.open_memmap(temporary, "w+", np.dtype(np.float32), shape)
            made = _fill(values, files, workers)
            values.flush()
            lengths = made.lengths.tolist()
            write_json(about, {"unreadable": made.problems, "lengths": lengths})
    known = read_json(about)
    problems = {int(place): problem for place, problem in known["unreadable"].items()}
    values = np.load(path, mmap_mode="r")
    return Rows(np.asarray(values), np.array(known["lengths"], np.int64), problems)


def _fill(values: np.memmap, files: FileRows, workers: int) -> Rows:
    """Where rows end early, the file has holes, which take no place on the disk."""
    lengths, problems = np.zeros(len(files), np.int64), {}
    for place, row in enumerate(each(files, workers=workers)):
        if isinstance(row, str):
            problems[place] = row
        else:
            lengths[place] = len(row)
            values[place, : len(row)] = row
    return Rows(np.asarray(values), lengths, problems)
