"""The front end of networks that take samples as they are."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bandscribe.features import limits


@dataclass(frozen=True)
class Samples:
    """Mono samples at `sample_rate` Hz, `samples_per_frame` at a time, side by side.

    Frame `i` begins with sample `i * samples_per_frame`; the last one ends in silence.
    """

    sample_rate: int
    samples_per_frame: int

    def __post_init__(self) -> None:
        limits.check(
            self, {"sample_rate": limits.SAMPLE_RATE, "samples_per_frame": limits.HOP_LENGTH}
        )

    @property
    def frame_rate(self) -> float:
        """Frames per second."""
        return self.sample_rate / self.samples_per_frame

    @property
    def n_bins(self) -> int:
        """Number of values in a frame."""
        return self.samples_per_frame

    def __call__(self, samples: NDArray[np.float32]) -> NDArray[np.float32]:
        """(n,) samples to (ceil(n / samples_per_frame), samples_per_frame)."""
        padded = np.pad(samples, (0, -len(samples) % self.samples_per_frame))
        return padded.reshape(-1, self.samples_per_frame)

    def stream(self, blocks: Iterable[NDArray[np.float32]]) -> Iterator[NDArray[np.float32]]:
        """The same frames, block by block, whatever the lengths of the blocks `(n,)`."""
        held = np.zeros(0, dtype=np.float32)
        for block in blocks:
            held = np.concatenate([held, block])
            whole = len(held) - len(held) % self.samples_per_frame
            if whole:
                yield self(held[:whole])
                held = held[whole:]
        if len(held):
            yield self(held)
