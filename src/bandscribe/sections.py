"""Hours of activations in sections, each of which can be interpreted by itself.

Notes and beats depend on what is around them, not on what was an hour ago. A section ends where
nothing is active for longer than a rest, and otherwise after a fixed length, with a margin around
it that it shares with its neighbours. So only one section is in memory, and silence is in none.

Sections depend on the frames alone, not on the pieces in which these come.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

#: Nothing is active for longer than this, so that what follows has nothing to do with it.
REST_SECONDS = 60.0
#: How long a section is without such a rest, and how far it looks beyond itself.
LENGTH_SECONDS, MARGIN_SECONDS = 3600.0, 20.0


class Section(NamedTuple):
    """Frames `start` to `stop`; what is found in it counts from `keep_start` to `keep_stop`."""

    start: int
    stop: int
    keep_start: int
    keep_stop: int

    @property
    def inner(self) -> tuple[int, int]:
        """`keep_start` and `keep_stop`, relative to `start`."""
        return self.keep_start - self.start, self.keep_stop - self.start


def find(active: Iterable[NDArray[np.bool_]], frame_rate: float) -> Iterator[Section]:
    """The sections of a recording, from consecutive pieces (n,) of which frames are active.

    A section is given as soon as it is known, and before any later piece is read.
    """
    rest, length, margin = (
        round(seconds * frame_rate) for seconds in (REST_SECONDS, LENGTH_SECONDS, MARGIN_SECONDS)
    )
    start = keep = end = 0
    last: int | None = None
    for piece in active:
        for frame in (np.flatnonzero(piece) + end).tolist():
            if last is None or frame - last - 1 > rest:
                if last is not None:
                    stop = last + 1 + margin
                    yield Section(start, stop, keep, stop)
                start = keep = max(0, frame - margin)
            elif frame + 1 >= keep + length + margin:
                yield Section(start, keep + length + margin, keep, keep + length)
                keep += length
                start = keep - margin
            last = frame
        end += len(piece)
    if last is not None:
        stop = min(end, last + 1 + margin)
        yield Section(start, stop, keep, stop)


def hold(
    pieces: Iterable[NDArray[np.float32]], frame_rate: float
) -> Iterator[tuple[Section, NDArray[np.float32]]]:
    """The sections of consecutive `pieces` (frame, value), and the values in each of them.

    A frame is active that has a value other than 0; pieces without any take no memory.
    """
    held: deque[tuple[int, NDArray[np.float32]]] = deque()
    width = 0

    def find_active() -> Iterator[NDArray[np.bool_]]:
        nonlocal width
        position = 0
        for piece in pieces:
            active = np.asarray(piece.any(axis=1))
            width = piece.shape[1]
            if active.any():
                held.append((position, piece))
            position += len(piece)
            yield active

    for section in find(find_active(), frame_rate):
        values = np.zeros((section.stop - section.start, width), dtype=np.float32)
        for position, piece in held:
            first, last = max(section.start, position), min(section.stop, position + len(piece))
            if first < last:
                values[first - section.start : last - section.start] = piece[
                    first - position : last - position
                ]
        yield section, values
        before = section.keep_stop - round(MARGIN_SECONDS * frame_rate)
        while held and held[0][0] + len(held[0][1]) <= before:
            held.popleft()
