"""What any system says of activity over time: a folder of tables, one per track.

A table is what `bandscribe track` writes as CSV: `time`, then `CLASS_probability` and, where the
system tells levels, `CLASS_level_db`. Classes that it does not name never play. As npz it holds the
system's own thresholds too.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from bandscribe.datasets.track import Track
from bandscribe.evaluation import drum_estimates as estimates
from bandscribe.instruments import Activity
from bandscribe.metrics.frames import ACTIVE
from bandscribe.readers import read_npz, read_text, refused
from bandscribe.types import LEVEL_FLOOR_DB, Activations
from bandscribe.vocabulary import INSTRUMENTS

#: Ends of the names of tables; what stands before is the name of a track.
SUFFIXES = (".activity.npz", ".npz", ".activity.csv", ".csv")
_PROBABILITY, _LEVEL = "_probability", "_level_db"


@dataclass(frozen=True)
class Curves:
    """A folder of tables; a class plays where its probability is at least `threshold`.

    Without it, at least that of the table, or 0.5.
    """

    path: Path
    files: estimates.Index
    threshold: float | None

    @classmethod
    def load(cls, folder: Path, threshold: float | None) -> Curves:
        """List the folder. Raises ValueError when it holds no tables."""
        return cls(folder, estimates.index(folder, SUFFIXES), threshold)

    @property
    def classes(self) -> tuple[str, ...]:
        """The classes that the system knows: a table need not name those that never play."""
        return INSTRUMENTS

    def missing(self, track: Track[Any]) -> tuple[Path, ...]:
        """Files without which the track cannot be evaluated."""
        return track.missing

    def identity(self, track: Track[Any]) -> list[object]:
        """Name and content of the table."""
        name = estimates.find(self.files, track, SUFFIXES)
        return [
            name, hashlib.sha256((self.path / name).read_bytes()).hexdigest(), self.threshold
        ]  # fmt: skip

    def track(self, track: Track[Any]) -> Activity:
        """What the table says; levels it does not tell are as low as can be."""
        return read(self.path / estimates.find(self.files, track, SUFFIXES), self.threshold)


def read(path: Path, threshold: float | None = None) -> Activity:
    """A table of the thirteen classes.

    Raises ValueError, naming the file, when it is not such a table; OSError when it cannot be read.
    """
    with (
        refused(f"{path}: not what bandscribe track writes"),
        np.errstate(over="ignore", invalid="ignore"),
    ):
        content = _read_npz(path) if path.suffix.lower() == ".npz" else _read_csv(path)
        if unknown := sorted(set(content.classes) - set(INSTRUMENTS)):
            raise ValueError(f"no such class: {unknown[0]}")
        shape = (len(content.probability), len(INSTRUMENTS))
        thresholds = np.full(len(INSTRUMENTS), ACTIVE if threshold is None else threshold)
        probability = np.zeros(shape, dtype=np.float32)
        level = np.full(shape, LEVEL_FLOOR_DB, dtype=np.float32)
        for column, name in enumerate(content.classes):
            place = INSTRUMENTS.index(name)
            probability[:, place] = content.probability[:, column]
            level[:, place] = content.level_db[:, column]
            if threshold is None:
                thresholds[place] = content.thresholds[column]
        rate, start = content.frame_rate, content.start
        return Activity(
            Activations(probability, rate, start, INSTRUMENTS),
            Activations(level, rate, start, INSTRUMENTS, "level_db"),
            thresholds,
            start + len(probability) / rate,
        )


class _Content(NamedTuple):
    classes: tuple[str, ...]
    probability: NDArray[Any]
    level_db: NDArray[Any]
    thresholds: NDArray[Any]
    frame_rate: float
    start: float


def _read_npz(path: Path) -> _Content:
    found = read_npz(path)
    return _Content(
        tuple(found["classes"].tolist()), found["probability"], found["level_db"],
        found["thresholds"], float(found["frame_rate"]), float(found["start"]),
    )  # fmt: skip


def _read_csv(path: Path) -> _Content:
    head, _, rest = read_text(path).partition("\n")
    names = head.strip().split(",")
    table = np.loadtxt(rest.splitlines() or ["0"], delimiter=",", ndmin=2)
    if names[0] != "time" or len(table) < 2 or table.shape[1] != len(names):
        raise ValueError("expected a line of names, time first, then two lines or more")
    columns = dict(zip(names, table.T, strict=True))
    times = columns.pop("time")
    named = (name.removesuffix(_PROBABILITY).removesuffix(_LEVEL) for name in columns)
    classes = tuple(dict.fromkeys(named))
    silence = {_PROBABILITY: np.zeros(len(times)), _LEVEL: np.full(len(times), LEVEL_FLOOR_DB)}
    probability, level = (
        np.stack([columns.get(name + end, silence[end]) for name in classes], axis=1)
        for end in (_PROBABILITY, _LEVEL)
    )
    rate = (len(times) - 1) / float(times[-1] - times[0])
    thresholds = np.full(len(classes), ACTIVE)
    return _Content(classes, probability, level, thresholds, rate, float(times[0]))
