"""Hits of one class joined to one sound of any length, after Hiner 2024, Drum Classification."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import numpy as np

from bandscribe.datasets.clips import HIT_NAMES, read_labels
from bandscribe.types import Audio

SAMPLE_RATE = 44100
#: Seconds over which the end of each clip fades.
FADE = 0.005


def find(root: Path, label: str, skip: Callable[[str], None] | None = None) -> list[Path]:
    """The clips of a folder with `labels.csv` whose label is `label`, or whose class is.

    So `phh` are the pedal hi-hats, and `CHH` all closed ones. Case does not matter.
    `skip` and errors are those of `clips.read_labels`; raises ValueError also where there are none.
    """
    rows = read_labels(root, skip=skip)
    found = [
        path
        for path, row in rows
        if row["label"].lower() == label.lower() or name_class(row["label"]) == label.upper()
    ]
    if not found:
        known = ", ".join(sorted({row["label"] for _, row in rows}))
        raise ValueError(f"{root}: no clip is {label}; its labels are {known}")
    return found


def name_class(label: str) -> str | None:
    """The one of the ten classes that a label stands for, None where it is none of them."""
    return HIT_NAMES.get(" ".join(label.replace("_", " ").lower().split()))


def shuffle(paths: list[Path], rng: np.random.Generator) -> Iterator[Path]:
    """Endlessly, all paths in a new order each time."""
    while True:
        yield from (paths[i] for i in rng.permutation(len(paths)))


def join(clips: Iterable[Audio], seconds: float) -> Iterator[Audio]:
    """Mono clips at 44.1 kHz, one after the other, `seconds` long in all; the last is cut.

    Shorter where the clips end. Raises ValueError for clips at another rate, and where there are
    none.
    """
    length = round(seconds * SAMPLE_RATE)
    filled = 0
    for clip in clips:
        if clip.sample_rate != SAMPLE_RATE or len(clip.samples) != 1:
            raise ValueError(f"clips: expected mono at {SAMPLE_RATE} Hz, got {clip.sample_rate} Hz")
        part = clip.samples[0, : length - filled].copy()
        fade = min(round(FADE * SAMPLE_RATE), len(part))
        part[len(part) - fade :] *= np.linspace(1, 0, fade, dtype=np.float32)
        yield Audio(part[None], SAMPLE_RATE)
        filled += len(part)
        if filled >= length:
            break
    if not filled:
        raise ValueError("clips: expected sound, got none")
