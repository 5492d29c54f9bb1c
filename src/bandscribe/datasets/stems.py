"""Pieces with the sound of each player, as `bandscribe synthesize stems` and `mixtures` write them.

A folder per piece holds `mixture.wav`, and beside it `CLASS.wav` for each class that plays, at its
level in the mixture; `other.wav` is none of the classes. The target is the level of each of the
thirteen classes below the mixture's loudest frame, measured from these files on demand.

Folders are named by their split; every piece is a group.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bandscribe.datasets.corpus import Corpus
from bandscribe.datasets.levels import HOP_LENGTH, levels, measure
from bandscribe.datasets.track import Track
from bandscribe.decode import decode
from bandscribe.splits import SPLITS
from bandscribe.types import Activations
from bandscribe.vocabulary import INSTRUMENTS

MIXTURE = "mixture.wav"
#: The end of the name of a folder that is being written.
PARTIAL = ".partial"


def index(root: Path, variant: str = "") -> list[Track[Activations]]:
    """The pieces of the three splits."""
    return [
        _track(split, folder)
        for split in SPLITS
        for folder in sorted((root / split).glob("*"))
        if folder.is_dir() and folder.suffix != PARTIAL
    ]


def _track(split: str, folder: Path) -> Track[Activations]:
    name = f"{split}/{folder.name}"
    load = partial(read, folder)
    return Track(name, split, name, folder / MIXTURE, load, solos(folder))


def solos(folder: Path) -> tuple[Path, ...]:
    """The recordings of a piece's classes, each named by its own."""
    named = (folder / f"{name}.wav" for name in INSTRUMENTS)
    return tuple(path for path in named if path.is_file())


def read(folder: Path) -> Activations:
    """The levels of a piece.

    Raises ValueError, naming the file, when files differ in rate, or as `decode`; OSError.
    """
    mixture, rate = _measure(folder / MIXTURE)
    parts: dict[str, list[NDArray[np.float64]]] = {name: [] for name in INSTRUMENTS}
    for path in solos(folder):
        part, own = _measure(path)
        if own != rate:
            raise ValueError(f"{path}: expected {rate} Hz, as {MIXTURE} has, got {own} Hz")
        parts[path.stem].append(part)
    return levels(parts, mixture, rate / HOP_LENGTH)


def _measure(path: Path) -> tuple[NDArray[np.float64], int]:
    """Power (frame,), and the sample rate."""
    power, rate = measure(decode(path))
    if not rate:
        raise ValueError(f"{path}: holds no samples")
    return power, rate


CORPUS: Corpus[Activations] = Corpus(
    name="stems",
    task="activity",
    tree="""\
test/PIECE/mixture.wav              and train, validation
test/PIECE/CLASS.wav                a player's part of it: cel, cla, …; other.wav is no class
""",
    index=index,
    classes=INSTRUMENTS,
)
