"""The training loop of every task: fit a network to batches, validate it, keep the best weights.

A run is a folder. It can be stopped at any moment (Ctrl-C, a stop signal, a time limit) and resumed
with the same recipe, on the same device with the result of a run that was never stopped.

    recipe.json    every setting, resolved          history.csv   one row per validation
    versions.json  packages and commit, per start   curve.png     the history, drawn
    last.pt        where to resume                  best.pt       the weights it keeps (`keep`)
    metrics.json   figures of the weights it keeps
    trail/STEP.pt  with the setting `trail`, the weights of each validation

Devices, random states and distributed training are handled here and in `device`; a task gives a
network, a loss, batches and a validation.
"""

from __future__ import annotations

import copy
import math
import signal
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TypeVar

import torch
from torch import Tensor, nn

from bandscribe.display import history
from bandscribe.readers import refused
from bandscribe.training import checkpoints, record, schedules
from bandscribe.training import device as devices
from bandscribe.training.batches import Batch
from bandscribe.training.learner import Learner, Loss, Optimiser, choose_mean
from bandscribe.training.settings import Settings

#: The criterion of a run, unless its task has another criterion: a figure that `validate` returns.
CRITERION = "micro_f1"

N = TypeVar("N", bound=nn.Module)


@dataclass
class State:
    """The progress of a run, saved in its checkpoint."""

    step: int = 0
    seconds: float = 0.0
    loss_sum: float = 0.0
    loss_count: int = 0
    history: list[dict[str, float]] = field(default_factory=list)

    def scores(self, criterion: str) -> list[float]:
        """The criterion at each validation, negative where the lowest is best: `-loss`."""
        name = criterion.removeprefix("-")
        return [-row[name] if criterion != name else row[name] for row in self.history]


@dataclass(frozen=True)
class FitResult:
    """The outcome of `fit`: not `finished` if the run was stopped and can be resumed.

    `interrupted` if by a signal, rather than by its own time limit.
    """

    finished: bool
    step: int
    best: dict[str, float]
    interrupted: bool = False


def start_from(network: N, initial: str | None) -> N:
    """The network with the weights of another run's best.pt, where one is named.

    Raises ValueError when those are another network's.
    """
    if initial:
        try:
            checkpoints.fill(network, initial)
        except OSError as error:
            raise ValueError(f"initial: {initial}: {error.strerror}") from error
        except ValueError as error:
            raise ValueError(f"initial: {error}") from error
    return network


def fit(
    settings: Settings,
    run: Path,
    *,
    task: str,
    build: Callable[[], nn.Module],
    loss: Loss,
    batches: Callable[[int], Iterator[Batch]],
    validate: Callable[[nn.Module], dict[str, float]],
    report: Callable[[nn.Module], dict[str, Any]],
    optimiser: Callable[[nn.Module], Optimiser] | None = None,
    floor: float = 0.01,
    pieces: int = 1,
    criterion: str = CRITERION,
    watched: str | None = None,
    shares: Sequence[float] = (1.0,),
) -> FitResult:
    """Train a network until the settings' last step, early stopping or a stop signal.

    `build` makes the network, after torch was seeded. `loss(logits, targets)` is a scalar, a mean
    over the batch; a module is moved to the device. `batches(step)` iterates from that step on.
    `validate` takes the network in eval mode and returns figures, among them the `criterion`,
    whose highest value is best, or the lowest with `-criterion`; `report` takes it with the best
    weights and returns further entries of metrics.json.

    `optimiser` is AdamW on all weights where None; another one keeps its own learning rates, which
    the schedule multiplies, and weight decays. `floor` is the last factor of the cosine and
    polynomial schedules. A batch is computed in `pieces`, and their gradients are added up.
    `watched` is what early stopping and the plateau wait for where it is not the criterion, such as
    the smooth loss (Fosse 2025, section 5.3).

    `shares` other than (1.0,) replace the best weights, when the run has not been interrupted, by
    the best mean of the weights it began with and those it ended with (see `choose_mean`).

    Raises ValueError when `run` holds a run with another recipe, the device is not available, or
    the loss is no longer finite.
    """
    device = devices.choose(settings.device)
    settings = record.resolve_half(settings, run)
    torch.set_num_threads(devices.threads(settings))
    watched = watched or criterion
    with devices.together(device), _stop_signals() as stop:
        torch.manual_seed(settings.seed)
        network = build()
        initial = copy.deepcopy(network) if tuple(shares) != (1.0,) else None
        learner = Learner(network, loss, settings, device, optimiser=optimiser, pieces=pieces)
        state = _begin(run, settings, learner)
        started = checkpointed = time.monotonic()
        before = state.seconds
        losses: list[Tensor] = []  # of the steps since the last look at them

        with record.Progress(settings.steps, shown=devices.rank() == 0) as progress:
            # The iterator's workers live as long as it does.
            coming = batches(state.step)
            while not _is_over(settings, state, watched):
                factor = _factor(settings, state, state.scores(watched), floor)
                features, targets = (part.to(device, non_blocking=True) for part in next(coming))
                losses.append(learner.step(features, targets, number=state.step, factor=factor))
                state.step += 1
                now = time.monotonic()
                state.seconds = before + now - started

                if state.step % settings.validate_every == 0 or state.step == settings.steps:
                    _add_up(losses, state, run)
                    _validate(learner, validate, state, factor, run, criterion)
                    progress.log(state.history[-1])
                elif progress.is_due():
                    loss_now = _add_up(losses, state, run)
                    best = _best_row(state, criterion).get(criterion.removeprefix("-"))
                    progress.show(state.step, state.seconds, loss_now, best)
                ending = stop or 0 < settings.max_minutes * 60 <= now - started
                saving = now - checkpointed >= settings.checkpoint_minutes * 60
                what = devices.agree(2 if ending else int(saving))
                if what == 2:
                    break
                if what == 1:
                    _save(run / "last.pt", losses, state, learner)
                    checkpointed = time.monotonic()
            del coming

        _save(run / "last.pt", losses, state, learner)
        finished = _is_over(settings, state, watched)
        kept = _best_row(state, criterion)
        if settings.keep == "last" and state.history:
            kept = state.history[-1]
            if devices.rank() == 0:
                checkpoints.write(run / "best.pt", learner.average.state_dict())
        result = FitResult(finished, state.step, kept, interrupted=bool(stop) and not finished)
        if result.best and devices.rank() == 0:
            model = learner.model
            means: dict[str, Any] = {}
            if initial is not None and not result.interrupted:
                mean, rows, row = choose_mean(
                    initial.to(device), learner.average, shares, validate, criterion
                )
                checkpoints.write(run / "best.pt", mean.state_dict())
                result = replace(result, best={**result.best, **row})
                means = {"means": rows}
            checkpoints.fill(model, run / "best.pt")
            history.plot(run / "curve.png", state.history)
            figures = {
                "task": task,
                "parameters": sum(weight.numel() for weight in model.parameters()),
                "finished": result.finished,
                "steps": result.step,
                "best": result.best,
                **means,
                **report(model.eval()),
            }
            record.write_json(run / "metrics.json", figures)
    return result


def _begin(run: Path, settings: Settings, learner: Learner) -> State:
    """Record this start, and load the last checkpoint if there is one."""
    last = run / "last.pt"
    damaged = f"{last}: of another run, or damaged; delete it to start again"
    saved = checkpoints.read(last) if last.is_file() else {}
    with refused(damaged):
        state = State(**saved.get("state", {}))
        numbers = [value for row in state.history for value in row.values()]
        if type(state.step) is not int or not all(isinstance(v, int | float) for v in numbers):
            raise ValueError("state")
    rank = devices.rank()
    if rank == 0:
        place = {"device": str(learner.device), "processes": devices.world()}
        record.start(run, settings, step=state.step, place=place)
    else:
        torch.manual_seed(settings.seed + rank)  # a dropout of its own
    if saved:
        try:
            with refused(damaged):
                learner.load_state_dict(saved)
                states = saved["random"]
                if isinstance(states, Tensor):  # of a run before there were other devices
                    states = [{"cpu": states}]
                if rank < len(states):
                    devices.set_random_state(states[rank], learner.device)
        except RuntimeError as error:  # weights of other shapes
            raise ValueError(damaged) from error
    return state


def _is_over(settings: Settings, state: State, criterion: str) -> bool:
    waited = schedules.waited(state.scores(criterion))
    return state.step >= settings.steps or waited >= settings.patience


def _best_row(state: State, criterion: str) -> dict[str, float]:
    """The best row of the history; empty before the first validation."""
    scores = state.scores(criterion)
    return state.history[scores.index(max(scores))] if scores else {}


def _factor(settings: Settings, state: State, scores: Sequence[float], floor: float) -> float:
    if settings.schedule == "polynomial":
        return schedules.polynomial(state.step, steps=settings.steps, floor=floor)
    factor = schedules.warm_up(state.step, warmup_steps=settings.warmup_steps)
    if settings.schedule == "cosine":
        factor *= schedules.cosine(state.step, steps=settings.steps, floor=floor)
    elif settings.schedule == "plateau":
        factor *= schedules.plateau(
            scores, patience=settings.plateau_patience, floor=settings.plateau_floor
        )
    return factor


def _add_up(losses: list[Tensor], state: State, run: Path) -> float:
    """Synchronise: add the losses of the last steps to the state; returns the last one.

    Called before anything is saved. Raises ValueError where a loss is not finite.
    """
    value = math.nan
    for step, parts in enumerate(losses, state.step - len(losses)):
        value = sum(parts.tolist())
        if not math.isfinite(value):
            raise ValueError(
                f"loss: {value} at step {step}; try a smaller learning_rate, or resume from "
                f"{run / 'last.pt'}"
            )
        state.loss_sum += value
        state.loss_count += 1
    losses.clear()
    return value


def _validate(
    learner: Learner,
    validate: Callable[[nn.Module], dict[str, float]],
    state: State,
    factor: float,
    run: Path,
    criterion: str,
) -> None:
    """Add a row to the history, and keep the weights if they are the best so far."""
    figures = {}
    if devices.rank() == 0:
        with torch.no_grad():
            figures = validate(learner.average.eval())
    figures = devices.broadcast(figures)
    rate, loss = learner.rates[0] * factor, state.loss_sum / max(1, state.loss_count)
    row = {"step": state.step, "minutes": state.seconds / 60, "rate": rate, "loss": loss}
    state.history.append({**row, **figures})
    state.loss_sum, state.loss_count = 0.0, 0
    if devices.rank() == 0:
        if schedules.waited(state.scores(criterion)) == 0:
            checkpoints.write(run / "best.pt", learner.average.state_dict())
        if learner.settings.trail:
            (run / "trail").mkdir(exist_ok=True)
            checkpoints.write(run / "trail" / f"{state.step}.pt", learner.average.state_dict())
        record.write_history(run / "history.csv", state.history)


def _save(path: Path, losses: list[Tensor], state: State, learner: Learner) -> None:
    _add_up(losses, state, path.parent)
    random = devices.gather(devices.random_state(learner.device))
    if devices.rank() == 0:
        checkpoints.write(path, {**learner.state_dict(), "state": vars(state), "random": random})


@contextmanager
def _stop_signals() -> Iterator[list[float]]:
    """A list that is empty until a stop signal comes; another one, a second later, acts at once."""
    came: list[float] = []
    names = (signal.SIGINT, signal.SIGTERM)

    def stop(number: int, _: object) -> None:
        now = time.monotonic()
        if not came:
            came.append(now)
            print("\nstopping after this step", file=sys.stderr)
        elif now - came[0] > 1:  # sooner, it is the same one, sent to the group and to the process
            restore()
            signal.raise_signal(number)

    def restore() -> None:
        for name, handler in before.items():
            signal.signal(name, handler)

    before = {name: signal.signal(name, stop) for name in names}
    try:
        yield came
    finally:
        restore()
