import json
from pathlib import Path

import numpy as np
import pytest

from bandscribe import runtime
from bandscribe.features.spectrogram import LogSpectrogram
from bandscribe.runtime import ModelCard
from tiny import tiny_card, write_model


def test_a_card_survives_json() -> None:
    card = tiny_card()
    assert ModelCard.from_json(card.to_json()) == card


def test_chunks_in_frames() -> None:
    assert (tiny_card().chunk_frames, tiny_card().overlap_frames) == (400, 50)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"commit": None}, "field commit is a NoneType"),
        ({"frame_rate": "100"}, "field frame_rate is a str"),
        ({"frame_rate": 0}, "frame_rate: expected a positive number"),
        ({"overlap_seconds": 4.0}, "overlap_seconds: expected 0 or more"),
        ({"classes": []}, "classes: expected at least one"),
        ({"thresholds": {"3": {"KD": 1.5}}}, "thresholds: expected numbers between 0 and 1"),
        ({"peaks": {"max_frames": 2}}, "peaks: expected max_frames, mean_frames and wait_frames"),
        ({"sources": [{"name": "a kit"}]}, "sources: expected name, licence and origin"),
        ({"colour": "red"}, r"missing fields \[\], unknown fields \['colour'\]; use the"),
    ],
)
def test_a_bad_card_is_an_error(change: dict[str, object], reason: str) -> None:
    fields = json.loads(tiny_card().to_json())
    with pytest.raises(ValueError, match=f"card: {reason}"):
        ModelCard.from_json(json.dumps({**fields, **change}))


def test_a_missing_field_is_never_a_default() -> None:
    fields = json.loads(tiny_card().to_json())
    del fields["thresholds"]
    with pytest.raises(ValueError, match=r"missing fields \['thresholds'\]"):
        ModelCard.from_json(json.dumps(fields))
    with pytest.raises(ValueError, match="card: not JSON"):
        ModelCard.from_json("{")
    with pytest.raises(ValueError, match="card: expected an object, got list"):
        ModelCard.from_json("[]")


def test_activations_are_the_logistic_function_of_the_logits(tiny_model: Path) -> None:
    model = runtime.load(tiny_model)
    bins = LogSpectrogram(**model.card.features).n_bins
    for length in (1, 33, 250):
        still = model(np.ones((length, bins), dtype=np.float32))
        assert still.shape == (length, 22)
        assert still.dtype == np.float32
        assert still[1:, :10] == pytest.approx(1 / (1 + np.exp(6.0)), rel=1e-4)
    loud = model(np.full((1, bins), 1e6, dtype=np.float32))
    assert loud.max() == 1.0


def test_no_model_of_that_name() -> None:
    with pytest.raises(ValueError, match="model: expected the path of an ONNX file or one of"):
        runtime.load("nobody")


def test_a_file_that_is_no_model(tmp_path: Path) -> None:
    path = tmp_path / "text.onnx"
    path.write_text("hello")
    with pytest.raises(ValueError, match=r"text.onnx: not an ONNX model"):
        runtime.load(path)


def test_a_model_without_a_card(tmp_path: Path) -> None:
    path = write_model(tmp_path / "bare.onnx", None)
    with pytest.raises(ValueError, match=r"bare.onnx: no model card inside"):
        runtime.load(path)


def test_a_card_that_does_not_fit_its_network(tmp_path: Path) -> None:
    path = write_model(tmp_path / "five.onnx", tiny_card(), outputs=5)
    with pytest.raises(ValueError, match="the network has 5 outputs, its card 22"):
        runtime.load(path)


def test_installed_models_can_be_loaded() -> None:
    for name in runtime.installed():
        assert runtime.load(name).card.name == name
