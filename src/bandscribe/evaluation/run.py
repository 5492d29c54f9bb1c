"""Drums on a whole corpus: verdicts of all tracks.

A verdict depends on the annotation, the model's or the estimate's content, the audio file's name,
size and time, the settings, and `FORMAT`: see `evaluation.store`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bandscribe.datasets.track import Track
from bandscribe.evaluation import store as judging
from bandscribe.evaluation.judge import (
    Lane,
    Lanes,
    Verdict,
    judge,
    judge_beats,
    lanes,
    measure_offset,
)
from bandscribe.evaluation.store import Judgement, read_shown
from bandscribe.evaluation.systems import System
from bandscribe.types import Transcription
from bandscribe.vocabulary import DRUMS, reduce

Outcome = judging.Judged[Verdict]
#: Counts up when a verdict holds something else than before, or holds it by another rule.
FORMAT = 3


@dataclass(frozen=True)
class Settings:
    """How tracks are scored: class counts, classes left out, tolerance in seconds.

    `offset` also asks whether each estimate as a whole is early or late.
    """

    counts: tuple[int, ...]
    unscored: tuple[str, ...]
    tolerance: float
    offset: bool = False


@dataclass(frozen=True)
class Task:
    """What is done with every track."""

    system: System
    settings: Settings

    def missing(self, track: Track[Any]) -> tuple[Path, ...]:
        """Files without which the track cannot be evaluated."""
        return self.system.missing(track)

    def depends(self, track: Track[Any], target: Transcription) -> list[object]:
        """The annotation, the system, and the settings."""
        notes = hashlib.sha256(target.onsets.tobytes())
        notes.update(" ".join(target.labels.tolist()).encode())
        if target.velocities is not None:
            notes.update(target.velocities.tobytes())
        if target.beats is not None:
            notes.update(b"beats")
            notes.update(target.beats.times.tobytes())
            notes.update(target.beats.positions.tobytes())
        heard = self.system.identity(track)
        return [FORMAT, notes.hexdigest(), target.duration, heard, vars(self.settings)]

    def judge(self, track: Track[Any], target: Transcription) -> Judgement:
        """The verdict, and every onset in the lane of its class."""
        settings = self.settings
        unscored = (*settings.unscored, *sorted(track.unscored))
        heard = self.system.listen(track, settings.counts, unscored)
        pairs = {count: (reduce(target, count), notes) for count, notes in heard.notes.items()}
        verdict = Verdict(
            track=track.id,
            split=track.split,
            group=track.group,
            audio=str(track.audio),
            duration=max(target.duration, heard.duration),
            labels=heard.labels,
            views={
                count: judge(*pair, DRUMS[count], settings.tolerance)
                for count, pair in pairs.items()
            },
            offset=measure_offset(*pairs[max(pairs)], DRUMS[max(pairs)], settings.tolerance)
            if settings.offset and pairs
            else None,
            beats=judge_beats(*pairs[max(pairs)]) if pairs else None,
        )
        shown = {
            str(count): {
                name: vars(lane)
                for name, lane in lanes(*pair, DRUMS[count], settings.tolerance).items()
            }
            for count, pair in pairs.items()
        }
        return Judgement(verdict.to_plain(), shown)


def run(
    tracks: Sequence[Track[Transcription]],
    system: System,
    settings: Settings,
    *,
    store: Path | None = None,
    jobs: int = 1,
    progress: Callable[[int, str], None] = lambda done, track: None,
) -> Outcome:
    """Judge every track as `evaluation.store.judge_all` does; raises as it does."""
    found = judging.judge_all(
        tracks, Task(system, settings), store=store, jobs=jobs, progress=progress
    )
    verdicts = [Verdict.from_plain(verdict) for verdict in found.verdicts]
    return Outcome(verdicts, found.reused, found.problems)


def read_lanes(store: Path, track: str) -> Lanes:
    """The onsets of a track that was judged into `store`."""
    return {
        int(count): {name: Lane(**lane) for name, lane in by_class.items()}
        for count, by_class in read_shown(store, track).items()
    }
