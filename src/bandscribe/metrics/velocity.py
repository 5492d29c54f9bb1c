"""How well the velocities of found notes agree with how hard they were played.

Task: reference and estimate give each note a velocity in [0, 1]. Only notes that were found count:
the pairs of `metrics.onsets.match` within a class. Pairs whose reference has velocity 0 are left
out: MIDI has no such note, and 0 stands for an unknown velocity. Metrics, per class, over
all notes (micro) and as the mean over classes (macro):

- Pearson: the linear correlation of the velocities of pairs, which does not ask that both use the
  same scale; undefined (nan) for fewer than two pairs, or where either side never changes;
- Pearson within recordings: the same of differences from the mean of the class in its recording,
  that is, whether a stroke is louder or softer than that drum's usual stroke in that song;
- mean absolute error, in units of velocity (times `STEPS`: in MIDI velocity units);
- bias: mean of estimate minus reference; positive where the estimate is too loud.

All follow from sums over the pairs of a track, so that tracks can be resampled.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from bandscribe.metrics.counts import divide, mean
from bandscribe.metrics.onsets import TOLERANCE, match
from bandscribe.types import Transcription

#: Pairs, Σr, Σe, Σr², Σe², Σre, Σ|e − r|: r is the reference's velocity, e the estimate's.
SUMS = 7
STEPS = 127
FIGURES = ("pearson", "pearson_within", "mae", "bias")
_LEAST_VARIANCE = 1e-12  # below this the sums hold nothing but rounding


def gather(
    references: Sequence[Transcription],
    estimates: Sequence[Transcription],
    classes: Sequence[str],
    tolerance: float = TOLERANCE,
) -> NDArray[np.float64]:
    """Sums over the matched notes, (track, class, 7): see `SUMS`.

    Raises ValueError when there is not one estimate per reference, or velocities are missing.
    """
    if len(references) != len(estimates):
        raise ValueError(f"estimates: expected {len(references)}, got {len(estimates)}")
    sums = np.zeros((len(references), len(classes), SUMS))
    for t, (reference, estimate) in enumerate(zip(references, estimates, strict=True)):
        played = _velocities(reference, "references", t)
        estimated = _velocities(estimate, "estimates", t)
        for c, name in enumerate(classes):
            in_reference, in_estimate = reference.labels == name, estimate.labels == name
            pairs = match(reference.onsets[in_reference], estimate.onsets[in_estimate], tolerance)
            r, e = played[in_reference][pairs.reference], estimated[in_estimate][pairs.estimate]
            r, e = r[r > 0], e[r > 0]
            sums[t, c] = (len(r), r.sum(), e.sum(), r @ r, e @ e, r @ e, np.abs(e - r).sum())
    return sums


def figures(sums: NDArray[np.float64], classes: Sequence[str]) -> dict[str, float]:
    """Every figure of `sums` (track, class, 7) by name: `micro.pearson`, `SD.mae` and so on.

    The groups are `micro`, `macro` and each class; in each `FIGURES`, and but for macro the number
    of `pairs`. As a statistic: `lambda t: figures(sums[t], classes)`.
    """
    totals, within = sums.sum(axis=0), _center(sums).sum(axis=0)
    rates = _agree(totals, within)
    groups = {
        "micro": _agree(totals.sum(axis=0), within.sum(axis=0)),
        "macro": mean(rates),
        **dict(zip(classes, rates, strict=True)),
    }
    named = {
        f"{group}.{name}": float(value)
        for group, values in groups.items()
        for name, value in zip(FIGURES, values, strict=True)
    }
    named["micro.pairs"] = float(totals[:, 0].sum())
    named |= {f"{name}.pairs": float(row[0]) for name, row in zip(classes, totals, strict=True)}
    return named


def _agree(sums: NDArray[np.float64], within: NDArray[np.float64]) -> NDArray[np.float64]:
    """`FIGURES` (…, 4) of sums (…, 7), and of those within recordings, `_center`ed."""
    n, r, e, *_, distance = np.moveaxis(sums, -1, 0)
    pearson = [_correlate(*np.moveaxis(each, -1, 0)[:6]) for each in (sums, within)]
    return np.stack([*pearson, divide(distance, n), divide(e, n) - divide(r, n)], axis=-1)


def _correlate(*sums: NDArray[np.float64]) -> NDArray[np.float64]:
    """Pearson correlation of the first six of `SUMS`, each (…)."""
    n, r, e, rr, ee, re = sums
    mean_r, mean_e = divide(r, n), divide(e, n)
    covariance = divide(re, n) - mean_r * mean_e
    of_r, of_e = divide(rr, n) - mean_r**2, divide(ee, n) - mean_e**2
    varied = (of_r > _LEAST_VARIANCE) & (of_e > _LEAST_VARIANCE)
    return np.clip(divide(covariance, np.sqrt(np.where(varied, of_r * of_e, 0.0))), -1, 1)


def _center(sums: NDArray[np.float64]) -> NDArray[np.float64]:
    """Sums (track, class, 7) of differences from the mean of each class in each track."""
    n, r, e, rr, ee, re, distance = np.moveaxis(sums, -1, 0)
    per_pair = 1 / np.maximum(n, 1)
    none = np.zeros_like(n)
    squares = (rr - r * r * per_pair, ee - e * e * per_pair, re - r * e * per_pair)
    return np.stack([n, none, none, *squares, distance], axis=-1)


def _velocities(transcription: Transcription, argument: str, track: int) -> NDArray[np.float64]:
    if transcription.velocities is None:
        raise ValueError(f"{argument}: track {track} has no velocities")
    return transcription.velocities
