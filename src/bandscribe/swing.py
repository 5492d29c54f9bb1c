"""Test whether a beat grid is half as fast as the swing of a ride cymbal.

In swing the ride cymbal plays every beat, and between some beats the last of three parts: "ding,
ding-a, ding, ding-a". A grid at half the tempo has the cymbal in the middle of its beats, and the
skipped strokes at 5/6 of a beat, or at 1/3 where it has the second and fourth beats of the bar; at
its quarters and at 2/3, where other rhythms of the same tempo have theirs, nothing is played.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bandscribe import peaks
from bandscribe.types import Activations

RIDE, THRESHOLD = "RD", 0.25
#: How far from its place in the beat a stroke may be.
SLACK = 0.045
#: Strokes per beat, at least: in the middle, and at one of the two places of a skipped stroke.
MIDDLE, SKIPPED = 0.5, 0.07


def is_halved(frames: NDArray[np.int64], drums: Activations) -> bool:
    """Whether beats at `frames` (n,) are every second beat of a swinging ride cymbal.

    `drums` are activations of onsets in the same frames; without rides among them there is none.
    """
    if RIDE not in drums.classes or len(frames) < 3:
        return False
    ride = drums.values[:, [drums.classes.index(RIDE)]]
    strokes = peaks.refine(ride, peaks.pick(ride, thresholds=[THRESHOLD]))
    beat = np.searchsorted(frames, strokes, side="right") - 1
    inside = (beat >= 0) & (beat < len(frames) - 1)
    start, length = frames[beat[inside]], np.diff(frames)[beat[inside]]
    phases = (strokes[inside] - start) / length

    def count(place: float) -> float:
        return float(np.sum(np.abs(phases - place) < SLACK)) / (len(frames) - 1)

    skipped = sorted((count(1 / 3), count(5 / 6)))
    straight = count(1 / 4) + count(2 / 3) + count(3 / 4)
    return (
        count(1 / 2) >= MIDDLE
        and skipped[1] >= SKIPPED
        and skipped[1] > 2 * skipped[0]
        and skipped[1] > straight
    )
