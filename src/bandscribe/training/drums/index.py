"""The notes of all tracks of a corpus in one file, so that each annotation is parsed once.

E-GMD has 45,537 MIDI files of some milliseconds each: parsed in every process and run, they cost
more than the audio.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from bandscribe.audio import read
from bandscribe.datasets.alignment import LEAST, fit
from bandscribe.datasets.track import Track
from bandscribe.decode import length
from bandscribe.files import whole
from bandscribe.readers import refused
from bandscribe.training.batches import attempt, each
from bandscribe.training.mapped import alone, digest
from bandscribe.types import Beats, Transcription
from bandscribe.vocabulary import DRUMS, reduce

#: Notes as annotated; or without tracks that do not match their audio; or also aligned to it.
Alignment = Literal["as_they_are", "checked", "moved"]
_ALIGNED_RATE = 22050


class Parsed(NamedTuple):
    """A track: the length of its sound in seconds, and its notes in the requested classes."""

    seconds: float
    notes: Transcription


@dataclass(frozen=True, eq=False)
class Index:
    """The notes of all tracks, concatenated: those of track i are `edges[i]` to `edges[i + 1]`.

    `codes` (note,) index `classes`. Beats likewise, by `beat_edges`; tracks without `has_beats`
    have none. `seconds` (track,) are the lengths of the audio. `problems` are errors of unusable
    tracks, by index; these have no notes.
    """

    classes: tuple[str, ...]
    onsets: NDArray[np.float64]
    codes: NDArray[np.uint8]
    velocities: NDArray[np.float32]
    edges: NDArray[np.int64]
    durations: NDArray[np.float64]
    beat_times: NDArray[np.float64]
    beat_positions: NDArray[np.int64]
    beat_edges: NDArray[np.int64]
    has_beats: NDArray[np.bool_]
    seconds: NDArray[np.float64]
    problems: dict[int, str]

    @classmethod
    def load(
        cls,
        tracks: Sequence[Track[Transcription]],
        classes: int,
        folder: Path,
        *,
        alignment: Alignment = "as_they_are",
        workers: int = 0,
    ) -> Index:
        """The notes of these tracks in `classes` classes, from a file in `folder`, or parsed.

        With an `alignment` all audio is read, and tracks that do not match their notes are among
        the problems. The file is named by all that it depends on (see `mapped.digest`). Raises
        ValueError where it is damaged, OSError where it cannot be written.
        """
        files = [path for track in tracks for path in (track.audio, *track.annotations)]
        path = folder / f"notes-{digest(files, classes, alignment)}.npz"
        with alone(path):
            if not path.is_file():
                made = partial(parse, classes=classes, alignment=alignment)
                parsed = cls._join(each(partial(attempt, made), tracks, workers=workers), classes)
                arrays: dict[str, Any] = {
                    name: value
                    for name, value in vars(parsed).items()
                    if isinstance(value, np.ndarray)
                }
                problems = {str(place): text for place, text in parsed.problems.items()}
                with whole(path) as temporary, temporary.open("wb") as file:
                    np.savez(file, problems=np.array(json.dumps(problems)), **arrays)
        with refused(f"{path}: damaged; delete it"), np.load(path) as saved:
            problems = json.loads(str(saved["problems"]))
            return cls(
                DRUMS[classes],
                problems={int(place): text for place, text in problems.items()},
                **{name: saved[name] for name in saved.files if name != "problems"},
            )

    def __getitem__(self, track: int) -> Transcription:
        """The notes of a track; where it has no velocities, they are 0."""
        notes = slice(*self.edges[track : track + 2].tolist())
        beats = None
        if self.has_beats[track]:
            cut = slice(*self.beat_edges[track : track + 2].tolist())
            beats = Beats(self.beat_times[cut], self.beat_positions[cut])
        return Transcription(
            self.onsets[notes],
            np.array(self.classes)[self.codes[notes]],
            self.velocities[notes].astype(np.float64),
            float(self.durations[track]),
            self.classes,
            beats,
        )

    @classmethod
    def _join(cls, tracks: Iterable[Parsed | str], classes: int) -> Index:
        """Of all tracks, in their order, or what is wrong with one."""
        names = DRUMS[classes]
        found: list[Parsed] = []
        problems = {}
        nothing = Transcription(np.zeros(0), np.zeros(0, np.str_), np.zeros(0), 0.0, names)
        for place, parsed in enumerate(tracks):
            if isinstance(parsed, str):
                problems[place] = parsed
            found.append(Parsed(0.0, nothing) if isinstance(parsed, str) else parsed)
        notes = [each.notes for each in found]
        column = {name: code for code, name in enumerate(names)}
        grids = [each.beats or Beats(np.zeros(0), np.zeros(0, np.int64)) for each in notes]
        return cls(
            names,
            _join([each.onsets for each in notes], np.float64),
            np.array([column[name] for each in notes for name in each.labels.tolist()], np.uint8),
            _join([velocities_of(each) for each in notes], np.float32),
            _edges([len(each.onsets) for each in notes]),
            np.array([each.duration for each in notes], dtype=np.float64),
            _join([grid.times for grid in grids], np.float64),
            _join([grid.positions for grid in grids], np.int64),
            _edges([len(grid.times) for grid in grids]),
            np.array([each.beats is not None for each in notes]),
            np.array([each.seconds for each in found]),
            problems,
        )


def parse(
    track: Track[Transcription], classes: int, alignment: Alignment = "as_they_are"
) -> Parsed:
    """A track's length and notes.

    Raises ValueError or OSError, naming the file; with an `alignment`, also for a track that does
    not match its notes.
    """
    notes = reduce(track.load(), classes)
    if alignment == "as_they_are":
        return Parsed(length(track.audio), notes)
    sound = read(track.audio, sample_rate=_ALIGNED_RATE, mono=True)
    fitted = fit(sound.samples[0], _ALIGNED_RATE, notes.onsets)
    if len(notes.onsets) and fitted.agreement < LEAST:
        raise ValueError(
            f"{track.audio}: does not sound as its notes say (agreement {fitted.agreement:.2f})"
        )
    if alignment == "moved":
        beats = notes.beats and replace(notes.beats, times=fitted.move(notes.beats.times))
        notes = replace(notes, onsets=fitted.move(notes.onsets), beats=beats)
    return Parsed(sound.duration, notes)


def velocities_of(notes: Transcription) -> NDArray[np.float64]:
    """The velocity of each note, 0 where it is unknown."""
    return np.zeros(len(notes.onsets)) if notes.velocities is None else notes.velocities


def _join(parts: Sequence[NDArray[Any]], kind: type[np.generic]) -> NDArray[Any]:
    return np.concatenate([np.zeros(0, dtype=kind), *parts]).astype(kind)


def _edges(counts: Sequence[int]) -> NDArray[np.int64]:
    return np.concatenate([[0], np.cumsum(counts, dtype=np.int64)]).astype(np.int64)
