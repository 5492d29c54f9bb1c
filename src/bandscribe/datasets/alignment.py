"""The offset of a MIDI file from the recording that it describes: late, drifting, or another.

Some recordings of E-GMD do not follow their MIDI (Callender et al. 2020). `measure` finds one shift
for all notes; `fit` also follows a drift, and detects a file that is of another performance.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

#: Seconds by which notes may be early or late, and the step of the search.
MOST, STEP = 0.08, 0.001
#: Seconds of a recording by which a drift is followed, and by how much it may change over them.
PART, CHANGE = 5.0, 0.04
#: The agreement below which a MIDI file is of another performance. Of rendered
#: performances, the notes of a recording had 0.65 or more, those of another 0.35 or less.
LEAST = 0.5

#: Seconds over which the energy before and after a moment is compared.
_SPAN = 0.008
#: Level of silence in dB below the loudest moment.
_FLOOR_DB = -60.0
#: Seconds within which a note and a sound belong together, and dB of a rise that is a sound.
_NEAR, _RISE_DB = 0.015, 9.0
#: Notes of a part that can be followed.
_ENOUGH = 4


class Fit(NamedTuple):
    """Notes at t sound at t · (1 + `stretch`) + `shift`, in seconds.

    `agreement` is the harmonic mean of two shares: of notes where the sound rises, and of the
    sound's clear rises where there is a note. It is near 1 for the notes of the recording.
    """

    shift: float
    stretch: float
    agreement: float

    def move(self, onsets: NDArray[np.float64]) -> NDArray[np.float64]:
        """The times at which notes at `onsets` (n,) sound."""
        return np.maximum(0.0, onsets * (1 + self.stretch) + self.shift)


def measure(samples: NDArray[np.float32], sample_rate: int, onsets: NDArray[np.float64]) -> float:
    """Seconds from the notes to their sound: below 0 where the notes are late.

    Of all shifts up to `MOST` that one at which the sound rises most at the notes, in decibels,
    summed over notes; what is quiet counts as silence. 0 where there is no note or no sound.
    """
    step = max(1, round(STEP * sample_rate))
    rise = _rise(samples, step, round(_SPAN * sample_rate / step))
    return _search(rise, onsets * sample_rate / step, 0, round(MOST / STEP)) * step / sample_rate


def fit(samples: NDArray[np.float32], sample_rate: int, onsets: NDArray[np.float64]) -> Fit:
    """The shift and the stretch that move the notes to where the sound rises.

    The shift is measured part by part, each near that of the part before, and a line is fitted to
    them (Theil-Sen: the median of the slopes between parts).
    """
    step = max(1, round(STEP * sample_rate))
    rise = _rise(samples, step, round(_SPAN * sample_rate / step))
    seconds = step / sample_rate
    places = onsets / seconds
    starts, shifts = [], []
    last, most = 0.0, MOST
    for start in np.arange(0, onsets.max(initial=0.0) + PART, PART):
        part = (onsets >= start) & (onsets < start + PART)
        if np.count_nonzero(part) >= _ENOUGH:
            last = _search(rise, places[part], round(last / seconds), round(most / seconds))
            last, most = last * seconds, CHANGE
            starts.append(float(onsets[part].mean()))
            shifts.append(last)
    if not shifts:
        shift, stretch = measure(samples, sample_rate, onsets), 0.0
    else:
        shift, stretch = _line(np.array(starts), np.array(shifts))
        moved = places * (1 + stretch) + shift / seconds
        shift += _search(rise, moved, 0, round(_NEAR / seconds)) * seconds
    made = Fit(shift, stretch, 0.0)
    return made._replace(agreement=_agree(rise, made.move(onsets) / seconds, seconds))


def _line(times: NDArray[np.float64], shifts: NDArray[np.float64]) -> tuple[float, float]:
    """The value at 0 and the slope of a line through points, few of which may lie off."""
    first, second = np.triu_indices(len(times), 1)
    slopes = (shifts[second] - shifts[first]) / np.maximum(times[second] - times[first], 1e-9)
    # One step of rounding over the whole is no drift.
    slope = float(np.median(slopes)) if len(slopes) else 0.0
    if abs(slope) * (times[-1] - times[0]) < 2 * STEP:
        slope = 0.0
    return float(np.median(shifts - slope * times)), slope


def _search(rise: NDArray[np.float64], places: NDArray[np.float64], near: int, most: int) -> int:
    """The shift in steps, up to `most` from `near`, at which the sound rises most at places."""
    found = np.rint(places).astype(np.int64) + near
    found = found[(found >= 0) & (found < len(rise))]
    if not len(found):
        return near
    padded = np.pad(rise, most)
    total = np.array([padded[found + most + shift].sum() for shift in range(-most, most + 1)])
    return near + int(total.argmax()) - most if total.max() > 0 else near


def _agree(rise: NDArray[np.float64], places: NDArray[np.float64], seconds: float) -> float:
    near = round(_NEAR / seconds)
    clear = _peaks(rise, near)
    found = np.rint(places).astype(np.int64)
    found = found[found < len(rise)]
    if not len(found) or not len(clear):
        return 0.0
    high = np.pad(rise, near)
    best = np.max([high[found + shift] for shift in range(2 * near + 1)], axis=0)
    sounding = float(np.mean(best >= _RISE_DB))
    order = np.sort(found)
    right = np.searchsorted(order, clear).clip(max=len(order) - 1)
    left = np.maximum(right - 1, 0)
    off = np.minimum(abs(order[right] - clear), abs(order[left] - clear))
    noted = float(np.mean(off <= near))
    return 2 * sounding * noted / (sounding + noted) if sounding + noted else 0.0


def _peaks(rise: NDArray[np.float64], near: int) -> NDArray[np.int64]:
    """The steps at which a sound clearly begins: the highest rise within `near` to either side."""
    windows = np.lib.stride_tricks.sliding_window_view(np.pad(rise, near), 2 * near + 1)
    highest = (rise >= windows.max(axis=1)) & (rise >= 2 * _RISE_DB)
    return np.flatnonzero(highest)


def _rise(samples: NDArray[np.float32], step: int, span: int) -> NDArray[np.float64]:
    """By how many dB the energy after each step exceeds that before it, (n,)."""
    count = len(samples) // step
    energy = np.square(samples[: count * step], dtype=np.float64).reshape(count, step).sum(axis=1)
    total = np.concatenate([[0.0], np.cumsum(energy)])
    edges = np.arange(count)
    after = total[np.minimum(edges + span, count)] - total[edges]
    before = total[edges] - total[np.maximum(edges - span, 0)]
    floor = after.max(initial=0.0) * 10 ** (_FLOOR_DB / 10) + 1e-12
    risen: NDArray[np.float64] = 10 * np.log10((after + floor) / (before + floor))
    return np.maximum(risen, 0.0)
