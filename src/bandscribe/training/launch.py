"""Distributed training on this machine, by the launcher of `torchrun`."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Sequence

import torch
from torch.distributed.elastic.multiprocessing.api import SignalException
from torch.distributed.elastic.multiprocessing.errors import ChildFailedError
from torch.distributed.launcher.api import LaunchConfig, elastic_launch


def launch(processes: int, device: str, arguments: Sequence[str]) -> int:
    """Run a command of bandscribe in this many processes; returns its exit code.

    Raises ValueError where there are not as many GPUs, unless `device` is cpu.
    """
    found = torch.cuda.device_count()
    if device != "cpu" and found < processes:
        raise ValueError(
            f"gpus: expected at most {found}, the CUDA GPUs that torch finds, got {processes}; "
            "--device cpu trains in as many processes on the CPU"
        )
    # Each process sets its own number of threads, and reports its own errors.
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    logging.getLogger("torch.distributed.elastic").setLevel(logging.CRITICAL)
    config = LaunchConfig(
        min_nodes=1,
        max_nodes=1,
        nproc_per_node=processes,
        rdzv_backend="c10d",
        rdzv_endpoint="localhost:0",
        max_restarts=0,
    )
    try:
        elastic_launch(config, sys.executable)("-m", "bandscribe", *arguments)
    except ChildFailedError as error:
        return int(error.get_first_failure()[1].exitcode)
    except SignalException:
        return 130
    return 0
