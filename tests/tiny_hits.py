"""A classifier of hits small enough to follow by hand, and hits that it knows."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from bandscribe.features.mel import MelBands
from bandscribe.hits import CLASSES, name_outputs
from bandscribe.runtime import CARD_KEY, ModelCard
from tiny import tiny_card

SAMPLE_RATE = 16000
FEATURES = {
    "sample_rate": SAMPLE_RATE,
    "n_fft": 1024,
    "hop_length": 160,
    "n_mels": 64,
    "scale": "levels",
}
SECONDS = 0.3
#: Each class is a decaying tone of this frequency, in Hz.
TONES = dict(zip(CLASSES, np.geomspace(300, 6000, len(CLASSES)), strict=True))


def hits_card(**changes: object) -> ModelCard:
    known: dict[str, object] = {
        "task": "hits",
        "classes": CLASSES,
        "outputs": name_outputs(CLASSES),
        "features": FEATURES,
        "frame_rate": 100.0,
        "chunk_seconds": SECONDS,
        "overlap_seconds": 0.0,
        "thresholds": {"label": dict.fromkeys(CLASSES, 0.5), "heard": {"any": 0.6}},
        "calibration": {
            "label": {
                "slope": dict.fromkeys(CLASSES, 1.0),
                "intercept": dict.fromkeys(CLASSES, 0.0),
            }
        },
        "peaks": {},
        "metrics": {},
    }
    return tiny_card(**{**known, **changes})


def write_classifier(path: Path, card: ModelCard) -> Path:
    """Logits = 32 · (the largest level of the class's band) - 28, and of velocity 0.

    0.98 where the tone is the loudest, 0.5 where it is 10 dB below, 0.02 at 20 dB.
    """
    bank = MelBands(**FEATURES)  # type: ignore[arg-type]
    weights = np.zeros((bank.n_bins, len(card.outputs)), dtype=np.float32)
    bias = np.zeros(len(card.outputs), dtype=np.float32)
    for column, name in enumerate(card.classes):
        line = bank.filters[round(TONES[name] * bank.n_fft / SAMPLE_RATE)]
        weights[np.argmax(line), column] = 32
        bias[column] = -28
    graph = helper.make_graph(
        [
            helper.make_node("ReduceMax", ["features"], ["top"], axes=[1], keepdims=0),
            helper.make_node("MatMul", ["top", "w"], ["scores"]),
            helper.make_node("Add", ["scores", "b"], ["logits"]),
        ],
        "tiny",
        [
            helper.make_tensor_value_info(
                "features", TensorProto.FLOAT, ["batch", "frame", bank.n_bins]
            )
        ],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["batch", len(card.outputs)])],
        [numpy_helper.from_array(weights, "w"), numpy_helper.from_array(bias, "b")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    helper.set_model_props(model, {CARD_KEY: card.to_json()})
    onnx.save(model, path)
    return path


def strike(*labels: str, duration: float = 0.5, onset: float = 0.0, rate: int = SAMPLE_RATE):
    """(n,) samples: the tones of these classes, struck together at `onset`."""
    t = np.arange(round(duration * rate)) / rate - onset
    samples = np.zeros(len(t), dtype=np.float32)
    for label in labels:
        # The first period is a sine's, so that the stroke has no click of other bands.
        decay = np.exp(-np.maximum(t, 0) / 0.08) * (1 - np.exp(-np.maximum(t, 0) / 0.004))
        samples += (0.3 * np.sin(2 * np.pi * TONES[label] * t) * decay * (t > 0)).astype(np.float32)
    return samples
