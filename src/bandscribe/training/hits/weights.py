"""The weights of an exported classifier of hits, back in torch: to train it further.

Batch normalisation was folded into the convolution before it and does nothing here; so only a
network that keeps its statistics (`fixed` of `models.Compact`) goes on from where it was.
"""

from __future__ import annotations

import numpy as np
import onnx
import torch
from onnx import numpy_helper
from torch import nn

from bandscribe import runtime
from bandscribe.training.hits.models import Compact


@torch.no_grad()
def fill(network: nn.Module, model: str) -> None:
    """Give `network` the weights of a shipped model's name, or of the path of an ONNX file.

    Dense layers of another size keep random weights. Raises ValueError when that is another
    network, and as `runtime.read_bytes`.
    """
    graph = onnx.load_from_string(runtime.read_bytes(model)).graph
    held = {item.name: numpy_helper.to_array(item) for item in graph.initializer}
    for node in graph.node:
        if node.op_type == "Identity" and node.input[0] in held:  # of arrays that are alike
            held[node.output[0]] = held[node.input[0]]
    state = network.state_dict()
    own = {name: value for name, value in held.items() if name.startswith("dense.")}
    if own.keys() <= state.keys() and any(state[n].shape != own[n].shape for n in own):
        own = {}
    for i, node in enumerate(node for node in graph.node if node.op_type == "Conv"):
        own[f"convolve.{4 * i}.weight"] = held[node.input[1]]
        own[f"convolve.{4 * i + 1}.bias"] = held[node.input[2]]
    if not isinstance(network, Compact) or not network.fixed:
        raise ValueError("initial: exported weights need model compact with its option fixed")
    if any(name not in state or state[name].shape != own[name].shape for name in own):
        raise ValueError(f"initial: {model} is another network; check model, options and classes")
    for name, value in state.items():
        if name in own:
            value.copy_(torch.tensor(np.array(own[name])))
        elif name.endswith("running_var"):
            # Normalisation divides by the root of the variance and a little more.
            value.fill_(1 - nn.BatchNorm2d(1).eps)
