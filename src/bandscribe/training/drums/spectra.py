"""Precomputed spectrograms of ADTOF, whose audio is not distributed, with its splits.

They are examples of four seconds (400 frames of 84 bins at 100 Hz) with targets of five classes.
docs/corpora.md describes how to convert the published TensorFlow files to these, in a folder:

    spectra/train_x.npy         float32 (sample, frame, bin), and validation, test
    spectra/train_y.npy         (sample, frame, class): 1 in the frame of an onset
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bandscribe.datasets import adtof
from bandscribe.datasets.address import CorpusAddress
from bandscribe.types import Transcription
from bandscribe.vocabulary import DRUMS_5, reduce

FOLDER = "spectra"
FRAME_RATE = 100.0


@dataclass(frozen=True, eq=False)
class Spectra:
    """Samples `x` (sample, frame, bin) and `y` (sample, frame, class) of each of some sets.

    Notes are in `classes` classes, 5 or 3; how hard a drum is struck is not known.
    """

    x: Sequence[NDArray[np.float32]]
    y: Sequence[NDArray[np.floating]]
    classes: int

    @classmethod
    def load(cls, addresses: Sequence[str], split: str, *, classes: int, bins: int) -> Spectra:
        """The samples of one split of each set, mapped from their files.

        Raises ValueError for a file that is missing or of another shape, and for more classes.
        """
        if classes not in (3, 5):
            raise ValueError(f"classes: adtof annotates no more than 5, got {classes}")
        found_x, found_y = [], []
        for text in addresses:
            folder = place(text)
            x, y = (_open(folder / f"{split}_{part}.npy") for part in "xy")
            known = x.ndim == y.ndim == 3 and x.shape[:2] == y.shape[:2] and len(x)
            if not known or x.shape[2] != bins or y.shape[2] != len(DRUMS_5):
                raise ValueError(
                    f"{folder / f'{split}_x.npy'}: expected samples of {bins} bins and targets of "
                    f"{len(DRUMS_5)} classes, got {x.shape} and {y.shape}"
                )
            found_x.append(x)
            found_y.append(y)
        if len({x.shape[1] for x in found_x}) > 1:
            raise ValueError(f"{', '.join(addresses)}: expected samples of one length")
        return cls(found_x, found_y, classes)

    @property
    def seconds(self) -> float:
        """The length of a sample."""
        return float(self.x[0].shape[1] / FRAME_RATE)

    def __len__(self) -> int:
        return sum(map(len, self.x))

    def draw(self, rng: np.random.Generator) -> tuple[NDArray[np.float32], Transcription]:
        """Features (frame, bin) of a random example, and its notes."""
        chosen = int(rng.integers(len(self)))
        edges = np.cumsum([len(x) for x in self.x])
        part = int(np.searchsorted(edges, chosen, "right"))
        place = chosen - int(edges[part])  # from the end of the part
        return np.array(self.x[part][place], dtype=np.float32), self.read_notes(self.y[part][place])

    def read_notes(self, targets: NDArray[np.floating]) -> Transcription:
        """The notes of targets (frame, class): frames of 1 are onsets."""
        frames, places = np.nonzero(targets >= 1)
        notes = Transcription(
            frames / FRAME_RATE,
            np.array(DRUMS_5, dtype=np.str_)[places],
            np.zeros(len(frames)),
            len(targets) / FRAME_RATE,
            DRUMS_5,
        )
        return reduce(notes, self.classes)


def place(address: str) -> Path:
    """The folder of the spectrograms of a set. Raises ValueError as `CorpusAddress.parse`."""
    parsed = CorpusAddress.parse(address, "drums")
    return parsed.root / adtof.FOLDERS.get(parsed.variant, "") / FOLDER


def are_spectra(address: str) -> bool:
    """Whether an address is a set with spectrograms and without audio."""
    parsed = CorpusAddress.parse(address, "drums")
    if parsed.corpus.name != "adtof" or not place(address).is_dir():
        return False
    return not (place(address).parent / "audio").is_dir()


def _open(path: Path) -> NDArray[np.float32]:
    try:
        array: NDArray[np.float32] = np.load(path, mmap_mode="r")
    except FileNotFoundError:
        raise ValueError(f"{path}: missing; docs/corpora.md describes how it is made") from None
    except (ValueError, EOFError) as error:
        raise ValueError(f"{path}: damaged ({error})") from error
    return array
