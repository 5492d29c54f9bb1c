"""Drum transcription: audio → activations of a network → notes and beats."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from bandscribe import audio, beats, chunks, factorization, peaks, runtime, sections
from bandscribe.beats import Tempo
from bandscribe.features.samples import Samples
from bandscribe.features.spectrogram import LogSpectrogram
from bandscribe.types import Activations, Audio, Beats, Transcription
from bandscribe.vocabulary import DRUMS, REDUCTIONS

#: Outputs of a network after the onsets and the velocities of its classes.
BEATS = ("beat", "downbeat")
#: Silence before and after a recording, in frames: a network finds an onset by what precedes it.
PADDING = 20
#: A snare drum is struck in one of these ways at a time: both within so many frames are one note.
SNARE, SNARE_FRAMES = ("SD", "SS"), 2
#: How far `sensitivity` moves a threshold, in logits from 0.5 to either end.
SENSITIVITY_LOGITS = 4.0
#: Notes of a lower mean probability are doubtful: most likely there are no drums
#: (docs/transcribe.md).
DOUBTFUL = 0.5


class DrumModel(Protocol):
    """A drum transcription model: a network, or any callable with a card."""

    @property
    def card(self) -> runtime.ModelCard:
        """What it is. Its outputs are those of `name_outputs`, or the classes alone.

        In the latter case they are amplitudes: the confidence of an onset is its amplitude, without
        beats.
        """

    @property
    def threads(self) -> int:
        """The number of chunks to infer in parallel."""

    def __call__(self, features: NDArray[np.float32], /) -> NDArray[np.float32]:
        """Activations (frame, output) in [0, 1] of a chunk of features (frame, bin)."""


def load(model: str | Path, *, threads: int | None = None) -> DrumModel:
    """Load a model by its name, or by the path of its file; raises as `runtime.load`."""
    if factorization.is_named(model):
        return factorization.load(model, threads=threads)
    return runtime.load(model, threads=threads)


def read_bytes(model: str | Path) -> bytes:
    """The content of a model's file, which identifies it; raises as `load`."""
    if factorization.is_named(model):
        return factorization.read_bytes(model)
    return runtime.read_bytes(model)


def front_end(card: runtime.ModelCard) -> LogSpectrogram | Samples:
    """The front end that the model's card describes.

    Raises ValueError when the card describes another one.
    """
    if "samples_per_frame" in card.features:
        return runtime.front_end(card, Samples)
    return runtime.front_end(card, LogSpectrogram)


def name_outputs(classes: Sequence[str]) -> tuple[str, ...]:
    """The outputs of a drum network: an onset and a velocity for each class, then `BEATS`."""
    return (*classes, *(f"{name} velocity" for name in classes), *BEATS)


@dataclass
class TimedBlocks:
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


@dataclass(frozen=True, eq=False)
class DrumActivations:
    """Activations of a drum model, per frame.

    `onsets` are probabilities of an onset per class, `velocities` how hard a stroke would have
    been, in [0, 1]; `beats` probabilities of a beat and of a downbeat, without classes for models
    that have no beats.
    """

    onsets: Activations
    velocities: Activations
    beats: Activations

    @cached_property
    def grid(self) -> Beats | None:
        """The most likely beat grid; None for models without beats."""
        return self.follow()

    def follow(self, metre: str | None = None, tempo: Tempo | None = None) -> Beats | None:
        """The `grid`, of this metre and tempo if they are given: `beats.track`."""
        if not self.beats.classes:
            return None
        active = self.onsets.values.any(axis=1) | self.beats.values.any(axis=1)
        found = sections.find([np.asarray(active)], self.onsets.frame_rate)
        parts = ((self.cut(part.start, part.stop), part.inner) for part in found)
        return beats.join([_track_beats(part, inner, metre, tempo) for part, inner in parts])

    def cut(self, start: int, stop: int) -> DrumActivations:
        """Frames `start` to `stop`."""
        first = self.onsets.start + start / self.onsets.frame_rate
        return DrumActivations(
            *(
                replace(part, values=part.values[start:stop], start=first)
                for part in (self.onsets, self.velocities, self.beats)
            )
        )


def transcribe(
    source: Audio | str | Path,
    *,
    model: DrumModel | str | Path = "drums",
    classes: int = 10,
    sensitivity: float = 0.5,
    metre: str | None = None,
    tempo: Tempo | None = None,
) -> Transcription:
    """Transcribe the drum part of `source`: a file, or audio of any rate and number of channels.

    `model` is a loaded model, the name of a shipped one, or the path of an ONNX file; `classes` is
    10, 5 or 3, `sensitivity` 0 to 1, as in `notes`. Metre and tempo are detected, unless they are
    given: `metre` such as `"3/4"`, `tempo` in beats per minute, constant for the whole recording,
    or as a pair of the slowest and the fastest. Files are read in blocks, so that long ones need no
    more memory than short ones. Silence gives an empty transcription.

    Raises ValueError for an invalid argument or file content, OSError when the file cannot be read.
    """
    audio.refuse_array(source)
    beats.check(metre, tempo)
    loaded = runtime.resolve(model, load)
    if isinstance(source, Audio):
        blocks: Iterable[Audio] = [prepare(source, loaded.card)]
    else:
        blocks = audio.stream(source, sample_rate=front_end(loaded.card).sample_rate)
    return transcribe_blocks(
        blocks, loaded, classes=classes, sensitivity=sensitivity, metre=metre, tempo=tempo
    )


def transcribe_blocks(
    blocks: Iterable[Audio],
    model: DrumModel,
    *,
    classes: int = 10,
    sensitivity: float = 0.5,
    metre: str | None = None,
    tempo: Tempo | None = None,
) -> Transcription:
    """The drum part of consecutive mono blocks at the front end's rate, however many they are.

    Notes are made as the blocks go by: as `infer` and `notes` would, in less memory.
    The other arguments and errors as in `transcribe`.
    """
    card = model.card
    check(card, classes, sensitivity)
    beats.check(metre, tempo)
    measured = TimedBlocks(blocks)
    parts: list[_Notes] = []
    grids: list[Beats] = []
    for section, values in sections.hold(_run(measured, model), card.frame_rate):
        start = (section.start - PADDING) / card.frame_rate
        part = split(values, card.frame_rate, card.classes, start=start)
        parts.append(_pick(part, section.inner, card, classes, sensitivity))
        if part.beats.classes:
            grids.append(_track_beats(part, section.inner, metre, tempo))
    grid = beats.join(grids) if card.outputs != card.classes else None
    return _assemble(parts, card, classes, measured.duration, grid)


def prepare(source: Audio, card: runtime.ModelCard) -> Audio:
    """`source` as the model's input: one channel, at the front end's rate.

    Raises ValueError when a sample is NaN or infinite.
    """
    return audio.prepare(source, front_end(card).sample_rate)


def infer(source: Audio | Iterable[Audio], model: DrumModel) -> DrumActivations:
    """Activations of the model on `source`.

    `source` is audio of any kind, or consecutive mono blocks of it at the front end's rate; blocks
    are taken one at a time. `PADDING` frames of silence before and after it count as part of it.

    Raises ValueError when a block has another rate, or more than one channel.
    """
    card = model.card
    blocks = [prepare(source, card)] if isinstance(source, Audio) else source
    values = chunks.join(_run(blocks, model), len(card.outputs))
    return split(values, card.frame_rate, card.classes, start=-PADDING / card.frame_rate)


def _run(blocks: Iterable[Audio], model: DrumModel) -> Iterator[NDArray[np.float32]]:
    """Consecutive pieces (frame, output) of what the model makes of mono blocks, and of `PADDING`.

    In a chunk of digital silence all outputs are 0, without running the model.
    """
    card = model.card
    through = front_end(card)
    silence = np.zeros(round(PADDING / card.frame_rate * through.sample_rate), dtype=np.float32)
    samples = (audio.samples_of(block, through.sample_rate) for block in blocks)
    features = through.stream(itertools.chain([silence], samples, [silence]))

    def network(chunk: NDArray[np.float32]) -> NDArray[np.float32]:
        if not chunk.any():
            return np.zeros((len(chunk), len(card.outputs)), dtype=np.float32)
        return model(chunk).astype(np.float32, copy=False)

    return chunks.stitch(
        features, network, card.chunk_frames, card.overlap_frames, threads=model.threads
    )


def split(
    values: NDArray[np.float32],
    frame_rate: float,
    classes: tuple[str, ...],
    *,
    start: float = 0.0,
) -> DrumActivations:
    """(frame, output), ordered as `name_outputs`, into its parts; or amplitudes (frame, class)."""
    n = len(classes)
    onsets = Activations(values[:, :n], frame_rate, start, classes)
    if values.shape[1] == n:
        return DrumActivations(onsets, onsets, Activations(values[:, n:], frame_rate, start, ()))
    return DrumActivations(
        onsets,
        Activations(values[:, n : 2 * n], frame_rate, start, classes),
        Activations(values[:, 2 * n :], frame_rate, start, BEATS),
    )


def notes(
    activations: DrumActivations,
    card: runtime.ModelCard,
    *,
    classes: int = 10,
    sensitivity: float = 0.5,
    duration: float,
    metre: str | None = None,
    tempo: Tempo | None = None,
) -> Transcription:
    """Decode activations into notes, in 10, 5 or 3 classes, and beats.

    `sensitivity` in [0, 1] moves the card's thresholds t: 0.5 leaves them, more of it finds more
    notes. The threshold is sigmoid(logit(t) + 8 (0.5 - sensitivity)). The velocity of a note is
    the activation in the frame of its peak, or the share of the level there where the card has
    amplitudes normalized by it. Onsets lie in [0, `duration`] seconds. `metre` and `tempo` as in
    `transcribe`.

    Raises ValueError when the number of classes, the sensitivity, the metre or the tempo is none of
    these, or the card has no thresholds for the classes.
    """
    check(card, classes, sensitivity)
    found_notes = _pick(
        activations, (0, len(activations.onsets.values)), card, classes, sensitivity
    )
    grid = activations.follow(metre, tempo) if metre or tempo else activations.grid
    return _assemble([found_notes], card, classes, duration, grid)


class _Notes(NamedTuple):
    """Seconds, column in the classes, velocity and activation of each of some notes, (n,)."""

    times: NDArray[np.float64]
    columns: NDArray[np.int64]
    velocities: NDArray[np.float64]
    heights: NDArray[np.float64]


def _pick(
    activations: DrumActivations,
    keep: tuple[int, int],
    card: runtime.ModelCard,
    classes: int,
    sensitivity: float,
) -> _Notes:
    """The notes within a range of frames of the activations."""
    onsets, velocities = reduce_classes(activations, classes)
    base_thresholds = np.array([card.thresholds[str(classes)][name] for name in onsets.classes])
    logits = np.log(base_thresholds / (1 - base_thresholds)) + 2 * SENSITIVITY_LOGITS * (
        0.5 - sensitivity
    )
    values, struck, windows = onsets.values, velocities.values, dict(card.peaks)
    if "level_frames" in windows:
        related = {name: windows.pop(name) for name in ("gather_frames", "level_frames")}
        values = struck = peaks.normalize_by_local_max(values, **related)
    thresholds = 1 / (1 + np.exp(-logits))
    found = peaks.pick(values, thresholds=thresholds, **windows)
    if set(SNARE) <= set(onsets.classes):
        pair = [onsets.classes.index(name) for name in SNARE]
        found = peaks.keep_one(found, values / thresholds, pair, SNARE_FRAMES)
    inside = (found.frames >= keep[0]) & (found.frames < keep[1])
    times = onsets.start + peaks.refine(values, found) / onsets.frame_rate
    hardness = struck[found.frames, found.classes].astype(np.float64)
    heights = values[found.frames, found.classes].astype(np.float64)
    return _Notes(times[inside], found.classes[inside], hardness[inside], heights[inside])


def _track_beats(
    activations: DrumActivations, keep: tuple[int, int], metre: str | None, tempo: Tempo | None
) -> Beats:
    """The beats within a range of frames of the activations."""
    grid = beats.track(activations.beats, activations.onsets, metre=metre, tempo=tempo)
    first, last = (activations.beats.start + frame / activations.beats.frame_rate for frame in keep)
    return grid.between(first, last)


def _assemble(
    parts: Sequence[_Notes],
    card: runtime.ModelCard,
    classes: int,
    duration: float,
    grid: Beats | None,
) -> Transcription:
    """One transcription of consecutive parts; onsets in [0, `duration`]."""
    none = _Notes(np.empty(0), np.empty(0, np.int64), np.empty(0), np.empty(0))
    times, columns, velocities, heights = map(np.concatenate, zip(none, *parts, strict=True))
    times = np.clip(times, 0.0, duration)
    order = np.argsort(times, kind="stable")
    names = _names(card, classes)
    labels = np.array(names, dtype=np.str_)[columns[order]]
    # Amplitudes are no probabilities.
    known = len(heights) > 0 and card.outputs == name_outputs(card.classes)
    confidence = float(heights.mean()) if known else None
    return Transcription(times[order], labels, velocities[order], duration, names, grid, confidence)


def _names(card: runtime.ModelCard, classes: int) -> tuple[str, ...]:
    """The classes of notes, in the order of `reduce_classes`."""
    return card.classes if classes == len(card.classes) else DRUMS[classes]


def check(card: runtime.ModelCard, classes: int, sensitivity: float) -> None:
    """Raise ValueError where `notes` would, before any audio is processed."""
    if classes not in DRUMS:
        raise ValueError(f"classes: expected 3, 5 or 10, got {classes}")
    if not 0 <= sensitivity <= 1:
        raise ValueError(f"sensitivity: expected 0 to 1, got {sensitivity}")
    known = set(card.thresholds.get(str(classes), {}))
    outputs = (card.classes, name_outputs(card.classes))
    if card.task != "drums" or card.outputs not in outputs or known != set(DRUMS[classes]):
        raise ValueError(
            f"card: {card.name!r} does not transcribe drums in {classes} classes; choose a drum "
            "model (see bandscribe models), or export it again"
        )
    front_end(card)


def reduce_classes(activations: DrumActivations, count: int) -> tuple[Activations, Activations]:
    """Onsets and velocities in 10, 5 or 3 classes.

    The activation of a group is the sum of its members', 1 at most: the drums of a group seldom
    sound at once, and an uncertain network splits its probability among them: the greatest alone
    would miss strokes. The velocity of a group is the mean of its members', weighted by
    their activations.
    """
    onsets, velocities = activations.onsets, activations.velocities
    if count == len(onsets.classes):
        return onsets, velocities
    names = DRUMS[count]
    groups = [REDUCTIONS[count][name] for name in onsets.classes]
    member = np.array([[group == name for name in names] for group in groups], dtype=np.float32)
    total = onsets.values @ member
    weighted = (onsets.values * velocities.values) @ member
    struck = np.divide(weighted, total, out=np.zeros_like(total), where=total > 0)
    rate, start = onsets.frame_rate, onsets.start
    return (
        Activations(np.minimum(total, 1), rate, start, names),
        Activations(np.minimum(struck, 1), rate, start, names),
    )
