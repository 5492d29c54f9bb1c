"""Validation of a drum network, and choice of its thresholds."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor, nn

from bandscribe import beats, drums, peaks
from bandscribe.features.spectrogram import LogSpectrogram
from bandscribe.metrics import bootstrap, onsets, velocity
from bandscribe.metrics.beats import TOLERANCE as BEAT_TOLERANCE
from bandscribe.training.batches import LabelledSource
from bandscribe.training.device import infer
from bandscribe.training.drums.precomputed import PrecomputedTracks
from bandscribe.training.drums.spectra import Spectra
from bandscribe.types import Activations, Transcription
from bandscribe.vocabulary import DRUMS, reduce

#: Peak picking for well trained networks (Fosse 2025, section 2.4.3; Vogl et al. 2018).
PEAKS = {"max_frames": 2, "mean_frames": 2, "wait_frames": 2}
THRESHOLDS = np.round(np.arange(0.05, 0.91, 0.05), 2)

_RESAMPLES = 200  # of the excerpts, to choose thresholds
_GAP_FRAMES = 20  # silence between joined excerpts, wider than any window or tolerance


@dataclass(frozen=True, eq=False)
class ValidationExcerpts:
    """Excerpts as `features` (excerpt, frame, bin), and the `reference` of all, joined.

    Notes are scored as of one recording, with short silences between excerpts; beats separately.
    """

    features: NDArray[np.float32]
    reference: Transcription
    notes: tuple[Transcription, ...]
    frame_rate: float


def render(
    source: LabelledSource | Spectra,
    front_end: LogSpectrogram,
    *,
    seed: int,
    minutes: float,
    seconds: float,
) -> ValidationExcerpts:
    """Draw excerpts of this many seconds; the same seed gives the same ones."""
    features: list[NDArray[np.float32]] = []
    times: list[NDArray[np.float64]] = []
    labels: list[NDArray[np.str_]] = []
    velocities: list[NDArray[np.float64]] = []
    every: list[Transcription] = []
    offset = 0.0
    for item in range(max(1, round(minutes * 60 / seconds))):
        rng = np.random.default_rng([seed, item])
        made, notes = draw(source, front_end, rng, seconds)
        features.append(made)
        inside = notes.onsets < notes.duration
        times.append(notes.onsets[inside] + offset)
        labels.append(notes.labels[inside])
        if notes.velocities is None:
            raise ValueError("source: expected notes with velocities")
        velocities.append(notes.velocities[inside])
        every.append(notes)
        offset += (len(features[-1]) + _GAP_FRAMES) / front_end.frame_rate
    joined = Transcription(
        np.concatenate(times),
        np.concatenate(labels).astype(np.str_),
        np.concatenate(velocities),
        offset,
        every[0].classes,
    )
    return ValidationExcerpts(np.stack(features), joined, tuple(every), front_end.frame_rate)


def draw(
    source: LabelledSource | PrecomputedTracks | Spectra,
    front_end: LogSpectrogram,
    rng: np.random.Generator,
    seconds: float,
) -> tuple[NDArray[np.float32], Transcription]:
    """Features (frame, bin) of an excerpt, and its notes, which last as long.

    Raises ValueError where audio has another rate than the front end.
    """
    if isinstance(source, Spectra):
        return source.draw(rng)
    if isinstance(source, PrecomputedTracks):
        return source.draw(rng, seconds)
    audio, notes = source.draw(rng, seconds)
    if audio.sample_rate != front_end.sample_rate:
        raise ValueError(
            f"features: sample_rate {front_end.sample_rate} differs from the audio's, "
            f"{audio.sample_rate}"
        )
    return front_end(audio.samples[0]), replace(notes, duration=audio.duration)


def join(logits: Tensor, validation: ValidationExcerpts) -> drums.DrumActivations:
    """Activations of the joined excerpts."""
    values = np.pad(logits.sigmoid().numpy(), ((0, 0), (0, _GAP_FRAMES), (0, 0)))
    flat = values.reshape(-1, values.shape[-1])
    return drums.split(flat, validation.frame_rate, validation.reference.classes)


def choose(
    activations: Activations,
    velocities: Activations,
    reference: Transcription,
    given: Mapping[str, float] | None = None,
    *,
    excerpts: int = 1,
) -> tuple[dict[str, float], dict[str, Any]]:
    """Thresholds (or the `given`) of the classes, and their scores (±50 ms).

    A chosen threshold is the mean of those with the highest F1 on bootstrap resamples of the
    `excerpts`, equal stretches of the `reference` (bagging, Breiman 1996): where curves are flat, a
    few notes decide which is best. On other excerpts it scores better than the best one, by 0.003
    of F1 where it was chosen on ten minutes. `reference` is in the classes of the activations.
    Scores on the same excerpts are slightly optimistic.
    """
    thresholds: dict[str, float] = {}
    estimates: list[tuple[NDArray[np.float64], NDArray[np.float32]]] = []
    for column, name in enumerate(activations.classes):
        values = activations.values[:, [column]]
        annotated = reference.onsets[reference.labels == name]
        if given is None:
            tried = [_find(values, t)[1] / activations.frame_rate for t in THRESHOLDS]
            length = reference.duration / excerpts
            counts = np.stack([_count(annotated, times, length, excerpts) for times in tried])
            thresholds[name] = _bag(counts)
        else:
            thresholds[name] = given[name]
        found, places = _find(values, thresholds[name])
        struck = velocities.values[found.frames, column]
        estimates.append((places / activations.frame_rate, struck))
    times = np.concatenate([times for times, _ in estimates])
    hardness = np.concatenate([struck for _, struck in estimates]).astype(np.float64)
    labels = np.repeat(np.array(activations.classes), [len(times) for times, _ in estimates])
    order = np.argsort(times, kind="stable")
    estimate = Transcription(
        times[order], labels[order], hardness[order], reference.duration, activations.classes
    )
    pair = [reference], [estimate]
    scores = onsets.score(*pair, activations.classes).figures()
    sums = velocity.gather(*pair, activations.classes)
    scores["velocity"] = velocity.figures(sums, activations.classes)
    return thresholds, scores


def _find(values: NDArray[np.float32], threshold: float) -> tuple[peaks.Peaks, NDArray[np.float64]]:
    """The peaks of a class (frame, 1), and where they are between frames."""
    found = peaks.pick(values, thresholds=[threshold], **PEAKS)
    return found, peaks.refine(values, found)


def _count(
    reference: NDArray[np.float64], estimate: NDArray[np.float64], length: float, excerpts: int
) -> NDArray[np.int64]:
    """Hits, and annotated plus estimated onsets, of each excerpt of `length` s: (excerpt, 2)."""
    hits = reference[onsets.match(reference, estimate).reference]
    both = np.concatenate([reference, estimate])
    index = [np.clip(times // length, 0, excerpts - 1).astype(int) for times in (hits, both)]
    return np.stack([np.bincount(each, minlength=excerpts) for each in index], axis=1)


def _bag(counts: NDArray[np.int64]) -> float:
    """The mean best threshold over resamples, from `counts` (threshold, excerpt, 2)."""

    def best(drawn: NDArray[np.int64]) -> dict[str, float]:
        hits, both = counts[:, drawn].sum(axis=1).T
        f1 = 2 * hits / np.maximum(1, both)
        return {"threshold": float(THRESHOLDS[f1 == f1.max()].mean())}

    rng = np.random.default_rng(0)
    chosen = bootstrap.resample(best, counts.shape[1], rng, samples=_RESAMPLES)["threshold"]
    return round(float(chosen.mean()), 3)


def validate(
    model: nn.Module, validation: ValidationExcerpts, loss: Callable[[Tensor], Tensor] | None = None
) -> dict[str, float]:
    """Micro and macro F1 over all classes, at the best threshold of each class.

    With a `loss` of logits (excerpt, frame, output), that is `validation_loss`.
    """
    logits = infer(model, validation.features, batch=16)
    inferred = join(logits, validation)
    _, scores = choose(
        inferred.onsets,
        inferred.velocities,
        validation.reference,
        excerpts=len(validation.features),
    )
    lost = {} if loss is None else {"validation_loss": float(loss(logits))}
    return {
        **{f"{kind}_f1": float(np.nan_to_num(scores[kind]["f1"])) for kind in ("micro", "macro")},
        **lost,
    }


def test(
    model: nn.Module, validation: ValidationExcerpts, thresholds: Mapping[str, float]
) -> dict[str, Any]:
    """Scores in the network's own classes, with thresholds that were chosen on other excerpts."""
    inferred = join(infer(model, validation.features, batch=16), validation)
    return choose(inferred.onsets, inferred.velocities, validation.reference, thresholds)[1]


def report(model: nn.Module, validation: ValidationExcerpts) -> dict[str, Any]:
    """Thresholds and scores in ten, five and three classes (or its own fewer), and of beats."""
    inferred = join(infer(model, validation.features, batch=16), validation)
    own = len(validation.reference.classes)
    figures: dict[str, Any] = {"thresholds": {}}
    for count in DRUMS if own == max(DRUMS) else (own,):
        thresholds, scores = choose(
            *drums.reduce_classes(inferred, count),
            reduce(validation.reference, count),
            excerpts=len(validation.features),
        )
        figures["thresholds"][str(count)] = thresholds
        figures[f"classes_{count}"] = scores
    figures["beats"] = _score_beats(inferred, validation)
    return figures


def _score_beats(inferred: drums.DrumActivations, validation: ValidationExcerpts) -> dict[str, Any]:
    """Mean F-measure (±70 ms) of beats and downbeats over the excerpts whose beats are known."""
    length = validation.features.shape[1] + _GAP_FRAMES
    rows = []
    for index, notes in enumerate(validation.notes):
        grid = notes.beats
        if grid is not None and len(grid.times):
            part = slice(index * length, (index + 1) * length - _GAP_FRAMES)
            found = beats.track(
                *(replace(a, values=a.values[part]) for a in (inferred.beats, inferred.onsets))
            )
            first, its = grid.positions == 1, found.positions == 1
            rows.append(
                [
                    _f1(grid.times, found.times, BEAT_TOLERANCE),
                    _f1(grid.times[first], found.times[its], BEAT_TOLERANCE),
                ]
            )
    means = np.mean(rows, axis=0).tolist() if rows else [None, None]
    return {"f1": means[0], "downbeat_f1": means[1], "excerpts": len(rows)}


def _f1(
    reference: NDArray[np.float64],
    estimate: NDArray[np.float64],
    tolerance: float = onsets.TOLERANCE,
) -> float:
    hits = len(onsets.match(reference, estimate, tolerance).reference)
    return 2 * hits / max(1, len(reference) + len(estimate))
