"""A small network, fitted in six steps to a line."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from torch import nn

from bandscribe.training.batches import Batch, Batches, Example, load
from bandscribe.training.fit import FitResult, fit
from bandscribe.training.settings import Settings

SETTINGS = Settings(
    steps=6,
    learning_rate=0.05,
    warmup_steps=1,
    validate_every=2,
    workers=0,
    threads=1,
    half=False,
    average=0.9,
)


def draw(rng: np.random.Generator) -> Example:
    features = rng.random((4, 3), dtype=np.float32)
    return features, features[:, :1] * 2


def toy() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(3, 8), nn.BatchNorm1d(4), nn.Dropout(0.5), nn.Linear(8, 1))


def run(
    settings: Settings,
    folder: Path,
    *,
    stop_at: int = -1,
    model: nn.Module | None = None,
    shares: tuple[float, ...] = (1.0,),
) -> tuple[FitResult, nn.Module]:
    model = model or toy()

    def batches(start: int) -> Iterator[Batch]:
        made = Batches(draw, seed=settings.seed, size=3, steps=settings.steps, start=start)
        for step, batch in enumerate(load(made, workers=0), start):
            if step == stop_at:
                os.kill(os.getpid(), signal.SIGTERM)
            yield batch

    def validate(network: nn.Module) -> dict[str, float]:
        assert not network.training
        value = nn.functional.mse_loss(network(torch.ones(1, 4, 3)), 2 * torch.ones(1, 4, 1))
        return {"micro_f1": 1 / (1 + value.item())}

    result = fit(
        settings,
        folder,
        task="toy",
        build=lambda: model,
        loss=nn.functional.mse_loss,
        batches=batches,
        validate=validate,
        report=lambda network: {"training": network.training},
        shares=shares,
    )
    return result, model


def equal(one: dict[str, torch.Tensor], other: dict[str, torch.Tensor]) -> bool:
    return all(torch.equal(one[name], other[name]) for name in one)
