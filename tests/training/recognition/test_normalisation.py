import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bandscribe.features.windows import FeatureStatistics, normalise
from bandscribe.training.recognition.survey import measure


@given(st.lists(st.integers(0, 40), min_size=1, max_size=8).filter(any), st.integers(0, 99))
def test_the_stream_equals_the_whole(sizes: list[int], seed: int) -> None:
    rng = np.random.default_rng(seed)
    arrays = [rng.normal(3, 2, size).astype(np.float32) for size in sizes]
    found, whole = measure(iter(arrays)), np.concatenate(arrays).astype(np.float64)
    assert found.mean == pytest.approx(whole.mean(), rel=1e-12)
    assert found.deviation == pytest.approx(whole.std(), rel=1e-9, abs=1e-12)


def test_by_hand() -> None:
    assert measure([np.array([1.0, 2.0]), np.array([[3.0], [6.0]])]) == FeatureStatistics(
        3.0, 3.5**0.5
    )


def test_a_large_mean_loses_nothing() -> None:
    """The difference of large squares would give 0 here, or no number."""
    found = measure([1e9 + np.array([0.0, 2.0]), 1e9 + np.array([4.0, 6.0])])
    assert found == FeatureStatistics(1e9 + 3, 5**0.5)


def test_normalised_training_values() -> None:
    values = np.random.default_rng(0).normal(-4.3, 4.6, (50, 20)).astype(np.float32)
    for deviation in (1.0, 0.5):
        scaled = normalise(values, measure([values]), deviation=deviation)
        assert scaled.dtype == np.float32
        assert scaled.mean() == pytest.approx(0, abs=1e-5)
        assert scaled.std() == pytest.approx(deviation, rel=1e-5)


def test_refusals() -> None:
    with pytest.raises(ValueError, match="at least one value"):
        measure([np.zeros(0)])
    with pytest.raises(ValueError, match="finite"):
        measure([np.array([0.0, np.nan])])
    with pytest.raises(ValueError, match="positive deviation, got 0"):
        normalise(np.ones(3), measure([np.ones(3)]))
