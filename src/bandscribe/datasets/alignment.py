"""How late the notes of a MIDI file are, against the sound that they describe."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

#: Seconds by which notes may be early or late, and the step in which that is looked for.
MOST, STEP = 0.08, 0.001
#: Seconds over which the energy before and after a moment is compared.
_SPAN = 0.008
#: What is quieter than this, against the loudest moment, is no sound, in dB.
_FLOOR_DB = -60.0


def measure(samples: NDArray[np.float32], sample_rate: int, onsets: NDArray[np.float64]) -> float:
    """Seconds from the notes to their sound: below 0 where the notes are late.

    Of all shifts up to `MOST` that one at which the sound rises most at the notes, in decibels,
    summed over notes; what is quiet counts as silence. 0 where there is no note or no sound.
    """
    step = max(1, round(STEP * sample_rate))
    rise = _rise(samples, step, round(_SPAN * sample_rate / step))
    most = round(MOST / STEP)
    places = np.rint(onsets * sample_rate / step).astype(np.int64)
    places = places[(places >= 0) & (places < len(rise))]
    padded = np.pad(rise, most)
    shifts = np.arange(-most, most + 1)
    total = np.array([padded[places + most + shift].sum() for shift in shifts])
    if not len(places) or total.max() <= 0:
        return 0.0
    return float(shifts[int(total.argmax())] * step / sample_rate)


def _rise(samples: NDArray[np.float32], step: int, span: int) -> NDArray[np.float64]:
    """Of each step (n,), by how many dB the energy after it exceeds that before it."""
    count = len(samples) // step
    energy = np.square(samples[: count * step], dtype=np.float64).reshape(count, step).sum(axis=1)
    total = np.concatenate([[0.0], np.cumsum(energy)])
    edges = np.arange(count)
    after = total[np.minimum(edges + span, count)] - total[edges]
    before = total[edges] - total[np.maximum(edges - span, 0)]
    floor = after.max(initial=0.0) * 10 ** (_FLOOR_DB / 10) + 1e-12
    risen: NDArray[np.float64] = 10 * np.log10((after + floor) / (before + floor))
    return np.maximum(risen, 0.0)
