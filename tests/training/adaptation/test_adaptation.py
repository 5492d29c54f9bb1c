"""A network is taken out of its file, gets used to a recording, and becomes a file again."""

import json
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch
from torch import nn

from bandscribe import drums, runtime
from bandscribe.cli import main
from bandscribe.training import export
from bandscribe.training.adaptation import train as adapting
from bandscribe.training.adaptation.recipe import Recipe
from bandscribe.training.adaptation.train import Adapting, agree
from bandscribe.training.drums.models import CRNN
from bandscribe.training.drums.targets import UNKNOWN
from bandscribe.training.exported import load_drums
from tiny import SAMPLE_RATE, hits, tiny_card, write_model

OPTIONS = {"channels": [4, 6], "pooling": [4, 3], "convolutions": 1, "hidden": 4, "layers": 2}
RECIPE = {"model": "crnn", "options": OPTIONS, "features": {}}


@pytest.fixture(params=[False, True], ids=["float", "quantised"])
def model(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A network whose normalisation has seen something."""
    torch.manual_seed(0)
    network = CRNN(84, 22, **OPTIONS)  # type: ignore[arg-type]
    for part in network.modules():
        if isinstance(part, nn.BatchNorm1d | nn.BatchNorm2d):
            assert part.running_mean is not None and part.running_var is not None
            part.running_mean.uniform_(-0.5, 0.5)
            part.running_var.uniform_(0.5, 2)
    nn.init.normal_(network.output.bias)
    path = tmp_path / "first.onnx"
    export.export(network, tiny_card(recipe=RECIPE), path, bins=84, quantise=request.param)
    return path


@torch.no_grad()
def test_a_file_gives_its_network_back(model: Path) -> None:
    loaded = runtime.load(model)
    card, network = load_drums(model)
    assert card == loaded.card
    features = np.random.default_rng(0).uniform(0, 2, (70, 84)).astype(np.float32)
    said = network(torch.from_numpy(features)[None])[0].sigmoid().numpy()
    quantised = b"DynamicQuantizeLSTM" in model.read_bytes()
    np.testing.assert_allclose(said, loaded(features), atol=0.01 if quantised else 1e-5)


def test_other_networks_are_refused(tmp_path: Path) -> None:
    path = write_model(tmp_path / "tiny.onnx", tiny_card())
    with pytest.raises(ValueError, match="initial: expected a drum network, crnn with LSTM"):
        load_drums(path)


def test_from_recordings_to_a_model(model: Path, tmp_path: Path) -> None:
    sound = hits({0.5: "KD", 1.0: "SD", 1.5: "CHH"}, 2.5)
    (tmp_path / "sound").mkdir()
    soundfile.write(tmp_path / "sound" / "a.wav", sound, SAMPLE_RATE)
    run, out = tmp_path / "run", tmp_path / "adapted.onnx"
    call = ["train", "adaptation", "--initial", str(model), "--audio", str(tmp_path / "sound")]
    options = ["--steps", "2", "--validate-every", "1", "--excerpt-seconds", "1", "--threads", "1"]
    assert main([*call, *options, "-o", str(run)]) == 0
    metrics = json.loads((run / "metrics.json").read_text())
    assert (metrics["files"], metrics["minutes"]) == (1, pytest.approx(2.5 / 60, abs=0.001))
    assert main(["export", str(run), "-o", str(out)]) == 0
    before, after = drums.load(model).card, drums.load(out).card
    assert (after.name, after.thresholds) == ("adaptation", before.thresholds)
    assert [source["name"] for source in after.sources] == ["none", "sound"]
    assert after.recipe["adaptation"]["initial"] == str(model)
    _, first = load_drums(model)
    _, second = load_drums(out)  # it can be adapted again
    assert not torch.equal(first.output.weight, second.output.weight)


@pytest.mark.parametrize("model", [False], indirect=True, ids=["float"])
def test_a_recording_that_breaks_off_costs_itself(
    model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in "ab":
        soundfile.write(tmp_path / f"{name}.wav", np.zeros(SAMPLE_RATE), SAMPLE_RATE)
    label, broken = adapting.label, {"a.wav"}

    def break_off(path: Path, model: drums.DrumModel, doubt: float) -> object:
        if path.name in broken:
            raise ValueError(f"{path}: breaks off")
        return label(path, model, doubt)

    monkeypatch.setattr(adapting, "label", break_off)
    monkeypatch.setattr(adapting, "fit", lambda *_, report, **__: report(None))
    recipe = Recipe(initial=str(model), audio=(str(tmp_path),), excerpt_seconds=0.5)
    assert adapting.train(recipe, tmp_path / "run")["files"] == 1
    assert "a.wav: breaks off; left out" in capsys.readouterr().err
    broken.add("b.wav")
    with pytest.raises(ValueError, match=r"a\.wav: breaks off"):
        adapting.train(recipe, tmp_path / "run")


class Certain:
    """Hears a kick drum at 0.2 s, perhaps one at 0.4 s, and is as sure of beats everywhere."""

    card = tiny_card()
    threads = 1

    def __call__(self, features: np.ndarray) -> np.ndarray:
        said = np.full((len(features), 22), 0.01, dtype=np.float32)
        said[[40, 60], 0] = 0.9, 0.3  # after 20 frames of silence
        said[:, 20] = 0.7
        return said


def test_what_is_learned_from(tmp_path: Path) -> None:
    noise = np.random.default_rng(0).uniform(-0.1, 0.1, SAMPLE_RATE)
    soundfile.write(tmp_path / "a.wav", noise, SAMPLE_RATE)
    sure = adapting.label(tmp_path / "a.wav", Certain(), doubt=0.0)
    kicks = sure.targets[:, 0]
    assert kicks[[19, 20, 21]].tolist() == kicks[[39, 40, 41]].tolist() == [0.5, 1, 0.5]
    np.testing.assert_allclose(sure.targets[:, 20], 0.7)
    # The threshold is 0.2: a logit of -1.39, and that of 0.3 is -0.85.
    asked = adapting.label(tmp_path / "a.wav", Certain(), doubt=1.0).targets[:, 0]
    assert (asked[20], asked[40]) == (1, UNKNOWN)
    draw = adapting.PseudoLabelledExamples([sure], 150, 0.0)
    features, targets = draw(np.random.default_rng(0))
    assert features.shape == (150, 84) and targets.shape == (150, 22)
    assert (targets[101:] == UNKNOWN).all() and not (targets[:101] == UNKNOWN).any()


def test_a_tone_is_changed_by_decibels() -> None:
    magnitudes = np.array([[0.0, 1.0, 3.0]], dtype=np.float32)
    changed = adapting.change_tone(np.log10(1 + magnitudes), np.array([20.0, 0.0, -20.0]))
    np.testing.assert_allclose(changed, np.log10(1 + magnitudes * [10, 1, 0.1]), rtol=1e-6)
    linear = adapting.change_tone(magnitudes, np.array([20.0, 0.0, -20.0]), linear=True)
    np.testing.assert_allclose(linear, magnitudes * [10, 1, 0.1], rtol=1e-6)


def test_what_is_unknown_teaches_nothing() -> None:
    logits = torch.tensor([[0.0, 5.0], [0.0, -7.0]], requires_grad=True)
    loss = agree(logits, torch.tensor([[1.0, UNKNOWN], [0.0, UNKNOWN]]))
    assert loss.item() == pytest.approx(np.log(2))
    loss.backward()  # type: ignore[no-untyped-call]
    assert logits.grad is not None
    assert logits.grad.tolist() == [[-0.25, 0], [0.25, 0]]


def test_normalisation_does_not_move() -> None:
    model = Adapting(CRNN(84, 22, **OPTIONS)).train()  # type: ignore[arg-type]
    before = {k: v.clone() for k, v in model.state_dict().items() if "running" in k}
    model(torch.rand(2, 10, 84))
    after = model.state_dict()
    assert len(before) == 6 and all(torch.equal(v, after[k]) for k, v in before.items())
