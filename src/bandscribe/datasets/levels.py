"""How loud each part of a mixture is over time, from the parts' own recordings."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from bandscribe.features.power import FramePower
from bandscribe.types import LEVEL_FLOOR_DB, Activations, Audio

#: Samples; a frame is two of them long (Neuroment 2022, section 4.2: 2048 and 1024 at 44.1 kHz).
HOP_LENGTH = 1024


def power(blocks: Iterable[Audio], hop_length: int = HOP_LENGTH) -> NDArray[np.float64]:
    """(frame,) mean square of all channels, as `FramePower` has it."""
    heard = FramePower(hop_length)
    for block in blocks:
        heard.add(block.samples)
    return heard.frames()


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
