"""A wider network that starts from the weights of a narrower one, and at first does the same.

Chen, Goodfellow and Shlens 2016, "Net2Net: Accelerating learning via knowledge transfer", of which
this is the simplest form: what is new starts at random, and nothing that was there depends on it,
since the weights from the new units to the old ones are 0.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

import torch
from torch import Tensor

from bandscribe.training.drums.models import CRNN

#: The rows of their matrices are as many blocks, one for each gate or none.
_GATES = {"LSTM": 4, "GRU": 3, "RNN": 1}
#: The input of a recurrent layer above another one.
_LATER = re.compile("weight_ih_l[1-9]")


@torch.no_grad()
def grow(network: CRNN, given: Mapping[str, Tensor]) -> None:
    """Fill `network` from the weights of a `CRNN` with fewer kernels, units or outputs.

    Raises ValueError when the other has another structure, or more of something.
    """
    own = network.state_dict()
    if own.keys() != given.keys() or any(own[name].ndim != given[name].ndim for name in own):
        raise ValueError("another structure")
    gates = _GATES[type(network.recur).__name__]
    for name, tensor in given.items():
        if not tensor.ndim:
            own[name].copy_(tensor)
            continue
        rows = _places(gates if name.startswith("recur.") else 1, len(tensor), len(own[name]))
        if tensor.ndim > 1:
            # Both directions of a layer reach the next one side by side; kernels one after another.
            sides = 2 if name.startswith("output.") or _LATER.search(name) else 1
            columns = _places(sides, tensor.shape[1], own[name].shape[1])
            own[name][rows] = 0
            own[name][rows[:, None], columns] = tensor
        else:
            own[name][rows] = tensor


def _places(blocks: int, old: int, new: int) -> Tensor:
    """The positions of `old` entries among the `new` ones: first in each of equal blocks."""
    if old > new or old % blocks or new % blocks:
        raise ValueError(f"{old} where there are {new} now")
    return torch.arange(new).view(blocks, -1)[:, : old // blocks].flatten()
