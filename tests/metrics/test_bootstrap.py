import math

import numpy as np
import pytest
from numpy.typing import NDArray

from bandscribe.metrics.bootstrap import compare, enclose, intervals, resample
from bandscribe.metrics.counts import figures


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

    got = intervals(statistic, 9, np.random.default_rng(2), samples=50)
    assert len(seen) == 50
    assert all(len(row) == 9 and set(row) <= {*range(9)} for row in seen)
    assert math.isnan(got["undefined"].low)
    assert got["first"] == intervals(statistic, 9, np.random.default_rng(2), samples=50)["first"]


@pytest.mark.parametrize(("tracks", "different"), [(0, 1), (1, 1), (2, 4), (3, 27)])
def test_equal_resamples_are_computed_once(tracks: int, different: int) -> None:
    seen: list[list[int]] = []

    def statistic(indices: NDArray[np.int64]) -> dict[str, float]:
        seen.append(indices.tolist())
        return {"sum": float(indices.sum())}

    drawn = resample(statistic, tracks, np.random.default_rng(2))["sum"]
    assert len(seen) == different
    if tracks:
        expected = np.random.default_rng(2).integers(0, tracks, (1000, tracks)).sum(1)
        np.testing.assert_array_equal(drawn, expected)


def test_undefined_drawings_are_left_out() -> None:
    assert enclose(np.array([np.nan, 0.25, np.nan])) == (0.25, 0.25)
    assert enclose(np.arange(101.0), level=0.9) == pytest.approx((5.0, 95.0))


def test_bad_samples_are_named() -> None:
    with pytest.raises(ValueError, match="samples: expected a positive number, got 0"):
        intervals(lambda tracks: {}, 3, np.random.default_rng(0), samples=0)


CLASSES = ("KD", "SD")


def test_a_small_steady_gain_is_clear_where_single_intervals_overlap() -> None:
    rng = np.random.default_rng(0)
    hard = rng.integers(0, 80, size=(40, 2))  # how much of 100 onsets is missed, track by track
    first = np.stack([100 - hard, 0 * hard, hard], axis=-1)
    second = first.copy()
    second[:, 0] += (2, 0, -2)  # two more kicks in every track, no snare

    differences = compare(
        lambda t: figures(first[t], CLASSES),
        lambda t: figures(second[t], CLASSES),
        40,
        np.random.default_rng(1),
        samples=200,
    )
    kick, snare = differences["KD.recall"], differences["SD.recall"]
    assert kick.difference == pytest.approx(0.02)
    assert kick.interval == pytest.approx((0.02, 0.02))
    assert kick.clear and kick.share_better == 1
    assert (snare.difference, snare.interval, snare.share_better) == (0, (0, 0), 0.5)
    assert not snare.clear

    one, other = (
        intervals(lambda t, c=c: figures(c[t], CLASSES), 40, np.random.default_rng(1), samples=200)
        for c in (first, second)
    )
    assert one["KD.recall"].high > other["KD.recall"].low


def test_only_shared_figures_are_compared() -> None:
    got = compare(
        lambda t: {"f1": 0.5, "old": 1.0},
        lambda t: {"f1": 0.25, "new": 1.0},
        5,
        np.random.default_rng(0),
        samples=10,
    )
    assert list(got) == ["f1"]
    assert got["f1"].difference == -0.25 and got["f1"].clear and got["f1"].share_better == 0
