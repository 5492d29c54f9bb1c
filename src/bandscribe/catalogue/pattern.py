"""The drum pattern of a recording, as a vector that can be compared.

Notes of kick, snare and hi-hat between the first and the last downbeat are quantised to 16 steps
of their bar, and their velocities are summed over all bars: (class, step). The root of these sums,
so that a hi-hat in eighths does not outweigh the kick, is scaled to length 1: the product of two
patterns is 1 if they are the same, and 0 if they have nothing in common.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bandscribe.types import Transcription
from bandscribe.vocabulary import TO_3

CLASSES = ("KD", "SD", "HH")
STEPS = 16
SIZE = len(CLASSES) * STEPS


def embed(notes: Transcription) -> NDArray[np.float32] | None:
    """The pattern (`SIZE`,) of notes in ten drum classes; None without two downbeats or a note."""
    if notes.beats is None or notes.velocities is None:
        return None
    downbeats = np.flatnonzero(notes.beats.positions == 1)
    if len(downbeats) < 2:
        return None
    times = notes.beats.times
    # Beats in bars: whole numbers at downbeats, interpolated in between.
    bars = np.interp(np.arange(len(times)), downbeats, np.arange(len(downbeats)))
    inside = (notes.onsets >= times[downbeats[0]] - 1e-3) & (notes.onsets < times[downbeats[-1]])
    place = np.interp(notes.onsets[inside], times, bars)
    steps = np.rint(place * STEPS).astype(np.int64) % STEPS
    counts = np.zeros((len(CLASSES), STEPS))
    groups = [TO_3.get(label) for label in notes.labels[inside].tolist()]
    for group, step, velocity in zip(groups, steps, notes.velocities[inside], strict=True):
        if group in CLASSES:
            counts[CLASSES.index(group), step] += velocity
    if not counts.any():
        return None
    roots = np.sqrt(counts / counts.sum())
    return np.asarray(roots.ravel(), dtype=np.float32)
