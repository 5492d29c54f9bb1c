"""Do groups differ in their mean? Tests of one value per subject, for many dimensions at once.

`values` are (subject, dimension); `groups` (subject,) number the group of each, 0 to k - 1, with
two subjects or more in each. Results are (dimension,). A dimension without any variation gives nan
everywhere, one without variation inside its groups F = inf and p = 0.

Sources: the one-way analysis of variance as in Harmony Is All You Need 2023, section 2.5 (seed
003); Welch 1951, On the comparison of several mean values; Brown and Forsythe 1974, Robust tests
for the equality of variances; Kruskal and Wallis 1952, Use of ranks in one-criterion variance
analysis; Holm 1979, A simple sequentially rejective multiple test procedure.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import betaln, chdtrc, fdtrc, hyp2f1
from scipy.stats import rankdata

Floats = NDArray[np.float64]
Groups = NDArray[np.int64]

#: Below it a p-value is computed by its logarithm, before it underflows at 1e-308.
_SMALL = 1e-280


@dataclass(frozen=True, eq=False)
class Test:
    """A statistic (an F, or a χ²) and its p-value, (dimension,) each."""

    statistic: Floats
    p: Floats


@dataclass(frozen=True, eq=False)
class Anova(Test):
    """Also log10(p), exact where p underflows to 0, and the share of the variance explained.

    η² is that of the sample, and grows with the number of groups; ω² estimates that of the
    population, is smaller, and below 0 where the groups differ less than chance would have them.
    """

    log10_p: Floats
    eta2: Floats
    omega2: Floats


@dataclass(frozen=True, eq=False)
class _Sums:
    """Per group: how many (k, 1), their means and sums of squares around these (k, dimension)."""

    count: Floats
    mean: Floats
    within: Floats

    @property
    def between(self) -> Floats:
        grand = np.sum(self.count * self.mean, axis=0) / self.count.sum()
        return np.asarray(np.sum(self.count * np.square(self.mean - grand), axis=0))


def _sum(values: Floats, groups: Groups) -> _Sums:
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
    parts = [values[groups == group] for group in range(len(count))]
    return _Sums(
        count[:, None].astype(np.float64),
        np.stack([part.mean(axis=0) for part in parts]),
        np.stack([np.square(part - part.mean(axis=0)).sum(axis=0) for part in parts]),
    )


def anova(values: Floats, groups: Groups) -> Anova:
    """One-way analysis of variance: F = (SSB / (k - 1)) / (SSW / (N - k)).

    η² = SSB / SST; ω² = (SSB - (k - 1) MSW) / (SST + MSW). Supposes that the groups are normal,
    independent, and of one variance. Raises ValueError for groups that cannot be compared.
    """
    sums = _sum(values, groups)
    freedom = len(sums.count) - 1, len(values) - len(sums.count)
    between, within = sums.between, sums.within.sum(axis=0)
    total = between + within
    with np.errstate(divide="ignore", invalid="ignore"):
        spread = within / freedom[1]
        ratio = between / freedom[0] / spread
        return Anova(
            ratio,
            fdtrc(*freedom, ratio),
            _log10_p(*freedom, ratio),
            between / total,
            (between - freedom[0] * spread) / (total + spread),
        )


def _log10_p(over: int, under: int, ratio: Floats) -> Floats:
    """log10 of the chance of an F above `ratio`, also where that is smaller than any float.

    p = I_x(a, b), the incomplete beta function, at a = under / 2, b = over / 2 and
    x = under / (under + over F); near x = 0 by xᵃ (1 - x)ᵇ / (a B(a, b)) · ₂F₁(a + b, 1; a + 1; x).
    """
    a, b = under / 2, over / 2
    p = fdtrc(over, under, ratio)
    with np.errstate(divide="ignore", invalid="ignore"):
        x = under / (under + over * ratio)
        series = a * np.log(x) + b * np.log1p(-x) - np.log(a) - betaln(a, b)
        small = series + np.log(hyp2f1(a + b, 1, a + 1, x))
        return np.asarray(np.where(p < _SMALL, small / np.log(10), np.log10(p)))


def brown_forsythe(values: Floats, groups: Groups) -> Test:
    """Are the variances equal? The analysis of variance of |value - median of its group|."""
    away = np.empty_like(values)
    for group in range(int(groups.max()) + 1):
        chosen = groups == group
        away[chosen] = np.abs(values[chosen] - np.median(values[chosen], axis=0))
    found = anova(away, groups)
    return Test(found.statistic, found.p)


def welch(values: Floats, groups: Groups) -> Test:
    """The analysis of variance without equal variances: each group counts by n / s².

    nan where a group does not vary, which would count for infinitely much.
    """
    sums = _sum(values, groups)
    k = len(sums.count)
    variance = sums.within / (sums.count - 1)
    # What rounding leaves of a constant is no variance.
    fixed = np.any(variance <= 1e-12 * variance.max(axis=0), axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        weight = sums.count / variance
        share = weight / weight.sum(axis=0)
        centre = np.sum(share * sums.mean, axis=0)
        between = np.sum(weight * np.square(sums.mean - centre), axis=0) / (k - 1)
        loss = np.sum(np.square(1 - share) / (sums.count - 1), axis=0)
        ratio = between / (1 + 2 * (k - 2) / (k**2 - 1) * loss)
        ratio = np.where(fixed, np.nan, ratio)
        return Test(ratio, fdtrc(k - 1, (k**2 - 1) / (3 * loss), ratio))


def kruskal(values: Floats, groups: Groups) -> Test:
    """The test on ranks, of any distribution: H, corrected for ties, against χ² of k - 1.

    H = (N - 1) η² of the ranks. Asks whether some group tends to larger values than another.
    """
    explained = anova(rankdata(values, axis=0), groups).eta2
    statistic = (len(values) - 1) * explained
    return Test(statistic, chdtrc(groups.max(), statistic))


def holm(p: Floats) -> Floats:
    """p-values adjusted so that all of them may be looked at: (n,) to (n,); nan counts as no test.

    The i-th smallest of m is multiplied by m - i + 1, and is no smaller than those before it.
    """
    adjusted = np.full(len(p), np.nan)
    order = np.argsort(p)[: int(np.sum(~np.isnan(p)))]
    steps = p[order] * np.arange(len(order), 0, -1)
    adjusted[order] = np.minimum(np.maximum.accumulate(steps), 1)
    return adjusted
