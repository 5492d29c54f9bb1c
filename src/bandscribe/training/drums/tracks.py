"""Excerpts of corpora that others made, to train and to validate on.

Corpora are named by their addresses: see `datasets.address`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, cached_property

import numpy as np
from numpy.typing import NDArray

from bandscribe.audio import read
from bandscribe.datasets.address import CorpusAddress
from bandscribe.datasets.track import Track
from bandscribe.decode import length
from bandscribe.synthesis.drummer.performance import excerpt
from bandscribe.types import Audio, Transcription
from bandscribe.vocabulary import reduce


@dataclass(frozen=True, eq=False)
class Tracks:
    """Labelled audio drawn out of tracks: every second of them is as likely as any other.

    `seconds` is the length of each track; notes are in `classes` classes (10, 5 or 3). Where a
    corpus does not tell how hard a drum was struck, its velocities are 0, which stands for unknown.
    """

    tracks: Sequence[Track[Transcription]]
    seconds: Sequence[float]
    classes: int
    sample_rate: int

    @classmethod
    def load(
        cls, addresses: Sequence[str], split: str, *, classes: int, sample_rate: int
    ) -> Tracks:
        """The tracks of one split of each corpus; of their audio only the lengths are read.

        Raises ValueError as `CorpusAddress`, and for a corpus that annotates fewer classes.
        """
        found: list[Track[Transcription]] = []
        for text in addresses:
            address = CorpusAddress.parse(text, "drums")
            if classes > max(address.corpus.counts):
                raise ValueError(
                    f"classes: {address.corpus.name} annotates no more than "
                    f"{max(address.corpus.counts)}, got {classes}"
                )
            found += address.tracks(split)
        return cls(found, [length(track.audio) for track in found], classes, sample_rate)

    def draw(self, rng: np.random.Generator, seconds: float) -> tuple[Audio, Transcription]:
        """A mono excerpt, filled up with silence where its track is shorter, and its notes.

        Raises ValueError or OSError, naming the file, where audio or annotation cannot be read.
        """
        place = rng.uniform(0, self._ends[-1])
        chosen = min(int(np.searchsorted(self._ends, place, "right")), len(self.tracks) - 1)
        start = float(rng.uniform(0, max(0.0, self.seconds[chosen] - seconds)))
        track, rate = self.tracks[chosen], self.sample_rate
        heard = read(track.audio, sample_rate=rate, mono=True, start=start, duration=seconds)
        samples = np.zeros((1, round(seconds * rate)), dtype=np.float32)
        samples[:, : heard.samples.shape[1]] = heard.samples[:, : samples.shape[1]]
        return Audio(samples, rate), excerpt(_load(track, self.classes), start, seconds)

    @cached_property
    def _ends(self) -> NDArray[np.float64]:
        return np.cumsum(self.seconds)


@cache  # annotations are small, and drawn again and again
def _load(track: Track[Transcription], classes: int) -> Transcription:
    notes = reduce(track.load(), classes)
    struck = np.zeros(len(notes.onsets)) if notes.velocities is None else notes.velocities
    return Transcription(
        notes.onsets, notes.labels, struck, notes.duration, notes.classes, notes.beats
    )
