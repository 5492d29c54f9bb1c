"""How well activity over time follows the instruments.

Task: reference and estimate give for each frame the probability (`kind` probability) or the level
(`kind` level_db, in [-60, 0], -60 is silence) each instrument plays. Both lie on the same frames;
`align` brings one onto the other's.

Presence, from probabilities: precision, recall and F1 (per class, micro, macro, track mean),
average precision and balanced accuracy of frames. A frame of the reference is active from 0.5 up.

Level, from dB: the level error, and the two matrices of Neuroment (2022), section 5.4. The axes of
both are the same here: **row i is the instrument that plays alone, column j the one detected**.
(The source draws its leakage matrix the other way round.) Levels become amplitudes, a = 10^(L/20),
0 for silence; ⟨·⟩ is the mean over the frames in which i plays alone:

- noise[i, j] = 20 log10 ⟨|â_j - a_j|⟩: how far the estimate of j is from its reference meanwhile,
  which for j ≠ i is silence;
- leakage[i, j] = 20 log10 (⟨â_j⟩ / ⟨a_i⟩): how much of i is detected in j. Undefined (nan) on the
  diagonal.

Both are cut to the dynamic range of 60 dB, [-60, 0]: -60 is best. The source subtracts the distance
of the two levels from 60 dB; ours is the same number less 60, as drawn in its figures. A row of an
instrument that never plays alone is nan.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bandscribe.metrics import counts
from bandscribe.metrics.tags import step_area
from bandscribe.types import LEVEL_FLOOR_DB, Activations

ACTIVE = 0.5
#: Average precision sees probabilities rounded to 1 / RESOLUTION; so tracks need few numbers.
RESOLUTION = 500


@dataclass(frozen=True, eq=False)
class Presence:
    """Counts of frames per track.

    `counts` (track, class, 4): true and false positives, false and true negatives. `histogram`
    (track, class, 2, RESOLUTION + 1): inactive and active frames by score, from the lowest.
    """

    classes: tuple[str, ...]
    counts: NDArray[np.int64]
    histogram: NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Levels:
    """Sums over the frames of each track.

    `errors` (track, class, 2): absolute level error in dB, over frames where the class plays, and
    how many. While class i plays alone: `alone` (track, i) frames, `played` (track, i) its own
    amplitude, `estimated` (track, i, j) the estimated amplitude of j, and `deviation` (track, i, j)
    its absolute distance from the reference's.
    """

    classes: tuple[str, ...]
    errors: NDArray[np.float64]
    alone: NDArray[np.float64]
    played: NDArray[np.float64]
    estimated: NDArray[np.float64]
    deviation: NDArray[np.float64]


def count_presence(
    references: Sequence[Activations],
    estimates: Sequence[Activations],
    thresholds: ArrayLike = ACTIVE,
    *,
    known: Sequence[NDArray[np.bool_]] | None = None,
) -> Presence:
    """Count frames; a class is detected where its probability is at least its threshold.

    `thresholds` is one number or one per class. Where `known` (frame, class) of a track is False,
    it is unknown whether the class plays: such a frame is ignored there. Raises ValueError
    when the two sides differ in number, classes or frames, or are not probabilities.
    """
    classes = _classes(references, estimates, "probability")
    shape = len(references), len(classes)
    numbers = np.zeros((*shape, 4), dtype=np.int64)
    histogram = np.zeros((*shape, 2, RESOLUTION + 1))
    for t, (reference, estimate) in enumerate(zip(references, estimates, strict=True)):
        active = reference.values >= ACTIVE
        detected = estimate.values >= np.asarray(thresholds)
        valid = np.ones_like(active) if known is None else known[t]
        kinds = [active & detected, ~active & detected, active & ~detected, ~active & ~detected]
        numbers[t] = np.stack([(kind & valid).sum(axis=0) for kind in kinds], axis=-1)
        bins = np.rint(estimate.values * RESOLUTION).astype(np.int64)
        for c in range(len(classes)):
            for side in (0, 1):
                chosen = bins[valid[:, c] & (active[:, c] == side), c]
                histogram[t, c, side] = np.bincount(chosen, minlength=RESOLUTION + 1)
    return Presence(classes, numbers, histogram)


def presence_figures(
    presence: Presence, tracks: NDArray[np.int64] | None = None
) -> dict[str, float]:
    """Every figure over these tracks (all, if None) by name.

    `micro.f1`, `vio.recall` and so on (see `metrics.counts`), `vio.ap` and `map`,
    `vio.balanced_accuracy` and `balanced_accuracy`, their means over classes. Undefined figures
    are nan, and left out of means. A statistic: `lambda t: presence_figures(presence, t)`.
    """
    drawn = np.arange(len(presence.counts)) if tracks is None else tracks
    numbers = presence.counts[drawn]
    tp, fp, fn, tn = np.moveaxis(numbers.sum(axis=0), -1, 0)
    balanced = (counts.divide(tp, tp + fn) + counts.divide(tn, tn + fp)) / 2
    weights = np.bincount(drawn, minlength=len(presence.counts)).astype(np.float64)
    inactive, active = np.moveaxis(np.tensordot(weights, presence.histogram, 1)[..., ::-1], 1, 0)
    areas = step_area(active, inactive, undefined=float("nan"))
    named = counts.figures(numbers[..., :3], presence.classes)
    for name, area, share in zip(presence.classes, areas, balanced, strict=True):
        named |= {f"{name}.ap": float(area), f"{name}.balanced_accuracy": float(share)}
    named["map"] = float(counts.mean(areas))
    named["balanced_accuracy"] = float(counts.mean(balanced))
    return named


def sum_levels(
    references: Sequence[Activations],
    estimates: Sequence[Activations],
    solos: Sequence[NDArray[np.int64]] | None = None,
) -> Levels:
    """Sum level errors, and what is estimated while one instrument plays alone.

    `solos` gives per track and frame the index of the class that plays alone, -1 for none; without
    it `find_solos` does. Raises ValueError when the two sides differ in number, classes or frames,
    or are not levels.
    """
    classes = _classes(references, estimates, "level_db")
    if solos is None:
        solos = [find_solos(reference) for reference in references]
    n, c = len(references), len(classes)
    levels = Levels(
        classes,
        errors=np.zeros((n, c, 2)),
        alone=np.zeros((n, c)),
        played=np.zeros((n, c)),
        estimated=np.zeros((n, c, c)),
        deviation=np.zeros((n, c, c)),
    )
    for t, (reference, estimate, solo) in enumerate(zip(references, estimates, solos, strict=True)):
        plays = reference.values > LEVEL_FLOOR_DB
        errors = np.abs(estimate.values.astype(np.float64) - reference.values)
        levels.errors[t] = np.stack([(errors * plays).sum(axis=0), plays.sum(axis=0)], axis=-1)
        target, predicted = _amplitudes(reference), _amplitudes(estimate)
        for i in range(c):
            frames = solo == i
            levels.alone[t, i] = frames.sum()
            levels.played[t, i] = target[frames, i].sum()
            levels.estimated[t, i] = predicted[frames].sum(axis=0)
            levels.deviation[t, i] = np.abs(predicted[frames] - target[frames]).sum(axis=0)
    return levels


def level_figures(levels: Levels, tracks: NDArray[np.int64] | None = None) -> dict[str, float]:
    """Mean absolute level error in dB over these tracks: `level_error_db`, `vio.level_error_db`.

    Over the frames in which the class plays in the reference; the first counts all classes
    together. A statistic: `lambda t: level_figures(levels, t)`.
    """
    sums = (levels.errors if tracks is None else levels.errors[tracks]).sum(axis=0)
    errors = counts.divide(sums[:, 0], sums[:, 1])
    named = {"level_error_db": float(counts.divide(sums[:, 0].sum(), sums[:, 1].sum()))}
    for name, error in zip(levels.classes, errors, strict=True):
        named[f"{name}.level_error_db"] = float(error)
    return named


def noise_matrix(levels: Levels, tracks: NDArray[np.int64] | None = None) -> NDArray[np.float64]:
    """In dB, (playing alone, detected): see the head of this file."""
    deviation, alone = _total(levels.deviation, tracks), _total(levels.alone, tracks)
    return _decibels(counts.divide(deviation, np.broadcast_to(alone[:, None], deviation.shape)))


def leakage_matrix(levels: Levels, tracks: NDArray[np.int64] | None = None) -> NDArray[np.float64]:
    """In dB, (playing alone, detected): see the head of this file."""
    estimated, played = _total(levels.estimated, tracks), _total(levels.played, tracks)
    matrix = _decibels(counts.divide(estimated, np.broadcast_to(played[:, None], estimated.shape)))
    np.fill_diagonal(matrix, np.nan)
    return matrix


def find_solos(reference: Activations) -> NDArray[np.int64]:
    """The class that alone is above -60 dB in each frame, (frame,); -1 where none or several."""
    plays = reference.values > LEVEL_FLOOR_DB
    return np.where(plays.sum(axis=1) == 1, plays.argmax(axis=1), -1)


def align(activations: Activations, like: Activations) -> Activations:
    """The same activity on the frames of `like`: of each, the nearest; outside, nothing plays."""
    position = (like.times - activations.start) * activations.frame_rate
    nearest = np.rint(position).astype(np.int64)
    inside = (nearest >= 0) & (nearest < len(activations.values))
    silence = 0.0 if activations.kind == "probability" else LEVEL_FLOOR_DB
    values = np.full((len(nearest), len(activations.classes)), silence, dtype=np.float32)
    values[inside] = activations.values[nearest[inside]]
    return replace(activations, values=values, frame_rate=like.frame_rate, start=like.start)


def _classes(
    references: Sequence[Activations], estimates: Sequence[Activations], kind: str
) -> tuple[str, ...]:
    """The classes of all; checks that the two sides can be compared."""
    if len(references) != len(estimates):
        raise ValueError(f"estimates: expected {len(references)}, got {len(estimates)}")
    for t, (reference, estimate) in enumerate(zip(references, estimates, strict=True)):
        for name, side in (("references", reference), ("estimates", estimate)):
            if side.kind != kind or side.classes != references[0].classes:
                raise ValueError(
                    f"{name}: expected {kind} of {references[0].classes} in track {t}, "
                    f"got {side.kind} of {side.classes}"
                )
        grids = [(len(x.values), x.frame_rate, x.start) for x in (reference, estimate)]
        if grids[0] != grids[1]:
            raise ValueError(
                f"estimates: expected (frames, frame rate, start) {grids[0]} in track {t}, "
                f"got {grids[1]}; align brings one onto the other's frames"
            )
    return references[0].classes if references else ()


def _amplitudes(levels: Activations) -> NDArray[np.float64]:
    values = levels.values.astype(np.float64)
    return np.where(values > LEVEL_FLOOR_DB, 10 ** (values / 20), 0.0)


def _decibels(ratio: NDArray[np.float64]) -> NDArray[np.float64]:
    decibels: NDArray[np.float64] = 20 * np.log10(np.maximum(ratio, 1e-30))
    return decibels.clip(LEVEL_FLOOR_DB, 0.0)


def _total(values: NDArray[np.float64], tracks: NDArray[np.int64] | None) -> NDArray[np.float64]:
    total: NDArray[np.float64] = (values if tracks is None else values[tracks]).sum(axis=0)
    return total
