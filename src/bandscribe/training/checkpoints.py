"""Checkpoint files: deterministic bytes, loaded with `weights_only`."""

from __future__ import annotations

import io
import pickle
import struct
import zipfile
from pathlib import Path
from typing import Any, TypeVar

import torch
from torch import Tensor, nn

from bandscribe.files import whole
from bandscribe.readers import refused

N = TypeVar("N", bound=nn.Module)


def write(path: Path, content: dict[str, Any]) -> None:
    """Write what `read` reads. Raises OSError as `bandscribe.files.whole`."""
    # As a file, since the name of a path that torch opens stands in its bytes.
    with whole(path) as temporary, temporary.open("wb") as file:
        torch.save(content, file)


def read(path: str | Path) -> dict[str, Any]:
    """Read a checkpoint of `write`, onto the CPU, from whatever device.

    Raises ValueError for anything else, OSError where the file cannot be read.
    """
    message = f"{path}: not written by bandscribe train, or damaged"
    # In memory, so that what the content makes the system say is no fault of the disk.
    data = io.BytesIO(Path(path).read_bytes())
    try:
        with refused(message):
            found: dict[str, Any] = {**torch.load(data, map_location="cpu", weights_only=True)}
    except (
        EOFError, OSError, RuntimeError, pickle.UnpicklingError, struct.error, zipfile.BadZipFile,
    ) as error:  # fmt: skip
        raise ValueError(message) from error
    return found


def read_weights(path: str | Path) -> dict[str, Tensor]:
    """The weights in a run's best.pt. Raises as `read`."""
    weights = read(path)
    if not weights or not all(isinstance(each, Tensor) for each in weights.values()):
        raise ValueError(f"{path}: holds no weights; name the best.pt of a run")
    return weights


def fill(network: N, path: str | Path) -> N:
    """The network with the weights in a run's best.pt. Raises as `read`, and for another's."""
    weights = read_weights(path)
    try:
        network.load_state_dict(weights)
    except RuntimeError as error:
        why = " ".join(str(error).split())[:200]
        raise ValueError(f"{path}: weights of another network ({why})") from error
    return network
