"""Batches made on the fly, in worker processes, the same for the same seed.

Item `i` of step `s` is drawn from `numpy.random.default_rng([seed, s, i])` and from nothing else:
the data of a run do not depend on the number of workers, and a resumed run goes on with the very
batches that it would have seen.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import DataLoader, IterableDataset, get_worker_info

Example = tuple[NDArray[np.float32], NDArray[np.float32]]
Batch = tuple[Tensor, Tensor]


class Batches(IterableDataset[Batch]):
    """Steps `start` to `steps`, each a batch of `size` examples made by `draw`."""

    def __init__(
        self,
        draw: Callable[[np.random.Generator], Example],
        *,
        seed: int,
        size: int,
        steps: int,
        start: int = 0,
    ) -> None:
        """`draw` makes an example (features, targets) of a generator; all have one shape."""
        super().__init__()
        self.draw = draw
        self.seed = seed
        self.size = size
        self.steps = steps
        self.start = start

    def make(self, step: int) -> Batch:
        """The batch of one step: features (batch, frame, bin), targets (batch, frame, class)."""
        examples = [
            self.draw(np.random.default_rng([self.seed, step, item])) for item in range(self.size)
        ]
        features, targets = (np.stack(arrays) for arrays in zip(*examples, strict=True))
        return torch.from_numpy(features), torch.from_numpy(targets)

    def __iter__(self) -> Iterator[Batch]:
        """In a worker: every n-th step; the loader asks its workers in turn."""
        worker = get_worker_info()
        first, stride = (worker.id, worker.num_workers) if worker else (0, 1)
        for step in range(self.start + first, self.steps, stride):
            yield self.make(step)


def load(batches: Batches, *, workers: int) -> Iterator[Batch]:
    """Iterate over the batches, made ahead by `workers` processes (0: when asked for)."""
    loader: DataLoader[Batch] = DataLoader(
        batches,
        batch_size=None,
        num_workers=workers,
        prefetch_factor=4 if workers else None,
        worker_init_fn=_start_worker,
        # The loader draws a seed for its workers: not from the run's generator.
        generator=torch.Generator(),
    )
    return iter(loader)


def stream(
    draw: Callable[[np.random.Generator], Example],
    *,
    seed: int,
    size: int,
    steps: int,
    workers: int,
) -> Callable[[int], Iterator[Batch]]:
    """What gives the batches from a step on, as `fit` asks for them."""

    def batches(step: int) -> Iterator[Batch]:
        made = Batches(draw, seed=seed, size=size, steps=steps, start=step)
        return load(made, workers=workers)

    return batches


def _start_worker(_: int) -> None:
    torch.set_num_threads(1)
    # Out of the group that Ctrl-C and stop signals reach: the main process ends its workers.
    os.setpgid(0, 0)
