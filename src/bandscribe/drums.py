"""The drum part of a recording: audio → activations → notes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bandscribe import audio, chunks, peaks, runtime
from bandscribe.features.spectrogram import LogSpectrogram
from bandscribe.types import Activations, Audio, Transcription
from bandscribe.vocabulary import DRUMS, REDUCTIONS

#: How far `sensitivity` moves a threshold, in logits from 0.5 to either end.
SENSITIVITY_LOGITS = 4.0


@dataclass
class Measured:
    """Passes blocks of audio on, and knows the `duration` in seconds of those that went by."""

    blocks: Iterable[Audio]
    duration: float = 0.0

    def __iter__(self) -> Iterator[Audio]:
        """Each block in turn."""
        samples = 0
        for block in self.blocks:
            samples += block.samples.shape[1]
            self.duration = samples / block.sample_rate
            yield block


def transcribe(
    source: Audio | str | Path,
    *,
    model: str | Path = "drums",
    classes: int = 10,
    sensitivity: float = 0.5,
) -> Transcription:
    """The drum part of `source`: audio of any rate and number of channels, or a file of it.

    `model` is a shipped model's name or an ONNX file; `classes` and `sensitivity` as in `notes`.
    A file is read in blocks, so that long ones need no more memory than short ones. Silence gives
    an empty transcription.

    Raises ValueError when an argument or the file's content does not fit, OSError when the file
    cannot be read.
    """
    loaded = runtime.load(model)
    if isinstance(source, Audio):
        heard: Iterable[Audio] = [prepare(source, loaded.card)]
    else:
        heard = audio.stream(source, sample_rate=LogSpectrogram(**loaded.card.features).sample_rate)
    measured = Measured(heard)
    return notes(
        activations(measured, loaded),
        loaded.card,
        classes=classes,
        sensitivity=sensitivity,
        duration=measured.duration,
    )


def prepare(source: Audio, card: runtime.ModelCard) -> Audio:
    """`source` as the model wants it: one channel, at the front end's rate.

    Raises ValueError when a sample is NaN or infinite.
    """
    if not np.all(np.isfinite(source.samples)):
        raise ValueError("source: expected finite samples, got NaN or infinity")
    return audio.resample(audio.downmix(source), LogSpectrogram(**card.features).sample_rate)


def activations(source: Audio | Iterable[Audio], model: runtime.Model) -> Activations:
    """How sure the model is of an onset, per frame and class.

    `source` is audio of any kind, or consecutive mono blocks of it at the front end's rate; blocks
    are taken one at a time.

    Raises ValueError when a block has another rate, or more than one channel.
    """
    card = model.card
    front_end = LogSpectrogram(**card.features)
    blocks = [prepare(source, card)] if isinstance(source, Audio) else source
    spectra = front_end.stream(_samples(block, front_end.sample_rate) for block in blocks)
    pieces = chunks.stitch(spectra, model, card.chunk_frames, card.overlap_frames)
    values = np.concatenate([np.empty((0, len(card.classes)), np.float32), *pieces])
    return Activations(values, card.frame_rate, 0.0, card.classes)


def notes(
    activations: Activations,
    card: runtime.ModelCard,
    *,
    classes: int = 10,
    sensitivity: float = 0.5,
    duration: float,
) -> Transcription:
    """The onsets in ten-class `activations`, in 10, 5 or 3 classes.

    `sensitivity` in [0, 1] moves the card's thresholds t: 0.5 leaves them, more of it finds more
    notes. The threshold is sigmoid(logit(t) + 8 (0.5 - sensitivity)). Velocities are as the card
    says: the activation at the peak. Onsets lie in [0, `duration`] seconds.

    Raises ValueError when the number of classes or the sensitivity is none of these, or the card
    has no thresholds for them.
    """
    check(card, classes, sensitivity)
    reduced = reduce_activations(activations, classes)
    given = np.array([card.thresholds[str(classes)][name] for name in reduced.classes])
    logits = np.log(given / (1 - given)) + 2 * SENSITIVITY_LOGITS * (0.5 - sensitivity)
    found = peaks.pick(reduced.values, thresholds=1 / (1 + np.exp(-logits)), **card.peaks)
    onsets = reduced.start + peaks.refine(reduced.values, found) / reduced.frame_rate
    onsets = np.clip(onsets, 0.0, duration)
    order = np.argsort(onsets, kind="stable")
    return Transcription(
        onsets[order],
        np.array(reduced.classes, dtype=np.str_)[found.classes[order]],
        reduced.values[found.frames, found.classes][order].astype(np.float64),
        duration,
        reduced.classes,
    )


def check(card: runtime.ModelCard, classes: int, sensitivity: float) -> None:
    """Raise ValueError where `notes` would, before any audio is heard."""
    if classes not in DRUMS:
        raise ValueError(f"classes: expected 3, 5 or 10, got {classes}")
    if not 0 <= sensitivity <= 1:
        raise ValueError(f"sensitivity: expected 0 to 1, got {sensitivity}")
    if set(card.thresholds.get(str(classes), {})) != set(DRUMS[classes]):
        raise ValueError(
            f"card: {card.name!r} lacks thresholds for {classes} classes; choose a drum model "
            "(see bandscribe models), or export it again"
        )


def reduce_activations(activations: Activations, count: int) -> Activations:
    """Ten classes to 10, 5 or 3: a group's activation is the sum of its members', 1 at most.

    The drums of a group seldom sound at once, and a network in doubt splits its belief between
    them; the greatest alone would miss what it is sure of.
    """
    if count == len(activations.classes):
        return activations
    names = DRUMS[count]
    values = np.zeros((len(activations.values), len(names)), dtype=np.float32)
    for column, name in zip(activations.values.T, activations.classes, strict=True):
        group = REDUCTIONS[count][name]
        if group is not None:
            values[:, names.index(group)] += column
    np.minimum(values, 1, out=values)
    return Activations(values, activations.frame_rate, activations.start, names)


def _samples(block: Audio, sample_rate: int) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
    if block.sample_rate != sample_rate or len(block.samples) != 1:
        raise ValueError(
            f"source: expected mono blocks at {sample_rate} Hz, got {len(block.samples)} channels "
            f"at {block.sample_rate} Hz"
        )
    mono: np.ndarray[tuple[int], np.dtype[np.float32]] = block.samples[0]
    return mono
