"""What a page shows of a track: when each class plays, and how sure a system is of it.

    {"rate": 10, "lanes": {"vio": {"curve": "0037zzzz…", "threshold": 0.4,
                                   "played": [[0.0, 1.2]], "open": [[1.2, 1.5]]}}}

`curve` has a digit of base 36 for each tenth of a second: the greatest probability in it. In the
stretches `open` nobody can say whether the class plays; `played` lacks where it is not annotated
over time.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from bandscribe.evaluation.presence import Reference
from bandscribe.instruments import join
from bandscribe.metrics.frames import ACTIVE
from bandscribe.types import Activations

RATE = 10
_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"


def describe(
    probability: Activations, thresholds: NDArray[np.floating], reference: Reference | None = None
) -> dict[str, Any]:
    """Lanes of the classes that are annotated over time, or said to play at some time.

    Without a reference, of all classes.
    """
    lanes = {}
    for column, name in enumerate(probability.classes):
        values = probability.values[:, column]
        lane: dict[str, Any] = {}
        if reference is not None:
            known = reference.known[:, column]
            plays = (reference.presence.values[:, column] >= ACTIVE) & known
            rate = reference.presence.frame_rate
            lane = {"played": _stretches(plays, rate), "open": _stretches(~known, rate)}
        if not lane or lane["played"] or (values >= thresholds[column]).any():
            curve = _write(values, probability.frame_rate)
            lanes[name] = {"curve": curve, "threshold": float(thresholds[column]), **lane}
    return {"rate": RATE, "lanes": lanes}


def _stretches(plays: NDArray[np.bool_], rate: float) -> list[list[float]]:
    return [[round(first / rate, 2), round(last / rate, 2)] for first, last in join(plays, 1)]


def _write(values: NDArray[np.floating], rate: float) -> str:
    if not len(values):
        return ""
    starts = np.unique((np.arange(int(len(values) / rate * RATE) + 1) * rate / RATE).astype(int))
    greatest = np.maximum.reduceat(values, starts[starts < len(values)])
    return "".join(_DIGITS[int(v)] for v in np.rint(greatest * (len(_DIGITS) - 1)))
