"""Cutting a signal into frames, their power, and levels in decibels."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray


def cut(samples: NDArray[np.float32], frame_length: int, hop_length: int) -> NDArray[np.float32]:
    """Every frame that lies within `samples` (n,): a read-only view (frame, frame_length).

    Fewer samples than one frame give no frame. Raises `ValueError` unless `samples` is mono.
    """
    if samples.ndim != 1:
        raise ValueError(f"samples: expected one channel (n,), got {samples.shape}")
    if len(samples) < frame_length:
        return np.empty((0, frame_length), dtype=samples.dtype)
    return sliding_window_view(samples, frame_length)[::hop_length]


def cut_centred(
    samples: NDArray[np.float32],
    frame_length: int,
    hop_length: int,
    *,
    beyond: Literal["silence", "edge"] = "silence",
) -> NDArray[np.float32]:
    """Frames centred on `i * hop_length`: (n,) to (1 + n // hop_length, frame_length).

    Beyond the ends of the signal lies silence, or its first and last sample over and over.
    """
    if samples.ndim == 1:
        # No samples have no edge to repeat.
        mode: Literal["edge", "constant"] = (
            "edge" if beyond == "edge" and len(samples) else "constant"
        )
        samples = np.pad(samples, frame_length // 2, mode=mode)
    return cut(samples, frame_length, hop_length)


def decibels(
    power: NDArray[np.float32],
    *,
    reference: float = 1.0,
    floor: float = 1e-10,
    depth: float | None = 80.0,
) -> NDArray[np.float32]:
    """10 · log10(power / reference), any shape.

    `power` and `reference` count as `floor` at least. What lies more than `depth` dB below the
    loudest value of the array is raised to there, so that the result depends on the whole clip;
    None leaves it.
    """
    levels = 10 * np.log10(np.maximum(power, np.float32(floor)))
    levels -= 10 * np.log10(np.maximum(np.float32(reference), np.float32(floor)))
    if depth is not None and levels.size:
        np.maximum(levels, levels.max() - np.float32(depth), out=levels)
    return levels


class FramePower:
    """Mean squares of overlapping frames of a sound that is added in blocks.

    Frame i is centred on sample i · `hop_length` and 2 · `hop_length` long; beyond both ends of the
    sound is silence. Source: Neuroment 2022, section 4.2 (2048 and 1024 samples at 44.1 kHz).
    """

    def __init__(self, hop_length: int) -> None:
        """Start with no sound."""
        self.hop_length = hop_length
        self._sums: list[NDArray[np.float64]] = []
        self._rest = np.zeros(0)

    def add(self, samples: NDArray[np.floating]) -> None:
        """The next samples (n,), or (channel, n), whose mean square counts."""
        squares = np.square(np.atleast_2d(samples), dtype=np.float64).mean(axis=0)
        squares = np.concatenate([self._rest, squares])
        whole = len(squares) // self.hop_length * self.hop_length
        self._sums.append(squares[:whole].reshape(-1, self.hop_length).sum(axis=1))
        self._rest = squares[whole:]

    def frames(self) -> NDArray[np.float64]:
        """(1 + n // hop_length,) of all that was added."""
        steps = np.concatenate([[0.0], *self._sums, [self._rest.sum()]])
        return np.asarray((steps[:-1] + steps[1:]) / (2 * self.hop_length))
