"""How loud a sound is over time: mean squares of frames, from blocks of any size."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


class FramePower:
    """Mean squares of overlapping frames; give it blocks, and ask at the end.

    Frame i is centred on sample i · `hop_length` and 2 · `hop_length` long; beyond both ends of the
    sound is silence. Source: Neuroment 2022, section 4.2 (2048 and 1024 samples at 44.1 kHz).
    """

    def __init__(self, hop_length: int) -> None:
        """No sound yet."""
        self.hop_length = hop_length
        self._sums: list[NDArray[np.float64]] = []
        self._rest = np.zeros(0)

    def add(self, samples: NDArray[np.floating]) -> None:
        """The next samples (n,), or (channel, n), whose mean square counts."""
        squares = np.square(np.atleast_2d(samples), dtype=np.float64).mean(axis=0)
        squares = np.concatenate([self._rest, squares])
        whole = len(squares) // self.hop_length * self.hop_length
        self._sums.append(squares[:whole].reshape(-1, self.hop_length).sum(axis=1))
        self._rest = squares[whole:]

    def frames(self) -> NDArray[np.float64]:
        """(1 + n // hop_length,) of all that was added."""
        steps = np.concatenate([[0.0], *self._sums, [self._rest.sum()]])
        return np.asarray((steps[:-1] + steps[1:]) / (2 * self.hop_length))
