import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bandscribe.features.samples import Samples

COUNT = np.arange(1, 1001, dtype=np.float32)


def test_samples_lie_side_by_side_and_end_in_silence() -> None:
    front_end = Samples(16000, 4)
    assert (front_end.frame_rate, front_end.n_bins) == (4000, 4)
    assert front_end(COUNT[:6]).tolist() == [[1, 2, 3, 4], [5, 6, 0, 0]]


@pytest.mark.parametrize("n", [0, 1, 15, 16, 17, 32])
def test_number_of_frames(n: int) -> None:
    frames = Samples(16000, 16)(COUNT[:n])
    assert frames.shape == (-(-n // 16), 16)
    assert frames.sum() == COUNT[:n].sum()


@settings(max_examples=30)
@given(st.integers(0, len(COUNT)), st.lists(st.integers(0, len(COUNT)), max_size=12))
def test_streamed_equals_whole(n: int, cuts: list[int]) -> None:
    front_end = Samples(16000, 16)
    blocks = np.split(COUNT[:n], sorted(min(cut, n) for cut in cuts))
    streamed = [np.zeros((0, 16), np.float32), *front_end.stream(blocks)]
    np.testing.assert_array_equal(np.concatenate(streamed), front_end(COUNT[:n]))
