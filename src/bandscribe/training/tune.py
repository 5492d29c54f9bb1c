"""Trials of a search as tasks of Ray Tune: on this machine, or on a cluster.

Each trial is a process of `training.trial`; Ray decides where it runs, and with `asha` how long.
Proposals are made beforehand (`training.search`), and all state is in the folders of the trials: a
killed search resumes without Ray's state. On a cluster these folders must have the same path on
every node.

Fosse 2025, section 5.3, runs all trials to their end (`fifo`). `asha` stops two of three trials at
a tenth, three tenths and nine tenths of the epochs (Li et al. 2020, A System for Massively Parallel
Hyperparameter Tuning). It depends on the order of arrival, so that a parallel search is not
reproducible in what it stops.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import ray
from ray import tune
from ray.tune.schedulers import AsyncHyperBandScheduler, FIFOScheduler

from bandscribe import ray_start
from bandscribe.training import device as devices
from bandscribe.training import record
from bandscribe.training.drums.recipe import Recipe
from bandscribe.training.drums.train import train
from bandscribe.training.search import STOPPED, TrialOutcome, is_over, read, read_history

SCHEDULERS = ("asha", "fifo")
LOG = "train.log"
#: One in so many goes on.
_REDUCTION = 3
#: No statistics are sent, nothing is printed or logged; trials have the search's priority.
_MANNERS = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_AIR_NEW_OUTPUT": "0",
    "TUNE_DISABLE_AUTO_CALLBACK_LOGGERS": "1",
    "RAY_worker_niceness": "0",
}
_PATIENCE = 300.0  # seconds for a run to save itself when it is stopped


class Trial(tune.Trainable):
    """A run as a Ray trainable; a step is a validation."""

    def setup(self, config: dict[str, Any]) -> None:
        """Start the run; a finished one replays its history, for the scheduler."""
        trial = config["trial"]
        self.run, self.reported = Path(trial["run"]), 0
        self.process = None if trial["over"] else _start(self.run, trial["home"])

    def step(self) -> dict[str, Any]:
        """The next validation, as in history.csv. Raises RuntimeError where the run failed."""
        while True:
            # Polled first, so that nothing is written after the history is read.
            code = None if self.process is None else self.process.poll()
            running = self.process is not None and code is None
            rows = read_history(self.run)
            last = not running and self.reported + 1 >= len(rows)
            if self.reported < len(rows):
                self.reported += 1
            elif code or (not running and not rows):
                raise RuntimeError(_last_line(self.run))
            elif running:
                time.sleep(0.1)
                continue
            return {**rows[self.reported - 1], "epoch": self.reported, "last": last, "done": last}

    def cleanup(self) -> None:
        """Stop the run, which can be resumed, and wait for its checkpoint."""
        if self.process is not None and self.process.stdin is not None:
            self.process.stdin.close()
            self.process.wait(_PATIENCE)


class _Show(tune.Callback):
    """Marks stopped trials, and shows progress."""

    def __init__(self, show: Callable[[], None]) -> None:
        self.show = show

    def __getstate__(self) -> dict[str, Any]:
        """Nothing: Ray pickles callbacks, and a terminal cannot be pickled."""
        return {}

    def on_trial_result(self, *_: Any, **__: Any) -> None:
        self.show()

    def on_trial_complete(self, iteration: int, trials: Any, trial: Any, **_: Any) -> None:
        if not trial.last_result["last"]:
            path = Path(trial.config["trial"]["run"]) / STOPPED
            record.write_json(path, {"epoch": trial.last_result["epoch"]})
        self.show()


def search(
    trials: Mapping[Path, Recipe],
    *,
    scheduler: str = "asha",
    jobs: int | None = None,
    gpus: float | None = None,
    address: str | None = None,
    show: Callable[[Sequence[TrialOutcome]], None] = lambda outcomes: None,
) -> list[TrialOutcome]:
    """Run what is left of the trials, each in its folder, and return the outcomes of all.

    `jobs` run at a time, as many as there are cores where None. A trial has `gpus` GPUs, or a share
    of one; as `share` has it where None. `address` is that of a Ray cluster; None starts Ray on
    this machine, and ends it. `show` is called with how far all are, now and then.

    Raises ValueError for an unknown scheduler, for GPUs that are not there, and where trials
    failed, with the last line of their logs.
    """
    if scheduler not in SCHEDULERS:
        raise ValueError(f"scheduler: expected one of {', '.join(SCHEDULERS)}, got {scheduler!r}")
    over = {outcome.run: is_over(outcome) for outcome in _read(trials)}
    cores = max(devices.workers(recipe) + max(1, recipe.threads) for recipe in trials.values())
    for run, recipe in trials.items():
        if not over[run]:
            record.write_json(run / "recipe.json", asdict(record.as_begun(recipe, run)))
    os.environ.update(_MANNERS)
    folder = min(trials).parent.resolve() / "ray"
    where = {"address": address} if address else {"num_cpus": jobs and jobs * cores}
    ray_start.start(include_dashboard=None if address else False, **where)
    try:
        found = float(ray.cluster_resources().get("GPU", 0))  # type: ignore[no-untyped-call]
        own = share(gpus, found, [recipe.device for recipe in trials.values()])
        tuner = tune.Tuner(
            tune.with_resources(Trial, {"cpu": cores, "gpu": own}),
            param_space={
                "trial": tune.grid_search(
                    [
                        {"run": str(run.resolve()), "over": over[run], "home": str(Path.cwd())}
                        for run in trials
                    ]
                )
            },
            tune_config=tune.TuneConfig(
                metric="micro_f1",
                mode="max",
                scheduler=_make(scheduler, trials.values()),
                max_concurrent_trials=jobs,
            ),
            run_config=tune.RunConfig(
                name="search",
                storage_path=str(folder),
                checkpoint_config=tune.CheckpointConfig(checkpoint_at_end=False),
                verbose=0,
                callbacks=[_Show(lambda: show(_read(trials)))],
            ),
        )
        results = tuner.fit()
        ended = [results[index] for index in range(len(results))]
        failed = [str(each.error).strip().splitlines()[-1] for each in ended if each.error]
    finally:
        ray.shutdown()
        shutil.rmtree(folder, ignore_errors=True)
    if failed:
        raise ValueError("; ".join(failed))
    for run, recipe in trials.items():
        # Ray does not wait long for those that it ends last: a step more, and metrics are written.
        if (run / STOPPED).is_file() and not (run / "metrics.json").is_file():
            train(replace(recipe, max_minutes=1e-9), run)
    return _read(trials)


def share(requested: float | None, found: float, devices: Iterable[str]) -> float:
    """The GPUs of a trial, of all `found`: as many as `requested` for, or one where there are any.

    Trials on the CPU have none. Ray shows each trial its own GPU alone, so that `cuda` is that one.
    Raises ValueError where there are fewer.
    """
    if requested is not None and requested > found:
        raise ValueError(
            f"gpus: expected at most {found:g}, those that Ray finds, got {requested:g}"
        )
    return min(1.0, found if set(devices) != {"cpu"} else 0.0) if requested is None else requested


def _read(trials: Mapping[Path, Recipe]) -> list[TrialOutcome]:
    return [read(run, recipe) for run, recipe in trials.items()]


def _make(scheduler: str, recipes: Iterable[Recipe]) -> Any:
    epochs = max(recipe.steps // recipe.validate_every for recipe in recipes)
    if scheduler == "fifo":
        return FIFOScheduler()  # type: ignore[no-untyped-call]
    return AsyncHyperBandScheduler(
        time_attr="epoch",
        # A trial that reaches the last epoch ends by itself.
        max_t=epochs + 1,
        grace_period=max(1, epochs // 10),
        reduction_factor=_REDUCTION,
    )


def _start(run: Path, home: str) -> subprocess.Popen[bytes]:
    """A process of `training.trial`, where relative paths of its recipe are those of the search."""
    command = [sys.executable, "-m", "bandscribe.training.trial", str(run)]
    with (run / LOG).open("ab") as log:
        return subprocess.Popen(command, cwd=home, stdin=subprocess.PIPE, stdout=log, stderr=log)


def _last_line(run: Path) -> str:
    """The last line of a run's log, which is its error where it has one."""
    lines = (run / LOG).read_text(encoding="utf-8", errors="replace").split("\n")
    written = [line.strip() for line in lines if line.strip()]
    return f"{run}: {written[-1] if written else 'ended without an error message'}"
