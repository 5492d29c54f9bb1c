"""To zero mean and unit deviation, by figures of the training set.

Source: Harmony Is All You Need 2023, section 3.3: one mean and one standard deviation over all
values of all training examples. It normalises samples, and of the features only the AST's, whose
deviation becomes one half (Gong et al. 2021, AST, section 2.1).
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bandscribe.types import Floats


@dataclass(frozen=True)
class Statistics:
    """What is known of all values of a training set: their mean and standard deviation."""

    mean: float
    deviation: float


def measure(arrays: Iterable[Floats]) -> Statistics:
    """The statistics of all values in the arrays, of any shapes, one array held at a time.

    Arrays are joined by Chan, Golub and LeVeque 1979, in double precision, which loses nothing when
    the mean is large beside the deviation. The deviation is that of the values given (divided by n,
    not n - 1). Raises ValueError when there is no value, or one is not finite.
    """
    count, mean, squares = 0, 0.0, 0.0
    for array in arrays:
        if not array.size:
            continue
        values = array.astype(np.float64)
        own = float(values.mean())
        apart = own - mean
        total = count + values.size
        squares += float(np.square(values - own).sum()) + apart**2 * count * values.size / total
        mean += apart * values.size / total
        count = total
    if not count:
        raise ValueError("arrays: expected at least one value, got none")
    if not math.isfinite(squares):
        raise ValueError("arrays: expected finite values")
    return Statistics(mean, math.sqrt(squares / count))


def normalise(values: Floats, of: Statistics, *, deviation: float = 1.0) -> NDArray[np.float32]:
    """The values with the training set's mean at 0 and its deviation at `deviation`, same shape.

    Raises ValueError when the training set is constant.
    """
    if not of.deviation > 0:
        raise ValueError(f"of: expected a positive deviation, got {of.deviation:g}")
    return np.asarray((values - of.mean) * (deviation / of.deviation), dtype=np.float32)
