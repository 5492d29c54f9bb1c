"""NumPy's npz: the activations of a recording, with what was found in them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bandscribe.files import whole
from bandscribe.types import Activations, Transcription


def write(
    path: str | Path,
    onsets: Activations,
    velocities: Activations,
    beats: Activations,
    transcription: Transcription,
) -> None:
    """Write the curves and what was found in them; read it with `numpy.load`.

    Curves: `values` (frame, class), probabilities of an onset of each of `classes`;
    `velocities` (frame, class), how hard it would have been; `beats` (frame, 2), those of a beat
    and of a downbeat. Frame `i` is centred on `start + i / frame_rate` seconds.

    Notes: `onsets`, `labels` and `note_velocities` (n,), the last nan where they are unknown.
    Beats: `beat_times` and `beat_positions` (m,), none where they are unknown.

    Raises ValueError when the curves do not share their frames, OSError as
    `bandscribe.files.whole`.
    """
    for name, curve in (("velocities", velocities), ("beats", beats)):
        same = (curve.frame_rate, curve.start) == (onsets.frame_rate, onsets.start)
        if len(curve.values) != len(onsets.values) or not same:
            raise ValueError(
                f"{name}: expected the {len(onsets.values)} frames of the onsets, got "
                f"{len(curve.values)} at {curve.frame_rate:g} Hz from {curve.start:g} s"
            )
    hard, grid = transcription.velocities, transcription.beats
    with whole(path) as temporary, temporary.open("wb") as handle:
        np.savez_compressed(
            handle,
            values=onsets.values,
            velocities=velocities.values,
            beats=beats.values,
            frame_rate=np.float64(onsets.frame_rate),
            start=np.float64(onsets.start),
            classes=np.array(onsets.classes, dtype=np.str_),
            onsets=transcription.onsets,
            labels=np.asarray(transcription.labels, dtype=np.str_),
            note_velocities=np.full(len(transcription.onsets), np.nan) if hard is None else hard,
            beat_times=np.zeros(0) if grid is None else grid.times,
            beat_positions=np.zeros(0, np.int64) if grid is None else grid.positions,
        )


def write_activity(
    path: str | Path,
    probability: Activations,
    level: Activations,
    thresholds: NDArray[np.floating],
    duration: float,
) -> None:
    """Write the activity of instruments; read it with `numpy.load`.

    `probability` and `level_db` (frame, class), frame `i` centred on `start + i / frame_rate`
    seconds; `classes`; `thresholds` (class,), from which probability on each plays; `duration` in
    seconds. Raises OSError as `bandscribe.files.whole`.
    """
    with whole(path) as temporary, temporary.open("wb") as handle:
        np.savez_compressed(
            handle,
            probability=probability.values,
            level_db=level.values,
            frame_rate=np.float64(probability.frame_rate),
            start=np.float64(probability.start),
            classes=np.array(probability.classes, dtype=np.str_),
            thresholds=np.asarray(thresholds, dtype=np.float64),
            duration=np.float64(duration),
        )
