"""The waveform of a recording in levels of detail, so that any view is drawn from few numbers.

A level has the lowest and the highest sample of each bin; a bin of the next level is `FACTOR` bins
of this one. Reference: the mip maps of Williams 1983, Pyramidal parametrics, in one dimension.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bandscribe.types import Audio

#: Bins per second of the finest level, at least, and how many bins become one.
RATE, FACTOR = 1000, 4
#: No level is coarser than about this many bins.
_FEWEST = 512


@dataclass(frozen=True, eq=False)
class Waveform:
    """`levels`, finest first, each (bin, 2) int8: lowest and highest sample, full scale being 127.

    The finest has `rate` bins per second. `samples` per channel at `sample_rate` Hz in `channels`.
    """

    levels: tuple[NDArray[np.int8], ...]
    rate: float
    samples: int
    sample_rate: int
    channels: int

    @property
    def duration(self) -> float:
        """Length in seconds."""
        return self.samples / self.sample_rate


def measure(blocks: Iterable[Audio]) -> Waveform:
    """The waveform of consecutive blocks, mixed to mono.

    Raises ValueError if there are none.
    """
    pieces: list[NDArray[np.int8]] = []
    form: tuple[int, int] | None = None
    total = 0

    def mono() -> Iterator[NDArray[np.float32]]:
        nonlocal form, total
        for block in blocks:
            form = form or (block.sample_rate, len(block.samples))
            total += block.samples.shape[1]
            yield block.samples.mean(axis=0)

    left = np.zeros(0, dtype=np.float32)
    for samples in mono():
        assert form is not None
        size = max(1, form[0] // RATE)
        joined = np.concatenate([left, samples])
        whole = len(joined) // size * size
        pieces.append(_outline(joined[:whole].reshape(-1, size)))
        left = joined[whole:]
    if form is None:
        raise ValueError("blocks: expected sound, got no samples")
    if len(left):
        pieces.append(_outline(left[None]))
    levels = [np.concatenate(pieces)]
    while len(levels[-1]) > _FEWEST:
        levels.append(_coarsen(levels[-1]))
    return Waveform(tuple(levels), form[0] / max(1, form[0] // RATE), total, *form)


def _outline(bins: NDArray[np.float32]) -> NDArray[np.int8]:
    """(bin, sample) to (bin, 2)."""
    ends = np.stack([bins.min(axis=1), bins.max(axis=1)], axis=1)
    return np.asarray(np.rint(np.clip(ends, -1, 1) * 127).astype(np.int8))


def _coarsen(level: NDArray[np.int8]) -> NDArray[np.int8]:
    starts = np.arange(0, len(level), FACTOR)
    return np.stack(
        [np.minimum.reduceat(level[:, 0], starts), np.maximum.reduceat(level[:, 1], starts)], axis=1
    )
