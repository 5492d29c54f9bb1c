"""Pieces on disk with the sound of each player.

    train/00007/mixture.wav     the mixture: mono, 16 bit, 44.1 kHz
    train/00007/vio.wav         and a file for each class that plays, at its level in the mixture
    train/00007/other.wav       where an instrument plays that is none of the classes

In some pieces all classes are equally likely, others have a band. Training pieces have more players
than test pieces, since training remixes some of them. Piece `i` depends on the split, the seed and
`i` alone: an interrupted call continues where it was.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from bandscribe import audio, splits
from bandscribe.synthesis.instruments.mixtures import COUNTS, Mixture, draw_band, sample_mixture
from bandscribe.synthesis.instruments.players import PlayerSources
from bandscribe.types import Audio

SECONDS = 20.0
#: Chance of one to six instruments in pieces to train on.
MANY = (0.0, 0.0, 0.2, 0.3, 0.25, 0.25)


def write_stems(
    sources: PlayerSources, out: Path, *, hours: float, seed: int, split: str = "train",
    bands: float = 0.0,
) -> Iterator[tuple[Path, float]]:  # fmt: skip
    """Render pieces of a split until there are `hours`; yields each folder, and the hours so far.

    `bands` is the chance of a band. Raises ValueError for an unknown split, OSError where `out`
    cannot be written.
    """
    splits.check(split)
    counts = MANY if split == "train" else COUNTS
    for index in range(max(1, round(hours * 3600 / SECONDS))):
        folder = out / split / f"{index:05d}"
        if not folder.exists():
            rng = np.random.default_rng([seed, splits.SPLITS.index(split), index])
            if rng.random() < bands:
                drawn = draw_band(sources, rng, SECONDS)
            else:
                drawn = sample_mixture(sources, rng, SECONDS, counts=counts)
            write_piece(folder, drawn)
        yield folder, (index + 1) * SECONDS / 3600


def write_piece(folder: Path, piece: Mixture) -> None:
    """All files of a piece or none: the folder gets its name last. Raises OSError."""
    partial = folder.with_name(f"{folder.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    # A player may be louder than the mixture, where others cancel it.
    peak = max(float(np.abs(sound).max()) for sound in piece.stems.values())
    gain = np.float32(1 / max(1.0, peak))
    rate = piece.audio.sample_rate
    audio.write(partial / "mixture.wav", Audio(piece.audio.samples * gain, rate))
    for name, stem in piece.stems.items():
        audio.write(partial / f"{name}.wav", Audio(stem[np.newaxis] * gain, rate))
    partial.rename(folder)
