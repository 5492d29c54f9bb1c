"""A trained network as an ONNX file with its model card inside, checked against torch."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import torch
from onnxruntime.quantization import QuantType, quantize_dynamic
from torch import nn

from bandscribe.files import whole
from bandscribe.readers import read_json
from bandscribe.runtime import CARD_KEY, ModelCard
from bandscribe.training import record

OPSET = 17
TOLERANCE = 1e-4
#: How far 8-bit weights may move an activation.
QUANTISED_TOLERANCE = 0.05

_EXAMPLE_FRAMES = 50
_CHECKED = ((1, 123), (2, 31))  # batch and frames that differ from the example's


def read_metrics(run: Path) -> dict[str, Any]:
    """The figures of a run's best weights. Raises ValueError when it has none yet."""
    if not (run / "metrics.json").is_file():
        raise ValueError(f"{run}: no metrics.json in it; train until the first validation")
    metrics = read_json(run / "metrics.json")
    if not isinstance(metrics, dict) or not isinstance(metrics.get("best"), dict | None):
        raise ValueError(f"{run / 'metrics.json'}: damaged; resume the run, which rewrites it")
    return metrics


def read_commit(run: Path) -> str:
    """The commit of the source at a run's last start, empty where there was none."""
    starts = record.read_starts(run)
    return str(starts[-1].get("commit") or "") if starts else ""


def export(
    network: nn.Module,
    card: ModelCard,
    path: Path,
    *,
    bins: int,
    quantise: bool = False,
    output: str = "logits",
    frames: int | None = None,
) -> None:
    """Write the network, `features` (batch, frame, bin) to `output` (batch, frame, output).

    Batch and frames are free, or frames are `frames`. The file takes its place only after
    onnxruntime gave torch's logits to within 1e-4 at two lengths that differ from the exporter's
    example, or at the one. `quantise` then rounds the weights of LSTM layers to 8 bits, whose
    activations have to stay within 0.05.

    Raises ValueError where they did not.
    """
    network = network.cpu().eval()
    path.parent.mkdir(parents=True, exist_ok=True)
    with whole(path) as temporary:
        _write_graph(network, temporary, bins, output, frames)
        check_parity(network, temporary, bins=bins, frames=frames)
        if quantise:
            _quantise(temporary)
            check_parity(network, temporary, bins=bins, quantised=True)
        model = onnx.load(temporary)
        onnx.helper.set_model_props(model, {CARD_KEY: card.to_json()})
        onnx.checker.check_model(model)
        onnx.save(model, temporary)


def check_parity(
    network: nn.Module, path: Path, *, bins: int, quantised: bool = False, frames: int | None = None
) -> None:
    """Raise ValueError unless onnxruntime and torch agree on noise of several lengths.

    They agree in logits to 1e-4; a `quantised` file in activations to 0.05.
    """
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    tolerance = QUANTISED_TOLERANCE if quantised else TOLERANCE
    rng = np.random.default_rng(0)
    for batch, length in _CHECKED if frames is None else ((2, frames),):
        features = torch.from_numpy(rng.uniform(0, 2, (batch, length, bins)).astype(np.float32))
        found = torch.from_numpy(session.run(None, {"features": features.numpy()})[0])
        with torch.no_grad():
            expected = network(features)
        if quantised:
            found, expected = found.sigmoid(), expected.sigmoid()
        difference = float((found - expected).abs().max())
        if not difference < tolerance:
            raise ValueError(
                f"export: onnxruntime and torch differ by {difference:.2g} at {length} frames, "
                f"expected less than {tolerance:g}"
            )


def _quantise(path: Path) -> None:
    """Round the LSTM weights in a file to 8 bits, with a scale for each unit."""
    quantize_dynamic(
        path, path, op_types_to_quantize=["LSTM"], weight_type=QuantType.QInt8, per_channel=True
    )


def _write_graph(
    network: nn.Module, path: Path, bins: int, output: str, frames: int | None
) -> None:
    axes = {0: "batch"} if frames else {0: "batch", 1: "frame"}
    with warnings.catch_warnings():
        # The newer exporter bakes the example's length into recurrent layers. The older one is
        # deprecated, and warns of what the parity check then rules out.
        warnings.simplefilter("ignore", DeprecationWarning)
        warnings.simplefilter("ignore", torch.jit.TracerWarning)  # type: ignore[attr-defined]
        warnings.filterwarnings("ignore", category=UserWarning, module="torch.onnx")
        torch.onnx.export(
            network,
            (torch.zeros(1, frames or _EXAMPLE_FRAMES, bins),),
            path,
            dynamo=False,
            opset_version=OPSET,
            input_names=["features"],
            output_names=[output],
            dynamic_axes=dict.fromkeys(("features", output), axes),
        )
