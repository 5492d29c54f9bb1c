"""The thesis's way to evaluate recognition, on a miniature IRMAS that is worked by hand."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import onnx
import pytest
import soundfile
from onnx import TensorProto, helper, numpy_helper

from bandscribe.datasets import irmas
from bandscribe.runtime import CARD_KEY
from tiny_recognizer import recognizer_card

NAMES = ("cel", "flu", "vio")
RATE = 44100


def write_network(path: Path) -> Path:
    """Of a second of samples: logits (8 m, -8 m, 0) of their mean m, as a network of `audio`."""
    card = recognizer_card(
        classes=NAMES, outputs=NAMES, frame_rate=1.0, chunk_seconds=1.0,
        features={"features": "audio", "samples": {"mean": 0.0, "deviation": 1.0},
                  "values": None, "deviation": 0.5},
        thresholds={kind: dict.fromkeys(NAMES, 0.9) for kind in ("s1", "s2")},
        # A calibration that would turn every score around, were it laid over the ratios of S2.
        calibration={kind: {"slope": dict.fromkeys(NAMES, -1.0),
                            "intercept": dict.fromkeys(NAMES, 3.0)} for kind in ("s1", "s2")},
    )  # fmt: skip
    graph = helper.make_graph(
        [
            helper.make_node("ReduceMean", ["features"], ["mean"], axes=[1], keepdims=0),
            helper.make_node("MatMul", ["mean", "w"], ["logits"]),
        ],
        "tiny",
        [helper.make_tensor_value_info("features", TensorProto.FLOAT, ["batch", RATE, 1])],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["batch", 3])],
        [numpy_helper.from_array(np.array([[8, -8, 0]], dtype=np.float32), "w")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    helper.set_model_props(model, {CARD_KEY: card.to_json()})
    onnx.save(model, path)
    return path


def write_clip(folder: Path, name: str, means: list[float], labels: str) -> None:
    """A clip of a second for each of the means."""
    folder.mkdir(parents=True, exist_ok=True)
    samples = np.repeat(np.array(means, dtype=np.float32), RATE)
    soundfile.write(folder / f"{name}.wav", samples, RATE, "FLOAT")
    (folder / f"{name}.txt").write_text(labels)


def test_a_miniature_worked_by_hand(tmp_path: Path, bandscribe) -> None:
    folder = tmp_path / "irmas/IRMAS-TestingData-Part1/Part1"
    # Three clips of one song, of which the rule leaves one for validation; songs may be divided.
    for name in ("song-1", "song-2", "song-3"):
        write_clip(folder, name, [0.0], "cel\n")
    first, second = irmas.thesis_test(irmas.index(tmp_path / "irmas"))
    # p = sigmoid(±2) = 0.881 and 0.119, and 0.5. S1 of the first: (0.881, 0.119, 0.5); S2: divided
    # by 0.881, (1, 0.135, 0.568): cel and vio are predicted, as labelled.
    write_clip(folder, first.id, [0.25, 0.25], "cel\nvio\n")
    # Two windows up, one down: (0.627, 0.373, 0.5), S2 (1, 0.595, 0.797): all, labelled cel alone.
    write_clip(folder, second.id, [0.25, -0.25, 0.25], "cel\n")
    model = write_network(tmp_path / "model.onnx")
    result = bandscribe(
        "evaluate", "recognition", "irmas", tmp_path / "irmas", "--model", model,
        "--protocol", "thesis", "-o", tmp_path / "out",
    )  # fmt: skip
    assert result.code == 0
    figures = json.loads((tmp_path / "out/metrics.json").read_text())
    assert figures["tracks"] == 2
    # Right decisions: 3 of 3 and 1 of 3. F1: cel 1, vio 2/3; flu, which no clip has is out.
    assert figures["hamming"] == pytest.approx(4 / 6)
    assert figures["exact_match"] == pytest.approx(1 / 2)
    assert figures["macro"]["recall"] == pytest.approx(1)
    assert figures["macro"]["f1"] == pytest.approx((1 + 2 / 3) / 2)


def test_seven_tenths_are_tested_on(tmp_path: Path) -> None:
    """862 of 2,874 clips are left for validation (section 3.6.1), whatever their song."""
    folder = tmp_path / "IRMAS-TestingData-Part1/Part1"
    folder.mkdir(parents=True)
    for number in range(2874):
        (folder / f"song{number // 5}-{number % 5}.txt").touch()
    tracks = irmas.index(tmp_path)
    tested = irmas.thesis_test(tracks)
    assert len(tracks) - len(tested) == 862
    assert tested == irmas.thesis_test(tracks)
    songs = {track.group for track in tested}
    assert songs & {track.group for track in tracks if track not in tested}


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["medley_solos=x", "--protocol", "thesis"], "--protocol: expected thesis, of irmas"),
        (["irmas=x", "--protocol", "paper"], "--protocol: expected thesis"),
        (["irmas=x", "--protocol", "thesis", "--threshold", "0.4"], "has a threshold of its own"),
    ],
)
def test_what_the_protocol_does_not_go_with(bandscribe, arguments, reason) -> None:
    result = bandscribe("evaluate", "recognition", *arguments)
    assert result.code == 2 and reason in result.err
