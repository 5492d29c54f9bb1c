"""Devices, and distributed data-parallel training.

`torchrun`, or `bandscribe train --gpus N`, starts processes that train one network, each on its own
GPU (NCCL) or, with `--device cpu`, on the CPU (gloo). Each computes its share of every batch;
gradients are averaged.
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
    """The number of data-loading processes: the setting, or one per core, half on a CPU.

    Divided among the training processes of this machine.
    """
    if settings.workers is not None:
        return settings.workers
    free = cores() // int(os.environ.get("LOCAL_WORLD_SIZE", "1"))
    return max(1, free if nearest(settings.device).type == "cuda" else free // 2)


def threads(settings: Settings) -> int:
    """The number of CPU threads: the setting, or the cores that data loading leaves.

    With more threads than free cores a step takes several times as long.
    """
    free = cores() // int(os.environ.get("LOCAL_WORLD_SIZE", "1"))
    return settings.threads or max(1, free - workers(settings))


def has_half(device: torch.device) -> bool:
    """Whether half precision is native; emulated, it is several times slower than float32."""
    cpu = torch.cpu
    native = cpu._is_avx512_bf16_supported() or cpu._is_amx_tile_supported()
    return device.type == "cuda" or (device.type == "cpu" and bool(native))


def half_type(device: torch.device) -> torch.dtype:
    """The type of half precision: bfloat16, or float16 on GPUs that only emulate bfloat16."""
    emulated = device.type == "cuda" and not torch.cuda.is_bf16_supported(including_emulation=False)
    return torch.float16 if emulated else torch.bfloat16


def random_state(device: torch.device) -> dict[str, Tensor]:
    """The states of torch's random generators, for this device and the CPU."""
    states = {"cpu": torch.get_rng_state()}
    if device.type != "cpu":
        states[device.type] = torch.get_device_module(device).get_rng_state()
    return states


def set_random_state(states: dict[str, Tensor], device: torch.device) -> None:
    """Restore these states; a run resumed on another device has none for that one."""
    torch.set_rng_state(states["cpu"])
    if device.type != "cpu" and device.type in states:
        torch.get_device_module(device).set_rng_state(states[device.type])


@torch.no_grad()
def infer(model: nn.Module, features: NDArray[np.floating], *, batch: int = 64) -> Tensor:
    """Outputs (example, …) for `features` (example, …), float32, on the CPU.

    Computed on the network's device, `batch` examples at a time.
    """
    device = next(model.parameters()).device
    outputs = [
        model(part.to(device)).float().cpu()
        for start in range(0, len(features), batch)
        for part in [torch.tensor(features[start : start + batch], dtype=torch.float32)]
    ]
    return torch.cat(outputs)


def rank() -> int:
    """The rank of this process; 0 when it trains alone."""
    return int(os.environ["RANK"]) if dist.is_torchelastic_launched() else 0


def world() -> int:
    """The number of training processes."""
    return int(os.environ["WORLD_SIZE"]) if dist.is_torchelastic_launched() else 1


@contextmanager
def together(device: torch.device) -> Iterator[None]:
    """Join the process group, if `torchrun` started one."""
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
    """The network, with gradients averaged over all processes."""
    return DistributedDataParallel(model) if dist.is_initialized() else model


def agree(code: int) -> int:
    """The highest code of all processes."""
    if not dist.is_initialized():
        return code
    codes = torch.tensor(code)
    dist.all_reduce(codes, dist.ReduceOp.MAX)
    return int(codes)


def broadcast(value: Any) -> Any:
    """The first process's value, in all processes."""
    values = [value]
    if dist.is_initialized():
        dist.broadcast_object_list(values, device=torch.device("cpu"))
    return values[0]


def gather(value: Any) -> list[Any]:
    """The values of all processes."""
    values = [value]
    if dist.is_initialized():
        values = [None] * world()
        dist.all_gather_object(values, value)
    return values
