"""The annotation of activity over time, with which predictions are compared.

- `ActivityReference.load`: which class plays in which frame, and in the track at all.
- `to_medleydb_confidence`: levels of a prediction in the terms of MedleyDB's annotation.
- `parse_groups`, `merge_reference`, `merge_activity`: several classes counted as one, such as
  guitars of both kinds.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from bandscribe.datasets.levels import find_audible, power
from bandscribe.datasets.track import Track
from bandscribe.decode import decode
from bandscribe.instruments import Activity
from bandscribe.metrics.frames import ACTIVE
from bandscribe.names import find_all
from bandscribe.types import LEVEL_FLOOR_DB, Activations

#: A class is present in a track if it plays for so many seconds in total.
MIN_SECONDS = 0.2

#: MedleyDB's confidence: offset and slope of the logistic function, and the cutoff in Hz of the
#: smoothing: 0.075 of half the frame rate of 21.5 Hz of its authors.
THETA, SLOPE = 0.15, 20.0
CUTOFF = 0.075 * 44100 / 2048 / 2
_PADDING = 2.0  # seconds by which both ends are mirrored

#: Classes that are counted as one, each group named by its members: `gac+gel`.
Groups = tuple[tuple[str, ...], ...]


@dataclass(frozen=True, eq=False)
class ActivityReference:
    """`presence` is 1 where a class plays, `known` (frame, class) where it is certain.

    `level`, where it is annotated, is that of the classes while they play, and silence elsewhere.
    """

    presence: Activations
    known: NDArray[np.bool_]
    level: Activations | None

    @classmethod
    def load(cls, target: Activations, track: Track[Activations]) -> ActivityReference:
        """The reference of the annotation of a track.

        Of confidences (MedleyDB), a class plays from 0.5 up, as in its authors' evaluation. Of
        levels, it plays where it is audible beside all else in the recording
        (`datasets.levels.find_audible`), and is not known where that is doubtful.

        For levels the audio is read: ValueError and OSError as `bandscribe.decode.decode`.
        """
        scored = np.array([name not in track.unscored for name in target.classes])
        if target.kind == "probability":
            values = (target.values >= ACTIVE).astype(np.float32)
            return cls(replace(target, values=values), np.broadcast_to(scored, values.shape), None)
        mixture = power(decode(track.audio))
        total = np.zeros(len(target.values))
        count = min(len(mixture), len(total))
        total[:count] = mixture[:count] / max(float(mixture.max(initial=0.0)), 1e-12)
        sounds = target.values > LEVEL_FLOOR_DB
        parts = np.where(sounds, 10 ** (target.values.astype(np.float64) / 10), 0.0)
        audible = find_audible(parts, total, target.frame_rate)
        presence = replace(target, values=np.nan_to_num(audible), kind="probability")
        level = np.where(audible == 1, target.values, np.float32(LEVEL_FLOOR_DB))
        return cls(presence, ~np.isnan(audible) & scored, replace(target, values=level))

    @property
    def solos(self) -> NDArray[np.int64]:
        """The class that certainly plays alone in each frame, (frame,); -1 where none does."""
        plays = self.presence.values >= ACTIVE
        alone = self.known.all(axis=1) & (plays.sum(axis=1) == 1)
        return np.where(alone, plays.argmax(axis=1), -1)

    @property
    def labels(self) -> tuple[frozenset[str], frozenset[str]]:
        """The classes that are present in the track, and those for which that is unknown."""
        least = MIN_SECONDS * self.presence.frame_rate
        plays = ((self.presence.values >= ACTIVE) & self.known).sum(axis=0) >= least
        unknown = (~self.known).sum(axis=0) >= least
        names = np.array(self.presence.classes)
        present = frozenset(names[plays].tolist())
        return present, frozenset(names[unknown].tolist()) - present


def digest(target: Activations) -> str:
    """The same for the same annotation."""
    found = hashlib.sha256(np.ascontiguousarray(target.values).tobytes())
    found.update(repr((target.frame_rate, target.start, target.classes, target.kind)).encode())
    return found.hexdigest()


def to_medleydb_confidence(predicted: Activity) -> Activity:
    """The confidences that MedleyDB's annotation would give these levels; thresholds are 0.5.

    Bittner et al. 2014, section 3.2, and the authors' published code: the amplitude of each stem,
    half-wave rectified and compressed by a square root, becomes H = N · E / max_t ΣE for N stems;
    smoothed below 0.8 Hz, it gives the confidence 1 - 1 / (1 + exp(20 (H - 0.15))), and a stem is
    active from 0.5 on. So an instrument is active until it is some 33 dB below what is usual in the
    song, and throughout the rests between strokes.

    The stems here are the classes that are predicted for `MIN_SECONDS`.
    """
    rate = predicted.probability.frame_rate
    level = predicted.level.values.astype(np.float64)
    active = (predicted.probability.values >= predicted.thresholds) & (level > LEVEL_FLOOR_DB)
    # 20 dB are a factor of 10 in amplitude, and of its root after compression.
    compressed = np.where(active, 10 ** (level / 40), 0.0)
    stems = np.count_nonzero(active.sum(axis=0) >= MIN_SECONDS * rate)
    loudest = float(compressed.sum(axis=1).max(initial=0.0))
    share = compressed * (stems / loudest if loudest else 0.0)
    confidence = 1 / (1 + np.exp(-SLOPE * (_smooth(share, rate) - THETA)))
    return replace(
        predicted,
        probability=replace(predicted.probability, values=confidence.astype(np.float32)),
        thresholds=np.full(len(predicted.thresholds), ACTIVE),
    )


def _smooth(values: NDArray[np.float64], frame_rate: float) -> NDArray[np.float64]:
    """(frame, class) through a Butterworth filter of second order, forwards and backwards."""
    padding = min(round(_PADDING * frame_rate), max(len(values) - 1, 0))
    padded = np.pad(values, ((padding, padding), (0, 0)), mode="reflect" if padding else "edge")
    frequencies = np.fft.rfftfreq(len(padded), 1 / frame_rate)
    gain = 1 / (1 + (frequencies / CUTOFF) ** 4)
    spectrum = np.fft.rfft(padded, axis=0) * gain[:, np.newaxis]
    smoothed = np.fft.irfft(spectrum, len(padded), axis=0)
    return np.asarray(smoothed[padding : padding + len(values)])


# groups of classes --------------------------------------------------------------------------------


def parse_groups(texts: Sequence[str], classes: Sequence[str]) -> Groups:
    """Groups from texts such as `gac+gel`, in which classes are named as in `names.find`.

    Raises ValueError for a class that is not among `classes`, stands in two groups, or alone.
    """
    groups = tuple(find_all(text.split("+"), classes, "join") for text in texts)
    named = [name for group in groups for name in group]
    if len(set(named)) < len(named) or any(len(group) < 2 for group in groups):
        raise ValueError(f"--join: expected two classes or more once each, got {', '.join(texts)}")
    return groups


def name_classes(classes: tuple[str, ...], groups: Groups) -> tuple[str, ...]:
    """The classes, each group in the place of its first member."""
    return tuple("+".join(members) for members in _members(classes, groups))


def select(activations: Activations, classes: tuple[str, ...]) -> Activations:
    """The reference of these classes alone, in their order."""
    columns = [activations.classes.index(name) for name in classes]
    return replace(activations, values=activations.values[:, columns], classes=classes)


def merge_reference(reference: ActivityReference, groups: Groups) -> ActivityReference:
    """A group plays where a member plays; it is silent where all members certainly are."""
    if not groups:
        return reference
    classes = reference.presence.classes
    plays = _maximum(reference.presence.values * reference.known, classes, groups)
    all_known = _maximum(~reference.known, classes, groups) == 0
    level = reference.level and _add_levels(reference.level, groups)
    presence = replace(reference.presence, values=plays, classes=name_classes(classes, groups))
    return ActivityReference(presence, all_known | (plays >= ACTIVE), level)


def merge_activity(predicted: Activity, classes: tuple[str, ...], groups: Groups) -> Activity:
    """The activity of `classes`; a group's is that of the member farthest above its threshold.

    To be comparable, the probabilities of the members of a group are first mapped linearly on
    either side of their thresholds, so that these lie at 0.5.
    """
    probability = select(predicted.probability, classes)
    level = select(predicted.level, classes)
    columns = [predicted.probability.classes.index(name) for name in classes]
    thresholds = predicted.thresholds[columns]
    if not groups:
        return replace(predicted, probability=probability, level=level, thresholds=thresholds)
    values = probability.values
    below = ACTIVE * values / thresholds
    above = 1 - ACTIVE * (1 - values) / (1 - thresholds)
    mapped = np.where(values < thresholds, below, above)
    grouped = np.array([any(name in group for group in groups) for name in classes])
    comparable = np.where(grouped, mapped, values).astype(np.float32)
    names = name_classes(classes, groups)
    own = dict(zip(classes, thresholds, strict=True))
    return Activity(
        replace(probability, values=_maximum(comparable, classes, groups), classes=names),
        _add_levels(level, groups),
        np.array([own.get(name, ACTIVE) for name in names]),
        predicted.duration,
    )


def _members(classes: tuple[str, ...], groups: Groups) -> list[tuple[str, ...]]:
    by_name = {name: group for group in groups for name in group}
    return list(dict.fromkeys(by_name.get(name, (name,)) for name in classes))


def _columns(classes: tuple[str, ...], groups: Groups) -> list[list[int]]:
    return [[classes.index(name) for name in each] for each in _members(classes, groups)]


def _maximum(
    values: NDArray[np.floating] | NDArray[np.bool_], classes: tuple[str, ...], groups: Groups
) -> NDArray[np.float32]:
    """(frame, class) to (frame, group)."""
    columns = [values[:, each].max(axis=1) for each in _columns(classes, groups)]
    return np.stack(columns, axis=1).astype(np.float32)


def _add_levels(level: Activations, groups: Groups) -> Activations:
    """The level of a group is that of the summed power of its members."""
    powers = np.where(level.values > LEVEL_FLOOR_DB, 10 ** (level.values.astype(float) / 10), 0)
    sums = np.stack([powers[:, each].sum(axis=1) for each in _columns(level.classes, groups)], 1)
    decibels = 10 * np.log10(np.maximum(sums, 1e-12))
    values = decibels.clip(LEVEL_FLOOR_DB, 0).astype(np.float32)
    return replace(level, values=values, classes=name_classes(level.classes, groups))
