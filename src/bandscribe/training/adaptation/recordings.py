"""Recordings with the network's own transcription as targets, and excerpts of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bandscribe import audio, drums
from bandscribe.training.batches import Example
from bandscribe.training.drums.targets import UNKNOWN, onset_targets

Array = NDArray[np.float32]
#: Bands that are made louder or softer, from the lowest frequency to the highest.
_BANDS = 5


@dataclass(frozen=True, eq=False)
class PseudoLabelledRecording:
    """Features (frame, bin), and targets (frame, output) that the network predicted."""

    features: Array
    targets: Array


def label(path: Path, model: drums.DrumModel, doubt: float) -> PseudoLabelledRecording:
    """A recording with the predictions of the model: picked onsets, activations of the rest.

    Frames nearer than `doubt` logits to the threshold of a class are unknown.
    """
    front_end = drums.front_end(model.card)
    sound = audio.read(path, sample_rate=front_end.sample_rate, mono=True)
    features = front_end(sound.samples[0])
    activations = drums.infer(sound, model)
    count = len(model.card.classes)
    notes = drums.notes(activations, model.card, classes=count, duration=sound.duration)
    onsets = onset_targets(notes, frames=len(features), frame_rate=model.card.frame_rate)
    given = model.card.thresholds[str(count)]
    thresholds = np.array([given[name] for name in model.card.classes])
    inside = slice(drums.PADDING, drums.PADDING + len(features))
    values = [
        part.values[inside]
        for part in (activations.onsets, activations.velocities, activations.beats)
    ]
    onsets[np.abs(_logit(values[0]) - _logit(thresholds)) < doubt] = UNKNOWN
    return PseudoLabelledRecording(features, np.concatenate([onsets, *values[1:]], axis=1))


@dataclass(frozen=True)
class PseudoLabelledExamples:
    """Makes examples: excerpts of `recordings`, in another tone by up to `tone_db` or so."""

    recordings: Sequence[PseudoLabelledRecording]
    frames: int
    tone_db: float
    #: Whether features are magnitudes, and not log10(1 + c · magnitude).
    linear: bool = False

    def __call__(self, rng: np.random.Generator) -> Example:
        """Features and targets of an excerpt of any recording, long ones more often.

        A shorter recording ends in silence, of which nothing is known.
        """
        lengths = np.array([len(recording.features) for recording in self.recordings])
        recording = self.recordings[int(rng.choice(len(lengths), p=lengths / lengths.sum()))]
        start = int(rng.integers(max(0, len(recording.features) - self.frames) + 1))
        decibels = rng.normal(0, self.tone_db, _BANDS)
        part = slice(start, start + self.frames)
        features, targets = recording.features[part], recording.targets[part]
        missing = ((0, self.frames - len(features)), (0, 0))
        return (
            np.pad(change_tone(features, decibels, linear=self.linear), missing),
            np.pad(targets, missing, constant_values=UNKNOWN),
        )


def change_tone(features: Array, decibels: NDArray[np.float64], *, linear: bool = False) -> Array:
    """Spectra (frame, bin) of a sound in which bands are louder by `decibels` (band,).

    The bands are spread evenly over the bins. Bins are magnitudes where `linear`, else
    log10(1 + c · magnitude), so that a louder sound is no mere shift.
    """
    places = np.linspace(0, len(decibels) - 1, features.shape[1])
    gains = 10 ** (np.interp(places, np.arange(len(decibels)), decibels) / 20)
    if linear:
        return np.asarray(features * gains, dtype=np.float32)
    changed: Array = np.log10(1 + gains * (10**features - 1)).astype(np.float32)
    return changed


def _logit(p: NDArray[np.floating]) -> NDArray[np.floating]:
    kept = np.clip(p, 1e-6, 1 - 1e-6)
    logits: NDArray[np.floating] = np.log(kept / (1 - kept))
    return logits
