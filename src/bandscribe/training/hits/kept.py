"""Features of clips that are taken as they are: computed once, and mapped from a file.

A quarter of a million clips neither fit into memory nor are read again for each step: 8.5 GB of the
report's features lie on a disk, of which a step reads what it needs.
"""

from __future__ import annotations

import hashlib
import json
import sys
import tempfile
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch.utils.data import Dataset

from bandscribe import __version__, audio
from bandscribe.features.mel import MelBands
from bandscribe.files import whole, write_json
from bandscribe.readers import read_json
from bandscribe.training.batches import Example, each, shuffle
from bandscribe.training.hits.clips import HitClip, list_folder
from bandscribe.training.hits.examples import make_target


@dataclass(frozen=True, eq=False)
class Kept:
    """Clips by their labels alone, and their `features` (clip, frame, bin) and `targets`.

    `rows` (clip,) are those of the features, where files that cannot be read have some, too.
    """

    clips: tuple[HitClip, ...]
    features: NDArray[np.float32]
    rows: NDArray[np.int64]
    targets: NDArray[np.float32]

    @classmethod
    def load(
        cls,
        folders: Sequence[str],
        split: str,
        classes: tuple[str, ...],
        front_end: MelBands,
        seconds: float,
        *,
        cache: Path | None = None,
        workers: int = 0,
    ) -> Kept:
        """The clips of one split that the tables of folders name, each its first `seconds`.

        Features are made by `workers`, and kept in `cache` for other runs; without it they vanish
        with the process. A file that cannot be read has a line on standard error, and is left out.

        Raises ValueError as `list_folder`, and where none can be read.
        """
        named = [clip for root in folders for clip in list_folder(root, split, classes)]
        if not named:
            raise ValueError(f"{', '.join(folders)}: no clip of the split {split!r}")
        made = _Made([path for path, _ in named], front_end, seconds)
        features, problems = _compute(made, cache, workers)
        for problem in problems.values():
            print(f"{problem}; left out", file=sys.stderr, flush=True)
        rows = [row for row in range(len(named)) if row not in problems]
        if not rows:
            raise ValueError(next(iter(problems.values())))
        clips = tuple(named[row][1] for row in rows)
        targets = [make_target([clip] if clip.label else [], classes) for clip in clips]
        return cls(clips, features, np.array(rows), np.stack(targets))

    def __len__(self) -> int:
        """How many clips there are."""
        return len(self.rows)

    @property
    def every(self) -> NDArray[np.float32]:
        """The features of all clips (clip, frame, bin)."""
        return self.features if len(self.rows) == len(self.features) else self.features[self.rows]


@dataclass(frozen=True, eq=False)
class Turns:
    """Makes examples out of clips as they are.

    Without `balance` each epoch takes every clip once, in an order of its own. With it, a class is
    drawn by its number of clips to the power of 1 - `balance`, and one of its clips.
    """

    kept: Kept
    seed: int
    balance: float = 0.0

    def __call__(self, rng: np.random.Generator, number: int) -> Example:
        """Features (frame, bin) and targets (class + 1,) of the run's example of this number."""
        if self.balance:
            members = self._members[int(rng.choice(len(self._members), p=self._chances))]
            chosen = int(rng.choice(members))
        else:
            epoch, place = divmod(number, len(self.kept))
            chosen = int(shuffle(self.seed, epoch, len(self.kept))[place])
        kept = self.kept
        return np.array(kept.features[kept.rows[chosen]]), kept.targets[chosen]

    @cached_property
    def _members(self) -> list[NDArray[np.int64]]:
        """The clips of each class."""
        found: dict[str | None, list[int]] = defaultdict(list)
        for index, clip in enumerate(self.kept.clips):
            found[clip.label].append(index)
        return [np.array(members) for members in found.values()]

    @cached_property
    def _chances(self) -> NDArray[np.float64]:
        powers = np.array([len(m) for m in self._members], dtype=np.float64) ** (1 - self.balance)
        return np.asarray(powers / powers.sum())


class _Made(Dataset[NDArray[np.float32] | str]):
    """The features of each file (frame, bin), or what is wrong with it."""

    def __init__(self, paths: Sequence[Path], front_end: MelBands, seconds: float) -> None:
        self.paths, self.front_end, self.seconds = paths, front_end, seconds

    def __len__(self) -> int:
        return len(self.paths)

    def __getitem__(self, index: int) -> NDArray[np.float32] | str:
        rate = self.front_end.sample_rate
        try:
            # A little more than is needed: what is resampled is the same up to its end.
            sound = audio.read(
                self.paths[index], sample_rate=rate, mono=True, duration=self.seconds + 0.5
            )
        except (ValueError, OSError) as error:
            return str(error)
        return self.describe(sound.samples[0])

    def describe(self, samples: NDArray[np.float32]) -> NDArray[np.float32]:
        whole = np.zeros(round(self.seconds * self.front_end.sample_rate), dtype=np.float32)
        whole[: len(samples)] = samples[: len(whole)]
        return self.front_end(whole)

    @property
    def shape(self) -> tuple[int, ...]:
        return (len(self), *self.describe(np.zeros(0, dtype=np.float32)).shape)

    @property
    def digest(self) -> str:
        """A name that changes with the files, what is made of them, and the version."""
        files: list[Any] = []
        for path in self.paths:
            stat = path.stat() if path.is_file() else None
            files.append([str(path.resolve()), stat and [stat.st_size, stat.st_mtime_ns]])
        content = [__version__, asdict(self.front_end), self.seconds, files]
        return hashlib.sha256(json.dumps(content).encode()).hexdigest()[:16]


def _compute(
    made: _Made, cache: Path | None, workers: int
) -> tuple[NDArray[np.float32], dict[int, str]]:
    """The features of all files, and what is wrong with those that have none."""
    if cache is None:
        with tempfile.TemporaryFile() as file:
            features = np.memmap(file, np.float32, "w+", shape=made.shape)
        return features, _fill(features, made, workers)
    path = cache / f"hits-{made.digest}.npy"
    about = path.with_suffix(".json")
    if not (path.is_file() and about.is_file()):
        cache.mkdir(parents=True, exist_ok=True)
        with whole(path) as temporary:
            mapped = np.lib.format.open_memmap(temporary, "w+", np.dtype(np.float32), made.shape)
            write_json(about, {"unreadable": _fill(mapped, made, workers)})
            mapped.flush()
    problems = read_json(about)["unreadable"]
    mapped = np.load(path, mmap_mode="r")
    return mapped, {int(row): problem for row, problem in problems.items()}


def _fill(features: np.memmap, made: _Made, workers: int) -> dict[int, str]:
    problems = {}
    for row, found in enumerate(each(made, workers=workers)):
        if isinstance(found, str):
            problems[row] = found
        else:
            features[row] = found
    return problems
