"""The training loop of every task: fit a network to batches, validate it, keep the best.

A run is a folder. It can be stopped at any moment (Ctrl-C, a stop signal, a time limit) and goes on
when it is started again with the same recipe: the result is that of a run that was never stopped.

    recipe.json    every setting, resolved          history.csv   one row per validation
    versions.json  packages and commit, per start   curve.png     the history, drawn
    last.pt        where to resume                  best.pt       the best weights so far
"""

from __future__ import annotations

import copy
import math
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import torch
from torch import Tensor, nn

from bandscribe.display import history
from bandscribe.files import whole
from bandscribe.training import record, schedules
from bandscribe.training.batches import Batch
from bandscribe.training.settings import Settings

#: What a run is judged by, unless its task says otherwise: a figure that `validate` returns.
CRITERION = "micro_f1"

N = TypeVar("N", bound=nn.Module)


@dataclass
class State:
    """All that a resumed run must know."""

    step: int = 0
    seconds: float = 0.0
    loss_sum: float = 0.0
    loss_count: int = 0
    history: list[dict[str, float]] = field(default_factory=list)

    def scores(self, criterion: str) -> list[float]:
        """The criterion at each validation, negative where the lowest is best: `-loss`."""
        name = criterion.removeprefix("-")
        return [-row[name] if criterion != name else row[name] for row in self.history]


def start_from(network: N, initial: str | None) -> N:
    """The network with the weights of another run's best.pt, where one is named.

    Raises ValueError when those are another network's.
    """
    if initial:
        try:
            network.load_state_dict(torch.load(initial, map_location="cpu"))
        except (OSError, RuntimeError) as error:
            raise ValueError(f"initial: {initial}: {error}") from error
    return network


@dataclass(frozen=True)
class Result:
    """How a call of `fit` ended: `finished` is false where the run was stopped and can resume.

    `interrupted` is true where a signal stopped it, and not its own limit of minutes.
    """

    finished: bool
    step: int
    best: dict[str, float]
    interrupted: bool = False


def fit(
    model: nn.Module,
    loss: Callable[[Tensor, Tensor], Tensor],
    batches: Callable[[int], Iterator[Batch]],
    validate: Callable[[nn.Module], dict[str, float]],
    settings: Settings,
    run: Path,
    *,
    optimiser: torch.optim.Optimizer | None = None,
    floor: float = 0.01,
    pieces: int = 1,
    criterion: str = CRITERION,
    watched: str | None = None,
) -> Result:
    """Train `model` until the settings' last step, early stopping or a stop signal.

    `loss(logits, targets)` is a scalar, a mean over the batch; `batches(step)` iterates from that
    step on; `validate` is given the network in eval mode and returns figures, among them the
    `criterion`, whose highest value is best, or the lowest of `-criterion`. Writes the files named
    above into `run`, and leaves the best weights in `model`.

    `optimiser` is AdamW on all weights where None; one that is handed in keeps its own learning
    rates, which the schedule multiplies, and weight decays. `floor` is the last factor of the
    cosine and polynomial schedules. A batch is computed in `pieces`, and their gradients are added
    up. `watched` is what early stopping and the plateau wait for where it is not the criterion,
    such as the smooth loss (Fosse 2025, section 5.3).

    Raises ValueError when `run` holds a run with another recipe, or the loss is no longer finite.
    """
    # More threads than free cores wait for each other: a step then takes several times as long.
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    torch.set_num_threads(settings.threads or max(1, (cores or 1) - settings.workers))
    average = copy.deepcopy(model).eval() if settings.average else model
    watched = watched or criterion
    optimiser = optimiser or torch.optim.AdamW(
        model.parameters(), lr=settings.learning_rate, weight_decay=settings.weight_decay,
        fused=True,
    )  # fmt: skip
    rates = [float(group["lr"]) for group in optimiser.param_groups]
    parts: dict[str, Any] = {"model": model, "average": average, "optimiser": optimiser}
    saved = torch.load(run / "last.pt") if (run / "last.pt").is_file() else None
    state = State(**saved["state"]) if saved else State()
    settings = record.resolve_half(settings, run)
    record.start(run, settings, step=state.step)
    if saved:
        for name, part in parts.items():
            part.load_state_dict(saved[name])
        torch.set_rng_state(saved["random"])
    device = next(model.parameters()).device
    started = checkpointed = time.monotonic()
    before = state.seconds

    with _stop_signals() as stop, record.Progress(settings.steps) as progress:
        # The iterator's workers live as long as it does.
        coming = batches(state.step)
        while not _is_over(settings, state, watched):
            factor = _factor(settings, state, state.scores(watched), floor)
            for group, rate in zip(optimiser.param_groups, rates, strict=True):
                group["lr"] = rate * factor
            features, targets = (tensor.to(device) for tensor in next(coming))
            value = _step(model, optimiser, loss, _cut(features, targets, pieces), settings)
            if not math.isfinite(value):
                raise ValueError(
                    f"loss: {value} at step {state.step}; try a smaller learning_rate, or resume "
                    f"from {run / 'last.pt'}"
                )
            if average is not model:
                _follow(average, model, min(settings.average, (1 + state.step) / (10 + state.step)))
            state.step += 1
            state.loss_sum += value
            state.loss_count += 1
            state.seconds = before + time.monotonic() - started
            progress.show(state.step, state.seconds, value, _best_so_far(state, criterion))

            if state.step % settings.validate_every == 0 or state.step == settings.steps:
                _validate(average, validate, state, rates[0] * factor, run, criterion)
                progress.log(state.history[-1])
            if stop or 0 < settings.max_minutes * 60 <= time.monotonic() - started:
                break
            if time.monotonic() - checkpointed >= settings.checkpoint_minutes * 60:
                _save(run / "last.pt", state, parts)
                checkpointed = time.monotonic()
        del coming

    _save(run / "last.pt", state, parts)
    best: dict[str, float] = {}
    if (run / "best.pt").is_file():
        best = _best_row(state, criterion)
        model.load_state_dict(torch.load(run / "best.pt", map_location=device))
        history.draw(run / "curve.png", state.history)
    model.eval()
    finished = _is_over(settings, state, watched)
    return Result(finished, state.step, best, interrupted=bool(stop) and not finished)


def _is_over(settings: Settings, state: State, criterion: str) -> bool:
    waited = schedules.waited(state.scores(criterion))
    return state.step >= settings.steps or waited >= settings.patience


def _best_row(state: State, criterion: str) -> dict[str, float]:
    scores = state.scores(criterion)
    return state.history[scores.index(max(scores))]


def _best_so_far(state: State, criterion: str) -> list[float]:
    """What the progress line calls best: nothing before the first validation."""
    name = criterion.removeprefix("-")
    return [_best_row(state, criterion)[name]] if state.history else []


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


def _cut(features: Tensor, targets: Tensor, pieces: int) -> list[tuple[Tensor, Tensor]]:
    pieces = min(pieces, len(features))
    return list(zip(features.tensor_split(pieces), targets.tensor_split(pieces), strict=True))


def _step(
    model: nn.Module,
    optimiser: torch.optim.Optimizer,
    loss: Callable[[Tensor, Tensor], Tensor],
    pieces: Sequence[tuple[Tensor, Tensor]],
    settings: Settings,
) -> float:
    """One step down the gradient of a batch in pieces; returns the loss before it."""
    model.train()
    optimiser.zero_grad()
    size = sum(len(features) for features, _ in pieces)
    total = 0.0
    for features, targets in pieces:
        with torch.autocast(features.device.type, torch.bfloat16, enabled=bool(settings.half)):
            value = loss(model(features), targets) * (len(features) / size)
        value.backward()  # type: ignore[no-untyped-call]
        total += value.item()
    nn.utils.clip_grad_norm_(model.parameters(), settings.clip)
    optimiser.step()
    return total


@torch.no_grad()
def _follow(average: nn.Module, model: nn.Module, decay: float) -> None:
    """Move the average a little towards the weights and statistics of the network."""
    for old, new in zip(average.state_dict().values(), model.state_dict().values(), strict=True):
        if old.is_floating_point():
            old.lerp_(new, 1 - decay)
        else:
            old.copy_(new)


def _validate(
    average: nn.Module,
    validate: Callable[[nn.Module], dict[str, float]],
    state: State,
    rate: float,
    run: Path,
    criterion: str,
) -> None:
    """Add a row to the history, and keep the weights if they are the best so far."""
    average.eval()
    with torch.no_grad():
        figures = validate(average)
    loss = state.loss_sum / max(1, state.loss_count)
    row = {"step": state.step, "minutes": state.seconds / 60, "rate": rate, "loss": loss}
    state.history.append({**row, **figures})
    state.loss_sum, state.loss_count = 0.0, 0
    if schedules.waited(state.scores(criterion)) == 0:
        with whole(run / "best.pt") as temporary:
            torch.save(average.state_dict(), temporary)
    record.write_history(run / "history.csv", state.history)


def _save(path: Path, state: State, parts: dict[str, Any]) -> None:
    saved = {name: part.state_dict() for name, part in parts.items()}
    saved |= {"state": vars(state), "random": torch.get_rng_state()}
    with whole(path) as temporary:
        torch.save(saved, temporary)


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
