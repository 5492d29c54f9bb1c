"""One optimiser step, and the exponential moving average of the weights."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from bandscribe.training import device as devices
from bandscribe.training.settings import Settings

Loss = Callable[[Tensor, Tensor], Tensor]
Optimiser = torch.optim.Optimizer


class Learner:
    """A network on its device, its optimiser, and the moving average of its weights.

    The average is validated and saved; with `average` 0 in the settings it is the network itself.
    Half precision is `torch.autocast` to bfloat16, or to float16 with gradient scaling on GPUs
    without bfloat16.
    """

    def __init__(
        self,
        model: nn.Module,
        loss: Loss,
        settings: Settings,
        device: torch.device,
        *,
        optimiser: Callable[[nn.Module], Optimiser] | None = None,
        pieces: int = 1,
    ) -> None:
        """`optimiser` makes one of the network; without it, it is AdamW on all weights."""
        self.model = model.to(device)
        self.loss = loss.to(device) if isinstance(loss, nn.Module) else loss
        self.average = copy.deepcopy(model).eval() if settings.average else model
        self.optimiser = optimiser(model) if optimiser else _adamw(model, settings)
        self.rates = [float(group["lr"]) for group in self.optimiser.param_groups]
        self.half = devices.half_type(device) if settings.half else None
        self.scaler = torch.amp.GradScaler(device.type, enabled=self.half == torch.float16)
        self.settings, self.device, self.pieces = settings, device, pieces
        self.compute = devices.average_gradients(model)
        if settings.compile:
            self.compute = torch.compile(self.compute)  # type: ignore[assignment]

    def step(self, features: Tensor, targets: Tensor, *, number: int, factor: float) -> Tensor:
        """Take step `number`, with all learning rates times `factor`.

        Gradients are accumulated over the pieces of a batch. Returns their parts (piece,) of the
        loss, on the device, without synchronising.
        """
        for group, rate in zip(self.optimiser.param_groups, self.rates, strict=True):
            group["lr"] = rate * factor
        self.model.train()
        self.optimiser.zero_grad()
        size, count = len(features), min(self.pieces, len(features))
        parts = []
        for piece, target in zip(
            features.tensor_split(count), targets.tensor_split(count), strict=True
        ):
            with torch.autocast(self.device.type, self.half, enabled=self.half is not None):
                part = self.loss(self.compute(piece), target) * (len(piece) / size)
            self.scaler.scale(part).backward()
            parts.append(part.detach())
        self.scaler.unscale_(self.optimiser)
        nn.utils.clip_grad_norm_(self.model.parameters(), self.settings.clip)
        self.scaler.step(self.optimiser)
        self.scaler.update()
        if self.average is not self.model:
            decay = min(self.settings.average, (1 + number) / (10 + number))
            update_ema(self.average, self.model, decay)
        return torch.stack(parts)

    def state_dict(self) -> dict[str, Any]:
        """The checkpoint of a run."""
        return {name: part.state_dict() for name, part in self._parts().items()}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Restore a `state_dict` from any device."""
        for name, part in self._parts().items():
            # An earlier run, or one in full precision, has no scaler.
            if name != "scaler" or state.get(name):
                part.load_state_dict(state[name])

    def _parts(self) -> dict[str, Any]:
        return {
            "model": self.model,
            "average": self.average,
            "optimiser": self.optimiser,
            "scaler": self.scaler,
        }


@torch.no_grad()
def update_ema(average: nn.Module, model: nn.Module, decay: float) -> None:
    """Move the exponential moving average towards the weights and statistics of the network."""
    for old, new in zip(average.state_dict().values(), model.state_dict().values(), strict=True):
        if old.is_floating_point():
            old.lerp_(new, 1 - decay)
        else:
            old.copy_(new)


@torch.no_grad()
def choose_mean(
    initial: nn.Module,
    trained: nn.Module,
    shares: Sequence[float],
    validate: Callable[[nn.Module], dict[str, float]],
    criterion: str,
) -> tuple[nn.Module, list[dict[str, float]], dict[str, float]]:
    """The best mean of initial and trained weights: (1 - share) initial + share trained.

    Best is the highest `criterion` of what `validate` returns, the lowest of `-criterion`; the
    first of equals. Returns the network, a row of each share with its figures, and its own row.
    Source: Wortsman et al. 2022, Robust fine-tuning of zero-shot models.
    """
    name = criterion.removeprefix("-")
    sign = 1 if name == criterion else -1
    means, rows = [], []
    for share in shares:
        means.append(copy.deepcopy(initial).eval())
        update_ema(means[-1], trained, 1 - share)
        rows.append({"share": share, **validate(means[-1])})
    best = max(range(len(rows)), key=lambda i: sign * rows[i][name])
    return means[best], rows, rows[best]


def _adamw(model: nn.Module, settings: Settings) -> Optimiser:
    return torch.optim.AdamW(
        model.parameters(), lr=settings.learning_rate, weight_decay=settings.weight_decay,
        fused=True,
    )  # fmt: skip
