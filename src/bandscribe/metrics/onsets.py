"""How well a transcription finds the onsets of each class.

Task: an estimate names onsets and their classes; the reference is an annotation of the same
recording. `evaluation.tables.name_task` has what the literature calls the task (DTD, DTP, DTM).

Conventions: an onset of the reference is found if an onset of the estimate of the same class lies
within the tolerance, ±50 ms by default. Each onset is matched at most once, and the matching has
the largest possible size: true positives are exactly those of `mir_eval.util.match_events` and
`mir_eval.onset.f_measure` (Raffel et al. 2014), rounding at the edge of the tolerance included.

Metrics: precision, recall and F1,

- per class: true and false positives and negatives of all tracks are counted together;
- micro: counted together over all classes and tracks;
- macro: the mean over classes of the figures per class;
- per track: counted together over the classes of one track; and the mean of these over tracks.

And the confusion between classes: what was estimated where something else was annotated.

Where we deviate from mir_eval: it gives 0 to whatever is undefined. Here precision without an
estimate and recall without a reference are nan, and F1 = 2 tp / (2 tp + fp + fn) is nan only where
both are empty. Such a class shows nan in the table and is left out of the macro mean: there was
nothing to find and nothing was found. A silent track does not change the micro figures.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bandscribe.metrics.counts import Scores, macro, micro, per_class, track_mean
from bandscribe.types import Transcription

TOLERANCE = 0.05
#: Half-widths in seconds that papers on drum transcription report.
TOLERANCES = (0.02, 0.025, 0.03, 0.05)


class Matching(NamedTuple):
    """Pairs of indices: `reference[i]` (n,) is matched with `estimate[i]` (n,)."""

    reference: NDArray[np.int64]
    estimate: NDArray[np.int64]


@dataclass(frozen=True)
class OnsetReport:
    """The figures of one corpus: per class, the averages, and one entry per track.

    `counts` (track, class, 3) holds tp, fp and fn, from which all the others follow. Their
    intervals: `bootstrap.intervals(lambda t: counts.figures(report.counts[t], classes), …)`.
    """

    classes: tuple[str, ...]
    counts: NDArray[np.int64]
    per_class: dict[str, Scores]
    micro: Scores
    macro: Scores
    per_track: tuple[Scores, ...]
    track_mean: Scores

    def figures(self) -> dict[str, Any]:
        """The averages over classes and each class's scores, as JSON."""
        per_class = {name: asdict(scores) for name, scores in self.per_class.items()}
        return {"micro": asdict(self.micro), "macro": asdict(self.macro), "per_class": per_class}


def match(reference: ArrayLike, estimate: ArrayLike, tolerance: float = TOLERANCE) -> Matching:
    """A largest one-to-one matching of two ascending lists of onsets, (n,) and (m,) seconds.

    Around each onset of the estimate lies a window of fixed width. The windows begin and end in
    the order of the onsets, so that giving each in turn the earliest onset that is still free
    matches as many as possible.

    Raises ValueError when a list is not ascending and finite, or the tolerance is negative.
    """
    references, estimates = _ascending(reference, "reference"), _ascending(estimate, "estimate")
    if not tolerance >= 0:
        raise ValueError(f"tolerance: expected seconds, got {tolerance}")
    # The window's ends are rounded as in mir_eval, so that both agree at the very edge.
    starts, ends = (estimates - tolerance).tolist(), (estimates + tolerance).tolist()
    times = references.tolist()
    pairs: list[tuple[int, int]] = []
    i = 0
    for j, (start, end) in enumerate(zip(starts, ends, strict=True)):
        while i < len(times) and times[i] < start:
            i += 1
        if i < len(times) and times[i] <= end:
            pairs.append((i, j))
            i += 1
    found = np.array(pairs, dtype=np.int64).reshape(-1, 2)
    return Matching(found[:, 0], found[:, 1])


def score(
    references: Sequence[Transcription],
    estimates: Sequence[Transcription],
    classes: Sequence[str],
    tolerance: float = TOLERANCE,
) -> OnsetReport:
    """Compare the estimate of each track with its reference, in these classes only.

    Raises ValueError when there is not one estimate per reference.
    """
    _one_each(references, estimates)
    counts = np.zeros((len(references), len(classes), 3), dtype=np.int64)
    for t, (reference, estimate) in enumerate(zip(references, estimates, strict=True)):
        for c, name in enumerate(classes):
            annotated = reference.onsets[reference.labels == name]
            given = estimate.onsets[estimate.labels == name]
            tp = len(match(annotated, given, tolerance).reference)
            counts[t, c] = tp, len(given) - tp, len(annotated) - tp
    return OnsetReport(
        classes=tuple(classes),
        counts=counts,
        per_class=per_class(counts, classes),
        micro=micro(counts),
        macro=macro(counts),
        per_track=tuple(micro(rows[None]) for rows in counts),
        track_mean=track_mean(counts),
    )


def confuse(
    references: Sequence[Transcription],
    estimates: Sequence[Transcription],
    classes: Sequence[str],
    tolerance: float = TOLERANCE,
) -> NDArray[np.int64]:
    """Which class was estimated where another was annotated, (track, class + 1, class + 1).

    Entry `[t, i, j]` counts onsets annotated as class i (row) and estimated as class j (column).
    The last column is onsets that were missed, the last row is onsets out of nothing. First each
    class is matched with itself, so that the diagonal holds the true positives of `score`; what is
    left over is then matched regardless of class, at the same tolerance. So rows sum to the
    annotated, columns to the estimated onsets. Of several left-over onsets at one time the order
    of `classes` decides which are paired.

    Raises ValueError when there is not one estimate per reference.
    """
    _one_each(references, estimates)
    nothing = len(classes)
    matrices = np.zeros((len(references), nothing + 1, nothing + 1), dtype=np.int64)
    for matrix, reference, estimate in zip(matrices, references, estimates, strict=True):
        missed: list[tuple[float, int]] = []
        invented: list[tuple[float, int]] = []
        for c, name in enumerate(classes):
            annotated = reference.onsets[reference.labels == name]
            given = estimate.onsets[estimate.labels == name]
            pairs = match(annotated, given, tolerance)
            matrix[c, c] = len(pairs.reference)
            missed += [(float(time), c) for time in np.delete(annotated, pairs.reference)]
            invented += [(float(time), c) for time in np.delete(given, pairs.estimate)]
        missed.sort()
        invented.sort()
        pairs = match([time for time, _ in missed], [time for time, _ in invented], tolerance)
        rows = np.array([c for _, c in missed], dtype=np.int64)
        columns = np.array([c for _, c in invented], dtype=np.int64)
        np.add.at(matrix, (rows[pairs.reference], columns[pairs.estimate]), 1)
        np.add.at(matrix[:, nothing], np.delete(rows, pairs.reference), 1)
        np.add.at(matrix[nothing], np.delete(columns, pairs.estimate), 1)
    return matrices


def _one_each(references: Sequence[Transcription], estimates: Sequence[Transcription]) -> None:
    if len(references) != len(estimates):
        raise ValueError(f"estimates: expected {len(references)}, got {len(estimates)}")


def _ascending(times: ArrayLike, name: str) -> NDArray[np.float64]:
    times = np.asarray(times, dtype=np.float64)
    if times.ndim != 1 or not np.all(np.isfinite(times)) or np.any(np.diff(times) < 0):
        raise ValueError(f"{name}: expected finite, ascending times")
    return times
