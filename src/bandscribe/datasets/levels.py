"""Levels over time of each part of a mixture, from the parts' own recordings; which are audible."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from bandscribe.features.frames import FramePower
from bandscribe.types import LEVEL_FLOOR_DB, Activations, Audio

#: Samples; a frame is two of them long (Neuroment 2022, section 4.2: 2048 and 1024 at 44.1 kHz).
HOP_LENGTH = 1024
#: An instrument is audible where it is no further below the mixture around it than the first level,
#: and inaudible below the second; between them it is unknown.
AUDIBLE_DB, INAUDIBLE_DB = -25.0, -35.0
#: Below the loudest moment nothing counts as audible; ten decibels further down is unknown, too.
SILENT_DB = -50.0
#: Seconds around a frame that count, so that an instrument stays audible between quick strokes.
AROUND = 0.16

#: Mean square below which a recording is silent: what is left of a player who rests.
_SILENCE = 1e-8


def power(blocks: Iterable[Audio], hop_length: int = HOP_LENGTH) -> NDArray[np.float64]:
    """(frame,) mean square of all channels, as `FramePower` has it."""
    return measure(blocks, hop_length)[0]


def measure(
    blocks: Iterable[Audio], hop_length: int = HOP_LENGTH
) -> tuple[NDArray[np.float64], int]:
    """As `power`, and the sample rate of the last block; 0 without any."""
    power, rate = FramePower(hop_length), 0
    for block in blocks:
        power.add(block.samples)
        rate = block.sample_rate
    return power.frames(), rate


def levels(
    parts: Mapping[str, Sequence[NDArray[np.float64]]],
    mixture: NDArray[np.float64],
    frame_rate: float,
) -> Activations:
    """The level of each class in dB below the mixture's loudest frame, from -60 to 0.

    `parts` are the powers, (frame,) each, of the recordings that belong to a class: they add up.
    Frames that a part does not reach are silent.
    """
    loudest = mixture.max(initial=0.0)
    values = np.full((len(mixture), len(parts)), LEVEL_FLOOR_DB, dtype=np.float32)
    for column, powers in enumerate(parts.values()):
        total = np.zeros(len(mixture))
        for each in powers:
            n = min(len(each), len(total))
            total[:n] += each[:n]
        if loudest > 0:
            floor = 10 ** (LEVEL_FLOOR_DB / 10)
            values[:, column] = 10 * np.log10(np.clip(total / loudest, floor, 1))
    return Activations(values, frame_rate, 0.0, tuple(parts), "level_db")


def find_audible(
    parts: NDArray[np.float64], together: NDArray[np.float64], frame_rate: float
) -> NDArray[np.float32]:
    """Audibility of each part: (frame, class), 1 where it is audible, 0 where not, nan in doubt.

    Of the powers `parts` (frame, class) and of all that sounds, `together` (frame,): a part counts
    as it is at its loudest within `AROUND`, beside all at their loudest there.
    """
    reach = round(AROUND * frame_rate / 2)
    near, around = _spread(parts, reach), _spread(together[:, np.newaxis], reach)
    loudest = together.max(initial=0.0)

    def above(beside_db: float) -> NDArray[np.bool_]:
        drop = 10 ** (beside_db / 10)
        floor = drop * 10 ** ((SILENT_DB - AUDIBLE_DB) / 10)
        return np.asarray((near >= drop * around) & (near >= floor * loudest) & (near > _SILENCE))

    doubtful = np.where(above(INAUDIBLE_DB), np.nan, 0)
    return np.where(above(AUDIBLE_DB), 1, doubtful).astype(np.float32)


def _spread(values: NDArray[np.float64], reach: int) -> NDArray[np.float64]:
    """The greatest of each frame and of `reach` frames on both of its sides; (frame, …)."""
    padded = np.pad(values, ((reach, reach), (0, 0)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, 2 * reach + 1, axis=0)
    return np.asarray(windows.max(axis=-1))
