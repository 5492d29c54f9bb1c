"""Labelled clips: single hits out of drum kits or a folder, and sounds that are no drum.

What is trained on is a sequence of `HitClip`s, wherever they come from.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bandscribe import audio, splits
from bandscribe.datasets.clips import read_labels
from bandscribe.hits import CLASSES
from bandscribe.synthesis import kits
from bandscribe.training.mapped import FileRows, leave_out
from bandscribe.vocabulary import ARTICULATION_TO_10, TO_5

#: Labels that leave the class open, and the classes that each may be: a hi-hat that may be open or
#: closed, a tom of unknown size, a crash or a ride.
OPEN = {label: tuple(c for c in CLASSES if TO_5.get(c) == label) for label in ("HH", "TT", "CY")}
#: The fewest velocity layers of a piece that give a velocity.
_LAYERS = 3
_NOTHING = np.zeros(0, dtype=np.float32)


@dataclass(frozen=True, eq=False)
class HitClip:
    """A sound that begins with its onset, (n,) mono samples at the recipe's rate.

    `label` is its class, a label of `OPEN`, or None for what is no drum. Clips of one `group` (a
    kit, a performance) are all in one split. `velocity` in [0, 1] where it is known.
    """

    samples: NDArray[np.float32]
    label: str | None
    group: str
    velocity: float | None = None

    @property
    def candidates(self) -> tuple[str, ...]:
        """The classes that it may be: one, several of an open label, or none."""
        return OPEN.get(self.label, (self.label,)) if self.label else ()


def from_kits(addresses: Sequence[str], *, sample_rate: int, seconds: float) -> list[HitClip]:
    """Every stroke of the kits (see `synthesis.kits`), each microphone by itself.

    Classes are those of `hits.CLASSES`; no clip is longer than `seconds`. Pieces with three layers
    or more give a velocity, the middle of the layer's. Raises as `kits.load`.
    """
    longest = round(seconds * sample_rate)
    found = []
    for address in addresses:
        kit = kits.load(address, sample_rate=sample_rate)
        for articulation, pieces in kit.pieces.items():
            label = ARTICULATION_TO_10[articulation] or articulation.upper()
            for piece in pieces:
                edges = (0.0, *piece.velocities)
                for i, layer in enumerate(piece.layers):
                    known = (edges[i] + edges[i + 1]) / 2 if len(piece.layers) >= _LAYERS else None
                    found += [
                        HitClip(np.ascontiguousarray(row[:longest]), label, str(address), known)
                        for hit in layer
                        for row in hit.microphones
                    ]
    return found


def from_folder(
    root: str | Path,
    split: str,
    *,
    sample_rate: int,
    seconds: float,
    classes: Sequence[str],
    cache: Path | None = None,
    workers: int = 0,
) -> list[HitClip]:
    """The clips of one split that the table `labels.csv` of a folder names: see `list_folder`.

    Their samples are read once, by `workers`, into a file in `cache`, or one that vanishes with the
    process, and mapped from there. What cannot be read has a line on standard error, and is left
    out.

    Raises ValueError as `list_folder`.
    """
    named = list_folder(root, split, classes)
    if not named:
        return []
    made = FileRows.load(
        [path for path, _ in named],
        (round(seconds * sample_rate),),
        partial(_read, sample_rate=sample_rate, seconds=seconds),
        ["samples", sample_rate],
        cache=cache,
        workers=workers,
    )
    leave_out(made.problems.values())
    return [
        replace(clip, samples=made.values[row, : made.lengths[row]])
        for row, (_, clip) in enumerate(named)
        if row not in made.problems
    ]


def list_folder(root: str | Path, split: str, classes: Sequence[str]) -> list[tuple[Path, HitClip]]:
    """The files of one split that the table `labels.csv` of a folder names, without their samples.

    Its columns are `file` and `label`, where there are `split`, `group` and `velocity` too; labels
    are the `classes` themselves or those of `OPEN`; nothing stands for no drum. See
    `datasets.clips`.

    Raises ValueError for a label that is none of them, or a table that cannot be read.
    """
    found = []
    for path, row in read_labels(Path(root)):
        if splits.normalize(row.get("split") or "test") != split:
            continue
        label = row["label"] or None
        if label is not None and not {label, *OPEN.get(label, ())} & {*classes}:
            raise ValueError(f"{row.where}: expected one of {', '.join(classes)}, got {label!r}")
        velocity = float(row["velocity"]) if row.get("velocity") else None
        group = row.get("group") or row["file"]
        found.append((path, HitClip(_NOTHING, label, group, velocity)))
    return found


def _read(path: Path, sample_rate: int, seconds: float) -> NDArray[np.float32]:
    sound = audio.read(path, sample_rate=sample_rate, mono=True, duration=seconds)
    samples: NDArray[np.float32] = sound.samples[0, : round(seconds * sample_rate)]
    return samples


def from_notes(folders: Sequence[str], *, sample_rate: int, seconds: float) -> list[HitClip]:
    """Every sound file in the folders and theirs, as something that is no drum.

    A group is the folder that a file lies in. Raises ValueError when a folder holds none.
    """
    found = []
    for folder in folders:
        paths = [
            Path(place, name)
            # Links too: a folder of links chooses among instruments.
            for place, _, names in os.walk(folder, followlinks=True)
            for name in names
            if Path(name).suffix.lower() in audio.EXTENSIONS
        ]
        if not paths:
            raise ValueError(f"{folder}: expected sound files, found none")
        for path in sorted(paths):
            sound = audio.read(path, sample_rate=sample_rate, mono=True, duration=seconds)
            found.append(HitClip(sound.samples[0], None, path.parent.name))
    return found
