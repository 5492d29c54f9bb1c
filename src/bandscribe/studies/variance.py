"""Tests whether groups differ in their mean, with SciPy, for many dimensions at once.

`values` are (subject, dimension); `groups` (subject,) number the group of each, 0 to k - 1, with
two subjects or more in each. Results are (dimension,). A dimension without any variation gives nan
everywhere, one without variation inside its groups F = inf and p = 0. A p-value below the smallest
float is 0.

Sources: the one-way analysis of variance as in Harmony Is All You Need 2023, section 2.5 (seed
003); Holm 1979, A simple sequentially rejective multiple test procedure.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import stats

Floats = NDArray[np.float64]
Groups = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Test:
    """A statistic (an F, or a χ²) and its p-value, (dimension,) each."""

    statistic: Floats
    p: Floats


@dataclass(frozen=True, eq=False)
class Anova(Test):
    """Also the share of the variance explained, as η² and ω².

    η² is that of the sample, and grows with the number of groups; ω² estimates that of the
    population, is smaller, and below 0 where the groups differ less than chance would have them.
    """

    eta2: Floats
    omega2: Floats


def anova(values: Floats, groups: Groups) -> Anova:
    """One-way analysis of variance, F = MSB / MSW, of normal groups of equal variance.

    η² = SSB / SST; ω² = (SSB - (k - 1) MSW) / (SST + MSW). Raises ValueError for groups that cannot
    be compared.
    """
    parts = _split(values, groups)
    found = _test(stats.f_oneway, parts)
    between, within = len(parts) - 1, len(values) - len(parts)
    # Both by F: sums of squares are MSW times these.
    explained = between * found.statistic
    with np.errstate(invalid="ignore"):
        eta2 = explained / (explained + within)
        omega2 = (explained - between) / (explained + within + 1)
    alone = np.isinf(found.statistic)  # the groups explain all
    eta2, omega2 = (np.where(alone, 1.0, share) for share in (eta2, omega2))
    return Anova(found.statistic, found.p, eta2, omega2)


def brown_forsythe(values: Floats, groups: Groups) -> Test:
    """Test of equal variances: the analysis of variance of |value - median of its group|."""
    return _test(stats.levene, _split(values, groups), center="median")


def welch(values: Floats, groups: Groups) -> Test:
    """The analysis of variance without equal variances: each group counts by n / s².

    nan where a group does not vary, which would count for infinitely much.
    """
    parts = _split(values, groups)
    found = _test(stats.f_oneway, parts, equal_var=False)
    # What rounding leaves of a constant is no variance.
    spans = np.stack([np.ptp(part, axis=0) for part in parts])
    fixed = np.any(spans <= 1e-6 * spans.max(axis=0), axis=0)
    return Test(*(np.where(fixed, np.nan, each) for each in (found.statistic, found.p)))


def kruskal(values: Floats, groups: Groups) -> Test:
    """The test on ranks, of any distribution: H, corrected for ties, against χ² of k - 1.

    It tests whether some group tends to larger values than another.
    """
    return _test(stats.kruskal, _split(values, groups))


def holm(p: Floats) -> Floats:
    """p-values adjusted so that all of them may be looked at: (n,) to (n,); nan counts as no test.

    The i-th smallest of m is multiplied by m - i + 1, and is no smaller than those before it.
    """
    adjusted = np.full(len(p), np.nan)
    order = np.argsort(p)[: int(np.sum(~np.isnan(p)))]
    steps = p[order] * np.arange(len(order), 0, -1)
    adjusted[order] = np.minimum(np.maximum.accumulate(steps), 1)
    return adjusted


def _test(test: Any, parts: list[Floats], **options: Any) -> Test:
    """A test of SciPy's, which complains of dimensions that do not vary."""
    with np.errstate(divide="ignore", invalid="ignore"):
        found = test(*parts, axis=0, **options)
    return Test(np.asarray(found.statistic), np.asarray(found.pvalue))


def _split(values: Floats, groups: Groups) -> list[Floats]:
    """The subjects of each group."""
    if values.ndim != 2 or groups.shape != values.shape[:1]:
        raise ValueError(
            f"groups: expected one per row of values (subject, dimension), got {groups.shape} "
            f"for {values.shape}"
        )
    count = np.bincount(groups)
    if len(count) < 2 or count.min() < 2:
        raise ValueError(
            f"groups: expected two or more, of two subjects or more each, got {count.tolist()}"
        )
    return [values[groups == group] for group in range(len(count))]
