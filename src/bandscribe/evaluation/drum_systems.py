"""The systems that are evaluated on drums: a model, or the files of any other system.

Both give the same for a track: its notes in each number of classes, and what these depend on, by
which a stored result is known to be stale. Both can be sent to another process.

Files are those that `bandscribe.formats.notes` reads, found by name. Beats are in a second file
beside, of the same name: `NAME.beats.csv` with the header `time,position`, or `NAME.beats` with
rows of a time and a position in the bar.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from bandscribe import audio, drums
from bandscribe.datasets.annotations import read_beats
from bandscribe.datasets.track import Track
from bandscribe.evaluation.estimates import NameIndex, index_folder
from bandscribe.evaluation.networks import (
    Network,
    describe_sources,
    digest_of,
    load_drums_once,
)
from bandscribe.formats import notes as note_files
from bandscribe.types import Activations, Beats, Transcription
from bandscribe.vocabulary import DRUMS_3, DRUMS_10, reduce

#: Endings of the names of files with beats.
BEATS = (".beats.csv", ".beats")


@dataclass(frozen=True)
class DrumPrediction:
    """The notes of a track by number of classes, and all labels that the system used in it.

    `activations` are what the notes were picked from, where that is known.
    """

    notes: dict[int, Transcription]
    labels: tuple[str, ...]
    duration: float
    activations: drums.DrumActivations | None = None


class DrumNetwork(Network):
    """A drum model. E-GMD is rendered from Groove MIDI: trained on either counts for both."""

    @classmethod
    def load(cls, model: str, class_counts: tuple[int, ...]) -> DrumNetwork:
        """Check that the model has these numbers of classes, and can be run.

        Raises ValueError when it cannot, or has not.
        """
        card = drums.load(model).card
        for count in class_counts:
            drums.check(card, count, 0.5)
        names = describe_sources(card)
        groove = ("gmd", "egmd") if any("groove" in name for name in names) else ()
        return cls(model, digest_of(drums.read_bytes(model)), card.commit, (*names, *groove))

    def predict(
        self, track: Track[Any], class_counts: tuple[int, ...], unscored: tuple[str, ...]
    ) -> DrumPrediction:
        """Transcribe the audio as if the model did not know the classes in `unscored`."""
        model = load_drums_once(self.model)
        rate = drums.front_end(model.card).sample_rate
        blocks = drums.TimedBlocks(audio.stream(track.audio, sample_rate=rate))
        activations = drums.infer(blocks, model)
        activations = replace(activations, onsets=_silence(activations.onsets, unscored))
        notes = {
            count: drums.notes(activations, model.card, classes=count, duration=blocks.duration)
            for count in class_counts
        }
        return DrumPrediction(notes, model.card.classes, blocks.duration, activations)


@dataclass(frozen=True)
class DrumEstimates:
    """A folder of files that another system wrote, one per track, found by name."""

    path: Path
    files: NameIndex[str]

    @classmethod
    def load(cls, folder: Path) -> DrumEstimates:
        """List the folder. Raises ValueError when it holds no estimates."""
        return cls(folder, index_folder(folder, note_files.SUFFIXES, ignored=BEATS))

    def missing(self, track: Track[Any]) -> tuple[Path, ...]:
        """Files without which the track cannot be evaluated: not the audio, which is not read."""
        return tuple(path for path in track.missing if path != track.audio)

    def identity(self, track: Track[Any]) -> list[object]:
        """Name and content of the file, and of that of its beats."""
        name = self.files.find(track)
        parts = _with_beats(self.path / name)
        return [name, *((p.name, digest_of(p.read_bytes())) for p in parts)]

    def predict(
        self, track: Track[Any], class_counts: tuple[int, ...], unscored: tuple[str, ...]
    ) -> DrumPrediction:
        """Read the track's estimate, without the classes in `unscored`."""
        notes = read_estimate(self.path / self.files.find(track))
        labels = tuple(sorted(set(notes.labels.tolist())))
        scored = _drop(notes, unscored)
        possible = [n for n in class_counts if n < 10 or set(labels) <= set(DRUMS_10)]
        return DrumPrediction({n: reduce(scored, n) for n in possible}, labels, notes.duration)


DrumSystem = DrumNetwork | DrumEstimates


def read_estimate(path: Path) -> Transcription:
    """The notes of a file, with its beats where they are known.

    Raises ValueError or OSError as `bandscribe.formats.notes.read`.
    """
    found = note_files.read(path)
    for beside in _with_beats(path)[1:]:
        nothing = Beats(np.zeros(0), np.zeros(0, dtype=np.int64))
        found = replace(found, beats=read_beats(beside) or nothing)
    return found


def _with_beats(path: Path) -> tuple[Path, ...]:
    """The file of an estimate, and that of its beats where there is one."""
    beside = (path.with_suffix(suffix) for suffix in BEATS)
    return (path, *[file for file in beside if file.is_file()][:1])


def counts_of(labels: Iterable[str]) -> tuple[int, ...]:
    """The numbers of classes in which estimates with these labels can be scored.

    Ten only where every label is one of the ten; three alone where `HH` occurs and neither toms nor
    cymbals do: such a system does not transcribe them.
    """
    found = set(labels)
    if found <= set(DRUMS_10):
        return (10, 5, 3)
    if found <= set(DRUMS_3):
        return (3,)
    return (5, 3)


def _silence(activations: Activations, names: tuple[str, ...]) -> Activations:
    """The activations with these classes at zero."""
    kept = np.array([name not in names for name in activations.classes], dtype=np.float32)
    return replace(activations, values=activations.values * kept)


def _drop(notes: Transcription, names: tuple[str, ...]) -> Transcription:
    """The notes without these classes."""
    return notes.select(~np.isin(notes.labels, names))
