"""A whole corpus: tracks judged in parallel, each kept as soon as it is done.

What is said of a track is stored with a digest of all that it depends on: the track, the version of
bandscribe, and what the task names. What was stored is used again only where the digest is the
same.
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
from bandscribe.files import whole
from bandscribe.readers import read_json

Plain = dict[str, Any]
V = TypeVar("V")


class Judgement(NamedTuple):
    """Of one track, as JSON holds it: the verdict, and what a page shows beside it.

    The latter is not kept in memory, where those of a large corpus would not fit.
    """

    verdict: Plain
    shown: Plain


class Task(Protocol):
    """What is done with every track; it is sent to other processes."""

    def missing(self, track: Track[Any]) -> tuple[Path, ...]:
        """Files without which the track cannot be judged."""

    def depends(self, track: Track[Any], target: Any) -> list[object]:
        """What the judgement depends on beside the track's names, as JSON holds it."""

    def judge(self, track: Track[Any], target: Any) -> Judgement:
        """Compare what is heard with the annotation."""


class Answer(NamedTuple):
    """A verdict and whether it was stored, or what is wrong with the track in one line."""

    verdict: Plain | None
    reused: bool = False
    problem: str = ""


@dataclass(frozen=True)
class Judged(Generic[V]):
    """Verdicts in the order of the tracks, those that were found in the store, and problems.

    A problem is a track's id and one line that says what was wrong.
    """

    verdicts: list[V]
    reused: int
    problems: list[tuple[str, str]]


Outcome = Judged[Plain]


@dataclass(frozen=True)
class _Work:
    task: Task
    store: Path | None


#: In a worker alone: set once, as it begins.
_work: _Work


def judge_all(
    tracks: Sequence[Track[Any]],
    task: Task,
    *,
    store: Path | None = None,
    jobs: int = 1,
    progress: Callable[[int, str], None] = lambda done, track: None,
) -> Outcome:
    """Judge every track in `jobs` processes; what cannot be read is a problem of its own.

    `store` is a folder for what is said of them, which is made where it is missing. `progress` is
    called with the number of tracks done and the last one's id. The result does not depend on
    `jobs`.

    Raises ValueError when a process is killed from outside.
    """
    if store is not None:
        store.mkdir(parents=True, exist_ok=True)
    work = _Work(task, store)
    workers = min(jobs, len(tracks))
    answers: dict[int, Answer] = {}
    progress(0, "")
    for index, answer in _parallel(work, tracks, workers) if workers > 1 else _serial(work, tracks):
        answers[index] = answer
        progress(len(answers), tracks[index].id)
    ordered = [answers[i] for i in range(len(tracks))]
    return Outcome(
        [answer.verdict for answer in ordered if answer.verdict is not None],
        sum(answer.reused for answer in ordered),
        [
            (track.id, answer.problem)
            for track, answer in zip(tracks, ordered, strict=True)
            if answer.verdict is None
        ],
    )


def _serial(work: _Work, tracks: Sequence[Track[Any]]) -> Iterator[tuple[int, Answer]]:
    for index, track in enumerate(tracks):
        yield index, _do(work, track)


def _parallel(
    work: _Work, tracks: Sequence[Track[Any]], workers: int
) -> Iterator[tuple[int, Answer]]:
    # Processes are spawned: a fork would copy the locks of libraries that run threads.
    context = multiprocessing.get_context("spawn")
    with (
        _one_thread_each(),
        ProcessPoolExecutor(workers, context, initializer=_begin, initargs=(work,)) as pool,
    ):
        pending = {pool.submit(_do_next, track): index for index, track in enumerate(tracks)}
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


def _begin(work: _Work) -> None:
    """In a new worker: keep the work, leave Ctrl-C to the parent, and do not outlive it."""
    global _work
    _work = work
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()
    assert parent is not None

    def follow() -> None:
        wait([parent.sentinel])
        os._exit(1)

    threading.Thread(target=follow, daemon=True).start()


def _do_next(track: Track[Any]) -> Answer:
    return _do(_work, track)


@contextmanager
def _one_thread_each() -> Iterator[None]:
    """Workers share the cores among them: the libraries in each take one."""
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


def _do(work: _Work, track: Track[Any]) -> Answer:
    if missing := work.task.missing(track):
        return Answer(None, problem=f"{missing[0]}: missing")
    try:
        with warnings.catch_warnings():
            # Half a recording would count everything after its end as missed.
            warnings.simplefilter("error", TruncatedAudioWarning)
            return _recall_or_judge(work, track)
    except (ValueError, OSError, TruncatedAudioWarning) as error:
        message = str(error)
        if isinstance(error, OSError) and error.filename and error.strerror:
            message = f"{error.filename}: {error.strerror.lower()}"
        return Answer(None, problem=" ".join(message.split()))


def _recall_or_judge(work: _Work, track: Track[Any]) -> Answer:
    target = track.load()
    if work.store is None:
        return Answer(work.task.judge(track, target).verdict)
    path = work.store / file_name(track.id)
    key = _digest(track, work.task.depends(track, target))
    if (stored := _recall(path, key)) is not None:
        return Answer(stored, reused=True)
    verdict, shown = work.task.judge(track, target)
    with whole(path) as temporary:
        content = {"key": key, "verdict": verdict, "shown": shown}
        text = json.dumps(content, ensure_ascii=False, separators=(",", ":"))
        temporary.write_text(text + "\n", encoding="utf-8")
    return Answer(verdict)


def _recall(path: Path, key: str) -> Plain | None:
    if not path.is_file():
        return None
    try:
        content = read_json(path)
        verdict: Plain | None = content["verdict"] if content["key"] == key else None
    except (ValueError, KeyError, TypeError):
        return None  # not one of ours, or of another version: it is written anew
    return verdict


def read_verdict(store: Path, track: str) -> Plain:
    """The verdict on a track that was judged into `store`."""
    verdict: Plain = _read(store, track)["verdict"]
    return verdict


def read_shown(store: Path, track: str) -> Plain:
    """What a page shows of a track that was judged into `store`."""
    shown: Plain = _read(store, track)["shown"]
    return shown


def _read(store: Path, track: str) -> Plain:
    path = store / file_name(track)
    if not path.is_file():
        raise ValueError(f"{path}: missing; run bandscribe evaluate again")
    content: Plain = read_json(path)
    return content


def identify(path: Path) -> list[object]:
    """A file by its name, size and time."""
    stat = path.stat()
    return [str(path), stat.st_size, stat.st_mtime_ns]


def _digest(track: Track[Any], depends: list[object]) -> str:
    names = [track.id, track.split, track.group, str(track.audio), sorted(track.unscored)]
    text = json.dumps([__version__, *names, *depends])
    return hashlib.sha256(text.encode()).hexdigest()


def file_name(track: str) -> str:
    """A name for any id; the digest keeps apart what only differs in other signs."""
    plain = re.sub(r"[^\w-]+", "_", track)[-80:]
    return f"{plain}-{hashlib.sha256(track.encode()).hexdigest()[:8]}.json"
