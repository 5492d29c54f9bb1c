"""Several classes counted as one: a guitar of either kind, say.

The one is named by its members, `gac+gel`. It plays where one of them does, it is said to play
where one of them is, and its power is theirs together.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from bandscribe.evaluation.presence import Reference
from bandscribe.instruments import Activity
from bandscribe.metrics.frames import ACTIVE
from bandscribe.types import LEVEL_FLOOR_DB, Activations

Groups = tuple[tuple[str, ...], ...]


def read_groups(words: Sequence[str], classes: Sequence[str]) -> Groups:
    """Groups from words such as `gac+gel`.

    Raises ValueError for a class that is not among `classes`, stands in two groups, or alone.
    """
    groups = tuple(tuple(word.split("+")) for word in words)
    named = [name for group in groups for name in group]
    if unknown := [name for name in named if name not in classes]:
        raise ValueError(f"--join: expected some of {', '.join(classes)}, got {unknown[0]!r}")
    if len(set(named)) < len(named) or any(len(group) < 2 for group in groups):
        raise ValueError(f"--join: expected two classes or more once each, got {', '.join(words)}")
    return groups


def name_classes(classes: tuple[str, ...], groups: Groups) -> tuple[str, ...]:
    """The classes, each group in the place of its first member."""
    return tuple("+".join(members) for members in _members(classes, groups))


def select(activations: Activations, classes: tuple[str, ...]) -> Activations:
    """The same of these classes alone, in their order."""
    columns = [activations.classes.index(name) for name in classes]
    return replace(activations, values=activations.values[:, columns], classes=classes)


def join_reference(reference: Reference, groups: Groups) -> Reference:
    """A group surely plays where one of its members does, and surely not where none can."""
    if not groups:
        return reference
    classes = reference.presence.classes
    plays = _greatest(reference.presence.values * reference.known, classes, groups)
    every = _greatest(~reference.known, classes, groups) == 0
    level = reference.level and _join_levels(reference.level, groups)
    names = name_classes(classes, groups)
    presence = replace(reference.presence, values=plays, classes=names)
    return Reference(presence, every | (plays >= ACTIVE), level)


def join(heard: Activity, classes: tuple[str, ...], groups: Groups) -> Activity:
    """The activity of `classes`; of a group, the one most surely above its threshold.

    So that they can be compared, the probabilities of a group's members are first bent so that
    their thresholds lie at 0.5.
    """
    columns = [heard.probability.classes.index(name) for name in classes]
    thresholds = heard.thresholds[columns]
    values = heard.probability.values[:, columns]
    if not groups:
        return replace(
            heard,
            probability=select(heard.probability, classes),
            level=select(heard.level, classes),
            thresholds=thresholds,
        )
    below = ACTIVE * values / thresholds
    above = 1 - ACTIVE * (1 - values) / (1 - thresholds)
    bent = np.where(values < thresholds, below, above)
    grouped = np.array([any(name in group for group in groups) for name in classes])
    comparable = np.where(grouped, bent, values).astype(np.float32)
    names = name_classes(classes, groups)
    own = dict(zip(classes, thresholds, strict=True))
    return Activity(
        replace(heard.probability, values=_greatest(comparable, classes, groups), classes=names),
        _join_levels(select(heard.level, classes), groups),
        np.array([own.get(name, ACTIVE) for name in names]),
        heard.duration,
    )


def _members(classes: tuple[str, ...], groups: Groups) -> list[tuple[str, ...]]:
    by_name = {name: group for group in groups for name in group}
    return list(dict.fromkeys(by_name.get(name, (name,)) for name in classes))


def _greatest(
    values: NDArray[np.floating] | NDArray[np.bool_], classes: tuple[str, ...], groups: Groups
) -> NDArray[np.float32]:
    """(frame, class) to (frame, group)."""
    columns = [[classes.index(name) for name in each] for each in _members(classes, groups)]
    return np.stack([values[:, each].max(axis=1) for each in columns], axis=1).astype(np.float32)


def _join_levels(level: Activations, groups: Groups) -> Activations:
    powers = np.where(level.values > LEVEL_FLOOR_DB, 10 ** (level.values.astype(float) / 10), 0)
    columns = [
        [level.classes.index(name) for name in each] for each in _members(level.classes, groups)
    ]
    sums = np.stack([powers[:, each].sum(axis=1) for each in columns], axis=1)
    decibels = 10 * np.log10(np.maximum(sums, 1e-12))
    values = decibels.clip(LEVEL_FLOOR_DB, 0).astype(np.float32)
    return replace(level, values=values, classes=name_classes(level.classes, groups))
