"""A whole corpus: its tracks are evaluated in parallel, and each result is stored when it is done.

A result is stored with a digest of everything it depends on: the track, the version of bandscribe,
and what the task names. It is reused only while the digest is the same.
"""

from __future__ import annotations

import hashlib
import json
import multiprocessing
import os
import re
import signal
import threading
import warnings
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import wait
from pathlib import Path
from typing import Any, Generic, NamedTuple, Protocol, TypeVar

from bandscribe import __version__
from bandscribe.audio import TruncatedAudioWarning
from bandscribe.datasets.track import Track
from bandscribe.files import write_json
from bandscribe.readers import read_json

#: The folder of stored results inside a result folder.
FOLDER = "tracks"
Json = dict[str, Any]
S = TypeVar("S")


class TrackResult(NamedTuple):
    """What the evaluation of one track yields, as JSON holds it.

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
        """What the result depends on beside the track's names, as JSON holds it."""

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
    """The scores of the tracks, in their order, and how many of them were stored before.

    `failed` are the tracks that could not be evaluated: id, and the reason in one line.
    """

    scores: list[S]
    reused: int
    failed: list[tuple[str, str]]


@dataclass(frozen=True)
class _Work:
    task: Task
    store: Path | None


#: In a worker process alone: set once, as it starts.
_work: _Work


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
    work = _Work(task, store)
    workers = min(jobs, len(tracks))
    found: dict[int, _Outcome] = {}
    progress(0, "")
    for index, one in _parallel(work, tracks, workers) if workers > 1 else _serial(work, tracks):
        found[index] = one
        progress(len(found), tracks[index].id)
    outcomes = [found[i] for i in range(len(tracks))]
    return Results(
        [one.scores for one in outcomes if one.scores is not None],
        sum(one.reused for one in outcomes),
        [
            (track.id, one.problem)
            for track, one in zip(tracks, outcomes, strict=True)
            if one.scores is None
        ],
    )


def _serial(work: _Work, tracks: Sequence[Track[Any]]) -> Iterator[tuple[int, _Outcome]]:
    for index, track in enumerate(tracks):
        yield index, _evaluate(work, track)


def _parallel(
    work: _Work, tracks: Sequence[Track[Any]], workers: int
) -> Iterator[tuple[int, _Outcome]]:
    # Processes are spawned: a fork would copy the locks of libraries that run threads.
    context = multiprocessing.get_context("spawn")
    with (
        _one_thread_each(),
        ProcessPoolExecutor(workers, context, initializer=_start_worker, initargs=(work,)) as pool,
    ):
        pending = {
            pool.submit(_evaluate_in_worker, track): index for index, track in enumerate(tracks)
        }
        try:
            for future in as_completed(pending):
                yield pending[future], future.result()
        except BrokenProcessPool as error:
            raise ValueError(
                "a worker process was killed, perhaps for want of memory; "
                "run the same command again with fewer --jobs to go on"
            ) from error
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


def _start_worker(work: _Work) -> None:
    """In a new worker: hold the work, leave Ctrl-C to the parent, and exit when the parent does."""
    global _work
    _work = work
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()
    assert parent is not None

    def exit_with_parent() -> None:
        wait([parent.sentinel])
        os._exit(1)

    threading.Thread(target=exit_with_parent, daemon=True).start()


def _evaluate_in_worker(track: Track[Any]) -> _Outcome:
    return _evaluate(_work, track)


@contextmanager
def _one_thread_each() -> Iterator[None]:
    """Workers share the cores: the libraries in each use one thread."""
    names = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
    before = {name: os.environ.get(name) for name in names}
    os.environ.update(dict.fromkeys(names, "1"))
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def _evaluate(work: _Work, track: Track[Any]) -> _Outcome:
    if missing := work.task.missing(track):
        return _Outcome(None, problem=f"{missing[0]}: missing")
    try:
        with warnings.catch_warnings():
            # Half a recording would count everything after its end as missed.
            warnings.simplefilter("error", TruncatedAudioWarning)
            return _load_or_evaluate(work, track)
    except (ValueError, OSError, TruncatedAudioWarning) as error:
        message = str(error)
        if isinstance(error, OSError) and error.filename and error.strerror:
            message = f"{error.filename}: {error.strerror.lower()}"
        return _Outcome(None, problem=" ".join(message.split()))


def _load_or_evaluate(work: _Work, track: Track[Any]) -> _Outcome:
    target = track.load()
    if work.store is None:
        return _Outcome(work.task.evaluate(track, target).scores)
    path = work.store / file_name(track.id)
    key = _digest(track, work.task.cache_key(track, target))
    if (stored := _load(path, key)) is not None:
        return _Outcome(stored, reused=True)
    scores, shown = work.task.evaluate(track, target)
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
    """What the page draws of a track that was evaluated into `store`."""
    shown: Json = _read(store, track)["shown"]
    return shown


def _read(store: Path, track: str) -> Json:
    path = store / file_name(track)
    if not path.is_file():
        raise ValueError(f"{path}: missing")
    content: Json = read_json(path)
    return content


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
