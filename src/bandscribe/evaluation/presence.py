"""What an annotation of activity over time says: who plays in which frame, and in a track at all.

Confidences (MedleyDB): a class plays from 0.5 up, as its authors have it. Levels: a class plays
where it is heard beside all else that sounds in the recording (`datasets.levels.find_heard`), and
nobody is asked where that is doubtful.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from bandscribe.datasets.levels import find_heard, power
from bandscribe.datasets.track import Track
from bandscribe.decode import decode
from bandscribe.metrics.frames import ACTIVE
from bandscribe.types import LEVEL_FLOOR_DB, Activations

#: A class counts as heard in a track where it plays for so many seconds in all.
HEARD_SECONDS = 0.2


@dataclass(frozen=True, eq=False)
class Reference:
    """`presence` is 1 where a class plays, `known` (frame, class) where that can be said.

    `level`, where it is annotated, is that of the classes while they play, and silence elsewhere.
    """

    presence: Activations
    known: NDArray[np.bool_]
    level: Activations | None

    @property
    def solos(self) -> NDArray[np.int64]:
        """The class that surely plays alone in each frame, (frame,); -1 where none or several."""
        plays = self.presence.values >= ACTIVE
        sure = self.known.all(axis=1) & (plays.sum(axis=1) == 1)
        return np.where(sure, plays.argmax(axis=1), -1)

    @property
    def labels(self) -> tuple[frozenset[str], frozenset[str]]:
        """The classes that are heard in the track, and those of which nobody can say it."""
        least = HEARD_SECONDS * self.presence.frame_rate
        plays = ((self.presence.values >= ACTIVE) & self.known).sum(axis=0) >= least
        open_ = (~self.known).sum(axis=0) >= least
        names = self.presence.classes
        heard = frozenset(name for name, there in zip(names, plays, strict=True) if there)
        doubtful = frozenset(name for name, there in zip(names, open_, strict=True) if there)
        return heard, doubtful - heard


def refer(target: Activations, track: Track[Activations]) -> Reference:
    """What the annotation of a track says of its frames.

    Of levels, the track's audio tells what sounds beside them: ValueError and OSError as
    `bandscribe.decode.decode` raises them.
    """
    asked = np.array([name not in track.unscored for name in target.classes])
    if target.kind == "probability":
        values = (target.values >= ACTIVE).astype(np.float32)
        return Reference(replace(target, values=values), np.broadcast_to(asked, values.shape), None)
    mixture = power(decode(track.audio))
    together = np.zeros(len(target.values))
    count = min(len(mixture), len(together))
    together[:count] = mixture[:count] / max(float(mixture.max(initial=0.0)), 1e-12)
    sounds = target.values > LEVEL_FLOOR_DB
    parts = np.where(sounds, 10 ** (target.values.astype(np.float64) / 10), 0.0)
    heard = find_heard(parts, together, target.frame_rate)
    presence = Activations(np.nan_to_num(heard), target.frame_rate, target.start, target.classes)
    level = np.where(heard == 1, target.values, np.float32(LEVEL_FLOOR_DB))
    return Reference(presence, ~np.isnan(heard) & asked, replace(target, values=level))


def digest(target: Activations) -> str:
    """The same for the same annotation."""
    found = hashlib.sha256(np.ascontiguousarray(target.values).tobytes())
    found.update(repr((target.frame_rate, target.start, target.classes, target.kind)).encode())
    return found.hexdigest()
