"""A trained network as an ONNX file with its model card inside, checked against torch."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import torch
from torch import nn

from bandscribe.files import whole
from bandscribe.runtime import CARD_KEY, ModelCard

OPSET = 17
TOLERANCE = 1e-4

_EXAMPLE_FRAMES = 50
_CHECKED = ((1, 123), (2, 31))  # batch and frames that differ from the example's


def export(network: nn.Module, card: ModelCard, path: Path, *, bins: int) -> None:
    """Write the network, `features` (batch, frame, bin) to `logits` (batch, frame, class).

    Batch and frames are free. The file takes its place only after onnxruntime gave torch's logits
    to within 1e-4 at two lengths that differ from the exporter's example.

    Raises ValueError where it did not.
    """
    network = network.cpu().eval()
    path.parent.mkdir(parents=True, exist_ok=True)
    with whole(path) as temporary:
        _write_graph(network, temporary, bins)
        model = onnx.load(temporary)
        onnx.helper.set_model_props(model, {CARD_KEY: card.to_json()})
        onnx.checker.check_model(model)
        onnx.save(model, temporary)
        check_parity(network, temporary, bins=bins)


def check_parity(network: nn.Module, path: Path, *, bins: int) -> None:
    """Raise ValueError unless onnxruntime and torch agree on noise of several lengths."""
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    rng = np.random.default_rng(0)
    for batch, frames in _CHECKED:
        features = rng.uniform(0, 2, (batch, frames, bins)).astype(np.float32)
        [found] = session.run(None, {"features": features})
        with torch.no_grad():
            expected = network(torch.from_numpy(features)).numpy()
        difference = float(np.abs(found - expected).max())
        if not difference < TOLERANCE:
            raise ValueError(
                f"export: onnxruntime and torch differ by {difference:.2g} at {frames} frames, "
                f"expected less than {TOLERANCE:g}"
            )


def _write_graph(network: nn.Module, path: Path, bins: int) -> None:
    with warnings.catch_warnings():
        # The newer exporter bakes the example's length into recurrent layers. The older one is
        # deprecated, and warns of what the parity check then rules out.
        warnings.simplefilter("ignore", DeprecationWarning)
        warnings.simplefilter("ignore", torch.jit.TracerWarning)  # type: ignore[attr-defined]
        warnings.filterwarnings("ignore", category=UserWarning, module="torch.onnx")
        torch.onnx.export(
            network,
            (torch.zeros(1, _EXAMPLE_FRAMES, bins),),
            path,
            dynamo=False,
            opset_version=OPSET,
            input_names=["features"],
            output_names=["logits"],
            dynamic_axes={
                "features": {0: "batch", 1: "frame"},
                "logits": {0: "batch", 1: "frame"},
            },
        )
