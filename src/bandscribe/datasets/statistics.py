"""Statistics of a corpus: the split of each track, its length, and its labels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bandscribe.datasets.corpus import Corpus, Inspection
from bandscribe.datasets.track import T_co
from bandscribe.types import LEVEL_FLOOR_DB, Activations, Transcription

#: A class is active where its probability, or its level, is at least this.
ACTIVE = {"probability": 0.5, "level_db": LEVEL_FLOOR_DB + 1}


@dataclass(frozen=True, eq=False)
class CorpusStatistics:
    """The numbers of a corpus, one row for each of its usable tracks.

    `amounts` (track, class) count `unit`: "clips" (1 where the label applies), "onsets", or "hours"
    of activity. A class is present in a track where its amount is above 0.
    """

    splits: tuple[str, ...]
    seconds: NDArray[np.float64]
    classes: tuple[str, ...]
    amounts: NDArray[np.float64]
    unit: str

    @property
    def present(self) -> NDArray[np.bool_]:
        """(track, class): whether the class occurs in the track."""
        return self.amounts > 0

    @property
    def labels(self) -> NDArray[np.int64]:
        """(track,): how many classes occur in it."""
        labels: NDArray[np.int64] = self.present.sum(axis=1, dtype=np.int64)
        return labels

    @property
    def together(self) -> NDArray[np.int64]:
        """(class, class): tracks in which both occur; on the diagonal, those with the class."""
        present = self.present.astype(np.int64)
        pairs: NDArray[np.int64] = present.T @ present
        return pairs


def count(corpus: Corpus[T_co], found: Inspection[T_co]) -> CorpusStatistics:
    """The numbers of the usable tracks of a copy."""
    rows = [_amounts(target, corpus.classes) for target in found.targets]
    units = {"drums": "onsets", "activity": "hours"}
    return CorpusStatistics(
        tuple(track.split for track in found.tracks),
        np.array(found.seconds, dtype=np.float64),
        corpus.classes,
        np.array(rows, dtype=np.float64).reshape(len(rows), len(corpus.classes)),
        units.get(corpus.task, "clips"),
    )


def _amounts(target: object, classes: Sequence[str]) -> list[float]:
    if isinstance(target, Transcription):
        return [float(np.count_nonzero(target.labels == name)) for name in classes]
    if isinstance(target, Activations):
        active = np.count_nonzero(target.values >= ACTIVE[target.kind], axis=0)
        hours = dict(zip(target.classes, active / target.frame_rate / 3600, strict=True))
        return [float(hours.get(name, 0.0)) for name in classes]
    if isinstance(target, frozenset):
        return [float(name in target) for name in classes]
    raise ValueError(f"target: expected notes, activations or labels, got {type(target).__name__}")
