"""The weights of an exported drum network, back in torch: to adapt it, or to train it further.

What the exporter changed stays so: batch normalisation is folded into the convolution before it,
and the normalisation that is left here does nothing, until `transfer` measures it again. LSTM
weights in 8 bits become float32 again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from onnx import numpy_helper
from torch import Tensor, nn

from bandscribe import runtime
from bandscribe.training.drums.models.crnn import CRNN
from bandscribe.training.drums.recipe import Recipe, build

Arrays = Mapping[str, NDArray[np.generic]]
#: Where torch's input, forget, cell and output gates lie among those of ONNX.
_GATES = (0, 2, 3, 1)


def load(model: str | Path) -> tuple[runtime.ModelCard, CRNN]:
    """The card and the network of a shipped model's name, or of the path of its ONNX file.

    Raises ValueError when it is no convolutional recurrent network with LSTM layers that takes
    drums, and as `runtime.load`.
    """
    card = runtime.load(model).card
    network = None
    if card.task == "drums" and card.recipe.get("model") == "crnn":
        shape = {name: card.recipe[name] for name in ("model", "options", "features")}
        network = build(Recipe(**shape, classes=len(card.classes)))
    if not isinstance(network, CRNN) or not isinstance(network.recur, nn.LSTM):
        raise ValueError(f"initial: expected a drum network, crnn with LSTM layers, got {model}")
    fill(network, onnx.load_from_string(runtime.read_bytes(model)).graph)
    return card, network.eval()


@torch.no_grad()
def transfer(model: str, network: nn.Module, features: Tensor) -> None:
    """Start `network` from the weights of an exported one of the same shape.

    `features` (batch, frame, bin) are typical input. A network that takes more channels than the
    exported one ignores the further ones at first. Batch normalisation is fitted to `features` so
    that in training, too, it begins by doing nothing.

    Raises ValueError when the two differ in any other way, and as `load`.
    """
    _, given = load(model)
    held = given.state_dict()
    if not isinstance(network, CRNN) or held.keys() != network.state_dict().keys():
        raise ValueError(f"initial: {model} is another network; check model and options")
    for name, own in network.state_dict().items():
        value = held[name]
        if name == "convolve.0.weight" and value.shape[1] < own.shape[1]:
            own.zero_()
            own[:, : value.shape[1]] = value
        elif name.startswith("normalise.") and len(value.shape) and len(value) < len(own):
            own[: len(value)] = value
        elif own.shape == value.shape:
            own.copy_(value)
        else:
            raise ValueError(
                f"initial: {model} is another network: {name} has shape {tuple(value.shape)}, "
                f"expected {tuple(own.shape)}; check options"
            )
    x = network.eval().scale(features)
    further = slice(given.normalise.num_features, None)  # channels that the exported one lacks
    state = network.state_dict()
    state["normalise.running_mean"][further] = x.mean(dim=(0, 1))[further]
    state["normalise.running_var"][further] = x.var(dim=(0, 1))[further]
    x = network.convolve.split(network.normalise(x))
    for part in network.convolve:
        if isinstance(part, nn.BatchNorm2d):
            mean, variance = x.mean(dim=(0, 2, 3)), x.var(dim=(0, 2, 3), unbiased=False)
            part.weight.copy_((variance + part.eps).sqrt())
            part.bias.add_(mean)
            part.running_mean, part.running_var = mean, variance
        x = part(x)


def fill(network: CRNN, graph: onnx.GraphProto) -> None:
    """Give `network` the weights of the graph that one of its shape was exported to."""
    held = {item.name: numpy_helper.to_array(item) for item in graph.initializer}
    own = {name: held[name] for name in network.state_dict() if name in held}
    convolutions = [i for i, part in enumerate(network.convolve) if isinstance(part, nn.Conv2d)]
    layer = 0
    for node in graph.node:
        if node.op_type == "Conv":
            place = convolutions.pop(0)
            own[f"convolve.{place}.weight"] = held[node.input[1]]
            own[f"convolve.{place + 1}.bias"] = held[node.input[2]]
        elif node.op_type in ("LSTM", "DynamicQuantizeLSTM"):
            own |= _read_lstm(node.input, held, layer)
            layer += 1
        elif node.op_type == "MatMul":
            own["output.weight"] = held[node.input[1]].T
    for name, value in network.state_dict().items():
        # Normalisation divides by the root of the variance and a little more.
        plain = 1 - nn.BatchNorm2d(1).eps if name.endswith("running_var") else value
        value.copy_(torch.tensor(own[name]) if name in own else torch.as_tensor(plain))


def _read_lstm(inputs: Sequence[str], held: Arrays, layer: int) -> dict[str, NDArray[np.generic]]:
    """The weights of both directions of a layer, by the names that torch gives them."""
    kinds = []
    for place in (1, 2):  # of what comes in, and of the state before
        weights = held[inputs[place]]
        if weights.dtype == np.int8:
            scale, zero = (held[inputs[2 * place + 6 + i]][:, None] for i in range(2))
            steps = weights.astype(np.float32) - zero.astype(np.float32)
            weights = (steps * scale.astype(np.float32)).transpose(0, 2, 1)
        kinds.append(weights)
    biases = np.split(held[inputs[3]], 2, axis=1)
    found = {}
    for direction, ending in enumerate(("", "_reverse")):
        for kind, weights, bias in zip(("ih", "hh"), kinds, biases, strict=True):
            for what, values in (("weight", weights), ("bias", bias)):
                gates = np.split(values[direction], 4)
                found[f"{what}_{kind}_l{layer}{ending}"] = np.concatenate(
                    [gates[i] for i in _GATES]
                )
    return {f"recur.{name}": values for name, values in found.items()}
