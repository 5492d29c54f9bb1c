import numpy as np
import pytest

from bandscribe.metrics.bootstrap import compare, intervals
from bandscribe.metrics.counts import figures

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
