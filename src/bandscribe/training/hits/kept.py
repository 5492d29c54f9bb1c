"""Clips that are taken as they are: their features are computed once, and mapped from a file."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import cached_property, partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bandscribe import audio
from bandscribe.features.mel import MelBands
from bandscribe.training.batches import Example, turn
from bandscribe.training.hits.clips import HitClip, list_folder
from bandscribe.training.hits.examples import make_target
from bandscribe.training.mapped import FileRows, leave_out


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
        made = FileRows.load(
            [path for path, _ in named],
            (front_end.count(seconds), front_end.n_bins),
            partial(_describe, front_end=front_end, seconds=seconds),
            ["features", asdict(front_end), seconds],
            cache=cache,
            workers=workers,
        )
        leave_out(made.problems.values())
        rows = [row for row in range(len(named)) if row not in made.problems]
        if not rows:
            raise ValueError(next(iter(made.problems.values())))
        clips = tuple(named[row][1] for row in rows)
        targets = [make_target([clip] if clip.label else [], classes) for clip in clips]
        return cls(clips, made.values, np.array(rows), np.stack(targets))

    def __len__(self) -> int:
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
            chosen = turn(self.seed, number, len(self.kept))
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


def _describe(path: Path, front_end: MelBands, seconds: float) -> NDArray[np.float32]:
    """Features (frame, bin) of a file's first `seconds`, filled up with silence."""
    # A little more than is needed: what is resampled is the same up to its end.
    rate, longest = front_end.sample_rate, seconds + 0.5
    sound = audio.read(path, sample_rate=rate, mono=True, duration=longest)
    samples = np.zeros(round(seconds * rate), dtype=np.float32)
    samples[: sound.samples.shape[1]] = sound.samples[0, : len(samples)]
    return front_end(samples)
