"""Blocks of one rate and channel count, from a file that changes them on its way."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby

import numpy as np
import soxr
from numpy.typing import NDArray

from bandscribe.mono import fold
from bandscribe.types import Audio

_QUALITY = "HQ"
_FRAMES = 4096  # per piece: what is resampled from a low rate becomes many more


def resampled(blocks: Iterable[Audio], sample_rate: int) -> Iterator[Audio]:
    """Consecutive blocks of one rate at another (soxr, HQ); onsets keep their times."""
    resampler: soxr.ResampleStream | None = None
    block: Audio | None = None
    for block in blocks:
        if block.sample_rate == sample_rate:
            yield block
            continue
        if resampler is None:
            resampler = soxr.ResampleStream(
                block.sample_rate, sample_rate, len(block.samples), "float32", _QUALITY
            )
        for first in range(0, block.samples.shape[1], _FRAMES):
            piece = block.samples[:, first : first + _FRAMES]
            yield from _some(resampler.resample_chunk(piece.T), sample_rate)
    if resampler is not None and block is not None:
        yield from _some(resampler.resample_chunk(block.samples.T[:0], last=True), sample_rate)


def uniform(blocks: Iterable[Audio], form: tuple[int, int] | None = None) -> Iterator[Audio]:
    """Blocks at the rate and with the channels of `form`; None takes those of the first block.

    One channel becomes several equal ones; several others are folded to one before that.
    """
    for given, alike in groupby(blocks, lambda block: (block.sample_rate, len(block.samples))):
        form = form or given
        rate, channels = form
        if given[1] == channels:
            yield from resampled(alike, rate)
            continue
        for block in resampled(fold(alike), rate):
            yield Audio(np.repeat(block.samples, channels, axis=0), rate)


def _some(samples: NDArray[np.float32], sample_rate: int) -> Iterator[Audio]:
    """One block, unless the resampler has nothing to give yet."""
    if len(samples):
        yield Audio(np.ascontiguousarray(samples.T), sample_rate)
