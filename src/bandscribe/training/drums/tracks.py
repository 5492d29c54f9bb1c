"""The tracks of drum corpora as a source of labelled excerpts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache, partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bandscribe.audio import read
from bandscribe.datasets.address import CorpusAddress
from bandscribe.datasets.track import Track
from bandscribe.decode import length
from bandscribe.synthesis.drummer.performance import excerpt
from bandscribe.training.batches import draw_readable
from bandscribe.training.drums.index import Alignment, Index, velocities_of
from bandscribe.training.mapped import leave_out
from bandscribe.types import Audio, Transcription
from bandscribe.vocabulary import reduce


@dataclass(frozen=True, eq=False)
class Tracks:
    """Random excerpts of tracks, uniform over all seconds of audio.

    `seconds` is the length of each track; notes are in `classes` classes (10, 5 or 3), unknown
    velocities are 0. Notes are `rows` of `index`; without one they are parsed when needed. Of each
    corpus there are so many tracks in a row: `parts`.
    """

    tracks: Sequence[Track[Transcription]]
    seconds: Sequence[float]
    classes: int
    sample_rate: int
    index: Index | None = None
    rows: Sequence[int] = ()
    parts: Sequence[int] = ()

    @classmethod
    def load(
        cls,
        addresses: Sequence[str],
        split: str,
        *,
        classes: int,
        sample_rate: int,
        cache: Path | None = None,
        alignment: Alignment = "as_they_are",
        workers: int = 0,
    ) -> Tracks:
        """The tracks of one split of each corpus; only the lengths of their audio are read.

        With `cache`, annotations are parsed once, by `workers`, and kept in that folder. Tracks
        that cannot be opened or, with an `alignment` (see `Index.load`), do not match their notes
        are reported on standard error and left out.

        Raises ValueError as `CorpusAddress`, for a corpus that annotates fewer classes, and where
        no track can be opened.
        """
        found: list[Track[Transcription]] = []
        ends: list[int] = []
        for text in addresses:
            address = CorpusAddress.parse(text, "drums")
            if classes > max(address.corpus.counts):
                raise ValueError(
                    f"classes: {address.corpus.name} annotates no more than "
                    f"{max(address.corpus.counts)}, got {classes}"
                )
            found += address.tracks(split)
            ends.append(len(found))
        problems: dict[int, str] = {}
        if cache is None and alignment != "as_they_are":
            raise ValueError("cache: expected a folder, which an alignment needs")
        if cache:
            index = Index.load(found, classes, cache, alignment=alignment, workers=workers)
            seconds, problems = index.seconds.tolist(), index.problems
        else:
            index, seconds = None, []
            for place, track in enumerate(found):
                try:
                    seconds.append(length(track.audio))
                except (ValueError, OSError) as error:
                    seconds.append(0.0)
                    problems[place] = str(error)
        leave_out(problems.values())
        rows = [place for place in range(len(found)) if place not in problems]
        if not rows:
            raise ValueError(f"{', '.join(addresses)}: no track of {split} can be opened")
        kept, lengths = [found[place] for place in rows], [seconds[place] for place in rows]
        parts = np.diff(np.searchsorted(rows, [0, *ends])).tolist()
        return cls(kept, lengths, classes, sample_rate, index, rows, parts)

    def draw(self, rng: np.random.Generator, seconds: float) -> tuple[Audio, Transcription]:
        """A mono excerpt, zero-padded where its track is shorter, and its notes.

        Raises ValueError or OSError as `draw_readable`, naming the file.
        """
        return draw_readable(partial(self._draw, rng, seconds))

    def _draw(self, rng: np.random.Generator, seconds: float) -> tuple[Audio, Transcription]:
        chosen, start = self.place(rng, seconds)
        rate = self.sample_rate
        audio = self.tracks[chosen].audio
        sound = read(audio, sample_rate=rate, mono=True, start=start, duration=seconds)
        samples = np.zeros((1, round(seconds * rate)), dtype=np.float32)
        samples[:, : sound.samples.shape[1]] = sound.samples[:, : samples.shape[1]]
        return Audio(samples, rate), excerpt(self.notes(chosen), start, seconds)

    def place(self, rng: np.random.Generator, seconds: float) -> tuple[int, float]:
        """The track of a random excerpt, and the second at which it begins."""
        at = rng.uniform(0, self._ends[-1])
        chosen = min(int(np.searchsorted(self._ends, at, "right")), len(self.tracks) - 1)
        return chosen, float(rng.uniform(0, max(0.0, self.seconds[chosen] - seconds)))

    def notes(self, track: int) -> Transcription:
        """The notes of a track. Raises ValueError or OSError, naming the file."""
        if self.index is not None:
            return self.index[self.rows[track]]
        return _load(self.tracks[track], self.classes)

    @cached_property
    def _ends(self) -> NDArray[np.float64]:
        return np.cumsum(self.seconds)


@lru_cache(maxsize=4096)  # annotations are small, and drawn again and again
def _load(track: Track[Transcription], classes: int) -> Transcription:
    notes = reduce(track.load(), classes)
    return replace(notes, velocities=velocities_of(notes))
