"""What is evaluated: a network of ours that listens, or the files of any other system.

Both answer the same two questions about a track: what they heard, by number of classes, and what
that answer depends on, so that a stored one can be told from a stale one. Both can be sent to
another process.
"""

from __future__ import annotations

import hashlib
import multiprocessing
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from bandscribe import audio, drums, runtime
from bandscribe.datasets.track import Track
from bandscribe.evaluation import drum_estimates as estimates
from bandscribe.types import Activations, Transcription
from bandscribe.vocabulary import DRUMS_10, reduce


@dataclass(frozen=True)
class Heard:
    """What a system found in one track: notes by number of classes, and the labels it used.

    `hearing` is what the notes were picked from, where that is known.
    """

    notes: dict[int, Transcription]
    labels: tuple[str, ...]
    duration: float
    hearing: drums.Hearing | None = None


@dataclass(frozen=True)
class Network:
    """A shipped model's name or an ONNX file; `digest` is of the file's content.

    `trained_on` are the corpora among its sources.
    """

    model: str
    digest: str
    commit: str
    trained_on: tuple[str, ...]

    @classmethod
    def load(cls, model: str, counts: tuple[int, ...]) -> Network:
        """Check that the model can be run, and tell these numbers of classes apart.

        Raises ValueError when it cannot.
        """
        card = drums.load(model).card
        for count in counts:
            drums.check(card, count, 0.5)
        digest = hashlib.sha256(drums.read_bytes(model)).hexdigest()
        return cls(model, digest, card.commit, _corpora(card))

    def missing(self, track: Track[Any]) -> tuple[Path, ...]:
        """Files without which the track cannot be evaluated."""
        return track.missing

    def identity(self, track: Track[Any]) -> list[object]:
        """The model, and the sound by its name, size and time."""
        stat = track.audio.stat()
        return [self.digest, str(track.audio), stat.st_size, stat.st_mtime_ns]

    def listen(
        self, track: Track[Any], counts: tuple[int, ...], unscored: tuple[str, ...]
    ) -> Heard:
        """Transcribe the audio as if the model did not know the classes in `unscored`."""
        model = load_drums_once(self.model)
        rate = drums.front_end(model.card).sample_rate
        blocks = drums.Measured(audio.stream(track.audio, sample_rate=rate))
        heard = drums.hear(blocks, model)
        heard = replace(heard, onsets=_leave_out(heard.onsets, unscored))
        found = {
            count: drums.notes(heard, model.card, classes=count, duration=blocks.duration)
            for count in counts
        }
        return Heard(found, model.card.classes, blocks.duration, heard)


@dataclass(frozen=True)
class Files:
    """A folder of estimates, one file per track, found by name."""

    folder: Path
    files: estimates.Index

    @classmethod
    def load(cls, folder: Path) -> Files:
        """List the folder. Raises ValueError when it holds no estimates."""
        return cls(folder, estimates.index(folder))

    def missing(self, track: Track[Any]) -> tuple[Path, ...]:
        """Files without which the track cannot be evaluated: not the audio, which nobody hears."""
        return tuple(path for path in track.missing if path != track.audio)

    def identity(self, track: Track[Any]) -> list[object]:
        """Name and content of the file, and of that of its beats."""
        name = estimates.find(self.files, track)
        parts = estimates.parts_of(self.folder / name)
        return [name, *((p.name, hashlib.sha256(p.read_bytes()).hexdigest()) for p in parts)]

    def listen(
        self, track: Track[Any], counts: tuple[int, ...], unscored: tuple[str, ...]
    ) -> Heard:
        """Read the track's estimate, without the classes in `unscored`."""
        found = estimates.read(self.folder / estimates.find(self.files, track))
        labels = tuple(sorted(set(found.labels.tolist())))
        scored = _without(found, unscored)
        possible = [count for count in counts if count < 10 or set(labels) <= set(DRUMS_10)]
        return Heard({count: reduce(scored, count) for count in possible}, labels, found.duration)


System = Network | Files


@lru_cache(maxsize=1)
def load_once(model: str) -> runtime.Model:
    """A network, once per process."""
    return runtime.load(model, threads=_threads())


@lru_cache(maxsize=1)
def load_drums_once(model: str) -> drums.Listener:
    """Whatever hears drums, once per process."""
    return drums.load(model, threads=_threads())


def _threads() -> int | None:
    """Workers share the cores among them, and take one each."""
    return 1 if multiprocessing.parent_process() else None


def _corpora(card: runtime.ModelCard) -> tuple[str, ...]:
    """Names of corpora that a model was trained on, as far as its card names them so.

    E-GMD is Groove MIDI played anew, so that whoever knows one knows both.
    """
    names = [source["name"].lower() for source in card.sources]
    groove = ["gmd", "egmd"] if any("groove" in name for name in names) else []
    return (*names, *groove)


def _leave_out(activations: Activations, names: tuple[str, ...]) -> Activations:
    """The activations with these classes silent."""
    kept = np.array([name not in names for name in activations.classes], dtype=np.float32)
    return replace(activations, values=activations.values * kept)


def _without(notes: Transcription, names: tuple[str, ...]) -> Transcription:
    kept = ~np.isin(notes.labels, names)
    velocities = None if notes.velocities is None else notes.velocities[kept]
    return replace(
        notes, onsets=notes.onsets[kept], labels=notes.labels[kept], velocities=velocities
    )
