"""A row of numbers for each of many files: computed once, and mapped from one file.

A quarter of a million clips neither fit into memory nor are read again for each step: they lie on a
disk, of which a step reads what it needs, and of which all processes see the same pages. A file is
named by all that it depends on.
"""

from __future__ import annotations

import hashlib
import json
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bandscribe import __version__
from bandscribe.files import whole, write_json
from bandscribe.readers import read_json
from bandscribe.training.batches import attempt, each

if sys.platform != "win32":
    import fcntl

Floats = NDArray[np.float32]


def digest(files: Iterable[Path], *about: object) -> str:
    """A name that changes with the files, with `about` (JSON), and with the version."""
    found: list[Any] = []
    for path in files:
        stat = path.stat() if path.is_file() else None
        found.append([str(path.resolve()), stat and [stat.st_size, stat.st_mtime_ns]])
    content = json.dumps([__version__, *about, found])
    return hashlib.sha256(content.encode()).hexdigest()[:16]


@contextmanager
def alone(path: Path) -> Iterator[None]:
    """While one process makes the file `path` of a cache, others wait: those of other GPUs, say.

    Makes its folder. Where there are no locks (Windows, some network drives) none waits.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    lock = path.with_name(f".{path.name}.lock")
    with lock.open("wb") as held:
        if sys.platform != "win32":
            with suppress(OSError):
                fcntl.flock(held, fcntl.LOCK_EX)
        try:
            yield
        finally:
            lock.unlink(missing_ok=True)  # who waits for it finds the file


def leave_out(problems: Iterable[str]) -> None:
    """Write a line on standard error for each file that is left out."""
    for problem in problems:
        print(f"{problem}; left out", file=sys.stderr, flush=True)


def map_rows(
    rows: Iterable[NDArray[Any]],
    count: int,
    path: Path | None,
    *,
    shape: tuple[int, ...] | None = None,
) -> NDArray[Any]:
    """The array (`count`, …) of some rows, mapped from `path`, which is written if need be.

    Without a path the file has no name, and vanishes with the process. Rows have the type of the
    first one, and its shape, or `shape`; what is left of it, in shorter rows, is 0: holes, which
    take no place on the disk. Raises OSError where it cannot be written.
    """
    if path is None:
        with tempfile.TemporaryFile() as file:
            first, coming, shape = _begin(rows, count, shape)
            return _fill(np.memmap(file, first.dtype, "w+", shape=shape), coming)
    with alone(path):
        if not path.is_file():
            with whole(path) as temporary:
                first, coming, shape = _begin(rows, count, shape)
                values = np.lib.format.open_memmap(temporary, "w+", first.dtype, shape)
                _fill(values, coming).flush()
    return np.asarray(np.load(path, mmap_mode="r"))


@dataclass(frozen=True, eq=False)
class FileRows:
    """`values` (file, …) and, of each row, how much of it is filled (file,), the rest is 0.

    `problems` is what is wrong with files that cannot be read, by their place: their rows are 0.
    """

    values: Floats
    lengths: NDArray[np.int64]
    problems: dict[int, str]

    @classmethod
    def load(
        cls,
        files: Sequence[Path],
        shape: tuple[int, ...],
        describe: Callable[[Path], Floats],
        about: Sequence[object],
        *,
        cache: Path | None,
        workers: int,
    ) -> FileRows:
        """The rows of all files, made by `workers`, and kept in `cache`.

        `describe` makes a row of `shape` or shorter, as `about` says, which is JSON. It raises
        ValueError or OSError, naming the file, where that cannot be read.
        """
        lengths, problems = np.zeros(len(files), np.int64), {}

        def rows() -> Iterator[Floats]:
            for place, row in enumerate(each(partial(attempt, describe), files, workers=workers)):
                if isinstance(row, str):
                    problems[place] = row
                    row = np.zeros((0, *shape[1:]), np.float32)
                lengths[place] = len(row)
                yield row

        if cache is None:
            return cls(map_rows(rows(), len(files), None, shape=shape), lengths, problems)
        path = cache / f"hits-{digest(files, *about, shape)}.npy"
        known = path.with_suffix(".json")
        with alone(known):
            new = not known.is_file()
            if new:
                path.unlink(missing_ok=True)
            values = map_rows(rows(), len(files), path, shape=shape)
            if new:
                write_json(known, {"unreadable": problems, "lengths": lengths.tolist()})
        read = read_json(known)
        problems = {int(place): problem for place, problem in read["unreadable"].items()}
        return cls(values, np.array(read["lengths"], np.int64), problems)


def _begin(
    rows: Iterable[NDArray[Any]], count: int, shape: tuple[int, ...] | None
) -> tuple[NDArray[Any], Iterator[NDArray[Any]], tuple[int, ...]]:
    """The first row, all rows, and the shape of the array."""
    coming = iter(rows)
    first = next(coming)
    return first, chain([first], coming), (count, *(first.shape if shape is None else shape))


def _fill(values: np.memmap, rows: Iterable[NDArray[Any]]) -> np.memmap:
    for place, row in enumerate(rows):
        values[place, : len(row)] = row
    return values
