"""What is known of all values of a training set: moments that are joined part by part."""

from __future__ import annotations

import math
from collections.abc import Iterable
from functools import reduce
from typing import NamedTuple

import numpy as np

from bandscribe.features.windows import FeatureStatistics
from bandscribe.types import Floats


class Moments(NamedTuple):
    """How many values there are, their mean, and the sum of squared deviations from it.

    Parts are joined by Chan, Golub and LeVeque 1979, in double precision, which loses nothing when
    the mean is large beside the deviation.
    """

    size: int = 0
    mean: float = 0.0
    squares: float = 0.0

    @classmethod
    def of(cls, array: Floats) -> Moments:
        """Those of the values of an array of any shape."""
        if not array.size:
            return cls()
        values = array.astype(np.float64)
        mean = float(values.mean())
        return cls(values.size, mean, float(np.square(values - mean).sum()))

    def join(self, other: Moments) -> Moments:
        """Those of the values of both."""
        total = self.size + other.size
        if not total:
            return self
        apart, share = other.mean - self.mean, other.size / total
        squares = self.squares + other.squares + apart**2 * self.size * share
        return Moments(total, self.mean + apart * share, squares)

    @property
    def statistics(self) -> FeatureStatistics:
        """The deviation is that of the values given (divided by n, not n - 1).

        Raises ValueError when there is no value, or one is not finite.
        """
        if not self.size:
            raise ValueError("arrays: expected at least one value, got none")
        if not math.isfinite(self.squares):
            raise ValueError("arrays: expected finite values")
        return FeatureStatistics(self.mean, math.sqrt(self.squares / self.size))


def measure(arrays: Iterable[Floats]) -> FeatureStatistics:
    """The statistics of all values in the arrays, of any shapes, one array held at a time.

    Raises ValueError as `Moments.statistics`.
    """
    return reduce(lambda total, array: total.join(Moments.of(array)), arrays, Moments()).statistics
