"""Pick peaks: from activations to onsets, by the method of Böck et al.

Böck, Krebs and Schedl 2012, "Evaluating the online capabilities of onset detection methods", as
given by Fosse 2025, "Automatic Drum Transcription using Deep Learning", section 2.4.3. Frame n of
an activation y is an onset if it fulfils three conditions:

    y[n]  = max(y[n - m], …, y[n + m])
    y[n] >= mean(y[n - a], …, y[n + a]) + δ
    n    >= n_last + w

Our reading of what the text leaves open:

- At both ends the windows hold the frames that exist.
- A plateau, equal neighbours, is one peak: its first frame stands for it.
- An activation that stays high is no onset: it never exceeds its own mean by δ.

For well trained networks m = a = w = 2 frames and δ = 0.1 (same section). Choi and Cho 2019, "Deep
unsupervised drum transcription", section 4.1, set the same three conditions to m = 50 ms,
a = 100 ms, δ = 0.2 and w = 50 ms: 5, 10 and 5 frames at 100 frames per second.

Amplitudes are not probabilities: a soft stroke is no less certain than a loud one.
`normalize_by_local_max` makes them comparable first.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from bandscribe.types import Floats

F = TypeVar("F", bound=np.floating)


class Peaks(NamedTuple):
    """The positions of peaks: `frames` (n,), ascending, and `classes` (n,), the column of each."""

    frames: NDArray[np.int64]
    classes: NDArray[np.int64]


def pick(
    values: Floats,
    *,
    thresholds: Sequence[float] | Floats,
    max_frames: int = 2,
    mean_frames: int = 2,
    wait_frames: int = 2,
) -> Peaks:
    """The onsets in `values` (frame, class), ordered by frame, then class.

    `thresholds` (class,) are the δ of each class; `max_frames`, `mean_frames` and `wait_frames`
    are m, a and w above.

    Raises ValueError when the shapes do not fit, or a window is negative.
    """
    if values.ndim != 2:
        raise ValueError(f"values: expected (frame, class), got {values.shape}")
    if len(thresholds) != values.shape[1]:
        raise ValueError(f"thresholds: expected {values.shape[1]}, got {len(thresholds)}")
    if min(max_frames, mean_frames, wait_frames) < 0:
        raise ValueError(
            "max_frames, mean_frames, wait_frames: expected 0 or more, got "
            f"{max_frames}, {mean_frames}, {wait_frames}"
        )
    # One column at a time, so that hours of audio need little memory.
    columns = [
        _pick_column(values[:, c].astype(np.float64), thresholds[c], max_frames, mean_frames)
        for c in range(values.shape[1])
    ]
    columns = [_wait(frames, wait_frames) for frames in columns]
    frames = np.concatenate([np.empty(0, np.int64), *columns])
    classes = np.repeat(np.arange(len(columns)), [len(column) for column in columns])
    order = np.lexsort((classes, frames))
    return Peaks(frames[order], classes[order])


#: The loudest stroke around counts as this much at least, so that drums which do not play are not
#: made loud. An amplitude of 1 is a full stroke.
LEAST_LEVEL = 0.4


def normalize_by_local_max(
    values: Floats, *, gather_frames: int, level_frames: int
) -> NDArray[np.float32]:
    """Amplitudes (frame, class) as shares in [0, 1] of how loud each class is around.

    First an amplitude and those up to `gather_frames` before and after it are added up, the farther
    the less in a straight line, since a stroke is smeared over neighbouring frames; then each sum
    is divided by the largest up to `level_frames` away, `LEAST_LEVEL` at least. So accents of one
    drum do not hide softer strokes of another, nor a loud passage the next one: the failure in Choi
    and Cho 2019, section 4.4. (Their code divides by the largest of the whole recording.)

    Raises ValueError when the shape does not fit, or a window is negative.
    """
    if values.ndim != 2:
        raise ValueError(f"values: expected (frame, class), got {values.shape}")
    if min(gather_frames, level_frames) < 0:
        raise ValueError(
            f"gather_frames, level_frames: expected 0 or more, got {gather_frames}, {level_frames}"
        )
    shares = np.empty(values.shape, dtype=np.float32)
    for column in range(values.shape[1]):
        sums = values[:, column].astype(np.float64)
        for step in range(1, gather_frames + 1):
            weight = 1 - step / (gather_frames + 1)
            sums[step:] += weight * values[:-step, column]
            sums[:-step] += weight * values[step:, column]
        level = np.maximum(max_around(sums, level_frames), LEAST_LEVEL)
        shares[:, column] = sums / level
    return shares


def refine(values: Floats, peaks: Peaks) -> NDArray[np.float64]:
    """Position (n,) of each peak in frames, between the frames: the top of a parabola.

    The parabola goes through the peak and its two neighbours (Smith 2011, "Spectral audio signal
    processing", quadratic interpolation of peaks), and moves a peak by half a frame at most. A
    peak at either end stays where it is.
    """
    frames, classes = peaks
    inner = (frames > 0) & (frames < len(values) - 1)
    n, c = frames[inner], classes[inner]
    left, middle, right = (values[n + step, c].astype(np.float64) for step in (-1, 0, 1))
    curvature = left - 2 * middle + right
    offset = np.zeros(len(n))
    np.divide(left - right, 2 * curvature, out=offset, where=curvature < 0)
    positions = frames.astype(np.float64)
    positions[inner] += np.clip(offset, -0.5, 0.5)
    return positions


def keep_one(peaks: Peaks, values: Floats, pair: Sequence[int], reach: int) -> Peaks:
    """The peaks without those of one class of `pair` beside a higher one of the other.

    Two peaks are beside each other if they are up to `reach` frames apart; `values` (frame, class)
    say which is higher, and of equals the first class stays.
    """
    first, second = (np.flatnonzero(peaks.classes == column) for column in pair)
    kept = np.ones(len(peaks.frames), np.bool_)
    at, others = peaks.frames[first], peaks.frames[second]
    begin, end = np.searchsorted(others, at - reach), np.searchsorted(others, at + reach, "right")
    for one, near in zip(first, map(slice, begin, end), strict=True):
        highest = values[others[near], pair[1]].max(initial=0.0)
        kept[one if highest > values[peaks.frames[one], pair[0]] else second[near]] = False
    return Peaks(peaks.frames[kept], peaks.classes[kept])


def _pick_column(
    values: NDArray[np.float64], threshold: float, max_frames: int, mean_frames: int
) -> NDArray[np.int64]:
    """Frames of one class that fulfil the first two conditions."""
    highest = values.copy()
    for step in range(1, max_frames + 1):
        np.maximum(highest[step:], values[:-step], out=highest[step:])
        np.maximum(highest[:-step], values[step:], out=highest[:-step])
    # Summed window by window and not by a running sum, whose rounding depends on the position.
    total, count = values.copy(), np.ones(len(values))
    for step in range(1, mean_frames + 1):
        total[step:] += values[:-step]
        total[:-step] += values[step:]
        count[step:] += 1
        count[:-step] += 1
    found = (values == highest) & (values >= total / count + threshold)
    found[1:] &= ~(found[:-1] & (values[1:] == values[:-1]))
    return np.flatnonzero(found)


def max_around(values: NDArray[F], reach: int) -> NDArray[F]:
    """The largest of each value (n,) and those up to `reach` before and after it; none below 0."""
    largest = np.pad(values, reach)
    window, span = 2 * reach + 1, 1
    # Windows twice as long out of two that overlap by half, as long as they fit; then two of these.
    while 2 * span <= window:
        largest = np.maximum(largest[:-span], largest[span:])
        span *= 2
    around: NDArray[F] = np.maximum(largest[: len(values)], largest[window - span :][: len(values)])
    return around


def _wait(frames: NDArray[np.int64], wait_frames: int) -> NDArray[np.int64]:
    """The frames that lie at least `wait_frames` behind the last one kept."""
    kept: list[int] = []
    for frame in frames.tolist():
        if not kept or frame >= kept[-1] + wait_frames:
            kept.append(frame)
    return np.array(kept, dtype=np.int64)
