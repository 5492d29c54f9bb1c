"""One recording of a corpus, its split, group and annotations."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

from bandscribe.types import Activations, Transcription

#: The content of an annotation: drum notes, activity over time, or labels of the whole.
T_co = TypeVar("T_co", Transcription, Activations, frozenset[str], covariant=True)


@dataclass(frozen=True, eq=False)
class Track(Generic[T_co]):
    """A recording that has not been read yet.

    `split` is the corpus's own: `train`, `validation` or `test`, or the name of a fold. Tracks that
    share a `group` (a song, a player, a session) must not be divided between training and
    evaluation. `load` reads the annotation, from the files `annotations`; it raises ValueError or
    OSError, in one line that names the file. `unscored` are classes that were not annotated in this
    recording, beyond those of its corpus. `seconds` is the length that it is cut or filled up to,
    where its corpus has such a rule.
    """

    id: str
    split: str
    group: str
    audio: Path
    load: Callable[[], T_co]
    annotations: tuple[Path, ...] = ()
    unscored: frozenset[str] = frozenset()
    seconds: float | None = None

    @property
    def missing(self) -> tuple[Path, ...]:
        """The files of this track that are not there."""
        # Other than that of a path, this is_file never raises: a name may be none on this system.
        return tuple(path for path in (self.audio, *self.annotations) if not os.path.isfile(path))  # noqa: PTH113
