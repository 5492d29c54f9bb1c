"""The weights of exported networks, back in torch: to adapt them, or to train them further.

The exporter folds batch normalisation into the convolution before it. What is left here does
nothing, until `transfer_drums`, `transfer_tracker` and `transfer_hits` fit it to typical input, so
that in training, too, a network begins by computing what the exported one does. LSTM weights in
8 bits become float32 again. `initial` is a shipped model's name, or the path of an ONNX file.

All functions raise ValueError where that is another network, and as `runtime.load`.
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
from bandscribe.training.activity.models import Tracker
from bandscribe.training.drums.models import CRNN
from bandscribe.training.drums.recipe import Recipe, build
from bandscribe.training.hits.models import Compact
from bandscribe.training.layers import EARLIER_NAMES

Arrays = Mapping[str, NDArray[np.generic]]
#: Where torch's input, forget, cell and output gates lie among those of ONNX.
_GATES = (0, 2, 3, 1)
#: Normalisation divides by the root of the variance and a little more.
_UNIT_VARIANCE = 1 - nn.BatchNorm2d(1).eps


def load_drums(initial: str | Path) -> tuple[runtime.ModelCard, CRNN]:
    """The card and the network of an exported drum network, a CRNN with LSTM layers."""
    card = runtime.load(initial).card
    network = None
    if card.task == "drums" and card.recipe.get("model") == "crnn":
        shape = {name: card.recipe[name] for name in ("model", "options", "features")}
        network = build(Recipe(**shape, classes=len(card.classes)))
    if not isinstance(network, CRNN) or not isinstance(network.recur, nn.LSTM):
        raise ValueError(f"initial: expected a drum network, crnn with LSTM layers, got {initial}")
    _fill_crnn(network, initial)
    return card, network.eval()


@torch.no_grad()
def transfer_drums(initial: str, network: nn.Module, features: Tensor) -> None:
    """Start `network` from the weights of an exported drum network of the same shape.

    `features` (batch, frame, bin) are typical input. A network that takes more channels than the
    exported one ignores the further ones at first.
    """
    _, given = load_drums(initial)
    held = given.state_dict()
    if not isinstance(network, CRNN) or held.keys() != network.state_dict().keys():
        raise ValueError(f"initial: {initial} is another network; check model and options")
    for name, own in network.state_dict().items():
        value = held[name]
        if name == "convolve.0.weight" and value.shape[1] < own.shape[1]:
            own.zero_()
            own[:, : value.shape[1]] = value
        elif name.startswith("normalise.") and len(value.shape) and len(value) < len(own):
            own[: len(value)] = value
        else:
            _copy(value, own, name, initial)
    x = network.eval().scale(features)
    further = slice(given.normalise.num_features, None)  # channels that the exported one lacks
    state = network.state_dict()
    state["normalise.running_mean"][further] = x.mean(dim=(0, 1))[further]
    state["normalise.running_var"][further] = x.var(dim=(0, 1))[further]
    _fit_normalisation(network.convolve, network.convolve.split(network.normalise(x)))


@torch.no_grad()
def transfer_tracker(initial: str, network: nn.Module, features: Tensor) -> None:
    """Start `network` from the weights of an exported tracker.

    `features` (batch, frame, bin) are typical input.
    """
    if not isinstance(network, Tracker):
        raise ValueError("initial: only the tracker starts from an ONNX file")
    if runtime.load(initial).card.task != "activity":
        raise ValueError(f"initial: expected a network that tracks instruments, got {initial}")
    graph, held = read_graph(initial)
    given: dict[str, NDArray[np.generic]] = {}
    for name, value in held.items():
        for earlier, own in EARLIER_NAMES.items():
            name = name.replace(f".{earlier}.", f".{own}.")
        given[name] = value
    given |= _read_convolutions(graph, held, network.convolve, initial)
    for i, part in enumerate(network.convolve):
        if isinstance(part, nn.BatchNorm2d):
            given[f"convolve.{i}.weight"] = np.ones(part.num_features, np.float32)
    # Linear layers, in the order in which they are computed.
    linear = [n for n, part in network.named_modules() if isinstance(part, nn.Linear)]
    products = [node.input[1] for node in graph.node if node.op_type == "MatMul"]
    matrices = [held[name].T for name in products if name in held]
    if len(matrices) != len(linear):
        raise ValueError(f"initial: {initial} is another network; check options")
    given |= {f"{name}.weight": matrix for name, matrix in zip(linear, matrices, strict=True)}
    for name, own in network.state_dict().items():
        if name in given:
            _copy(torch.tensor(given[name]), own, name, initial)
    scaled = network.eval().normalise(network.scale(features))
    _fit_normalisation(network.convolve, network.convolve.split(scaled))
    network.train()


@torch.no_grad()
def transfer_hits(initial: str, network: nn.Module, features: Tensor) -> None:
    """Start `network` from the weights of an exported classifier of hits.

    `features` (batch, frame, bin) are typical input, which only a network needs whose normalisation
    is trained, too (`fixed` 0 of `Compact`). Dense layers of another size keep random weights.
    """
    if not isinstance(network, Compact):
        raise ValueError("initial: exported weights need model compact")
    graph, held = read_graph(initial)
    state = network.state_dict()
    own = {name: value for name, value in held.items() if name.startswith("dense.")}
    if own.keys() <= state.keys() and any(state[n].shape != own[n].shape for n in own):
        own = {}
    own |= _read_convolutions(graph, held, network.convolve, initial)
    if any(name not in state or state[name].shape != own[name].shape for name in own):
        raise ValueError(f"initial: {initial} is another network; check model, options and classes")
    for name, value in state.items():
        if name in own:
            value.copy_(torch.tensor(np.array(own[name])))
        elif name.endswith("running_var"):
            value.fill_(_UNIT_VARIANCE)
    if not network.fixed:
        _fit_normalisation(network.convolve, features.unsqueeze(1))


def read_graph(initial: str | Path) -> tuple[onnx.GraphProto, dict[str, NDArray[np.generic]]]:
    """The graph of an exported network, and its weights by the names that they have there."""
    graph = onnx.load_from_string(runtime.read_bytes(initial)).graph
    held = {item.name: numpy_helper.to_array(item) for item in graph.initializer}
    for node in graph.node:
        if node.op_type == "Identity" and node.input[0] in held:  # of arrays that are alike
            held[node.output[0]] = held[node.input[0]]
    return graph, held


@torch.no_grad()
def _fill_crnn(network: CRNN, initial: str | Path) -> None:
    graph, held = read_graph(initial)
    own = {name: held[name] for name in network.state_dict() if name in held}
    own |= _read_convolutions(graph, held, network.convolve, initial)
    layers = [n.input for n in graph.node if n.op_type in ("LSTM", "DynamicQuantizeLSTM")]
    for layer, inputs in enumerate(layers):
        own |= _read_lstm(inputs, held, layer)
    for node in graph.node:
        if node.op_type == "MatMul":
            own["output.weight"] = held[node.input[1]].T
    for name, value in network.state_dict().items():
        plain = _UNIT_VARIANCE if name.endswith("running_var") else value
        value.copy_(torch.tensor(own[name]) if name in own else torch.as_tensor(plain))


def _read_convolutions(
    graph: onnx.GraphProto, held: Arrays, convolve: nn.Sequential, initial: str | Path
) -> dict[str, NDArray[np.generic]]:
    """The kernels of all convolutions, and as biases of the normalisation after them theirs."""
    places = [i for i, part in enumerate(convolve) if isinstance(part, nn.Conv2d)]
    nodes = [node for node in graph.node if node.op_type == "Conv"]
    if len(places) != len(nodes):
        raise ValueError(f"initial: {initial} is another network; check model and options")
    found = {}
    for i, node in zip(places, nodes, strict=True):
        found[f"convolve.{i}.weight"] = held[node.input[1]]
        found[f"convolve.{i + 1}.bias"] = held[node.input[2]]
    return found


def _read_lstm(inputs: Sequence[str], held: Arrays, layer: int) -> dict[str, NDArray[np.generic]]:
    """The weights of both directions of a layer, by the names that torch gives them."""
    kinds = []
    for place in (1, 2):  # of the input, and of the state before
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
                name = f"recur.{what}_{kind}_l{layer}{ending}"
                found[name] = np.concatenate([gates[i] for i in _GATES])
    return found


def _copy(value: Tensor, own: Tensor, name: str, initial: str) -> None:
    if own.shape != value.shape:
        raise ValueError(
            f"initial: {initial} is another network: {name} has shape {tuple(value.shape)}, "
            f"expected {tuple(own.shape)}; check options"
        )
    own.copy_(value)


def _fit_normalisation(convolve: nn.Sequential, x: Tensor) -> None:
    """Give each normalisation the statistics of its input, undone by its scale and bias."""
    for part in convolve:
        if isinstance(part, nn.BatchNorm2d):
            mean, variance = x.mean(dim=(0, 2, 3)), x.var(dim=(0, 2, 3), unbiased=False)
            part.weight.copy_((variance + part.eps).sqrt())
            part.bias.add_(mean)
            part.running_mean, part.running_var = mean, variance
        x = part(x)
