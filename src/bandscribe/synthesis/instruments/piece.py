"""Shared by the players of a piece: tempo, metre, key, and a chord for each bar."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bandscribe.synthesis.sound import Rng
from bandscribe.types import Beats

_MAJOR = (0, 2, 4, 5, 7, 9, 11)
_MODES = (
    _MAJOR, _MAJOR, (0, 2, 3, 5, 7, 8, 10), (0, 2, 3, 5, 7, 8, 11), (0, 2, 3, 5, 7, 9, 10),
    (0, 2, 4, 5, 7, 9, 10),
)  # fmt: skip
#: Degrees of the scale, from 0.
_PROGRESSIONS = (
    (0, 3, 4, 0), (0, 4, 5, 3), (5, 3, 0, 4), (0, 5, 3, 4), (1, 4, 0, 0), (0, 0, 3, 4), (0, 3),
    (0,), (0, 6, 5, 4), (0, 2, 3, 4), (0, 5, 1, 4), (3, 0, 4, 5), (0, 3, 0, 4),
)  # fmt: skip


@dataclass(frozen=True)
class Piece:
    """`beat` in seconds; `start` of the first bar, at or before 0; `scale` pitch classes.

    `chords` are degrees of the scale, one per bar, and repeat after the last.
    """

    beat: float
    metre: int
    start: float
    swing: float  # where the second eighth of a beat falls, 0.5 = straight
    scale: tuple[int, ...]
    chords: tuple[int, ...]
    duration: float

    @property
    def bars(self) -> int:
        """The number of bars that begin before the end."""
        return int(np.ceil((self.duration - self.start) / (self.beat * self.metre)))

    @property
    def beats(self) -> Beats:
        """The grid, from the first bar until after the end."""
        count = self.bars * self.metre + 1
        index = np.arange(count)
        times = self.start + self.beat * index.astype(np.float64)
        return Beats(times, index % self.metre + 1)

    def chord(self, bar: int, size: int = 3) -> tuple[int, ...]:
        """Pitch classes of the chord of a bar, the root first, in thirds of the scale."""
        degree = self.chords[bar % len(self.chords)]
        return tuple(self.scale[(degree + 2 * i) % len(self.scale)] for i in range(size))

    def seconds(self, position: float) -> float:
        """The time of a position in beats from the first bar."""
        whole, part = divmod(position, 1.0)
        if part < 0.5:
            part *= 2 * self.swing
        else:
            part = self.swing + (part - 0.5) * 2 * (1 - self.swing)
        return self.start + (whole + part) * self.beat


def sample_piece(rng: Rng, duration: float) -> Piece:
    """A piece of `duration` seconds that begins anywhere in a bar."""
    beat = 60 / float(np.exp(rng.uniform(np.log(55), np.log(175))))
    metre = int(rng.choice([4, 4, 4, 3, 3, 2]))
    key = int(rng.integers(12))
    mode = _MODES[rng.integers(len(_MODES))]
    return Piece(
        beat=beat,
        metre=metre,
        start=-float(rng.uniform(0, metre * beat)),
        swing=float(rng.uniform(0.55, 0.68)) if rng.random() < 0.2 else 0.5,
        scale=tuple((key + step) % 12 for step in mode),
        chords=_PROGRESSIONS[rng.integers(len(_PROGRESSIONS))],
        duration=duration,
    )
