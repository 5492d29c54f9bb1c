"""Activity as MedleyDB's annotations mean it, so that like is compared with like.

Bittner et al. 2014, section 3.2, and the authors' published code: the amplitude of each stem,
half-wave rectified and compressed by a square root, becomes H = N · E / max_t ΣE for N stems;
smoothed below 0.8 Hz, it gives the confidence 1 - 1 / (1 + exp(20 (H - 0.15))), and a stem is
active from 0.5 on. So an instrument is active until it is some 33 dB below what is usual in the
song, and throughout the rests between strokes; a listener's threshold says another thing.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from bandscribe.evaluation.presence import HEARD_SECONDS
from bandscribe.instruments import Activity
from bandscribe.metrics.frames import ACTIVE
from bandscribe.types import LEVEL_FLOOR_DB

THETA, SLOPE = 0.15, 20.0
#: Hz: 0.075 of half the 21.5 frames a second that the authors have.
CUTOFF = 0.075 * 44100 / 2048 / 2
_PAD = 2.0  # seconds by which both ends are mirrored


def confide(heard: Activity) -> Activity:
    """The confidences that these levels would have, where a class is heard at all.

    The stems are the classes that are heard for `HEARD_SECONDS`. Thresholds are 0.5.
    """
    rate = heard.probability.frame_rate
    level = heard.level.values.astype(np.float64)
    there = (heard.probability.values >= heard.thresholds) & (level > LEVEL_FLOOR_DB)
    # 20 dB are a factor of 10 in amplitude, and of its root in what is compressed.
    compressed = np.where(there, 10 ** (level / 40), 0.0)
    stems = np.count_nonzero(there.sum(axis=0) >= HEARD_SECONDS * rate)
    loudest = float(compressed.sum(axis=1).max(initial=0.0))
    share = compressed * (stems / loudest if loudest else 0.0)
    confidence = 1 / (1 + np.exp(-SLOPE * (_smooth(share, rate) - THETA)))
    return replace(
        heard,
        probability=replace(heard.probability, values=confidence.astype(np.float32)),
        thresholds=np.full(len(heard.thresholds), ACTIVE),
    )


def _smooth(values: NDArray[np.float64], frame_rate: float) -> NDArray[np.float64]:
    """(frame, class) through a Butterworth filter of second order, forwards and backwards."""
    pad = min(round(_PAD * frame_rate), max(len(values) - 1, 0))
    padded = np.pad(values, ((pad, pad), (0, 0)), mode="reflect" if pad else "edge")
    frequencies = np.fft.rfftfreq(len(padded), 1 / frame_rate)
    gain = 1 / (1 + (frequencies / CUTOFF) ** 4)
    spectrum = np.fft.rfft(padded, axis=0) * gain[:, np.newaxis]
    return np.asarray(np.fft.irfft(spectrum, len(padded), axis=0)[pad : pad + len(values)])
