"""A trained network of envelopes as one of the systems that `bandscribe evaluate activity` scores.

It says how loud each class is, and no probability: a class counts as the surer, the louder it is,
and plays from a level of its own up. These thresholds are learned by the rule of the tracker's, on
the run's own validation recordings, and kept in the run as thresholds.json.

Source: Neuroment 2022, sections 5.3 to 5.5, has no thresholds: it shows envelopes alone.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from bandscribe import audio
from bandscribe.datasets.track import Track
from bandscribe.evaluation.store import identify
from bandscribe.files import whole
from bandscribe.instruments import Activity
from bandscribe.metrics import frames
from bandscribe.studies.neuroment import Recording, hold_out, scale_levels
from bandscribe.training.activity import envelopes
from bandscribe.training.activity.models import ENVELOPES
from bandscribe.training.activity.pieces import Pieces
from bandscribe.training.activity.recipe import Recipe, classes_of, read
from bandscribe.training.activity.targets import make_targets
from bandscribe.training.activity.validation import THRESHOLDS, choose_thresholds
from bandscribe.training.activity.windows import LogSpectrum
from bandscribe.types import Activations


@dataclass(frozen=True)
class Follower:
    """The folder of a run; `digest` is of its weights, `thresholds` are those of `classes`."""

    model: str
    digest: str
    commit: str
    classes: tuple[str, ...]
    thresholds: tuple[float, ...]
    #: Whether a recording was trained on cannot be told by the name of its corpus.
    trained_on: tuple[str, ...] = ()

    @classmethod
    def load(cls, run: Path) -> Follower:
        """Open a run, and learn its thresholds where nobody has yet.

        Raises ValueError where the folder holds no run of a network of envelopes with weights, or
        its validation recordings are gone.
        """
        recipe = read(run)
        if recipe.model not in ENVELOPES:
            raise ValueError(f"{run}: a run of {recipe.model!r}; name its ONNX file")
        weights = run / "best.pt"
        if not weights.is_file():
            raise ValueError(f"{run}: no best.pt in it; train until the first validation")
        digest = hashlib.sha256(weights.read_bytes()).hexdigest()
        versions = json.loads((run / "versions.json").read_text(encoding="utf-8"))
        thresholds = _thresholds_of(run, digest)
        return cls(
            str(run),
            digest,
            versions["starts"][-1]["commit"] or "",
            classes_of(recipe),
            tuple(thresholds[name] for name in classes_of(recipe)),
        )

    def missing(self, track: Track[Any]) -> tuple[Path, ...]:
        """Files without which the track cannot be evaluated."""
        return track.missing

    def identity(self, track: Track[Any]) -> list[object]:
        """The weights, their thresholds, and the sound."""
        return [self.digest, self.thresholds, *identify(track.audio)]

    def track(self, track: Track[Any]) -> Activity:
        """Who plays at every moment of the audio, which is read into memory at once."""
        model, recipe = _reopen(self.model)
        listen = LogSpectrum(recipe.spectrum)
        samples = _read(track.audio, listen.sample_rate)
        level = _hear(model, recipe, samples)
        duration = len(samples) / listen.sample_rate
        return Activity(scale_levels(level), level, np.array(self.thresholds), duration)


def learn_thresholds(
    model: torch.nn.Module, recipe: Recipe, recordings: Iterable[Recording]
) -> dict[str, float]:
    """The threshold of each class, chosen as the tracker's are (`choose_thresholds`).

    One of the sureness that `scale_levels` makes of levels, where a step is three decibels.
    """
    listen, classes = LogSpectrum(recipe.spectrum), classes_of(recipe)
    numbers = np.zeros((len(THRESHOLDS), len(classes), 4), dtype=np.int64)
    for recording in recordings:
        said = scale_levels(_hear(model, recipe, recording.mixture))
        wanted = make_targets(
            recording.parts, classes, sample_rate=listen.sample_rate, hop_length=listen.hop_length
        )[: len(said.values), : len(classes)]
        heard = replace(said, values=np.nan_to_num(wanted))
        for row, threshold in zip(numbers, THRESHOLDS, strict=True):
            row += frames.count_presence(
                [heard], [said], threshold, known=[~np.isnan(wanted)]
            ).counts[0]
    return dict(zip(classes, choose_thresholds(numbers), strict=True))


def validation_recordings(recipe: Recipe) -> Iterator[Recording]:
    """The pieces in stems that a run was validated on, whole; or mixtures of its validation solos.

    Raises ValueError where there are none, or one cannot be read.
    """
    if recipe.material == "solos":
        for recordings in hold_out(recipe, "validation").mixtures.values():
            yield from recordings
        return
    rate = LogSpectrum(recipe.spectrum).sample_rate
    for piece in Pieces.load(recipe.validation_stems, "validation").pieces:
        parts = {name: _read(path, rate) for name, path in piece.stems.items()}
        place = next(iter(piece.stems.values()))
        yield Recording(_read(place.with_name("mixture.wav"), rate), parts)


def _thresholds_of(run: Path, digest: str) -> Mapping[str, float]:
    """Those in the run where they are of these weights; else they are learned, and kept there."""
    path = run / "thresholds.json"
    if path.is_file():
        known = json.loads(path.read_text(encoding="utf-8"))
        if known["weights"] == digest:
            kept: Mapping[str, float] = known["thresholds"]
            return kept
    model, recipe = _reopen(str(run))
    learned = learn_thresholds(model, recipe, validation_recordings(recipe))
    with whole(path) as temporary:
        content = {"weights": digest, "thresholds": learned}
        temporary.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    return learned


@lru_cache(maxsize=1)
def _reopen(run: str) -> tuple[torch.nn.Module, Recipe]:
    """Once per process."""
    return envelopes.reopen(Path(run))


def _hear(model: torch.nn.Module, recipe: Recipe, samples: NDArray[np.float32]) -> Activations:
    """Levels (frame, class) of a recording (n,)."""
    listen = LogSpectrum(recipe.spectrum)
    said = envelopes.follow(model, listen, samples)
    return envelopes.to_levels(said, samples, listen, classes_of(recipe))


def _read(path: Path, sample_rate: int) -> NDArray[np.float32]:
    """(n,), mono."""
    samples: NDArray[np.float32] = audio.read(path, sample_rate=sample_rate, mono=True).samples[0]
    return samples
