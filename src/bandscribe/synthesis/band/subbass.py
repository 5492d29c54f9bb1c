"""A bass of sine waves, as in hip-hop and electronic music: most of it lies where kicks lie.

A drum machine's long kick, tuned: each note falls into its pitch from above within some
hundredths of a second, rings on and is driven a little, so that small loudspeakers carry it.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from bandscribe.synthesis.fluidsynth import Note


def play(
    notes: Sequence[Note], length: int, sample_rate: int, rng: np.random.Generator
) -> NDArray[np.float32]:
    """Samples (length,) of notes in seconds; one sound, drawn at random, for all of them."""
    out = np.zeros(length, dtype=np.float32)
    attack, release = rng.uniform(0.001, 0.02), rng.uniform(0.02, 0.15)
    decay = rng.uniform(0.3, 3.0)  # seconds to a third
    bend = rng.choice([0.0, 0.0, rng.uniform(1, 12)])  # semitones above the pitch, at first
    settle = rng.uniform(0.008, 0.04)
    drive = rng.uniform(0.3, 3.0)
    for note in notes:
        first = round(note.start * sample_rate)
        n = min(int((note.end - note.start + release) * sample_rate), length - first)
        if n <= 0:
            continue
        time = np.arange(n) / sample_rate
        pitch = note.pitch + bend * np.exp(-time / settle)
        phase = 2 * np.pi * np.cumsum(440 * 2 ** ((pitch - 69) / 12)) / sample_rate
        envelope = np.minimum(1, time / attack) * np.exp(-time / decay)
        envelope *= np.clip((note.end - note.start + release - time) / release, 0, 1)
        tone = np.tanh(drive * np.sin(phase) * envelope) / np.tanh(drive)
        out[first : first + n] += (tone * (note.velocity / 127) ** 1.5).astype(np.float32)
    return out
