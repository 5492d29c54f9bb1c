"""Our numbers beside a reference library's."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray


def assert_parity(
    ours: NDArray[np.float32],
    theirs: ArrayLike,
    *,
    tolerance: float = 1e-5,
    scale: float | None = None,
) -> None:
    """Time first, float32, and within `tolerance` of `scale`: each column's largest value."""
    expected = np.asarray(theirs)
    assert ours.dtype == np.float32
    assert ours.shape == expected.shape
    largest = np.abs(expected).max(axis=0) if scale is None else scale
    error = np.abs(ours - expected)
    # What is zero but for rounding has no size to be measured by.
    assert (error <= tolerance * largest + 1e-15).all(), f"off by {error.max(axis=0)}"
