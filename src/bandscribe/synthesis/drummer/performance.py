"""Variations of a performance: humanise, cut, stretch, re-orchestrate.

Every function takes notes in ARTICULATIONS and returns new ones; notes and beats move together, so
that labels stay exact.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from bandscribe.synthesis.sound import Rng
from bandscribe.types import Beats, Transcription
from bandscribe.vocabulary import ARTICULATIONS

#: Below this velocity a note is a ghost note.
GHOST = 0.35
#: Strokes of one piece that are closer than this, in seconds, are one stroke.
MIN_GAP = 0.010


@dataclass(frozen=True, eq=False)
class Feel:
    """How one drummer plays: per articulation (n,), and for the whole performance.

    `lag` seconds late (negative: early), `jitter` seconds of standard deviation, `gain` of the
    velocity; `touch` standard deviation of the logarithm of the velocity, `dropped` the share of
    ghost notes left out, `drift` the relative deviation of the tempo at evenly spaced times.
    """

    lag: NDArray[np.float64]
    jitter: NDArray[np.float64]
    gain: NDArray[np.float64]
    touch: float
    dropped: float
    drift: NDArray[np.float64]


def draw_feel(rng: Rng, duration: float, *, steady: bool = False) -> Feel:
    """One drummer: a quarter of them are machines, exact in time; all `steady` ones keep tempo."""
    n = len(ARTICULATIONS)
    machine = rng.random() < 0.25
    looseness = 0.0 if machine else rng.uniform(0.1, 1.0)
    knots = 2 + int(duration / 2)
    steady = rng.random() < 0.5 or machine or steady
    return Feel(
        lag=looseness * np.clip(rng.normal(0.0, 0.005, n), -0.015, 0.015),
        jitter=looseness * rng.uniform(0.0, 0.012, n),
        gain=np.exp(rng.normal(0.0, 0.15, n)),
        touch=rng.uniform(0.0, 0.2),
        dropped=rng.uniform(0.0, 0.6) if rng.random() < 0.3 else 0.0,
        drift=np.zeros(knots) if steady else np.clip(rng.normal(0.0, 0.02, knots), -0.06, 0.06),
    )


def humanise(transcription: Transcription, rng: Rng, *, steady: bool = False) -> Transcription:
    """The notes as a drawn drummer plays them; the duration stays, and a `steady` one's beats.

    Notes without velocities are taken at 0.8. Notes pushed over an end of the recording are left
    out.
    """
    duration = transcription.duration
    feel = draw_feel(rng, duration, steady=steady)
    notes = warp(transcription, *_drift_knots(feel.drift, duration))
    index = np.array([ARTICULATIONS.index(x) for x in notes.labels.tolist()], dtype=np.int64)
    n = len(index)
    onsets = notes.onsets + feel.lag[index] + feel.jitter[index] * rng.normal(size=n)
    written = np.full(n, 0.8) if notes.velocities is None else notes.velocities
    velocities = written * feel.gain[index] * np.exp(feel.touch * rng.normal(size=n))
    keep = (written >= GHOST) | (rng.random(n) >= feel.dropped)
    keep &= (onsets >= 0) & (onsets < duration)
    return _arrange(notes, onsets[keep], notes.labels[keep], np.clip(velocities, 0.02, 1.0)[keep])


def _drift_knots(
    drift: NDArray[np.float64], duration: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Knots of the time warp whose tempo deviates by `drift`; its ends stay where they are."""
    source = np.linspace(0.0, duration, 8 * len(drift))
    rate = 1.0 + np.interp(source, np.linspace(0.0, duration, len(drift)), drift)
    target = np.concatenate([[0.0], np.cumsum(np.diff(source) * (rate[1:] + rate[:-1]) / 2)])
    if duration > 0:
        target *= duration / target[-1]
        target[-1] = duration
    return source, target


def warp(
    transcription: Transcription, source: NDArray[np.float64], target: NDArray[np.float64]
) -> Transcription:
    """Bend time: the moment `source[i]` becomes `target[i]`, linear in between; (knot,) each.

    Raises ValueError when the knots do not ascend, or do not span the recording.
    """
    if source.shape != target.shape or np.any(np.diff(source) < 0) or np.any(np.diff(target) < 0):
        raise ValueError("source, target: expected as many ascending knots in one as in the other")
    if source[0] > 0 or source[-1] < transcription.duration:
        raise ValueError(
            f"source: expected knots from 0 to {transcription.duration:g} s, got "
            f"{source[0]:g} to {source[-1]:g}"
        )

    def bend(times: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.asarray(np.interp(times, source, target), dtype=np.float64)

    beats = transcription.beats
    return replace(
        transcription,
        onsets=bend(transcription.onsets),
        duration=float(np.interp(transcription.duration, source, target)),
        beats=None if beats is None else Beats(bend(beats.times), beats.positions),
    )


def stretch(transcription: Transcription, factor: float) -> Transcription:
    """The same notes, `factor` times as slow: every time is multiplied by it.

    Raises ValueError when `factor` is not positive.
    """
    if not factor > 0:
        raise ValueError(f"factor: expected a positive number, got {factor}")
    beats = transcription.beats
    return replace(
        transcription,
        onsets=transcription.onsets * factor,
        duration=transcription.duration * factor,
        beats=None if beats is None else Beats(beats.times * factor, beats.positions),
    )


def excerpt(transcription: Transcription, start: float, duration: float) -> Transcription:
    """The notes and beats in [start, start + duration), with `start` as the new zero.

    Raises ValueError when `duration` is not positive.
    """
    if not duration > 0:
        raise ValueError(f"duration: expected a positive number of seconds, got {duration}")
    first, last = np.searchsorted(transcription.onsets, [start, start + duration]).tolist()
    notes, beats = transcription.select(slice(first, last)), transcription.beats
    if beats is not None:
        beats = beats.between(start, start + duration)
        beats = Beats(beats.times - start, beats.positions)
    return replace(notes, onsets=notes.onsets - start, duration=duration, beats=beats)


@dataclass(frozen=True)
class Change:
    """Between `start` and `end` seconds, what was on `source` is played on `target`."""

    source: str
    target: str
    start: float
    end: float


#: Orchestrations that a drummer could have chosen, with their probabilities. The notes of one
#: group change together.
ORCHESTRATIONS: tuple[tuple[float, dict[str, str]], ...] = (
    (0.15, {"chh": "rd", "ohh": "rb"}),
    (0.05, {"chh": "rb", "ohh": "cr"}),
    (0.15, {"chh": "ohh"}),
    (0.05, {"ohh": "chh"}),
    (0.05, {"chh": "cr"}),
    (0.06, {"chh": "lt"}),
    (0.15, {"rd": "chh", "rb": "ohh"}),
    (0.05, {"rd": "cr"}),
    (0.05, {"rd": "rb"}),
    (0.12, {"cr": "ch"}),
    (0.12, {"cr": "sp"}),
    (0.15, {"sd": "ss"}),
    (0.20, {"ss": "sd"}),
    (0.04, {"sd": "mt"}),
    (0.15, {"ht": "mt", "mt": "lt", "lt": "ht"}),
    (0.15, {"ht": "lt", "mt": "ht", "lt": "mt"}),
    (0.10, {"ht": "lt", "lt": "ht"}),
)


def draw_changes(rng: Rng, duration: float) -> list[Change]:
    """Some of ORCHESTRATIONS, each for the whole performance or for a part of it."""
    changes = []
    for probability, group in ORCHESTRATIONS:
        if rng.random() < probability:
            start, end = 0.0, duration
            if rng.random() < 0.5:
                start, end = np.sort(rng.uniform(0.0, duration, 2)).tolist()
            changes += [Change(source, target, start, end) for source, target in group.items()]
    return changes


def remap(transcription: Transcription, rng: Rng) -> Transcription:
    """The same rhythm on other pieces of the kit, so that one take serves many classes.

    Each note changes at most once: all changes read the labels as they were, the last one wins.
    """
    onsets, before = transcription.onsets, transcription.labels
    labels = before.astype(f"<U{max(map(len, ARTICULATIONS))}")
    for change in draw_changes(rng, transcription.duration):
        inside = (onsets >= change.start) & (onsets <= change.end) & (before == change.source)
        labels[inside] = change.target
    return _arrange(transcription, onsets, labels, transcription.velocities)


#: Groups of pieces that may be absent, and how often.
_DISPENSABLE = (
    (0.10, ("chh", "phh", "ohh", "rd", "rb", "sp")),
    (0.05, ("chh", "phh", "ohh", "rd", "rb", "sp", "cr", "ch")),
    (0.03, ("kd",)),
    (0.03, ("sd",)),
)


def thin_out(transcription: Transcription, rng: Rng) -> Transcription:
    """Now and then without hi-hats, cymbals, kick or snare.

    A network trained on drums that always play together would infer one from the other.
    """
    keep = np.ones(len(transcription.onsets), dtype=bool)
    for probability, articulations in _DISPENSABLE:
        if rng.random() < probability:
            keep &= ~np.isin(transcription.labels, articulations)
    kept = transcription.select(keep)
    return _arrange(kept, kept.onsets, kept.labels, kept.velocities)


def _arrange(
    transcription: Transcription,
    onsets: NDArray[np.float64],
    labels: NDArray[np.str_],
    velocities: NDArray[np.float64] | None,
) -> Transcription:
    """New notes, sorted; of two strokes of one piece closer than MIN_GAP, the first is kept."""
    order = np.lexsort((onsets, labels))
    same = labels[order][1:] == labels[order][:-1]
    close = np.diff(onsets[order]) < MIN_GAP
    keep = order[np.concatenate([[True], ~(same & close)])] if len(order) else order
    keep = keep[np.argsort(onsets[keep], kind="stable")]
    return replace(
        transcription,
        onsets=onsets[keep],
        labels=labels[keep],
        velocities=None if velocities is None else velocities[keep],
    )
