"""A mixture and each of its solos, as they are and as a network hears them.

Source: Neuroment 2022, section 5.5 and figures 19 to 22.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np

from bandscribe.datasets.levels import levels, power
from bandscribe.datasets.track import Track
from bandscribe.decode import decode
from bandscribe.evaluation.activity import Tracker
from bandscribe.instruments import Activity
from bandscribe.types import LEVEL_FLOOR_DB, Activations
from bandscribe.vocabulary import INSTRUMENTS


class Column(NamedTuple):
    """What was played and heard in a recording, in dB below its loudest frame."""

    name: str
    reference: Activations
    estimate: Activations


def compare_solos(track: Track[Activations], system: Tracker) -> list[Column]:
    """The mixture of a track, then each of its solos: files named by a class among its annotations.

    Raises ValueError or OSError where one cannot be read.
    """
    target = track.load()
    solos = {path.stem: path for path in track.annotations if path.stem in INSTRUMENTS}
    classes = tuple(solos)
    columns = [target.classes.index(name) for name in classes]
    mixture = replace(target, values=target.values[:, columns], classes=classes)
    found = [Column("mixture", mixture, _hear(track, system))]
    for name, path in solos.items():
        own = power(decode(path))
        alone = levels({name: [own]}, own, target.frame_rate)
        silent = np.full((len(own), len(classes)), LEVEL_FLOOR_DB, dtype=np.float32)
        silent[:, classes.index(name)] = alone.values[:, 0]
        reference = replace(alone, values=silent, classes=classes)
        found.append(Column(f"{name} alone", reference, _hear(replace(track, audio=path), system)))
    return found


def _hear(track: Track[Any], system: Tracker) -> Activations:
    """Levels of what is said to play; silence elsewhere."""
    heard: Activity = system.track(track)
    plays = heard.probability.values >= heard.thresholds
    values = np.where(plays, heard.level.values, np.float32(LEVEL_FLOOR_DB))
    return replace(heard.level, values=values)
