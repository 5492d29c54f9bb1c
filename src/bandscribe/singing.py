"""When a voice sings: its probability over time, lowered where others are mistaken for it.

In most produced songs a network gives the voice a high probability between its phrases, too. What
distinguishes these moments is that the probability and the level beside the others are lower than
where it sings.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bandscribe.calibration import logit, sigmoid

#: The class.
VOICE = "voi"
#: Over how many seconds the evidence is averaged.
SPAN_SECONDS = 0.5
#: How many dB of level count as much as 1 of log-odds.
DECIBELS = 2.5
#: A voice sings where the evidence is at most this far below that which is exceeded in this share
#: of the recording.
DROP, SHARE = 3.5, 0.15
_LEAST = 0.001  # of a probability, and of its distance from 1


def restrain(
    probability: NDArray[np.float32],
    level: NDArray[np.float32],
    threshold: float,
    frame_rate: float,
) -> NDArray[np.float32]:
    """The probability of a voice (frame,), below `threshold` where others are mistaken for it.

    The log-odds of `probability` (frame,) are averaged over half a second; so is the evidence,
    which is their sum with the `level` (frame,) of the voice beside the mixture in dB, 2.5 dB
    counting as 1. Where the evidence is more than 3.5 below what it exceeds in 15 % of the
    recording, the result is below the threshold, by what is missing. Of a voice that sings for less
    than that, the reference is what is mistaken for it, and nothing is lowered that is as probable.
    Frames of digital silence, whose probability is 0, keep it.
    """
    if not len(probability):
        return probability
    odds = logit(probability.clip(_LEAST, 1 - _LEAST))
    mean = _average(odds, frame_rate)
    evidence = mean + _average(level.astype(np.float64) / DECIBELS, frame_rate)
    margin = evidence - (np.quantile(evidence, 1 - SHARE) - DROP)
    below = np.minimum(mean, logit(np.array([threshold])) + margin)
    restrained = sigmoid(np.where(margin < 0, below, mean))
    return np.where(probability > 0, restrained, 0).astype(np.float32)


def _average(values: NDArray[np.float64], frame_rate: float) -> NDArray[np.float64]:
    """The mean over `SPAN_SECONDS` around each frame, at either end over what there is of them."""
    half = round(SPAN_SECONDS * frame_rate / 2)
    total = np.concatenate([[0.0], np.cumsum(values)])
    frames = np.arange(len(values))
    first, last = np.maximum(frames - half, 0), np.minimum(frames + half + 1, len(values))
    return np.asarray((total[last] - total[first]) / (last - first))
