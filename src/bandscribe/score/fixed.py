"""The notes at one tempo, each on the nearest line of a grid: what a sequencer calls quantised."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from bandscribe.score.quantise import frame_of
from bandscribe.types import Beats, Transcription

#: Lines to the whole note that there may be.
GRIDS = (4, 8, 12, 16, 24, 32, 48)


def snap(part: Transcription, grid: int = 16) -> Transcription:
    """The part on a grid of so many lines to the whole note, at the median of its tempi.

    Time 0 is the first beat of the part. Raises ValueError for another grid.
    """
    if grid not in GRIDS:
        raise ValueError(f"quantise: expected one of {', '.join(map(str, GRIDS))}, got {grid}")
    frame = frame_of(part)
    beats = np.interp(part.onsets, frame.times, np.arange(len(frame.times)))
    step = 4 / grid / frame.quarters
    seconds = 60 / float(np.round(60 / np.median(frame.tempi), 1))
    times = seconds * np.arange(len(frame.positions), dtype=np.float64)
    return replace(
        part,
        onsets=np.round(beats / step) * step * seconds,
        duration=float(times[-1] + seconds),
        beats=Beats(times, frame.positions, frame.quarters),
    )
