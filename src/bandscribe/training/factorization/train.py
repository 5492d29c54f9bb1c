"""Making drum templates: average them over kits, choose thresholds on rendered audio, write both.

RUN/NAME.npz        the templates and their card: what `bandscribe.factorization` loads
RUN/recipe.json, versions.json, metrics.json        as of every run
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bandscribe import audio, drums, peaks
from bandscribe.factorization import SUFFIX, Factorization, to_magnitudes, write
from bandscribe.features.spectrogram import LogSpectrogram
from bandscribe.files import inside
from bandscribe.metrics import onsets
from bandscribe.runtime import ModelCard
from bandscribe.synthesis import kits
from bandscribe.synthesis.kits import Kit
from bandscribe.synthesis.kits.pieces import LEAD_IN, KitPiece, RecordedHit
from bandscribe.synthesis.source import SyntheticSource
from bandscribe.training import credits, recipes, record
from bandscribe.training.factorization.recipe import Recipe
from bandscribe.training.fit import FitResult
from bandscribe.types import Activations, Audio, Transcription
from bandscribe.vocabulary import ARTICULATION_TO_10, DRUMS, DRUMS_10, reduce

_BEFORE = 10  # frames of silence before a stroke, more than an FFT window reaches back


def average(kits: Sequence[Kit], front_end: LogSpectrogram, lags: int) -> NDArray[np.float32]:
    """Templates (lag, class, bin) of the ten classes; lag 0 is the frame at the onset.

    Every stroke has a sum of 1, every piece of every kit the mean of its strokes, every class the
    mean of its pieces.

    Raises ValueError when no kit has a class.
    """
    pieces: dict[str, list[NDArray[np.float32]]] = {name: [] for name in DRUMS_10}
    for kit in kits:
        for articulation, struck in kit.pieces.items():
            name = ARTICULATION_TO_10[articulation]
            if name is not None:
                pieces[name] += [_average_piece(piece, front_end, lags) for piece in struck]
    if missing := [name for name, found in pieces.items() if not found]:
        raise ValueError(f"kits: none has {', '.join(missing)}; add one that has")
    return np.stack([np.mean(found, axis=0) for found in pieces.values()], axis=1)


def _average_piece(piece: KitPiece, front_end: LogSpectrogram, lags: int) -> NDArray[np.float32]:
    """(lag, bin)."""
    strokes = [_see(hit, front_end, lags) for layer in piece.layers for hit in layer]
    return np.asarray(np.mean(strokes, axis=0), dtype=np.float32)


def _see(hit: RecordedHit, front_end: LogSpectrogram, lags: int) -> NDArray[np.float32]:
    """A stroke as magnitudes (lag, bin) with a sum of 1."""
    mono = Audio(hit.microphones.mean(axis=0, dtype=np.float32)[np.newaxis], hit.sample_rate)
    sound = audio.resample(mono, front_end.sample_rate).samples[0]
    before = _BEFORE * front_end.hop_length - round(LEAD_IN * front_end.sample_rate)
    after = (lags + _BEFORE) * front_end.hop_length
    features = front_end(np.pad(sound, (before, after)))[_BEFORE : _BEFORE + lags]
    magnitudes = to_magnitudes(features, front_end)
    return np.asarray(magnitudes / magnitudes.sum(), dtype=np.float32)


#: Windows of DrummerNet's peak picking, 50, 100 and 50 ms (Deep Unsupervised Drum Transcription
#: 2019, section 4.1).
PEAKS = {"max_frames": 5, "mean_frames": 10, "wait_frames": 5}
#: Soft classes have activations that are small beside the loud ones'.
THRESHOLDS = np.round(np.concatenate([np.arange(0.01, 0.1, 0.01), np.arange(0.1, 0.81, 0.02)]), 2)


def train(recipe: Recipe, run: Path) -> FitResult:
    """Make the templates of a recipe in one go.

    Raises ValueError when there are no kits, one cannot be used, or its credits are missing.
    """
    if not recipe.kits or not recipe.validation_kits:
        raise ValueError("kits, validation_kits: expected at least one each")
    target = inside(run, f"{recipe.name}{SUFFIX}")
    front_end = LogSpectrogram()
    named = [*recipe.kits, *recipe.validation_kits]
    named += [recipe.groove] if recipe.groove else []
    sources = tuple(credits.read(recipe.credits, named))
    templates = average([kits.load(address) for address in recipe.kits], front_end, recipe.lags)
    versions = record.versions()
    card = ModelCard(
        name=recipe.name,
        task="drums",
        classes=DRUMS_10,
        outputs=DRUMS_10,
        features=asdict(front_end),
        frame_rate=front_end.frame_rate,
        chunk_seconds=recipe.chunk_seconds,
        overlap_seconds=recipe.overlap_seconds,
        thresholds={str(n): dict.fromkeys(names, 0.1) for n, names in DRUMS.items()},
        calibration={},
        peaks=PEAKS,
        sources=sources,
        metrics={},
        recipe=json.loads(recipes.to_json(recipe)),
        commit=versions["commit"] or "",
    )
    chosen, figures = choose(Factorization(card, templates, threads=1), render(recipe))
    card = replace(card, thresholds=chosen, metrics=figures)
    record.write_json(run / "recipe.json", card.recipe)
    record.write_json(run / "versions.json", {"starts": [{"step": 0, **versions}]})
    record.write_json(run / "metrics.json", {"task": "factorization", **figures})
    write(target, card, templates)
    return FitResult(True, 1, {"macro_f1": figures["classes_3"]["macro"]["f1"]})


def render(recipe: Recipe) -> list[tuple[Audio, Transcription]]:
    """Excerpts with their notes: performances that no template was made for, on other kits."""
    source = SyntheticSource.load(
        recipe.validation_kits,
        groove=recipe.groove,
        split="validation",
        groove_share=recipe.groove_share,
        percussion_share=recipe.percussion_share,
        drumless_share=0.0,
    )
    count = max(1, round(recipe.validation_minutes * 60 / recipe.excerpt_seconds))
    seeds = [np.random.default_rng([recipe.validation_seed, item]) for item in range(count)]
    return [source.draw(rng, recipe.excerpt_seconds) for rng in seeds]


def choose(
    model: drums.DrumModel, excerpts: Sequence[tuple[Audio, Transcription]]
) -> tuple[dict[str, dict[str, float]], dict[str, Any]]:
    """Thresholds by number of classes and class, each with the highest F1 (±50 ms), and the scores.

    Of thresholds that score alike the middle one is taken. Scores that thresholds were chosen on
    flatter a little.
    """
    activations = [drums.infer(sound, model) for sound, _ in excerpts]
    chosen: dict[str, dict[str, float]] = {}
    figures: dict[str, Any] = {}
    for count, names in DRUMS.items():
        curves = [drums.reduce_classes(each, count)[0] for each in activations]
        references = [reduce(notes, count) for _, notes in excerpts]
        thresholds = [_choose_one(curves, references, column) for column in range(len(names))]
        estimates = [_pick(each, thresholds) for each in curves]
        report = onsets.score(references, estimates, names)
        chosen[str(count)] = dict(zip(names, thresholds, strict=True))
        figures[f"classes_{count}"] = report.figures()
    return chosen, figures


def _choose_one(
    curves: Sequence[Activations], references: Sequence[Transcription], column: int
) -> float:
    """The threshold of one class."""
    name = curves[0].classes[column]
    alone = [replace(each, values=each.values[:, [column]], classes=(name,)) for each in curves]
    f1 = []
    for threshold in THRESHOLDS:
        estimates = [_pick(each, [float(threshold)]) for each in alone]
        f1.append(np.nan_to_num(onsets.score(references, estimates, (name,)).micro.f1))
    equals = np.flatnonzero(np.array(f1) == max(f1))
    return float(THRESHOLDS[equals[len(equals) // 2]])


def _pick(curves: Activations, thresholds: Sequence[float]) -> Transcription:
    found = peaks.pick(curves.values, thresholds=thresholds, **PEAKS)
    times = curves.start + peaks.refine(curves.values, found) / curves.frame_rate
    order = np.argsort(times, kind="stable")
    labels: NDArray[np.str_] = np.array(curves.classes, dtype=np.str_)[found.classes[order]]
    duration = len(curves.values) / curves.frame_rate
    return Transcription(np.maximum(times[order], 0), labels, None, duration, curves.classes)
