"""A page to look at a corpus of hits and to play it: one HTML file that holds its sound.

After the notebook that accompanies Hiner 2024, Drum Classification (section 4): how many clips of
each class there are, and previews. Here they can be chosen by class, kit, split, and by what a
model classifies them and with which probability.
"""

from __future__ import annotations

import base64
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from bandscribe import audio, splits
from bandscribe.display.page import compose, read_asset
from bandscribe.files import write_text
from bandscribe.types import Audio

#: Points of a drawn clip.
POINTS = 50
_SAMPLE_RATE = 44100
_FORMAT = ".mp3"  # which every browser plays


@dataclass(frozen=True)
class PlayableClip:
    """A clip that can be played: its sound as MP3 in base64, its `shape` (point,) from 0 to 99.

    `named` is the class that a model gives it, None where it abstains, and its `probability`; None
    without a model. `differs` states that it is not the class of `label`.
    """

    file: str
    label: str
    kit: str
    split: str
    velocity: float | None
    named: str | None
    probability: float | None
    differs: bool
    sound: str
    shape: tuple[int, ...]


def encode(sound: Audio) -> tuple[str, tuple[int, ...]]:
    """The `sound` and the `shape` of a clip."""
    mono = audio.resample(audio.downmix(sound), _SAMPLE_RATE)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, f"clip{_FORMAT}")
        audio.write(path, mono)
        data = base64.b64encode(path.read_bytes()).decode("ascii")
    parts = np.array_split(np.abs(mono.samples[0]), POINTS)
    peaks = np.array([part.max(initial=0.0) for part in parts])
    shape = np.rint(99 * peaks / max(float(peaks.max()), 1e-9)).astype(int)
    return data, tuple(shape.tolist())


def write(
    path: Path,
    clips: Sequence[PlayableClip],
    counts: Mapping[tuple[str, str, str], int],
    *,
    title: str,
    about: str = "",
) -> None:
    """Write the page; `counts` are clips by label, kit and split, those that cannot be played too.

    Raises ValueError where there are no counts, or a number is nan; OSError as
    `bandscribe.files.whole`.
    """
    if not counts:
        raise ValueError("counts: expected at least one")
    data = {
        "title": title,
        "about": about,
        "splits": splits.order(split for _, _, split in counts),
        "counts": [
            {"label": label, "kit": kit, "split": split, "clips": number}
            for (label, kit, split), number in counts.items()
        ],
        "clips": [asdict(clip) for clip in clips],
    }
    page = compose(
        title,
        read_asset("explorer.html"),
        style=read_asset("explorer.css"),
        script=read_asset("explorer.js"),
        data=data,
        media="data:",
    )
    write_text(path, page)
