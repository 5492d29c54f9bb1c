"""Solos mixed at random: the training data of Neuroment.

Source: Neuroment 2022, section 4.1. Classes are balanced, then 1 to 4 recordings at a time are
multiplied by random levels and added up, whatever they play. A plan of mixtures is drawn first, and
is played afterwards.

What the paper leaves open:

- Its σ² = 0.01 is the variance: levels have a deviation of 0.1.
- 3,360 recordings are to give exactly 6,720 mixtures in five epochs, while each number of
  recordings in a mixture is equally likely. Here numbers are dealt from shuffled hands of 1, 2, 3
  and 4, so that both hold.
- Two recordings of one class in a mixture are one part, their sum. (In the authors' code the
  second one's envelope replaces the first's.)
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bandscribe import decode
from bandscribe.audio import read
from bandscribe.datasets.address import CorpusAddress
from bandscribe.training.activity.pieces import Mixture, Samples
from bandscribe.training.mapped import leave_out
from bandscribe.vocabulary import INSTRUMENTS

#: The classes of Medley-solos-DB, in the order of `INSTRUMENTS`.
EIGHT = ("cla", "flu", "gel", "pia", "sax", "tru", "vio", "voi")
#: Samples of a recording of Medley-solos-DB.
LENGTH = 131072
MOST_OVERSAMPLED = 2.0
LEVEL, DEVIATION, LEAST = 0.5, 0.1, 1e-8


@dataclass(frozen=True)
class Solo:
    """A recording in which one instrument plays alone."""

    path: Path
    label: str
    group: str


@dataclass(frozen=True)
class Mix:
    """The solos that sound together, as indices, and the level of each."""

    solos: tuple[int, ...]
    levels: tuple[float, ...]


def load(sources: Sequence[str], split: str, classes: Sequence[str]) -> tuple[Solo, ...]:
    """The recordings of a split that have one label, of `classes`; audio is opened, and not read.

    `sources` are addresses of corpora. A recording whose labels or audio cannot be opened has a
    line on standard error, and is left out. Raises ValueError for an address that is malformed or
    has nothing of the split, and for a class without a recording.
    """
    found: list[Solo] = []
    for source in sources:
        address = CorpusAddress.parse(source, "recognition")
        for track in address.tracks(split):
            try:
                labels = track.load()
                if len(labels) != 1 or not labels <= set(classes):
                    continue
                decode.length(track.audio)
            except (ValueError, OSError) as error:
                leave_out([str(error)])
                continue
            group = f"{address.root} {track.group}"
            found.append(Solo(track.audio, next(iter(labels)), group))
    if missing := [name for name in classes if name not in {solo.label for solo in found}]:
        raise ValueError(
            f"{', '.join(sources)}: no solo of {', '.join(missing)} in the split {split!r}"
        )
    return tuple(found)


def balance(
    labels: Sequence[str], rng: np.random.Generator, *, factor: float = MOST_OVERSAMPLED
) -> list[int]:
    """Indices of recordings, as many of each class: the smallest class's number times `factor`.

    Larger classes lose recordings, smaller ones come several times. Source: section 4.1.2; classes
    of 210 and more give 420 each. Raises ValueError for a factor that leaves nothing.
    """
    by_class: dict[str, list[int]] = {name: [] for name in sorted(set(labels))}
    for index, label in enumerate(labels):
        by_class[label].append(index)
    taken = int(min(map(len, by_class.values()), default=0) * factor)
    if taken < 1:
        raise ValueError(f"factor: {factor} leaves no recording of {len(labels)}")
    chosen: list[int] = []
    for indices in by_class.values():
        shuffled = rng.permutation(indices)
        chosen += np.resize(shuffled, taken).tolist()
    return chosen


def draw_mixes(
    recordings: Sequence[int],
    rng: np.random.Generator,
    *,
    epochs: int = 5,
    minimum: int = 1,
    maximum: int = 4,
) -> list[Mix]:
    """A plan in which each entry of `recordings` sounds once per epoch.

    Source: sections 4.1.3 and 4.2.3. 3,360 recordings give 1,344 mixtures an epoch. Raises
    ValueError unless 1 <= minimum <= maximum.
    """
    if not 1 <= minimum <= maximum:
        raise ValueError(f"minimum: expected 1 to maximum ({maximum}), got {minimum}")
    mixes: list[Mix] = []
    for _ in range(epochs):
        waiting = rng.permutation(recordings).tolist()
        for size in _deal(len(waiting), rng, minimum, maximum):
            together, waiting = waiting[:size], waiting[size:]
            mixes.append(Mix(tuple(together), tuple(draw_levels(size, rng).tolist())))
    return mixes


def draw_levels(count: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """(count,) max(N(0.5, 0.1²), 0) + 1e-8, divided by their sum where that is above 1: eq. 8, 9.

    Equation 9 divides what was drawn, not what was raised above 0; here it is the latter.
    """
    levels = np.maximum(rng.normal(LEVEL, DEVIATION, count), 0) + LEAST
    return np.asarray(levels / max(1.0, float(levels.sum())))


def play(
    mixes: Sequence[Mix], solos: Sequence[Solo], sample_rate: int, length: int = LENGTH
) -> Iterator[Mixture]:
    """Each mixture (length,).

    Recordings are cut off at `length` samples, or followed by silence. Raises as `audio.read`.
    """
    for mix in mixes:
        parts: dict[str, Samples] = {}
        for index, level in zip(mix.solos, mix.levels, strict=True):
            solo = solos[index]
            sound = read_solo(solo.path, sample_rate, length) * np.float32(level)
            parts[solo.label] = parts[solo.label] + sound if solo.label in parts else sound
        yield Mixture(np.sum(list(parts.values()), axis=0), parts)


def read_solo(path: Path, sample_rate: int, length: int) -> Samples:
    """(length,) of a recording, mono. Raises as `audio.read`."""
    sound = read(path, sample_rate=sample_rate, mono=True, duration=length / sample_rate)
    samples = sound.samples[0, :length]
    return np.pad(samples, (0, length - len(samples)))


def in_order(classes: Sequence[str]) -> tuple[str, ...]:
    """The same classes as `INSTRUMENTS` lists them; raises ValueError for one that is none."""
    if unknown := [name for name in classes if name not in INSTRUMENTS]:
        raise ValueError(f"classes: expected some of {', '.join(INSTRUMENTS)}, got {unknown[0]!r}")
    return tuple(name for name in INSTRUMENTS if name in classes)


def _deal(total: int, rng: np.random.Generator, minimum: int, maximum: int) -> Iterator[int]:
    """Numbers from shuffled hands of minimum to maximum, that add up to `total`."""
    while total > 0:
        for size in rng.permutation(np.arange(minimum, maximum + 1)).tolist():
            size = min(size, total)
            if size:
                yield size
            total -= size
