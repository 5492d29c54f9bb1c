"""One recording of a corpus, and what is known about it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from bandscribe.types import Transcription


@dataclass(frozen=True, eq=False)
class Track:
    """A recording that has not been read yet.

    `split` is the corpus's own. Tracks that share a `group` (a song, a player, a kit) must not be
    parted between training and evaluation. `load` reads the annotation.
    """

    id: str
    split: str
    group: str
    audio: Path
    load: Callable[[], Transcription]
    licence: str
