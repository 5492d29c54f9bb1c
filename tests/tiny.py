"""A drum model small enough to follow by hand, and recordings of which it makes sense."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from bandscribe.drums import name_outputs
from bandscribe.features.spectrogram import LogSpectrogram
from bandscribe.runtime import CARD_KEY, ModelCard
from bandscribe.vocabulary import DRUMS, DRUMS_10

SAMPLE_RATE = 44100
#: Each class listens for a rise in a band of its own around this frequency, in Hz.
BANDS = dict(zip(DRUMS_10, np.geomspace(400, 12000, 10), strict=True))


def tiny_card(**changes: object) -> ModelCard:
    front_end = LogSpectrogram()
    fields: dict[str, object] = {
        "name": "tiny",
        "task": "drums",
        "classes": DRUMS_10,
        "outputs": name_outputs(DRUMS_10),
        "features": {"sample_rate": SAMPLE_RATE, "hop_length": 441},
        "frame_rate": front_end.frame_rate,
        "chunk_seconds": 4.0,
        "overlap_seconds": 0.5,
        "thresholds": {str(n): dict.fromkeys(names, 0.2) for n, names in DRUMS.items()},
        "calibration": {},
        "peaks": {"max_frames": 2, "mean_frames": 2, "wait_frames": 2},
        "sources": ({"name": "none", "licence": "CC0-1.0", "origin": "made by hand"},),
        "metrics": {"classes_10": {"micro": {"f1": 0.5}}, "classes_5": {"micro": {"f1": 0.6}}},
        "recipe": {},
        "commit": "0000000",
    }
    return ModelCard(**{**fields, **changes})  # type: ignore[arg-type]


def write_model(
    path: Path, card: ModelCard | None, *, outputs: int = 22, scale: float = 1.0
) -> Path:
    """Logits of onsets = 8 · (rise of the class's band over the last frame) - 6: one convolution.

    The velocity of class i is always (i + 1) / 11, and there is never a beat.
    """
    front_end = LogSpectrogram()
    weights = np.zeros((outputs, front_end.n_bins, 2), dtype=np.float32)
    bias = np.full(outputs, -6, dtype=np.float32)
    share = np.arange(1, 11) / 11
    bias[10:20] = np.log(share / (1 - share))[: len(bias[10:20])]
    for row, frequency in zip(weights, BANDS.values(), strict=False):
        band = np.argmax(front_end.filters[round(frequency * front_end.n_fft / SAMPLE_RATE)])
        row[band] = [-8 * scale, 8 * scale]
    graph = helper.make_graph(
        [
            helper.make_node("Transpose", ["features"], ["bins_first"], perm=[0, 2, 1]),
            helper.make_node("Conv", ["bins_first", "w", "b"], ["scores"], pads=[1, 0]),
            helper.make_node("Transpose", ["scores"], ["logits"], perm=[0, 2, 1]),
        ],
        "tiny",
        [
            helper.make_tensor_value_info(
                "features", TensorProto.FLOAT, ["batch", "frame", front_end.n_bins]
            )
        ],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["batch", "frame", outputs])],
        [
            numpy_helper.from_array(weights, "w"),
            numpy_helper.from_array(bias, "b"),
        ],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    if card is not None:
        helper.set_model_props(model, {CARD_KEY: card.to_json()})
    onnx.save(model, path)
    return path


def hits(onsets: dict[float, str], duration: float) -> np.ndarray:
    """(n,) samples: a tone in the class's band at each onset, swelling for 20 ms."""
    samples = np.zeros(round(duration * SAMPLE_RATE), dtype=np.float32)
    t = np.arange(round(0.1 * SAMPLE_RATE)) / SAMPLE_RATE
    for onset, name in onsets.items():
        start = round(onset * SAMPLE_RATE)
        swell = np.sin(np.pi / 2 * np.minimum(t / 0.02, 1)) ** 2 * np.cos(np.pi / 2 * t / 0.1) ** 2
        tone = 0.5 * swell * np.sin(2 * np.pi * BANDS[name] * t)
        room = samples[start : start + len(tone)]
        room += tone[: len(room)].astype(np.float32)
    return samples
