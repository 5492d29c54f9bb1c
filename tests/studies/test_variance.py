"""The tests dimension by dimension, effect sizes and Holm's correction by hand."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats

from bandscribe.studies import variance

Floats = NDArray[np.float64]


@pytest.fixture
def values() -> Floats:
    """Four unequal groups of 7, 5, 9 and 2; three dimensions, the last full of ties."""
    rng = np.random.default_rng(5)
    found = rng.standard_normal((23, 3)) * [[1.0, 1e-9, 2.0]]
    found[:7] += [1, 3e-9, 1]
    found[7:12] *= 3
    found[:, 2] = np.round(found[:, 2])
    return found


@pytest.fixture
def groups() -> NDArray[np.int64]:
    return np.repeat(np.arange(4), [7, 5, 9, 2])


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (variance.anova, stats.f_oneway),
        (variance.brown_forsythe, lambda *parts: stats.levene(*parts, center="median")),
        (variance.welch, lambda *parts: stats.f_oneway(*parts, equal_var=False)),
        (variance.kruskal, stats.kruskal),
    ],
    ids=["anova", "brown_forsythe", "welch", "kruskal"],
)
def test_as_scipy(values: Floats, groups: NDArray[np.int64], ours, theirs) -> None:
    found = ours(values, groups)
    for d in range(values.shape[1]):
        expected = theirs(*(values[groups == group, d] for group in range(4)))
        np.testing.assert_allclose(found.statistic[d], expected.statistic, rtol=1e-10)
        np.testing.assert_allclose(found.p[d], expected.pvalue, rtol=1e-10)


def test_effects_by_hand() -> None:
    # Means 2, 4 and 6 around 4; inside 2 + 2 + 2 = 6, between 3 (4 + 0 + 4) = 24.
    values = np.array([[1, 2, 3, 3, 4, 5, 5, 6, 7]], dtype=np.float64).T
    found = variance.anova(values, np.repeat([0, 1, 2], 3))
    assert found.statistic == pytest.approx([12])  # (24 / 2) / (6 / 6)
    assert found.eta2 == pytest.approx([24 / 30])
    assert found.omega2 == pytest.approx([(24 - 2 * 1) / (30 + 1)])
    assert found.p == pytest.approx([0.008])  # (1 + F / 3)^-3 for 2 and 6 degrees


def test_groups_that_agree_explain_less_than_nothing() -> None:
    values = np.array([[1.0, 2, 3, 1, 2, 3]]).T
    found = variance.anova(values, np.repeat([0, 1], 3))
    assert (found.statistic, found.p, found.eta2) == (0, 1, 0)
    assert found.omega2 == pytest.approx([-1 / 5])  # (0 - 1) / (4 + 1)


def test_what_does_not_vary_is_no_test() -> None:
    groups = np.repeat([0, 1], 3)
    values = np.array([[0.0, 1, 0], [0, 1, 1], [0, 1, 2], [0, 2, 5], [0, 2, 5], [0, 2, 5]])
    found = variance.anova(values, groups)
    np.testing.assert_array_equal(found.statistic[:2], [np.nan, np.inf])
    np.testing.assert_array_equal(found.p[:2], [np.nan, 0])
    assert (found.eta2[1], found.omega2[1]) == (1, 1)
    assert np.isnan(variance.kruskal(values, groups).p).tolist() == [True, False, False]
    assert np.isnan(variance.welch(values, groups).p).all()


def test_holm_by_hand() -> None:
    adjusted = variance.holm(np.array([0.01, np.nan, 0.04, 0.03, 0.005, 0.7]))
    assert adjusted == pytest.approx([0.04, np.nan, 0.09, 0.09, 0.025, 0.7], nan_ok=True)
    assert variance.holm(np.array([0.6, 0.9])).tolist() == [1, 1]
    assert variance.holm(np.array([])).tolist() == []


def test_groups_that_cannot_be_compared() -> None:
    values = np.zeros((3, 1))
    for groups in ([0, 0, 0], [0, 0, 1], [0, 0, 2]):
        with pytest.raises(ValueError, match="groups: expected two or more"):
            variance.anova(values, np.array(groups))
    with pytest.raises(ValueError, match="groups: expected one per row"):
        variance.anova(values, np.array([0, 1]))
