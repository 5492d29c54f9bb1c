"""Instruments of a recording: audio → probabilities over time → which are present, when, how
loud.

A network predicts a probability per class and frame (or window); one that tracks also predicts
how far each, if it is present, is below the mixture at that moment.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from bandscribe import chunks, names, runtime
from bandscribe.calibration import Calibration, in_order, shift_of
from bandscribe.chunks import STRATEGIES, Strategy
from bandscribe.inference import Inference, infer
from bandscribe.inference import front_end as front_end  # as drums and hits have one
from bandscribe.singing import VOICE, restrain
from bandscribe.types import LEVEL_FLOOR_DB, Activations, Audio, Segment, Tags

#: The shipped model.
MODEL = "instruments"
#: Over how many seconds probabilities are averaged to decide when an instrument plays.
SPAN_SECONDS = 1.0
#: A stretch of a track shorter than this is left out, a gap shorter than this is played over.
DURATION, GAP = 0.3, 0.5

_TINY = 1e-12
_FRAMES_AT_ONCE = 1 << 14


def name_outputs(classes: tuple[str, ...]) -> tuple[str, ...]:
    """The outputs of a network that tracks: presence of each class, then levels."""
    return (*classes, *(f"{name}_level" for name in classes))


class Extent(NamedTuple):
    """The share of the time in which a class is present; its first and last moment in seconds."""

    share: float
    first: float | None
    last: float | None


@dataclass(frozen=True, eq=False)
class Recognition:
    """The instruments that are present in a recording, and when.

    `tags` are probabilities, aggregated from those of frames, `probability`, and calibrated where
    the model can. A class is `present` when its score is at least that of `thresholds` (class,);
    in a second when its mean is at least that of `frame_thresholds` (class,). `duration` in
    seconds.
    """

    tags: Tags
    probability: Activations
    thresholds: NDArray[np.float64]
    frame_thresholds: NDArray[np.float64]
    duration: float

    @property
    def present(self) -> NDArray[np.bool_]:
        """Which classes are present, (class,)."""
        sounds = self.probability.values.any(axis=0)
        return np.asarray((self.tags.scores >= self.thresholds) & sounds)

    @cached_property
    def spans(self) -> tuple[Extent, ...]:
        """When each class is present, to the second; if only overall, in its best second."""
        values, rate = self.probability.values, self.probability.frame_rate
        length = max(1, round(SPAN_SECONDS * rate))
        # A rest of less than half a second belongs to the second before.
        starts = np.arange(0, max(1, len(values) - length // 2), length)
        edges = np.append(starts, len(values))
        lengths = np.diff(edges)
        means = np.empty((len(starts), values.shape[1]))
        for column, curve in enumerate(values.T):  # of hours, all at once are a copy too many
            means[:, column] = np.add.reduceat(curve, starts, dtype=np.float64) / lengths
        audible = (means >= self.frame_thresholds) & (means > 0)
        best = (means == means.max(axis=0)) & self.present
        audible |= best & ~audible.any(axis=0)
        spans = []
        for column in audible.T:
            seconds = np.flatnonzero(column)
            if not len(seconds):
                spans.append(Extent(0.0, None, None))
                continue
            share = float(lengths[column].sum() / len(values))
            first = min(float(edges[seconds[0]] / rate), self.duration)
            last = min(float(edges[seconds[-1] + 1] / rate), self.duration)
            spans.append(Extent(share, first, last))
        return tuple(spans)


@dataclass(frozen=True, eq=False)
class Activity:
    """The activity of each instrument at every moment, and its level.

    `probability` that a class sounds, and its `level` in dB below the loudest frame of the mixture,
    both (frame, class). A class plays where its probability is at least that of `thresholds`
    (class,). `duration` in seconds.
    """

    probability: Activations
    level: Activations
    thresholds: NDArray[np.float64]
    duration: float

    def segments(self, *, duration: float = DURATION, gap: float = GAP) -> list[Segment]:
        """The stretches in which each class plays, by their start.

        Blips shorter than `duration` seconds, or than `DURATION` if that is less, are left out;
        then gaps of less than `gap` seconds are closed, and what is still shorter than `duration`
        is left out, too. The mean level is that of the power.
        """
        found = []
        audible = self.probability.values >= self.thresholds
        for column, label in enumerate(self.probability.classes):
            powers = 10 ** (self.level.values[:, column].astype(np.float64) / 10)
            for first, last in self.stretches(audible[:, column], duration=duration, gap=gap):
                level = float(10 * np.log10(powers[first:last].mean()))
                found.append(Segment(label, *self.seconds(first, last), level))
        return sorted(found, key=lambda segment: (segment.start, segment.label))

    def plays(self, *, duration: float = DURATION, gap: float = GAP) -> NDArray[np.bool_]:
        """Whether each class plays in each frame, (frame, class): as in `segments`."""
        audible = self.probability.values >= self.thresholds
        plays = np.zeros_like(audible)
        for column in range(audible.shape[1]):
            for first, last in self.stretches(audible[:, column], duration=duration, gap=gap):
                plays[first:last, column] = True
        return plays

    def stretches(
        self, holds: NDArray[np.bool_], *, duration: float = DURATION, gap: float = GAP
    ) -> list[tuple[int, int]]:
        """Runs of true frames (first, last + 1) of `holds` (frame,), as `segments` makes them."""

        def lasts(run: tuple[int, int], least: float) -> bool:
            start, end = self.seconds(*run)
            return end - start >= least - 1e-9  # times are rounded: 0.7 - 0.4 is less than 0.3

        parts = [run for run in find_runs(holds) if lasts(run, min(duration, DURATION))]
        joined = join(parts, round(gap * self.probability.frame_rate))
        return [run for run in joined if lasts(run, duration)]

    def seconds(self, first: int, last: int) -> tuple[float, float]:
        """The start and end of frames `first` to `last` - 1, in seconds."""
        rate = self.probability.frame_rate
        return min(first / rate, self.duration), min(last / rate, self.duration)


def find_runs(holds: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Runs of true frames (first, last + 1) of `holds` (frame,)."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], holds, [False]]).astype(np.int8)))
    return [(first, last) for first, last in edges.reshape(-1, 2).tolist()]


def join(runs: Iterable[tuple[int, int]], gap: int) -> list[tuple[int, int]]:
    """Consecutive runs (first, last + 1) with those less than `gap` frames apart joined."""
    joined: list[tuple[int, int]] = []
    for first, last in runs:
        if joined and first - joined[-1][1] < gap:
            joined[-1] = joined[-1][0], last
        else:
            joined.append((first, last))
    return joined


def recognize(
    source: Audio | str | Path | Iterable[Audio],
    *,
    model: runtime.Model | str | Path = MODEL,
    aggregate: Strategy = "s1",
    threshold: float | None = None,
    among: str | Sequence[str] = (),
) -> Recognition:
    """Recognize which instruments are present in `source`.

    `source` is a file, audio of any rate and number of channels, or consecutive mono blocks at the
    rate of the model's front end. Files are read in blocks, so that long ones need little more
    memory than short ones. `model` is a loaded model, the name of a shipped one, or the path of an
    ONNX file. `aggregate` combines the probabilities of frames as in `chunks.aggregate`;
    `threshold`, 0 to 1, replaces the thresholds of all classes. In digital silence nothing is
    present. Where only some classes may occur, `among` is one of these or several, as codes or
    names (`vio`, `violin,cello`, `("vio", "cel")`): the others are absent, and probabilities are
    corrected for that as in `calibration.shift_of`.

    Raises ValueError for an invalid argument or file content, OSError when the file cannot be read.
    """
    loaded = runtime.resolve(model, runtime.load)
    check(loaded.card, aggregate, threshold, among)
    inferred = infer(source, loaded)
    return decide(
        inferred.probability, loaded.card, aggregate=aggregate, threshold=threshold, among=among,
        duration=inferred.duration,
    )  # fmt: skip


def track(
    source: Audio | str | Path | Iterable[Audio], *, model: runtime.Model | str | Path = MODEL
) -> Activity:
    """Track when each instrument of `source` plays, and at which level.

    `source`, `model` and errors as in `recognize`; the model must be a tracker.
    """
    loaded = runtime.resolve(model, runtime.load)
    check_tracker(loaded.card)
    return _describe_activity(infer(source, loaded), loaded.card)


def recognize_and_track(
    source: Audio | str | Path | Iterable[Audio], *, model: runtime.Model | str | Path = MODEL
) -> tuple[Recognition, Activity]:
    """What `recognize`, by its defaults, and `track` find, of one inference; errors as there."""
    loaded = runtime.resolve(model, runtime.load)
    check(loaded.card)
    check_tracker(loaded.card)
    inferred = infer(source, loaded)
    found = decide(inferred.probability, loaded.card, duration=inferred.duration)
    return found, _describe_activity(inferred, loaded.card)


def _describe_activity(inferred: Inference, card: runtime.ModelCard) -> Activity:
    """The activity by what a tracker gives, whose `levels` become absolute, in place."""
    probability, levels = inferred.probability, inferred.levels
    thresholds = in_order(card.thresholds["frame"], probability.classes)
    values = probability.values.copy()
    if VOICE in probability.classes:
        voice = probability.classes.index(VOICE)
        beside = (1 - levels[:, voice]) * np.float32(LEVEL_FLOOR_DB)
        values[:, voice] = restrain(
            values[:, voice], beside, thresholds[voice], probability.frame_rate
        )
    _make_absolute(levels, values, thresholds.astype(np.float32), inferred.power)
    return Activity(
        replace(probability, values=values),
        replace(probability, values=levels, kind="level_db"),
        thresholds,
        inferred.duration,
    )


def decide(
    probability: Activations,
    card: runtime.ModelCard,
    *,
    aggregate: Strategy = "s1",
    threshold: float | None = None,
    among: str | Sequence[str] = (),
    duration: float,
) -> Recognition:
    """Decide about a whole recording from probabilities over time.

    Raises ValueError as `check`, and when there are no frames.
    """
    check(card, aggregate, threshold, among)
    classes = probability.classes
    among = names.find_all(among, classes)
    possible = np.array([not among or name in among for name in classes])
    if among:
        probability = replace(probability, values=probability.values * possible)
    scores = np.minimum(chunks.aggregate(probability.values, aggregate), 1)
    given = in_order(card.thresholds[aggregate], classes)
    if threshold is not None:
        given = np.full(len(classes), threshold, dtype=np.float64)
    if "frame" in card.thresholds:
        frames = in_order(card.thresholds["frame"], classes)
    else:
        # As if the whole recording were like this second; S2 divides by the largest mean.
        top = float(scores.max())
        means = probability.values.mean(axis=0, dtype=np.float64)
        frames = given * (float(means.max()) / top if top else 1.0)
    # S2 is a ratio to the largest class, not a probability: its rule is one on raw scores.
    if aggregate == "s1" and aggregate in card.calibration:
        fitted = card.calibration[aggregate]
        slope, intercept = (in_order(fitted[part], classes) for part in ("slope", "intercept"))
        calibrate = Calibration(slope, intercept)
        shift = shift_of(in_order(fitted["frequency"], classes), possible) if among else 0.0
        scores = Calibration(slope, intercept + shift)(scores).astype(np.float32)
        if threshold is None:
            given = calibrate(given).astype(np.float32)
    scores = np.where(probability.values.any(axis=0), scores, np.float32(0))
    return Recognition(Tags(scores, classes), probability, given, frames, duration)


def check(
    card: runtime.ModelCard,
    aggregate: str = "s1",
    threshold: float | None = None,
    among: str | Sequence[str] = (),
) -> None:
    """Raise ValueError where `recognize` would, before any audio is processed."""
    if aggregate not in STRATEGIES:
        raise ValueError(f"aggregate: expected one of {', '.join(STRATEGIES)}, got {aggregate!r}")
    if threshold is not None and not 0 <= threshold <= 1:
        raise ValueError(f"threshold: expected 0 to 1, got {threshold}")
    known = set(card.thresholds.get(aggregate, {}))
    if card.task not in ("recognition", "activity") or known != set(card.classes):
        raise ValueError(
            f"card: {card.name!r} does not recognize instruments (by {aggregate}); choose a "
            "model that does (see bandscribe models), or export it again"
        )
    possible = names.find_all(among, card.classes)
    if possible and aggregate == "s1" and "frequency" not in card.calibration.get("s1", {}):
        raise ValueError(
            f"among: the card of {card.name!r} has no frequencies of classes to correct "
            "probabilities by; train and export it again, or take the aggregate s2"
        )
    front_end(card)


def check_tracker(card: runtime.ModelCard) -> None:
    """Raise ValueError where `track` would, before any audio is processed."""
    known = set(card.thresholds.get("frame", {}))
    if card.outputs != name_outputs(card.classes) or known != set(card.classes):
        raise ValueError(
            f"card: {card.name!r} does not track instruments; choose a model that does "
            "(see bandscribe models)"
        )
    front_end(card)


def _make_absolute(
    levels: NDArray[np.float32],
    probability: NDArray[np.float32],
    thresholds: NDArray[np.float32],
    power: NDArray[np.float64],
) -> None:
    """Turn a network's levels (frame, class) into dB below the loudest frame, in place.

    The network gives how far each class, if it plays, is above `LEVEL_FLOOR_DB` beside the mixture
    in that frame. That is its level wherever it plays; below its threshold (class,) it fades out,
    by the ratio of probability to threshold as an amplitude.
    """
    mixture = 10 * np.log10(np.maximum(power, _TINY))
    drop = (mixture - mixture.max(initial=10 * np.log10(_TINY))).astype(np.float32)
    for first in range(0, len(levels), _FRAMES_AT_ONCE):
        part = slice(first, first + _FRAMES_AT_ONCE)
        below = (1 - levels[part]) * np.float32(LEVEL_FLOOR_DB)
        share = np.minimum(probability[part] / thresholds, 1)
        level = below + 20 * np.log10(share + np.float32(_TINY)) + drop[part, None]
        levels[part] = level.clip(LEVEL_FLOOR_DB, 0)
