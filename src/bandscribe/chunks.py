"""Long inputs in overlapping chunks: cut the features, run the network, stitch its outputs.

Chunk k holds the frames [k h, k h + c), where c is the chunk's length, v the overlap of two
neighbours and h = c - v. Where two chunks overlap, each is used in its own half: the frames
nearest to a chunk's inner end, where the network lacks context, are dropped and not averaged. The
last chunk ends with the input; an input shorter than a chunk is run at its own length.

The grid starts at the input's first frame, whatever the size of the blocks that bring the frames,
so that results do not depend on the reader. Few chunks are held at a time.

A network with one output per excerpt is run on windows of its training length, and its outputs are
aggregated.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

Frames = NDArray[np.float32]
Strategy = Literal["s1", "s2"]
STRATEGIES: tuple[Strategy, ...] = ("s1", "s2")


class Chunk(NamedTuple):
    """Frames `start` to `stop` of the input, used from `keep_start` to `keep_stop`."""

    start: int
    stop: int
    keep_start: int
    keep_stop: int


def cut(
    blocks: Iterable[Frames], chunk_frames: int, overlap_frames: int
) -> Iterator[tuple[Chunk, Frames]]:
    """Each chunk with its frames (frame, bin), from consecutive blocks (frame, bin) of any size.

    Raises ValueError unless 0 <= overlap_frames < chunk_frames.
    """
    if not 0 <= overlap_frames < chunk_frames:
        raise ValueError(
            f"overlap_frames: expected 0 to {chunk_frames - 1}, less than a chunk, "
            f"got {overlap_frames}"
        )
    hop = chunk_frames - overlap_frames
    lead = overlap_frames // 2
    tail = overlap_frames - lead
    start = 0
    waiting: Frames | None = None
    for block in blocks:
        waiting = block if waiting is None else np.concatenate([waiting, block])
        # A chunk that might be the last one waits: the last one is kept to its end.
        while len(waiting) > chunk_frames:
            stop = start + chunk_frames
            chunk = Chunk(start, stop, start + lead if start else 0, stop - tail)
            yield chunk, waiting[:chunk_frames]
            waiting = waiting[hop:]
            start += hop
    if waiting is not None and len(waiting):
        stop = start + len(waiting)
        yield Chunk(start, stop, start + lead if start else 0, stop), waiting


def stitch(
    blocks: Iterable[Frames],
    network: Callable[[Frames], Frames],
    chunk_frames: int,
    overlap_frames: int,
    *,
    threads: int = 1,
) -> Iterator[Frames]:
    """Activations of `network` in consecutive pieces (frame, class).

    `network` takes (frame, bin) of any length and gives (frame, class) of the same length. It runs
    in `threads` threads of its own, on a chunk in each, while the one that iterates makes the next
    chunks of `blocks`: `threads` of them at most before it waits.
    """
    running: deque[tuple[Chunk, Future[Frames]]] = deque()
    with ThreadPoolExecutor(threads) as pool:
        for chunk, frames in cut(blocks, chunk_frames, overlap_frames):
            running.append((chunk, pool.submit(network, frames)))
            if len(running) > threads:
                yield _keep(*running.popleft())
        while running:
            yield _keep(*running.popleft())


def join(pieces: Iterable[Frames], width: int) -> Frames:
    """Consecutive pieces (frame, width) as one array, none of them held twice at the end."""
    joined = bytearray()
    for piece in pieces:
        joined += piece.tobytes()
    return np.frombuffer(joined, np.float32).reshape(-1, width)


def _keep(chunk: Chunk, inferred: Future[Frames]) -> Frames:
    """The used part of a chunk, once its inference is done."""
    return inferred.result()[chunk.keep_start - chunk.start : chunk.keep_stop - chunk.start]


def aggregate(
    probabilities: NDArray[np.floating], strategy: Strategy = "s2"
) -> NDArray[np.float32]:
    """Scores (class,) in [0, 1] of a recording, from those of its windows (window, class).

    `"s1"` is the mean, so that possibly nothing is found. `"s2"` is the sum divided by the
    largest class's: how loud beside the most prominent class, which is always found, unless all are
    0. The classes whose score is above a threshold are present; 0.5 was found best for S2.

    Source: Han, Kim and Lee 2017, Deep convolutional neural networks for predominant instrument
    recognition in polyphonic music; Harmony Is All You Need 2023, section 4.7.

    Raises ValueError for another strategy, or without windows.
    """
    if probabilities.ndim != 2 or not len(probabilities):
        raise ValueError(f"probabilities: expected (window, class), got {probabilities.shape}")
    if strategy not in STRATEGIES:
        raise ValueError(f"strategy: expected 's1' or 's2', got {strategy!r}")
    scores = probabilities.mean(axis=0, dtype=np.float64)
    if strategy == "s2" and (largest := scores.max()) > 0:
        scores /= largest
    return np.asarray(scores, dtype=np.float32)
