import math

import numpy as np
import pytest
from numpy.typing import NDArray

from bandscribe.metrics.bootstrap import enclose, intervals


def test_interval_of_a_mean_has_its_standard_error() -> None:
    values = np.random.default_rng(0).normal(size=400)
    got = intervals(
        lambda tracks: {"mean": float(values[tracks].mean())},
        len(values),
        np.random.default_rng(1),
    )["mean"]
    error = 1.96 * values.std() / math.sqrt(len(values))
    assert got == pytest.approx((values.mean() - error, values.mean() + error), abs=0.15 * error)


def test_all_figures_see_the_same_tracks() -> None:
    seen: list[list[int]] = []

    def statistic(tracks: NDArray[np.int64]) -> dict[str, float]:
        seen.append(tracks.tolist())
        return {"first": float(tracks[0]), "undefined": float("nan")}

    got = intervals(statistic, 3, np.random.default_rng(2), samples=50)
    assert len(seen) == 50
    assert all(len(row) == 3 and set(row) <= {0, 1, 2} for row in seen)
    assert math.isnan(got["undefined"].low)
    assert got["first"] == intervals(statistic, 3, np.random.default_rng(2), samples=50)["first"]


def test_undefined_drawings_are_left_out() -> None:
    assert enclose(np.array([np.nan, 0.25, np.nan])) == (0.25, 0.25)
    assert enclose(np.arange(101.0), level=0.9) == pytest.approx((5.0, 95.0))


def test_bad_samples_are_named() -> None:
    with pytest.raises(ValueError, match="samples: expected a positive number, got 0"):
        intervals(lambda tracks: {}, 3, np.random.default_rng(0), samples=0)
