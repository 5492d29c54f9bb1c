"""The offset by which a whole estimate is early or late.

Annotations and systems differ by constants: padding of a codec, the centre or the start of a
frame, the ear or the waveform. Such an offset is estimated here and reported apart; the figures of
`metrics.onsets` never apply it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from bandscribe.metrics.onsets import TOLERANCE, match
from bandscribe.types import Transcription

LIMIT = 0.1
STEP = 0.002


class Offset(NamedTuple):
    """Add `seconds` to the estimate's onsets to find `tp` onsets instead of `tp_unshifted`.

    Positive seconds: the estimate is early.
    """

    seconds: float
    tp: int
    tp_unshifted: int


def estimate_offset(
    references: Sequence[Transcription],
    estimates: Sequence[Transcription],
    classes: Sequence[str],
    *,
    tolerance: float = TOLERANCE,
    limit: float = LIMIT,
) -> Offset:
    """The one shift, of at most ±`limit` seconds, with the most matches over tracks and classes.

    Shifts are tried in steps of 2 ms. Wherever all onsets lie well within the tolerance, many
    shifts match equally many; the one in the middle of them is taken, and then moved by the median
    distance of the pairs it matches, if that loses none. One track makes it that track's offset,
    all tracks the system's. Zero, when nothing matches at all.

    Raises ValueError when there is not one estimate per reference, or the limit is negative.
    """
    if len(references) != len(estimates):
        raise ValueError(f"estimates: expected {len(references)}, got {len(estimates)}")
    if not limit >= 0:
        raise ValueError(f"limit: expected seconds, got {limit}")
    lists = [
        (reference.onsets[reference.labels == name], estimate.onsets[estimate.labels == name])
        for reference, estimate in zip(references, estimates, strict=True)
        for name in classes
    ]

    def distances(shift: float) -> NDArray[np.float64]:
        found = [np.zeros(0)]
        for annotated, given in lists:
            pairs = match(annotated, given + shift, tolerance)
            found.append(annotated[pairs.reference] - (given[pairs.estimate] + shift))
        return np.concatenate(found)

    steps = int(limit / STEP + 1e-9)
    shifts = np.arange(-steps, steps + 1) * STEP
    matched = np.array([len(distances(shift)) for shift in shifts])
    unshifted, most = int(matched[steps]), int(matched.max())
    if not most:
        return Offset(0.0, 0, 0)
    best = np.flatnonzero(matched == most)
    shift = float(shifts[best[len(best) // 2]])
    moved = float(np.clip(shift + np.median(distances(shift)), -limit, limit))
    if len(distances(moved)) >= most:
        shift, most = moved, len(distances(moved))
    return Offset(shift, most, unshifted)


def shift(transcription: Transcription, seconds: float) -> Transcription:
    """The same notes, this much later. Beats stay where they are."""
    return replace(transcription, onsets=transcription.onsets + seconds)
