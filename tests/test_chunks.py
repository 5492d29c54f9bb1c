import threading

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bandscribe.chunks import Chunk, aggregate, cut, stitch

SIZES = st.tuples(st.integers(1, 30), st.integers(0, 29)).filter(lambda pair: pair[1] < pair[0])


def moving_sum(reach: int):  # type: ignore[no-untyped-def]
    """A network that sees `reach` frames to either side, and silence beyond its input."""

    def network(frames: np.ndarray) -> np.ndarray:
        padded = np.pad(frames, ((reach, reach), (0, 0)))
        return sum(padded[i : i + len(frames)] for i in range(2 * reach + 1))

    return network


def split(n_frames: int, chunk_frames: int, overlap_frames: int) -> list[Chunk]:
    frames = np.empty((n_frames, 0), dtype=np.float32)
    return [chunk for chunk, _ in cut([frames], chunk_frames, overlap_frames)]


def blocks_of(frames: np.ndarray, size: int) -> list[np.ndarray]:
    return [frames[i : i + size] for i in range(0, len(frames), size)]


def test_worked_example() -> None:
    assert split(25, 10, 4) == [
        Chunk(0, 10, 0, 8),
        Chunk(6, 16, 8, 14),
        Chunk(12, 22, 14, 20),
        Chunk(18, 25, 20, 25),
    ]


def test_an_input_that_fits_is_one_chunk() -> None:
    assert split(10, 10, 4) == [Chunk(0, 10, 0, 10)]
    assert split(3, 10, 4) == [Chunk(0, 3, 0, 3)]
    assert split(0, 10, 4) == []


@given(st.integers(0, 200), SIZES)
def test_each_frame_is_kept_once(n_frames: int, sizes: tuple[int, int]) -> None:
    chunks = split(n_frames, *sizes)
    kept = [frame for chunk in chunks for frame in range(chunk.keep_start, chunk.keep_stop)]
    assert kept == list(range(n_frames))
    assert all(chunk.start <= chunk.keep_start for chunk in chunks)
    assert all(chunk.stop - chunk.start <= sizes[0] for chunk in chunks)


@given(st.integers(1, 120), st.integers(1, 50), st.integers(0, 3), st.integers(1, 4))
def test_chunked_equals_whole(n_frames: int, block: int, reach: int, threads: int) -> None:
    frames = np.random.default_rng(n_frames).integers(0, 9, (n_frames, 2)).astype(np.float32)
    network = moving_sum(reach)
    pieces = list(stitch(blocks_of(frames, block), network, 12, 2 * reach, threads=threads))
    np.testing.assert_array_equal(np.concatenate(pieces), network(frames))


def test_the_reader_s_blocks_change_nothing() -> None:
    frames = np.random.default_rng(5).standard_normal((100, 3)).astype(np.float32)
    whole = list(cut([frames], 16, 5))
    for size in (1, 7, 16, 17, 99):
        found = list(cut(blocks_of(frames, size), 16, 5))
        assert [chunk for chunk, _ in found] == [chunk for chunk, _ in whole]
        for (_, ours), (_, theirs) in zip(found, whole, strict=True):
            np.testing.assert_array_equal(ours, theirs)


def test_only_a_chunk_is_held() -> None:
    """A chunk is given out as soon as its successor's first new frame is known."""
    seen = 0

    def endless():  # type: ignore[no-untyped-def]
        nonlocal seen
        while True:
            seen += 1
            yield np.zeros((1, 1), dtype=np.float32)

    chunks = cut(endless(), 10, 4)
    for k in range(5):
        chunk, _ = next(chunks)
        assert (chunk.start, seen) == (6 * k, 6 * k + 11)


def test_threads_work_at_the_same_time() -> None:
    """Each of three chunks waits for the other two; their pieces still come in order."""
    meeting = threading.Barrier(3)

    def network(frames: np.ndarray) -> np.ndarray:
        meeting.wait(timeout=10)
        return frames

    frames = np.arange(30, dtype=np.float32)[:, None]
    np.testing.assert_array_equal(
        np.concatenate(list(stitch([frames], network, 10, 0, threads=3))), frames
    )


@pytest.mark.parametrize("threads", [1, 3])
def test_the_reader_is_few_chunks_ahead(threads: int) -> None:
    read, threads_before = 0, threading.active_count()

    def endless():  # type: ignore[no-untyped-def]
        nonlocal read
        while True:
            read += 1
            yield np.zeros((10, 1), dtype=np.float32)

    pieces = stitch(endless(), lambda frames: frames, 10, 0, threads=threads)
    for k in range(5):
        next(pieces)
        assert read == k + threads + 2  # `cut` has seen that there is one more
    pieces.close()  # type: ignore[attr-defined]
    assert threading.active_count() == threads_before


def test_an_error_of_the_network_or_the_reader_comes_through() -> None:
    def fail(frames: np.ndarray) -> np.ndarray:
        raise RuntimeError("network")

    def broken():  # type: ignore[no-untyped-def]
        yield np.zeros((25, 1), dtype=np.float32)
        raise OSError("reader")

    with pytest.raises(RuntimeError, match="network"):
        list(stitch(broken(), fail, 10, 4))
    with pytest.raises(OSError, match="reader"):
        list(stitch(broken(), lambda frames: frames, 10, 4, threads=4))


def test_overlap_must_be_less_than_a_chunk() -> None:
    with pytest.raises(ValueError, match="overlap_frames: expected 0 to 9"):
        split(5, 10, 10)


def test_s1_is_the_mean_and_s2_is_relative_to_the_largest() -> None:
    said = np.array([[0.8, 0.1, 0.4], [0.4, 0.3, 0.4], [0.6, 0.2, 0.1]])
    np.testing.assert_allclose(aggregate(said, "s1"), [0.6, 0.2, 0.3], rtol=1e-6)
    np.testing.assert_allclose(aggregate(said, "s2"), [1, 1 / 3, 0.5], rtol=1e-6)
    assert aggregate(said).dtype == np.float32
    # A quiet recording: S1 finds nothing, S2 finds what is loudest.
    assert (aggregate(said / 10, "s1") > 0.4).tolist() == [False, False, False]
    assert (aggregate(said / 10, "s2") > 0.4).tolist() == [True, False, True]


@given(st.integers(1, 20), st.integers(1, 13), st.integers(0, 99))
def test_scores_are_probabilities_whatever_the_order(n: int, classes: int, seed: int) -> None:
    said = np.random.default_rng(seed).uniform(0, 1, (n, classes)).astype(np.float32)
    assert aggregate(said, "s2").max() == 1
    for strategy in ("s1", "s2"):
        scores = aggregate(said, strategy)  # type: ignore[arg-type]
        assert scores.min() >= 0 and scores.max() <= 1
        np.testing.assert_allclose(scores, aggregate(said[::-1], strategy), rtol=1e-6)  # type: ignore[arg-type]


def test_silence_is_no_instrument() -> None:
    assert aggregate(np.zeros((3, 2)), "s2").tolist() == [0, 0]


def test_scores_and_strategies_that_cannot_be() -> None:
    with pytest.raises(ValueError, match=r"expected \(window, class\), got \(0, 3\)"):
        aggregate(np.zeros((0, 3)))
    with pytest.raises(ValueError, match="strategy: expected 's1' or 's2', got 's3'"):
        aggregate(np.zeros((1, 3)), "s3")  # type: ignore[arg-type]
