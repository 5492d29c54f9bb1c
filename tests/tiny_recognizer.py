"""A recognizer small enough to follow by hand, and recordings of which it makes sense."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from bandscribe.features.spectrogram import LogSpectrogram
from bandscribe.instruments import name_outputs
from bandscribe.runtime import CARD_KEY, ModelCard
from bandscribe.vocabulary import INSTRUMENTS
from tiny import tiny_card

SAMPLE_RATE = 16000
FEATURES = {"sample_rate": SAMPLE_RATE, "hop_length": 160, "fmax": 7500.0}
#: Each class is a tone of this frequency, in Hz.
TONES = dict(zip(INSTRUMENTS, np.geomspace(300, 6000, 13), strict=True))


def recognizer_card(**changes: object) -> ModelCard:
    known: dict[str, object] = {
        "task": "recognition",
        "classes": INSTRUMENTS,
        "outputs": INSTRUMENTS,
        "features": FEATURES,
        "frame_rate": 100.0,
        "chunk_seconds": 1.0,
        "overlap_seconds": 0.0,
        "thresholds": {name: dict.fromkeys(INSTRUMENTS, 0.5) for name in ("s1", "s2")},
        "peaks": {},
        "metrics": {},
    }
    return tiny_card(**{**known, **changes})


def tracker_card(**changes: object) -> ModelCard:
    """Of one that also says how loud each class is."""
    known: dict[str, object] = {
        "task": "activity",
        "outputs": name_outputs(INSTRUMENTS),
        "thresholds": {name: dict.fromkeys(INSTRUMENTS, 0.5) for name in ("s1", "s2", "frame")},
    }
    return recognizer_card(**{**known, **changes})


def write_recognizer(path: Path, card: ModelCard, *, windowed: bool = False) -> Path:
    """Logits = 8 · (the class's band) - 8: 0.0003 in silence, more than 0.99 where it sounds.

    Levels are the same, and so nearly as loud as all together or nearly 60 dB below.
    `windowed`: of the mean over the window's frames.
    """
    bank = LogSpectrogram(**FEATURES)  # type: ignore[arg-type]
    count = len(card.outputs)
    weights = np.zeros((bank.n_bins, count), dtype=np.float32)
    for column, name in enumerate(card.outputs):
        tone = TONES[name.removesuffix("_level")]
        band = np.argmax(bank.filters[round(tone * bank.n_fft / SAMPLE_RATE)])
        weights[band, column] = 8
    bias = np.full(count, -8, dtype=np.float32)
    mean = [helper.make_node("ReduceMean", ["features"], ["heard"], axes=[1], keepdims=0)]
    shape = ["batch", count] if windowed else ["batch", "frame", count]
    graph = helper.make_graph(
        [
            *(mean if windowed else []),
            helper.make_node("MatMul", ["heard" if windowed else "features", "w"], ["scores"]),
            helper.make_node("Add", ["scores", "b"], ["logits"]),
        ],
        "tiny",
        [
            helper.make_tensor_value_info(
                "features", TensorProto.FLOAT, ["batch", 100 if windowed else "frame", bank.n_bins]
            )
        ],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, shape)],
        [numpy_helper.from_array(weights, "w"), numpy_helper.from_array(bias, "b")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    helper.set_model_props(model, {CARD_KEY: card.to_json()})
    onnx.save(model, path)
    return path


def play(parts: dict[str, tuple[float, float]], duration: float) -> np.ndarray:
    """(n,) samples: the tone of each class, from its first to its last second."""
    t = np.arange(round(duration * SAMPLE_RATE)) / SAMPLE_RATE
    samples = np.zeros(len(t), dtype=np.float32)
    for name, (first, last) in parts.items():
        sounds = (t >= first) & (t < last)
        samples += (0.2 * np.sin(2 * np.pi * TONES[name] * t) * sounds).astype(np.float32)
    return samples
