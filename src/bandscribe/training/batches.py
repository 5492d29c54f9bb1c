"""Batches made on the fly, in worker processes, from seed, step and position in the batch alone.

Item `i` of step `s` is made from `numpy.random.default_rng([seed, s, i])`: the data of a run do not
depend on the number of workers or of training processes, and a resumed run sees the same batches.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from functools import cache, lru_cache
from typing import Any, Protocol, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import DataLoader, Dataset, IterableDataset, get_worker_info

from bandscribe.training import device
from bandscribe.training.settings import Settings
from bandscribe.types import Audio, Transcription

A = TypeVar("A")
B = TypeVar("B")
#: Files in a row that cannot be read, after which a training ends.
_TRIES = 20
Example = tuple[NDArray[np.float32], NDArray[np.float32]]
Batch = tuple[Tensor, Tensor]


class LabelledSource(Protocol):
    """An endless source of labelled drum audio."""

    def draw(self, rng: np.random.Generator, seconds: float) -> tuple[Audio, Transcription]:
        """A mono excerpt of this length, and its notes with velocities."""


class Batches(IterableDataset[Batch]):
    """Steps `start` to `steps`, each a batch of `size` examples made by `draw`.

    `items` are those of each batch that are made here: all, or the share of one process.
    """

    def __init__(
        self,
        draw: Callable[..., Example],
        *,
        seed: int,
        size: int,
        steps: int,
        start: int = 0,
        numbered: bool = False,
        items: range | None = None,
    ) -> None:
        """`draw(rng)` makes an example (features, targets), all of one shape.

        With `numbered`, it is `draw(rng, number)`, and numbers count the examples of the run.
        """
        super().__init__()
        self.draw = draw
        self.seed = seed
        self.size = size
        self.steps = steps
        self.start = start
        self.numbered = numbered
        self.items = range(size) if items is None else items

    def make(self, step: int) -> Batch:
        """The batch of one step: features (batch, …), targets (batch, …)."""
        examples = []
        for item in self.items:
            rng = np.random.default_rng([self.seed, step, item])
            number = (step * self.size + item,) if self.numbered else ()
            examples.append(self.draw(rng, *number))
        features, targets = (np.stack(arrays) for arrays in zip(*examples, strict=True))
        return torch.from_numpy(features), torch.from_numpy(targets)

    def __iter__(self) -> Iterator[Batch]:
        """In a worker: every n-th step; the loader takes from its workers in turn."""
        worker = get_worker_info()
        first, stride = (worker.id, worker.num_workers) if worker else (0, 1)
        for step in range(self.start + first, self.steps, stride):
            yield self.make(step)


def load(batches: Batches, *, workers: int, pinned: bool = False) -> Iterator[Batch]:
    """Iterate over batches that `workers` processes prefetch; 0: made on demand.

    `pinned` as `pin_memory` of torch: for asynchronous copies to a GPU.
    """
    loader: DataLoader[Batch] = DataLoader(
        batches,
        batch_size=None,
        num_workers=workers,
        prefetch_factor=4 if workers else None,
        pin_memory=pinned,
        worker_init_fn=_start_worker,
        # The loader draws a seed for its workers: not from the run's generator.
        generator=torch.Generator(),
    )
    return iter(loader)


def each(make: Callable[[A], B], items: Sequence[A], *, workers: int) -> Iterator[B]:
    """Apply `make` to each item, in their order, in `workers` processes, or in this one (0).

    Nothing is computed before the first is requested.
    """
    loader: DataLoader[B] = DataLoader(
        _Made(make, items),
        batch_size=None,
        num_workers=workers,
        collate_fn=_as_it_is,
        worker_init_fn=_start_worker,
        generator=torch.Generator(),
    )
    yield from loader


def attempt(make: Callable[[A], B], item: A) -> B | str:
    """The result of `make` for an item, or the message of its ValueError or OSError."""
    try:
        return make(item)
    except (ValueError, OSError) as error:
        return str(error)


def draw_readable(draw: Callable[[], A]) -> A:
    """What `draw` returns of a file that it picks at random.

    Where it raises ValueError or OSError, since the file is damaged, it is called again, and each
    file has a line on standard error once (in each worker process). Raises the error of the last of
    twenty damaged files in a row.
    """
    problems: list[str] = []
    while True:
        try:
            drawn = draw()
        except (ValueError, OSError) as error:
            problems.append(str(error))
            if len(problems) == _TRIES:
                raise
            continue
        for problem in problems:
            _report(problem)
        return drawn


@cache
def _report(problem: str) -> None:
    print(f"{problem}; passed over", file=sys.stderr, flush=True)


class _Made(Dataset[B]):
    def __init__(self, make: Callable[[A], B], items: Sequence[A]) -> None:
        self.make: Callable[[Any], B] = make
        self.items = items

    def __len__(self) -> int:
        return len(self.items)

    def __getitem__(self, index: int) -> B:
        return self.make(self.items[index])


def stream(
    draw: Callable[..., Example], settings: Settings, *, numbered: bool = False
) -> Callable[[int], Iterator[Batch]]:
    """A function from a step to the batches from there on, for `fit`; `draw` as in `Batches`.

    One example is drawn at once, so that errors are raised here and not in a worker. Raises
    ValueError where the batch size is no multiple of the number of training processes.
    """
    draw(np.random.default_rng(settings.seed), *((0,) if numbered else ()))

    def batches(step: int) -> Iterator[Batch]:
        if settings.batch % device.world():
            raise ValueError(
                f"batch: expected a multiple of {device.world()}, the number of GPUs, got "
                f"{settings.batch}"
            )
        made = Batches(
            draw,
            seed=settings.seed,
            size=settings.batch,
            steps=settings.steps,
            start=step,
            numbered=numbered,
            items=range(device.rank(), settings.batch, device.world()),
        )
        where = device.choose(settings.device)
        return load(made, workers=device.workers(settings), pinned=where.type == "cuda")

    return batches


def turn(seed: int, number: int, count: int) -> int:
    """Index of the run's example `number`: each of `count` once an epoch, shuffled."""
    epoch, place = divmod(number, count)
    return int(_order(seed, epoch, count)[place])


@lru_cache(maxsize=2)
def _order(seed: int, epoch: int, count: int) -> NDArray[np.int64]:
    # Four numbers, so that the generator is none of those of the batches.
    return np.random.default_rng([seed, epoch, 0, 1]).permutation(count)


def _as_it_is(item: Any) -> Any:
    return item


def _start_worker(_: int) -> None:
    torch.set_num_threads(1)
    # Out of the group that Ctrl-C and stop signals reach: the main process ends its workers.
    os.setpgid(0, 0)
