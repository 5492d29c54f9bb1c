"""Run a build with Ray Data, on this machine or on a cluster.

Ray starts an actor for each core, gives it one block of files after another, and restarts it if it
or its machine dies; its block is then given to another. The ledger prevents that a recording is
analysed twice, or is tried for ever.
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
from bandscribe.catalogue.analysis import Analyser
from bandscribe.catalogue.work import Claim, Job, Ledger, Outcome, fetch, process

#: Most files in a block; they are analysed again if its actor dies.
BLOCK = 16
#: Files that are given to Ray at once: the names of more would fill memory.
WAVE = 100_000
#: No statistics are sent, nothing is logged; workers have the priority of the command.
_ENVIRONMENT = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_worker_niceness": "0",
    "RAY_BACKEND_LOG_LEVEL": "fatal",
}
_STORE_BYTES = 256 << 20  # of results that the build has not fetched yet


@dataclass(frozen=True)
class Cluster:
    """A runner of jobs: `workers` at a time, one for each core where None.

    `address` is that of a Ray cluster; None starts Ray on this machine, and stops it at the end.
    """

    workers: int | None = None
    address: str | None = None

    def __call__(
        self, jobs: Sequence[Job], analyser: Analyser, ledger: Ledger
    ) -> Iterator[Outcome]:
        """Yield the outcome of each job once, in any order.

        Raises ValueError if Ray does not start.
        """
        with _started(self.workers, self.address) as cores:
            count = max(1, min(self.workers or cores, len(jobs)))
            shared = _share(ledger)
            for begin in range(0, len(jobs), WAVE):
                yield from _distribute(jobs[begin : begin + WAVE], analyser, shared, count)


def _share(ledger: Ledger) -> Any:
    """The ledger as an actor on this machine, so that no other can end it."""
    here = ray.get_runtime_context().get_node_id()
    strategy = NodeAffinitySchedulingStrategy(here, soft=False)
    actor = ray.remote(Ledger).options(num_cpus=0, scheduling_strategy=strategy)
    return actor.remote(ledger.tasks, ledger.done)


def split_blocks(jobs: Sequence[Job], workers: int) -> Iterator[Sequence[Job]]:
    """Blocks of at most `BLOCK`, shorter towards the end, so that all workers end together."""
    begin = 0
    while begin < len(jobs):
        size = max(1, min(BLOCK, (len(jobs) - begin) // (4 * workers)))
        yield jobs[begin : begin + size]
        begin += size


def _distribute(
    jobs: Sequence[Job], analyser: Analyser, ledger: Any, count: int
) -> Iterator[Outcome]:
    blocks = [
        pa.table({"job": pa.array([pickle.dumps(job) for job in block], pa.binary())})
        for block in split_blocks(jobs, count)
    ]
    context = ray.data.DataContext.get_current()
    context.enable_progress_bars = False
    context.print_on_execution_start = False
    logging.getLogger("ray.data").setLevel(logging.ERROR)
    outcomes = ray.data.from_arrow(blocks).map_batches(
        _Actor,
        fn_constructor_args=(analyser, ledger),
        batch_size=None,
        batch_format="pyarrow",
        # By default Ray starts each actor once the one before it is busy.
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
    """A worker process: it analyses a file while a thread reads the next one."""

    def __init__(self, analyser: Analyser, ledger: Any) -> None:
        self._analyser, self._ledger = analyser, _Remote(ledger)
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
                    outcomes.append(process(job, fetched, self._analyser, self._ledger))
        return {"outcome": [pickle.dumps(outcome) for outcome in outcomes]}


@dataclass(frozen=True)
class _Remote:
    """A proxy of the ledger, which is an actor on the machine of the build."""

    ledger: Any

    def begin(self, recording: str, path: str) -> Claim:
        claim: Claim = ray.get(self.ledger.begin.remote(recording, path))
        return claim

    def end(self, recording: str) -> None:
        self.ledger.end.remote(recording)


@contextmanager
def _started(workers: int | None, address: str | None) -> Iterator[int]:
    """Start Ray and yield its number of cores; if it runs already, it is left running."""
    if ray.is_initialized():
        yield _cores()
        return
    from bandscribe.runtime import cores

    os.environ.update(_ENVIRONMENT)
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
    """Discard standard error, where Ray's core reports that its log is off."""
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
