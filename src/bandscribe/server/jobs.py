"""Jobs: recordings that are uploaded, wait, are analysed, and their results.

A job begins as a place in the queue, which is taken before the first byte of an upload is read, so
that a full queue refuses early. Its files lie in a folder of its own, which is removed as soon as
the job ends, whatever its end; all folders lie in one, which is removed with the queue. What a
server that was killed has left there, the next one removes.
"""

from __future__ import annotations

import logging
import secrets
import shutil
import tempfile
import threading
import time
import warnings
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, Literal

from bandscribe.decode import AudioWarning
from bandscribe.files import hold
from bandscribe.server.limits import Limits

State = Literal["uploading", "queued", "running", "done", "failed", "cancelled"]
#: Analyses a file; returns what can be written as JSON. It calls back with its progress, 0 to 1.
Work = Callable[[Path, Callable[[float], None]], Any]

_PREFIX = "bandscribe-server-"


class QueueFullError(Exception):
    """The queue is full."""


class CancelledError(Exception):
    """The job was cancelled."""


@dataclass
class Job:
    """The analysis of one recording; changed by the queue alone."""

    task: str
    folder: Path
    id: str = field(default_factory=lambda: secrets.token_urlsafe(12))
    state: State = "uploading"
    progress: float = 0.0
    result: Any = None
    error: str | None = None
    warnings: list[str] = field(default_factory=list)
    ended: float = 0.0

    @property
    def finished(self) -> bool:
        """Whether it has ended, in whatever way."""
        return self.state in ("done", "failed", "cancelled")

    def is_cancelled(self) -> bool:
        """Whether it was cancelled, which other threads may do at any moment."""
        return self.state == "cancelled"


class Queue:
    """Runs as many jobs at once as the limits allow, in order, and keeps results for a while."""

    def __init__(self, limits: Limits, clock: Callable[[], float] = time.monotonic) -> None:
        """An empty queue; `clock` returns seconds."""
        self.limits = limits
        self._clock = clock
        self._jobs: dict[str, Job] = {}
        self._ended: deque[Job] = deque()
        self._lock = threading.Lock()
        self._pool = ThreadPoolExecutor(limits.jobs, thread_name_prefix="bandscribe-job")
        self._folder, self._held = _make_folder()

    def reserve(self, task: str) -> Job:
        """A place for a recording, and a new folder for its files.

        Raises QueueFullError when as many are unfinished as the limits allow.
        """
        with self._lock:
            self._expire()
            waiting = sum(not job.finished for job in self._jobs.values())
            if waiting >= self.limits.jobs + self.limits.queued:
                raise QueueFullError
            job = Job(task, Path(tempfile.mkdtemp(dir=self._folder)))
            self._jobs[job.id] = job
            return job

    def submit(self, job: Job, sound: Path, name: str, work: Work) -> None:
        """Run `work` on `sound`, a file in the job's folder, when its turn comes.

        Errors and warnings call the file by its `name`.
        """
        with self._lock:
            job.state = "queued"
        self._pool.submit(self._run, job, sound, name, work).add_done_callback(_log_fault)

    def find(self, id: str) -> Job | None:
        """The job of this id; None if it is unknown or has expired."""
        with self._lock:
            self._expire()
            return self._jobs.get(id)

    def drop(self, job: Job) -> None:
        """Give up a place whose upload failed, stop a job, or forget a result."""
        with self._lock:
            waiting = job.state in ("uploading", "queued")
            if not job.finished:
                job.state = "cancelled"
            if waiting:  # one that runs ends by itself, at its next step
                self._jobs.pop(job.id, None)
                shutil.rmtree(job.folder, ignore_errors=True)
            elif job.ended:
                self._jobs.pop(job.id, None)

    def close(self) -> None:
        """Stop all jobs and remove all files."""
        with self._lock:
            for job in self._jobs.values():
                if not job.finished:
                    job.state = "cancelled"
        self._pool.shutdown(wait=True, cancel_futures=True)
        shutil.rmtree(self._folder, ignore_errors=True)
        self._held.close()

    def _run(self, job: Job, sound: Path, name: str, work: Work) -> None:
        def step(share: float) -> None:
            if job.is_cancelled():
                raise CancelledError
            job.progress = max(job.progress, min(share, 1.0))

        with self._lock:
            if job.is_cancelled():
                return
            job.state = "running"
        outcome: State = "failed"
        lines: list[str] = []
        try:
            with collected(lines):
                job.result = work(sound, step)
            outcome = "done"
        except CancelledError:
            outcome = "cancelled"
        except (ValueError, OSError) as error:
            job.error = _name_file(str(error), sound, name)
        except MemoryError:
            job.error = f"{name}: not enough memory for this recording"
        finally:
            shutil.rmtree(job.folder, ignore_errors=True)
            with self._lock:
                cancelled = job.is_cancelled()
                if outcome == "failed" and job.error is None:
                    job.error = f"{name}: the analysis failed; see the server's log"
                job.warnings = [_name_file(line, sound, name) for line in dict.fromkeys(lines)]
                job.ended = self._clock()
                job.progress = 1.0 if outcome == "done" else job.progress
                job.state = "cancelled" if cancelled else outcome
                if cancelled:
                    job.result = None
                    self._jobs.pop(job.id, None)
                else:
                    self._ended.append(job)

    def _expire(self) -> None:
        """Drop results that are too old or too many."""
        now = self._clock()
        while self._ended and (
            len(self._ended) > self.limits.kept
            or now - self._ended[0].ended > self.limits.keep_seconds
        ):
            self._jobs.pop(self._ended.popleft().id, None)


_lines = threading.local()
_show = warnings.showwarning


@contextmanager
def collected(lines: list[str]) -> Iterator[None]:
    """Append to `lines` the audio warnings of this thread in the block.

    `warnings.catch_warnings` is for all threads at once; so there is one filter and one hook.
    """
    warnings.filterwarnings("always", category=AudioWarning)
    if warnings.showwarning is not _collect:
        global _show
        _show, warnings.showwarning = warnings.showwarning, _collect
    _lines.current = lines
    try:
        yield
    finally:
        _lines.current = None


def _collect(message: Warning | str, category: type[Warning], *where: Any, **more: Any) -> None:
    lines = getattr(_lines, "current", None)
    if lines is not None and issubclass(category, AudioWarning):
        lines.append(str(message))
    else:
        _show(message, category, *where, **more)


def _log_fault(done: Future[None]) -> None:
    if not done.cancelled() and (fault := done.exception()):
        logging.getLogger("uvicorn.error").error("a job failed", exc_info=fault)


def _name_file(line: str, sound: Path, name: str) -> str:
    """A message in which the uploaded file has the name that the client gave it."""
    line = line.replace(str(sound), name).replace(str(sound.parent), "…")
    return line if line.startswith(name) else f"{name}: {line}"


def _make_folder() -> tuple[Path, IO[bytes]]:
    """A new folder, locked while the file is open; folders without a lock are removed."""
    for left in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        with suppress(OSError), (left / "held").open("rb") as file:
            if hold(file):
                shutil.rmtree(left, ignore_errors=True)
    folder = Path(tempfile.mkdtemp(prefix=_PREFIX))
    held = (folder / "held").open("wb")
    hold(held)
    return folder, held
