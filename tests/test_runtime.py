import json
import os
import random
import subprocess
import sys
from pathlib import Path

import numpy as np
import onnxruntime
import pytest

from bandscribe import drums, hits, instruments, runtime
from bandscribe.features.spectrogram import LogSpectrogram
from bandscribe.runtime import ModelCard
from tiny import tiny_card, write_model


def test_a_card_survives_json() -> None:
    card = tiny_card()
    assert ModelCard.from_json(card.to_json()) == card


def test_figures_that_are_unknown_are_null() -> None:
    text = tiny_card(metrics={"micro": {"f1": float("nan")}}).to_json()
    assert json.loads(text, parse_constant=pytest.fail)["metrics"] == {"micro": {"f1": None}}


@pytest.mark.parametrize("name", runtime.installed())
def test_shipped_cards_are_json(name: str) -> None:
    session = onnxruntime.InferenceSession(drums.read_bytes(name))
    text = session.get_modelmeta().custom_metadata_map[runtime.CARD_KEY]
    json.loads(text, parse_constant=pytest.fail)


def test_chunks_in_frames() -> None:
    assert (tiny_card().chunk_frames, tiny_card().overlap_frames) == (400, 50)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"commit": None}, "commit: expected text, got None"),
        ({"frame_rate": "100"}, "frame_rate: expected a number, got '100'"),
        ({"frame_rate": 0}, "frame_rate: expected 0.1 to 100,000 Hz, got 0"),
        ({"overlap_seconds": 4.0}, "overlap_seconds: expected 0 or more"),
        ({"classes": []}, "classes: expected at least one"),
        ({"classes": "KD"}, "classes: expected a list, got 'KD'"),
        ({"classes": [1]}, "classes.0: expected text, got 1"),
        ({"classes": ["../../evil"]}, "classes: expected different names, each of which can be"),
        ({"classes": ["a\nb"]}, "classes: expected different names, each of which can be"),
        ({"classes": ["a", "a"]}, "classes: expected different names, each of which can be"),
        ({"frame_rate": 1e-300}, "frame_rate: expected 0.1 to 100,000 Hz, got 1e-300"),
        ({"frame_rate": True}, "frame_rate: expected a number, got True"),
        ({"chunk_seconds": 1e-9}, "chunk_seconds: expected one frame or more"),
        ({"chunk_seconds": 1e6}, "chunk_seconds: expected one frame or more"),
        ({"chunk_seconds": float("nan")}, "chunk_seconds: expected a number, got nan"),
        ({"overlap_seconds": 3.999}, "overlap_seconds: expected 0 or more"),
        ({"thresholds": {"3": {"KD": None}}}, "thresholds.3.KD: expected a number, got None"),
        ({"thresholds": {"3": [0.5]}}, r"thresholds.3: expected an object, got \[0.5\]"),
        ({"peaks": {"max_frames": 2.5}}, "peaks.max_frames: expected a whole number, got 2.5"),
        (
            {"peaks": {"max_frames": 10**9, "mean_frames": 2, "wait_frames": 2}},
            "peaks: expected 0 to 100,000 frames",
        ),
        (
            {"calibration": {"s1": {"slope": {"KD": "x"}}}},
            "calibration.s1.slope.KD: expected a num",
        ),
        (
            {
                "classes": ["a"],
                "outputs": ["a"],
                "calibration": {
                    "s1": {"slope": {"a": 2}, "intercept": {"a": 2}, "frequency": {"a": 2}}
                },
            },
            "calibration: expected slope and intercept of each class, and perhaps its frequency",
        ),
        ({"sources": {"name": "a kit"}}, "sources: expected a list"),
        ({"sources": [{"name": 3}]}, "sources.0.name: expected text, got 3"),
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
    with pytest.raises(ValueError, match="model: there is no 'nobody'; shipped are"):
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


#: What is put in the place of a leaf.
ODD = (
    None, True, "", "x", "../x", [], {}, {"a": 1}, -1, 0, 1e-300, 1e300, float("nan"),
    float("inf"), 10**400,
)  # fmt: skip


def leaves(tree: object) -> list[tuple[object, ...]]:
    """The ways to all that is in a tree of objects and lists."""
    pairs = (
        tree.items()
        if isinstance(tree, dict)
        else enumerate(tree)
        if isinstance(tree, list)
        else []
    )
    return [(key, *rest) for key, value in pairs for rest in [(), *leaves(value)]]


@pytest.mark.parametrize("name", runtime.installed())
def test_cards_are_checked_to_their_leaves(name: str) -> None:
    """A card with something odd in it is refused in a line, or one that its task can go on with."""
    whole = runtime.load(name).card.to_json()
    check = {"drums": lambda card: drums.check(card, 10, 0.5), "hits": hits.check}
    rng = random.Random(0)
    ways = [way for way in leaves(json.loads(whole)) if way[0] not in ("metrics", "recipe")]
    for way in rng.sample(ways, min(len(ways), 150)):
        fields = json.loads(whole)
        place = fields
        for key in way[:-1]:
            place = place[key]
        place[way[-1]] = rng.choice(ODD)
        try:
            card = ModelCard.from_json(json.dumps(fields))
            check.get(card.task, instruments.check)(card)
        except ValueError as error:
            assert str(error).startswith("card: ") and len(str(error)) < 500
        else:
            assert 1 <= card.chunk_frames <= 100_000
            assert not any("/" in label for label in card.classes)


@pytest.mark.parametrize(
    ("features", "why"),
    [
        ({"sample_rate": 1}, "sample_rate: expected a whole number from 1000 to 384000, got 1"),
        ({"n_fft": 2**40}, "n_fft: expected a whole number"),
        ({"hop_length": 0}, "hop_length: expected a whole number from 1"),
        ({"hop_length": 441.0}, "hop_length: expected a whole number from 1"),
        ({"fmin": float("nan")}, "fmin: expected a number"),
        ({"fmin": 30000.0}, "fmin, fmax: expected"),
        ({"fmax": 20.5}, "0 bins"),
        ({"bands_per_octave": "12"}, "bands_per_octave: expected a whole number"),
        ({"colour": "red"}, "colour"),
        ({"sample_rate": 48000}, "108.844 frames a second"),
    ],
)
def test_features_of_a_card(features: dict[str, object], why: str) -> None:
    card = tiny_card(features={**tiny_card().features, **features})
    with pytest.raises(ValueError, match=f"card: features: .*({why})"):
        drums.check(card, 10, 0.5)


def test_weights_that_are_no_numbers_are_the_models_fault(tmp_path: Path) -> None:
    path = write_model(tmp_path / "nan.onnx", tiny_card(), scale=float("nan"))
    model = runtime.load(path)
    features = np.ones((9, LogSpectrogram().n_bins), dtype=np.float32)
    why = "the network of the model 'tiny' is damaged: it gives what is no number"
    with pytest.raises(ValueError, match=why):
        model(features)
    with pytest.raises(ValueError, match="is damaged: it cannot be run"):
        model(features[:, 1:])


def test_a_damaged_graph_prints_nothing(tmp_path: Path) -> None:
    """Whatever the runtime says of it: the one line of the command is enough."""
    data = bytearray(write_model(tmp_path / "a.onnx", tiny_card()).read_bytes())
    data[data.index(b"Transpose")] ^= 2
    (tmp_path / "a.onnx").write_bytes(data)
    code = (
        "import sys; from bandscribe import runtime\n"
        "try: runtime.load(sys.argv[1])\n"
        "except ValueError as error: print(error)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, tmp_path / "a.onnx"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stderr == ""
    [line] = done.stdout.splitlines()
    assert (
        line == f"{tmp_path / 'a.onnx'}: not an ONNX model; take one that bandscribe export wrote"
    )


def test_nothing_is_sent_and_nothing_kept_in_the_home_folder(
    tiny_model: Path, tmp_path: Path
) -> None:
    """onnxruntime reports its use unless it is told not to, before it is loaded."""
    quiet = {"ORT_DISABLE_TELEMETRY", "CI", "GITHUB_ACTIONS", "XDG_CACHE_HOME", "PYTEST_VERSION"}
    environment = {name: value for name, value in os.environ.items() if name not in quiet}
    script = (
        "import os, sys; from bandscribe import runtime; runtime.load(sys.argv[1]); "
        "print(os.environ.get('ORT_DISABLE_TELEMETRY'))"
    )
    done = subprocess.run(
        [sys.executable, "-B", "-c", script, str(tiny_model)],
        env={**environment, "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert (done.stdout, done.stderr) == ("1\n", "")
    assert list(tmp_path.iterdir()) == []
