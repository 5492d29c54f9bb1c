"""Evaluate the tracks of a corpus in parallel, and store each result as soon as it is done.

A result is stored with a digest of everything it depends on: the track, the version of bandscribe,
and what the task names. It is reused only while the digest is the same.
"""

from __future__ import annotations

import hashlib
import json
import re
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Generic, NamedTuple, Protocol, TypeVar

from bandscribe import __version__, processes
from bandscribe.audio import TruncatedAudioWarning
from bandscribe.datasets.track import Track
from bandscribe.files import write_json
from bandscribe.readers import read_json

#: The folder of stored results inside a result folder.
FOLDER = "tracks"
Json = dict[str, Any]
S = TypeVar("S")


class TrackResult(NamedTuple):
    """The result of one track, as JSON.

    `scores` are what the metrics are computed from; `shown` is what the page draws of the track,
    which is stored and not kept in memory, where that of a large corpus would not fit.
    """

    scores: Json
    shown: Json


class Task(Protocol):
    """How a track is evaluated; it is sent to other processes."""

    def missing(self, track: Track[Any]) -> tuple[Path, ...]:
        """Files without which the track cannot be evaluated."""

    def cache_key(self, track: Track[Any], target: Any) -> list[object]:
        """What the result depends on beside the name of the track, as JSON."""

    def evaluate(self, track: Track[Any], target: Any) -> TrackResult:
        """Compare the prediction with the annotation `target`.

        Raises ValueError or OSError where the track cannot be evaluated.
        """


class _Outcome(NamedTuple):
    scores: Json | None
    reused: bool = False
    problem: str = ""


@dataclass(frozen=True)
class Results(Generic[S]):
    """The scores of the tracks, in their order, and how many of them were stored already.

    `failed` are the tracks that could not be evaluated: id, and the reason in one line.
    """

    scores: list[S]
    reused: int
    failed: list[tuple[str, str]]


def evaluate_tracks(
    tracks: Sequence[Track[Any]],
    task: Task,
    *,
    store: Path | None = None,
    jobs: int = 1,
    progress: Callable[[int, str], None] = lambda done, track: None,
) -> Results[Json]:
    """Evaluate every track in `jobs` processes; a track that cannot be read fails by itself.

    `store` is a folder for the results, which is created where it is missing. `progress` is called
    with the number of tracks done and the last one's id. The results do not depend on `jobs`.

    Raises ValueError when a process is killed from outside.
    """
    if store is not None:
        store.mkdir(parents=True, exist_ok=True)
    outcomes: list[_Outcome] = []
    progress(0, "")
    for one in processes.run(partial(_evaluate, task, store), tracks, jobs=jobs):
        outcomes.append(one)
        progress(len(outcomes), tracks[len(outcomes) - 1].id)
    return Results(
        [one.scores for one in outcomes if one.scores is not None],
        sum(one.reused for one in outcomes),
        [
            (track.id, one.problem)
            for track, one in zip(tracks, outcomes, strict=True)
            if one.scores is None
        ],
    )


def _evaluate(task: Task, store: Path | None, track: Track[Any]) -> _Outcome:
    if missing := task.missing(track):
        return _Outcome(None, problem=f"{missing[0]}: missing")
    try:
        with warnings.catch_warnings():
            # Everything after the end of a truncated recording would count as missed.
            warnings.simplefilter("error", TruncatedAudioWarning)
            return _load_or_evaluate(task, store, track)
    except (ValueError, OSError, TruncatedAudioWarning) as error:
        message = str(error)
        if isinstance(error, OSError) and error.filename and error.strerror:
            message = f"{error.filename}: {error.strerror.lower()}"
        return _Outcome(None, problem=" ".join(message.split()))


def _load_or_evaluate(task: Task, store: Path | None, track: Track[Any]) -> _Outcome:
    target = track.load()
    if store is None:
        return _Outcome(task.evaluate(track, target).scores)
    path = store / file_name(track.id)
    key = _digest(track, task.cache_key(track, target))
    if (stored := _load(path, key)) is not None:
        return _Outcome(stored, reused=True)
    scores, shown = task.evaluate(track, target)
    write_json(path, {"key": key, "scores": scores, "shown": shown}, indent=None)
    return _Outcome(scores)


def _load(path: Path, key: str) -> Json | None:
    if not path.is_file():
        return None
    try:
        content = read_json(path)
        scores: Json | None = content["scores"] if content["key"] == key else None
    except (ValueError, KeyError, TypeError):
        return None  # damaged, or of another version: it is computed and written again
    return scores


def read_scores(store: Path, track: str) -> Json:
    """The scores of a track that was evaluated into `store`."""
    scores: Json = _read(store, track)["scores"]
    return scores


def read_shown(store: Path, track: str) -> Json:
    """The data of the page for a track that was evaluated into `store`."""
    shown: Json = _read(store, track)["shown"]
    return shown


def _read(store: Path, track: str) -> Json:
    path = store / file_name(track)
    if not path.is_file():
        raise ValueError(f"{path}: missing")
    content: Json = read_json(path)
    return content


def name_track(track: Track[Any]) -> Json:
    """The beginning of the scores of any track."""
    return {
        "track": track.id,
        "split": track.split,
        "group": track.group,
        "audio": str(track.audio),
    }


def identify(path: Path) -> list[object]:
    """A file by its name, size and modification time."""
    stat = path.stat()
    return [str(path), stat.st_size, stat.st_mtime_ns]


def _digest(track: Track[Any], key: list[object]) -> str:
    names = [track.id, track.split, track.group, str(track.audio), sorted(track.unscored)]
    text = json.dumps([__version__, *names, *key])
    return hashlib.sha256(text.encode()).hexdigest()


def file_name(track: str) -> str:
    """A file name for any id; the digest separates ids that differ only in other characters."""
    plain = re.sub(r"[^\w-]+", "_", track)[-80:]
    return f"{plain}-{hashlib.sha256(track.encode()).hexdigest()[:8]}.json"
