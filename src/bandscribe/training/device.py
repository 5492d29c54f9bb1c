"""Where a network is trained: on which device, and by how many processes at once.

`torchrun`, and `bandscribe train --gpus N` by the same means, starts processes that train one
network together, each on a GPU of its own (NCCL) or, with `--device cpu`, on the CPU (gloo). Each
computes its share of every batch, and gradients are averaged.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import numpy as np
import torch
import torch.distributed as dist
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

from bandscribe.runtime import cores
from bandscribe.training.settings import Settings

#: How long a process waits for the others, such as for the first one's validation.
_TIMEOUT = timedelta(hours=12)


def choose(name: str) -> torch.device:
    """The device that `name` stands for: auto, cpu, cuda, cuda:N or mps.

    `auto` is a GPU where CUDA finds one, else the CPU; of several processes, each has a GPU of its
    own. Raises ValueError for another name, or a device that this machine, or this build of torch,
    does not have.
    """
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    kind, _, number = name.partition(":")
    if kind not in ("cpu", "cuda", "mps") or not (number.isdecimal() or name == kind):
        raise ValueError(f"device: expected auto, cpu, cuda, cuda:N or mps, got {name!r}")
    if kind == "mps" and not torch.backends.mps.is_available():
        raise ValueError("device: mps is not available here; train on cpu")
    if kind != "cuda":
        return torch.device(kind)
    index = int(number or os.environ.get("LOCAL_RANK", "0"))
    if index >= torch.cuda.device_count():
        raise ValueError(
            f"device: {name} is not available: torch {torch.__version__} finds "
            f"{torch.cuda.device_count()} CUDA GPUs; train on cpu, or install torch with CUDA"
        )
    return torch.device("cuda", index)


def nearest(name: str) -> torch.device:
    """The device of a run, or where this machine lacks it, that of `auto`."""
    try:
        return choose(name)
    except ValueError:
        return choose("auto")


def workers(settings: Settings) -> int:
    """How many processes make batches ahead: as many as in the settings.

    By default as many as there are cores for a network on a GPU, and half as many for one
    on the CPU, which needs the others; shared by the processes of this machine.
    """
    if settings.workers is not None:
        return settings.workers
    free = cores() // int(os.environ.get("LOCAL_WORLD_SIZE", "1"))
    return max(1, free if nearest(settings.device).type == "cuda" else free // 2)


def threads(settings: Settings) -> int:
    """How many threads compute on the CPU: as in the settings, or as many as cores are left.

    More threads than free cores wait for each other: a step then takes several times as long.
    """
    free = cores() // int(os.environ.get("LOCAL_WORLD_SIZE", "1"))
    return settings.threads or max(1, free - workers(settings))


def has_half(device: torch.device) -> bool:
    """Whether half precision makes a device faster: where it is emulated, it takes several times as
    long as float32.
    """
    cpu = torch.cpu
    native = cpu._is_avx512_bf16_supported() or cpu._is_amx_tile_supported()
    return device.type == "cuda" or (device.type == "cpu" and bool(native))


def half_type(device: torch.device) -> torch.dtype:
    """The type of half precision: bfloat16, or float16 on GPUs that only emulate bfloat16."""
    emulated = device.type == "cuda" and not torch.cuda.is_bf16_supported(including_emulation=False)
    return torch.float16 if emulated else torch.bfloat16


def random_state(device: torch.device) -> dict[str, Tensor]:
    """The states of all random generators that torch draws from on this device."""
    states = {"cpu": torch.get_rng_state()}
    if device.type != "cpu":
        states[device.type] = torch.get_device_module(device).get_rng_state()
    return states


def set_random_state(states: dict[str, Tensor], device: torch.device) -> None:
    """Continue from these states; a run that goes on elsewhere has none for its new device."""
    torch.set_rng_state(states["cpu"])
    if device.type != "cpu" and device.type in states:
        torch.get_device_module(device).set_rng_state(states[device.type])


@torch.no_grad()
def infer(model: nn.Module, features: NDArray[np.floating], *, batch: int = 64) -> Tensor:
    """The outputs of a network for `features` (example, …), computed where its weights are.

    `batch` examples at a time; the result (example, …) is float32, on the CPU.
    """
    device = next(model.parameters()).device
    outputs = [
        model(part.to(device)).float().cpu()
        for start in range(0, len(features), batch)
        for part in [torch.tensor(features[start : start + batch], dtype=torch.float32)]
    ]
    return torch.cat(outputs)


def rank() -> int:
    """The number of this process among those that train together; 0 where it is alone."""
    return int(os.environ["RANK"]) if dist.is_torchelastic_launched() else 0


def world() -> int:
    """How many processes train together."""
    return int(os.environ["WORLD_SIZE"]) if dist.is_torchelastic_launched() else 1


@contextmanager
def together(device: torch.device) -> Iterator[None]:
    """Train with the other processes that `torchrun` started, if it did."""
    if device.type == "cuda":
        torch.cuda.set_device(device)
    if world() == 1:
        yield
        return
    # What processes agree on travels from CPU to CPU, and waits for no GPU.
    dist.init_process_group(
        "cpu:gloo,cuda:nccl" if device.type == "cuda" else "gloo", timeout=_TIMEOUT
    )
    try:
        yield
    finally:
        dist.destroy_process_group()


def average_gradients(model: nn.Module) -> nn.Module:
    """The network, so that its gradients are those of all processes' batches."""
    return DistributedDataParallel(model) if dist.is_initialized() else model


def agree(code: int) -> int:
    """The highest code that any process has."""
    if not dist.is_initialized():
        return code
    codes = torch.tensor(code)
    dist.all_reduce(codes, dist.ReduceOp.MAX)
    return int(codes)


def broadcast(value: Any) -> Any:
    """What the first process has, in all of them."""
    values = [value]
    if dist.is_initialized():
        dist.broadcast_object_list(values, device=torch.device("cpu"))
    return values[0]


def gather(value: Any) -> list[Any]:
    """What each process has."""
    values = [value]
    if dist.is_initialized():
        values = [None] * world()
        dist.all_gather_object(values, value)
    return values
