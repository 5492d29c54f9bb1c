"""Workers of Ray Data, on this machine or on a cluster.

Ray starts an actor for each core, gives it files as it is done with others, and restarts it
where it dies, or its machine does. What an actor held is then given to another; the ledger is what
lets none of it be analysed twice, or be given out for ever.
"""

from __future__ import annotations

import logging
import os
import pickle
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import ray
import ray.data
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from bandscribe import ray_start
from bandscribe.catalogue.analysis import Analyst
from bandscribe.catalogue.work import Claim, Job, Ledger, Outcome, fetch, process

#: Files that an actor is given at once, at most: what is done again when it dies.
BLOCK = 16
#: Files that are given to Ray at once: beyond that, names alone would fill memory.
WAVE = 100_000
#: No statistics are sent, nothing is logged; workers have the priority of the command.
_MANNERS = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_worker_niceness": "0",
    "RAY_BACKEND_LOG_LEVEL": "fatal",
}
_STORE_BYTES = 256 << 20  # what lies between workers and the build, which takes it at once


@dataclass(frozen=True)
class Cluster:
    """A runner of jobs: `workers` at a time, one for each core where None.

    `address` is that of a Ray cluster; None starts Ray on this machine, and ends it.
    """

    workers: int | None = None
    address: str | None = None

    def __call__(self, jobs: Sequence[Job], analyst: Analyst, ledger: Ledger) -> Iterator[Outcome]:
        """The outcome of each job, once, as they come.

        Raises ValueError where Ray does not start.
        """
        with _started(self.workers, self.address) as cores:
            count = max(1, min(self.workers or cores, len(jobs)))
            shared = _share(ledger)
            for begin in range(0, len(jobs), WAVE):
                yield from _distribute(jobs[begin : begin + WAVE], analyst, shared, count)


def _share(ledger: Ledger) -> Any:
    """The ledger as an actor on this machine, which no other can take with it."""
    here = ray.get_runtime_context().get_node_id()
    strategy = NodeAffinitySchedulingStrategy(here, soft=False)
    actor = ray.remote(Ledger).options(num_cpus=0, scheduling_strategy=strategy)
    return actor.remote(ledger.tasks, ledger.done)


def cut(jobs: Sequence[Job], workers: int) -> Iterator[Sequence[Job]]:
    """Blocks of at most `BLOCK`, shorter towards the end, so that workers end at about one time."""
    begin = 0
    while begin < len(jobs):
        size = max(1, min(BLOCK, (len(jobs) - begin) // (4 * workers)))
        yield jobs[begin : begin + size]
        begin += size


def _distribute(
    jobs: Sequence[Job], analyst: Analyst, ledger: Any, count: int
) -> Iterator[Outcome]:
    blocks = [
        pa.table({"job": pa.array([pickle.dumps(job) for job in block], pa.binary())})
        for block in cut(jobs, count)
    ]
    context = ray.data.DataContext.get_current()
    context.enable_progress_bars = False
    context.print_on_execution_start = False
    logging.getLogger("ray.data").setLevel(logging.ERROR)
    outcomes = ray.data.from_arrow(blocks).map_batches(
        _Actor,
        fn_constructor_args=(analyst, ledger),
        batch_size=None,
        batch_format="pyarrow",
        # All at once: left to itself, Ray starts each when the one before is there and busy.
        compute=ray.data.ActorPoolStrategy(min_size=1, max_size=count, initial_size=count),
        num_cpus=1,
    )
    seen: set[str] = set()
    batch: Any
    for batch in outcomes.iter_batches(batch_size=None, batch_format="pyarrow"):
        for content in batch["outcome"].to_pylist():
            outcome: Outcome = pickle.loads(content)
            if outcome.job.path not in seen:
                seen.add(outcome.job.path)
                yield outcome


class _Actor:
    """A worker process: its models, and a thread that reads the next file."""

    def __init__(self, analyst: Analyst, ledger: Any) -> None:
        self._analyst, self._ledger = analyst, _Remote(ledger)
        self._reader = ThreadPoolExecutor(1)

    def __call__(self, batch: pa.Table) -> dict[str, list[bytes]]:
        jobs: list[Job] = [pickle.loads(content) for content in batch["job"].to_pylist()]
        outcomes = []
        with ExitStack() as ahead:
            coming = self._reader.submit(ahead.enter_context, fetch(jobs[0]))
            for index, job in enumerate(jobs):
                fetched = coming.result()
                done = ahead.pop_all()
                if index + 1 < len(jobs):
                    coming = self._reader.submit(ahead.enter_context, fetch(jobs[index + 1]))
                with done:
                    outcomes.append(process(job, fetched, self._analyst, self._ledger))
        return {"outcome": [pickle.dumps(outcome) for outcome in outcomes]}


@dataclass(frozen=True)
class _Remote:
    """The ledger, which is an actor on the machine of the build."""

    ledger: Any

    def begin(self, recording: str, path: str) -> Claim:
        claim: Claim = ray.get(self.ledger.begin.remote(recording, path))
        return claim

    def end(self, recording: str) -> None:
        self.ledger.end.remote(recording)


@contextmanager
def _started(workers: int | None, address: str | None) -> Iterator[int]:
    """Ray, and the number of cores that it has; one that was running is left as it is."""
    if ray.is_initialized():
        yield _cores()
        return
    from bandscribe.runtime import cores

    os.environ.update(_MANNERS)
    options: dict[str, Any] = {"address": address}
    if address is None:
        options = {
            "num_cpus": workers or cores(),
            "object_store_memory": _STORE_BYTES,
            "include_dashboard": False,
        }
    try:
        with _quiet():
            ray_start.start(**options)
    except ConnectionError as error:
        raise ValueError(f"--address {address}: no Ray cluster there ({error})") from error
    try:
        yield _cores()
    finally:
        ray.shutdown()


@contextmanager
def _quiet() -> Iterator[None]:
    """Nothing goes to standard error: Ray's core reports there that its log is off."""
    kept, nothing = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nothing, 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nothing)


def _cores() -> int:
    return int(ray.cluster_resources().get("CPU", 1))  # type: ignore[no-untyped-call]
