"""The same work on many things, in several processes; the results do not depend on their number."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from multiprocessing.connection import wait
from typing import Any, TypeVar

T = TypeVar("T")
R = TypeVar("R")


def run(work: Callable[[T], R], items: Sequence[T], *, jobs: int) -> Iterator[R]:
    """`work` of each item, in their order; of `jobs` at the same time, each in a process.

    `work`, the items and the results are pickled. One job is done in this process. Raises what
    `work` raises, and ValueError when a process is killed from outside.
    """
    if min(jobs, len(items)) < 2:
        yield from map(work, items)
        return
    # Processes are spawned: a fork would copy the locks of libraries that run threads.
    context = multiprocessing.get_context("spawn")
    with (
        _one_thread_each(),
        ProcessPoolExecutor(
            min(jobs, len(items)), context, initializer=_begin, initargs=(work,)
        ) as pool,
    ):
        coming = deque(pool.submit(_do, item) for item in items)
        try:
            while coming:
                yield coming.popleft().result()
        except BrokenProcessPool as error:
            raise ValueError(
                "a worker process was killed, perhaps for want of memory; "
                "run the same command again with fewer --jobs"
            ) from error
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


class _Worker:
    """The state of a worker process: its work, and whether it is running."""

    work: Callable[[Any], Any]
    busy = False
    interrupted = False


def _begin(work: Callable[[Any], Any]) -> None:
    """In a new worker: keep the work, and do not outlive the parent."""
    _Worker.work = work
    signal.signal(signal.SIGINT, _interrupt)
    parent = multiprocessing.parent_process()
    assert parent is not None

    def follow() -> None:
        wait([parent.sentinel])
        os._exit(1)

    threading.Thread(target=follow, daemon=True).start()


def _do(item: Any) -> Any:
    if _Worker.interrupted:
        raise KeyboardInterrupt
    _Worker.busy = True
    try:
        return _Worker.work(item)
    finally:
        _Worker.busy = False


def _interrupt(number: int, frame: object) -> None:
    """Ctrl-C reaches workers too: what is half done is cleaned up, and nothing more is begun."""
    _Worker.interrupted = True
    if _Worker.busy:
        raise KeyboardInterrupt


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
