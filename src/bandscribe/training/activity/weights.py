"""The weights of an exported tracker, back in torch: to train it further.

The exporter folds batch normalisation into the convolution before it; `transfer` measures it again.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from onnx import numpy_helper
from torch import Tensor, nn

from bandscribe import runtime
from bandscribe.training.activity.models import Tracker

#: Parts of attention blocks in files of an earlier version.
_EARLIER_NAMES = {
    ".before_attention.": ".norm1.", ".ask.": ".qkv.", ".answer.": ".out_proj.",
    ".before_feed.": ".norm2.", ".feed.": ".feed_forward.",
}  # fmt: skip


@torch.no_grad()
def transfer(model: str, network: nn.Module, features: Tensor) -> None:
    """Start `network` from the weights of a shipped model's name, or of an ONNX file.

    `features` (batch, frame, bin) are typical input: batch normalisation is fitted to them so that
    in training, too, the network begins by computing what the exported one does.

    Raises ValueError when the two differ in shape, and as `runtime.load`.
    """
    if not isinstance(network, Tracker):
        raise ValueError("initial: only the tracker starts from an ONNX file")
    given = _read(model, network)
    for name, own in network.state_dict().items():
        if name in given:
            if own.shape != given[name].shape:
                raise ValueError(
                    f"initial: {model} is another network: {name} has shape {given[name].shape}, "
                    f"expected {tuple(own.shape)}; check options"
                )
            own.copy_(torch.tensor(given[name]))
    x = network.convolve.split(network.eval().normalise(network.scale(features)))
    for part in network.convolve:
        if isinstance(part, nn.BatchNorm2d):
            mean, variance = x.mean(dim=(0, 2, 3)), x.var(dim=(0, 2, 3), unbiased=False)
            part.weight.copy_((variance + part.eps).sqrt())
            part.bias.add_(mean)
            part.running_mean, part.running_var = mean, variance
        x = part(x)
    network.train()


def _read(model: str, network: Tracker) -> dict[str, NDArray[np.floating]]:
    """The weights in an ONNX file by the names that `network` gives them.

    Raises ValueError where they are not those of a tracker with as many layers.
    """
    if runtime.load(model).card.task != "activity":
        raise ValueError(f"initial: expected a network that tracks instruments, got {model}")
    graph = onnx.load_from_string(runtime.read_bytes(model)).graph
    held = {item.name: numpy_helper.to_array(item) for item in graph.initializer}
    found = {}
    for name, value in held.items():
        for earlier, own in _EARLIER_NAMES.items():
            name = name.replace(earlier, own)
        found[name] = value
    convolutions = [i for i, part in enumerate(network.convolve) if isinstance(part, nn.Conv2d)]
    kernels = [node for node in graph.node if node.op_type == "Conv"]
    matrices = [
        held[node.input[1]].T
        for node in graph.node
        if node.op_type == "MatMul" and node.input[1] in held
    ]
    linear = list(_name_linear(network))
    if len(kernels) != len(convolutions) or len(matrices) != len(linear):
        raise ValueError(f"initial: {model} is another network; check options")
    for place, node in zip(convolutions, kernels, strict=True):
        found[f"convolve.{place}.weight"] = held[node.input[1]]
        found[f"convolve.{place + 1}.bias"] = held[node.input[2]]
        found[f"convolve.{place + 1}.weight"] = np.ones(len(held[node.input[2]]), np.float32)
    return found | dict(zip(linear, matrices, strict=True))


def _name_linear(network: Tracker) -> Iterator[str]:
    """The weights of linear layers in the order in which they are computed."""
    for name, part in network.named_modules():
        if isinstance(part, nn.Linear):
            yield f"{name}.weight"
