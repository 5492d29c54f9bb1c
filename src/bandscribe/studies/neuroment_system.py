"""A trained network of envelopes as one of the systems that `bandscribe evaluate activity` scores.

It predicts levels and no probabilities: the louder a class, the higher its confidence, and it plays
above a level of its own. These thresholds are chosen by the tracker's rule on the run's own
validation recordings, and kept in the run as thresholds.json.

Source: Neuroment 2022, sections 5.3 to 5.5, has no thresholds: it shows envelopes alone.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from bandscribe.datasets.track import Track
from bandscribe.evaluation.networks import Tracker
from bandscribe.evaluation.store import identify
from bandscribe.files import write_json
from bandscribe.instruments import Activity
from bandscribe.metrics import frames
from bandscribe.readers import read_json
from bandscribe.studies.neuroment import hold_out, scale_levels
from bandscribe.training import export, recipes
from bandscribe.training.activity import envelopes
from bandscribe.training.activity.models import ENVELOPES
from bandscribe.training.activity.pieces import Mixture, Pieces, read_mono
from bandscribe.training.activity.recipe import Recipe, classes_of
from bandscribe.training.activity.targets import make_targets
from bandscribe.training.activity.validation import THRESHOLDS, choose_thresholds
from bandscribe.training.activity.windows import LogSpectrum
from bandscribe.types import Activations


@dataclass(frozen=True)
class EnvelopeSystem(Tracker):
    """The folder of a run; `digest` is of its weights, `thresholds` are those of `classes`.

    `trained_on` is empty: the name of a corpus does not reveal which of its recordings were used.
    """

    thresholds: tuple[float, ...]

    @classmethod
    def load(cls, run: Path) -> EnvelopeSystem:
        """Open a run, and choose its thresholds if that is not done yet.

        Raises ValueError where the folder holds no run of a network of envelopes with weights, or
        its validation recordings are gone.
        """
        recipe = recipes.read(run, Recipe)
        if recipe.model not in ENVELOPES:
            raise ValueError(f"{run}: a run of {recipe.model!r}; name its ONNX file")
        weights = run / "best.pt"
        if not weights.is_file():
            raise ValueError(f"{run}: no best.pt in it; train until the first validation")
        digest = hashlib.sha256(weights.read_bytes()).hexdigest()
        thresholds = _thresholds_of(run, digest)
        return cls(
            str(run),
            digest,
            export.read_commit(run),
            (),
            classes_of(recipe),
            tuple(thresholds[name] for name in classes_of(recipe)),
        )

    def identity(self, track: Track[Any]) -> list[object]:
        """The weights, their thresholds, and the sound."""
        return [self.digest, self.thresholds, *identify(track.audio)]

    def track(self, track: Track[Any]) -> Activity:
        """The activity of all classes; the audio is read into memory as a whole."""
        model, recipe = _reopen(self.model)
        rate = LogSpectrum(recipe.spectrum).sample_rate
        samples = read_mono(track.audio, rate)
        level = _infer(model, recipe, samples)
        duration = len(samples) / rate
        return Activity(scale_levels(level), level, np.array(self.thresholds), duration)


def learn_thresholds(
    model: torch.nn.Module, recipe: Recipe, recordings: Iterable[Mixture]
) -> dict[str, float]:
    """The threshold of each class, chosen as the tracker's are (`choose_thresholds`).

    It is one of the confidences of `scale_levels`, where a step is three decibels.
    """
    front_end, classes = LogSpectrum(recipe.spectrum), classes_of(recipe)
    numbers = np.zeros((len(THRESHOLDS), len(classes), 4), dtype=np.int64)
    for recording in recordings:
        predicted = scale_levels(_infer(model, recipe, recording.mixture))
        target = make_targets(
            recording.parts, classes,
            sample_rate=front_end.sample_rate, hop_length=front_end.hop_length,
        )[: len(predicted.values), : len(classes)]  # fmt: skip
        reference, known = replace(predicted, values=np.nan_to_num(target)), [~np.isnan(target)]
        for row, threshold in zip(numbers, THRESHOLDS, strict=True):
            row += frames.count_presence([reference], [predicted], threshold, known=known).counts[0]
    return dict(zip(classes, choose_thresholds(numbers), strict=True))


def validation_recordings(recipe: Recipe) -> Iterator[Mixture]:
    """The pieces in stems that a run was validated on, whole; or mixtures of its validation solos.

    Raises ValueError where there are none, or one cannot be read.
    """
    if recipe.material == "solos":
        for recordings in hold_out(recipe, "validation").mixtures.values():
            yield from recordings
        return
    pieces = Pieces.load(recipe.validation_stems, "validation")
    yield from pieces.read(LogSpectrum(recipe.spectrum).sample_rate)


def _thresholds_of(run: Path, digest: str) -> Mapping[str, float]:
    """Read the thresholds of these weights in the run, or choose them and store them there."""
    path = run / "thresholds.json"
    content = read_json(path) if path.is_file() else {}
    if content.get("weights") != digest:
        model, recipe = _reopen(str(run))
        learned = learn_thresholds(model, recipe, validation_recordings(recipe))
        content = {"weights": digest, "thresholds": learned}
        write_json(path, content)
    thresholds: Mapping[str, float] = content["thresholds"]
    return thresholds


@lru_cache(maxsize=1)
def _reopen(run: str) -> tuple[torch.nn.Module, Recipe]:
    """Once per process."""
    return envelopes.load_run(Path(run))


def _infer(model: torch.nn.Module, recipe: Recipe, samples: NDArray[np.float32]) -> Activations:
    """Levels (frame, class) of a recording (n,)."""
    front_end = LogSpectrum(recipe.spectrum)
    amplitudes = envelopes.infer_recording(model, front_end, samples)
    return envelopes.to_levels(amplitudes, samples, front_end, classes_of(recipe))
