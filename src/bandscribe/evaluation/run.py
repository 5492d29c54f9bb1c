"""A whole corpus: tracks judged in parallel, each kept as soon as it is done.

A verdict is stored with a digest of all that it depends on: the annotation, the model's or the
estimate's content, the audio file's name, size and time, the settings, the version of bandscribe
and `FORMAT`. What was stored is used again only where the digest is the same.
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

from bandscribe import __version__
from bandscribe.audio import TruncatedAudioWarning
from bandscribe.datasets.track import Track
from bandscribe.evaluation.judge import (
    Lane,
    Lanes,
    Verdict,
    judge,
    judge_beats,
    lanes,
    measure_offset,
)
from bandscribe.evaluation.systems import System
from bandscribe.files import whole
from bandscribe.types import Transcription
from bandscribe.vocabulary import DRUMS, reduce

#: Counts up when a verdict holds something else than before, or holds it by another rule.
FORMAT = 2


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
    """What is done with every track; `store` is None where nothing is kept."""

    system: System
    settings: Settings
    store: Path | None


#: A verdict and whether it was stored, or what is wrong with the track in one line.
Answer = tuple[Verdict | str, bool]
#: In a worker: set once, as it begins.
_task: Task | None = None


@dataclass(frozen=True)
class Outcome:
    """Verdicts in the order of the tracks, those that were found in the store, and problems.

    A problem is a track's id and one line that says what was wrong.
    """

    verdicts: list[Verdict]
    reused: int
    problems: list[tuple[str, str]]


def run(
    tracks: Sequence[Track[Transcription]],
    system: System,
    settings: Settings,
    *,
    store: Path | None = None,
    jobs: int = 1,
    progress: Callable[[int, str], None] = lambda done, track: None,
) -> Outcome:
    """Judge every track in `jobs` processes; what cannot be read is a problem of its own.

    `store` is a folder for the verdicts, which is made where it is missing. `progress` is called
    with the number of tracks done and the last one's id. The result does not depend on `jobs`.

    Raises ValueError when a process is killed from outside.
    """
    if store is not None:
        store.mkdir(parents=True, exist_ok=True)
    task = Task(system, settings, store)
    workers = min(jobs, len(tracks))
    answers: dict[int, Answer] = {}
    progress(0, "")
    for index, answer in _parallel(task, tracks, workers) if workers > 1 else _serial(task, tracks):
        answers[index] = answer
        progress(len(answers), tracks[index].id)
    verdicts = [answers[i][0] for i in range(len(tracks))]
    return Outcome(
        [verdict for verdict in verdicts if isinstance(verdict, Verdict)],
        sum(reused for _, reused in answers.values()),
        [
            (track.id, problem)
            for track, problem in zip(tracks, verdicts, strict=True)
            if isinstance(problem, str)
        ],
    )


def _serial(task: Task, tracks: Sequence[Track[Transcription]]) -> Iterator[tuple[int, Answer]]:
    for index, track in enumerate(tracks):
        yield index, _do(task, track)


def _parallel(
    task: Task, tracks: Sequence[Track[Transcription]], workers: int
) -> Iterator[tuple[int, Answer]]:
    # Processes are spawned: a fork would copy the locks of libraries that run threads.
    context = multiprocessing.get_context("spawn")
    with (
        _one_thread_each(),
        ProcessPoolExecutor(workers, context, initializer=_begin, initargs=(task,)) as pool,
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


def _begin(task: Task) -> None:
    """In a new worker: keep the task, leave Ctrl-C to the parent, and do not outlive it."""
    global _task
    _task = task
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()
    assert parent is not None

    def follow() -> None:
        wait([parent.sentinel])
        os._exit(1)

    threading.Thread(target=follow, daemon=True).start()


def _do_next(track: Track[Transcription]) -> Answer:
    assert _task is not None
    return _do(_task, track)


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


def _do(task: Task, track: Track[Transcription]) -> Answer:
    if missing := task.system.missing(track):
        return f"{missing[0]}: missing", False
    try:
        with warnings.catch_warnings():
            # Half a recording would count everything after its end as missed.
            warnings.simplefilter("error", TruncatedAudioWarning)
            return _recall_or_judge(task, track)
    except (ValueError, OSError, TruncatedAudioWarning) as error:
        message = str(error)
        if isinstance(error, OSError) and error.filename and error.strerror:
            message = f"{error.filename}: {error.strerror.lower()}"
        return " ".join(message.split()), False


def _recall_or_judge(task: Task, track: Track[Transcription]) -> tuple[Verdict, bool]:
    settings = task.settings
    reference = track.load()
    path = None if task.store is None else task.store / file_name(track.id)
    key = _digest(task, track, reference)
    if path is not None and (stored := _recall(path, key)) is not None:
        return stored, True
    unscored = (*settings.unscored, *sorted(track.unscored))
    heard = task.system.listen(track, settings.counts, unscored)
    pairs = {count: (reduce(reference, count), notes) for count, notes in heard.notes.items()}
    verdict = Verdict(
        track=track.id,
        split=track.split,
        group=track.group,
        audio=str(track.audio),
        duration=max(reference.duration, heard.duration),
        labels=heard.labels,
        views={
            count: judge(*pair, DRUMS[count], settings.tolerance) for count, pair in pairs.items()
        },
        offset=measure_offset(*pairs[max(pairs)], DRUMS[max(pairs)], settings.tolerance)
        if settings.offset and pairs
        else None,
        beats=judge_beats(*pairs[max(pairs)]) if pairs else None,
    )
    if path is not None:
        shown = {
            count: {
                name: vars(lane)
                for name, lane in lanes(*pair, DRUMS[count], settings.tolerance).items()
            }
            for count, pair in pairs.items()
        }
        content = {"key": key, "verdict": verdict.to_plain(), "lanes": shown}
        with whole(path) as temporary:
            text = json.dumps(content, ensure_ascii=False, separators=(",", ":"))
            temporary.write_text(text + "\n", encoding="utf-8")
    return verdict, False


def _recall(path: Path, key: str) -> Verdict | None:
    if not path.is_file():
        return None
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        return Verdict.from_plain(content["verdict"]) if content["key"] == key else None
    except (ValueError, KeyError, TypeError):
        return None  # not one of ours, or of another version: it is written anew


def read_lanes(store: Path, track: str) -> Lanes:
    """The onsets of a track that was judged into `store`.

    They are not part of the verdicts, for those of a large corpus would not fit into memory.
    """
    content = json.loads((store / file_name(track)).read_text(encoding="utf-8"))
    return {
        int(count): {name: Lane(**lane) for name, lane in by_class.items()}
        for count, by_class in content["lanes"].items()
    }


def _digest(task: Task, track: Track[Transcription], reference: Transcription) -> str:
    notes = hashlib.sha256(reference.onsets.tobytes())
    notes.update(" ".join(reference.labels.tolist()).encode())
    if reference.velocities is not None:
        notes.update(reference.velocities.tobytes())
    if reference.beats is not None:
        notes.update(b"beats")
        notes.update(reference.beats.times.tobytes())
        notes.update(reference.beats.positions.tobytes())
    depends = [
        __version__,
        FORMAT,
        track.id,
        track.split,
        track.group,
        str(track.audio),
        sorted(track.unscored),
        notes.hexdigest(),
        reference.duration,
        task.system.identity(track),
        vars(task.settings),
    ]
    return hashlib.sha256(json.dumps(depends).encode()).hexdigest()


def file_name(track: str) -> str:
    """A name for any id; the digest keeps apart what only differs in other signs."""
    plain = re.sub(r"[^\w-]+", "_", track)[-80:]
    return f"{plain}-{hashlib.sha256(track.encode()).hexdigest()[:8]}.json"
