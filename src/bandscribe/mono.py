"""Recordings to one channel: the mean of their channels, or one of them where these cancel out.

Where a microphone or a cable has the wrong polarity, the mean of the channels is next to nothing.
Whether it is, is decided for each second of a recording, counted from its start, so that the result
does not depend on the blocks in which the samples come. The measure is

    r = energy of the sum of the channels / sum of the energies of the channels

which is 1 for unrelated channels, the number of channels for equal ones, and 0 where they cancel
out. Below `CANCELLED` the loudest channel takes the place of the mean, until r is above `RESTORED`;
a second that is much quieter than the loudest so far changes nothing, since there noise decides.
From one to the other the sound is faded over in `FADE_SECONDS`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
from numpy.typing import NDArray

from bandscribe.types import Audio

WINDOW_SECONDS = 1.0
FADE_SECONDS = 0.05
#: With two equal channels, one of which is at -95 %, r is 0.0013; at -50 % it is 0.2.
CANCELLED, RESTORED = 0.05, 0.15
#: Energy of a second beside the loudest so far, below which it changes nothing: -30 dB.
FAINT = 1e-3
#: How much more energy another channel must have to take the place of the one that is in use.
LOUDER = 4.0

Samples = NDArray[np.float32]


def fold(blocks: Iterable[Audio]) -> Iterator[Audio]:
    """The consecutive `blocks` of a recording with one channel, a second at a time.

    Blocks of one channel are passed on as they are.
    """
    folder = _Folder()
    held: list[Samples] = []
    rate = 1
    for block in blocks:
        if len(block.samples) == 1:
            yield block
            continue
        rate = block.sample_rate
        held.append(block.samples)
        size = round(rate * WINDOW_SECONDS)
        if sum(part.shape[1] for part in held) >= size:
            samples = np.concatenate(held, axis=1) if len(held) > 1 else held[0]
            last = samples.shape[1] // size * size
            for start in range(0, last, size):
                yield folder.fold(samples[:, start : start + size], rate)
            held = [samples[:, last:]]
    if held and (rest := np.concatenate(held, axis=1)).shape[1]:
        yield folder.fold(rest, rate)


class _Folder:
    """Folds second by second; `_channel` is the one in use, or None for the mean of all."""

    def __init__(self) -> None:
        self._channel: int | None = None
        self._loudest = 0.0

    def fold(self, samples: Samples, rate: int) -> Audio:
        """The next second (channel, sample), or what is left of it at the end."""
        first = not self._loudest
        before = self._channel
        mean = samples.mean(axis=0, dtype=np.float32)
        # What is left at the end is too short to decide by, unless it is everything.
        if first or samples.shape[1] == round(rate * WINDOW_SECONDS):
            self._decide(samples, mean)
        folded = mean if self._channel is None else samples[self._channel].copy()
        if self._channel != before and not first:
            old = mean if before is None else samples[before]
            count = min(round(rate * FADE_SECONDS), len(mean))
            rising = np.linspace(0, 1, count, dtype=np.float32)
            folded[:count] = rising * folded[:count] + (1 - rising) * old[:count]
        return Audio(folded[np.newaxis], rate)

    def _decide(self, samples: Samples, mean: Samples) -> None:
        energies = np.array([np.einsum("t,t->", x, x) for x in samples], dtype=np.float64)
        total = float(energies.sum())
        self._loudest = max(self._loudest, total)
        if total <= FAINT * self._loudest:
            return
        share = len(samples) ** 2 * float(np.einsum("t,t->", mean, mean)) / total
        top = int(energies.argmax())
        if share > RESTORED:
            self._channel = None
        elif share < CANCELLED and (
            self._channel is None or energies[top] > LOUDER * energies[self._channel]
        ):
            self._channel = top
