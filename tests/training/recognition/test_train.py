"""From labelled clips to a judged run, in a few steps."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch

from bandscribe import instruments, runtime
from bandscribe.calibration import Calibration
from bandscribe.cli import main
from bandscribe.training import device, task
from bandscribe.training.recognition import corpora, validation
from bandscribe.training.recognition import recipe as recipes
from bandscribe.training.recognition.ensemble import evaluate, infer_run
from bandscribe.training.recognition.recipe import Recipe
from bandscribe.training.recognition.train import read_front_end, train
from bandscribe.training.recognition.validation import ValidationWindows
from bandscribe.training.ship import ship
from bandscribe.types import Audio
from tiny_clips import CLASSES, write_clips


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_clips(tmp_path_factory.mktemp("clips"))


def small(clips: Path, model: str = "features", **fields: object) -> Recipe:
    """A recipe as the command line makes it, of a minute's work at most."""
    given = {
        "model": model,
        "corpora": f"clips={clips}",
        "classes": ",".join(CLASSES),
        "window_seconds": "0.5",
        "semitones": "0",
        "batch": "6",
        "workers": "0",
        "threads": "1",
        **{name: str(value) for name, value in fields.items()},
    }
    return task.resolve("recognition", None, given)


def test_from_clips_to_a_judged_run(clips: Path, tmp_path: Path) -> None:
    recipe = small(clips, sampling="base_persistent", maximum=3, epochs=8)
    result = train(recipe, tmp_path / "run")
    # 18 windows of half a second, 3 steps of 6 an epoch.
    assert (result.finished, result.step) == (True, 24)
    assert {path.name for path in (tmp_path / "run").iterdir()} == {
        "best.pt", "curve.png", "front_end.json", "history.csv", "last.pt", "metrics.json",
        "network.json", "recipe.json", "versions.json",
    }  # fmt: skip
    history = (tmp_path / "run" / "history.csv").read_text().split()
    assert len(history) == 1 + 8
    column = history[0].split(",").index("s2_loss")
    losses = [float(row.split(",")[column]) for row in history[1:]]
    assert result.best["s2_loss"] == pytest.approx(min(losses), rel=1e-5)

    metrics = json.loads((tmp_path / "run" / "metrics.json").read_text())
    assert metrics["classes"] == list(CLASSES)
    assert metrics["recordings"] == 6
    assert metrics["s2"]["figures"]["micro.f1"] == metrics["best"]["micro_f1"]
    assert metrics["s2"]["figures"]["micro.f1"] > 0.6  # naming everything scores 2 / 3 at most
    assert metrics["s1"]["figures"]["lrap"] == metrics["s2"]["figures"]["lrap"] > 0.8
    assert metrics["s1"]["learned"]["micro.f1"] >= metrics["s1"]["figures"]["micro.f1"]
    assert set(metrics["s1"]["calibration"]["slope"]) == set(CLASSES)

    judged = evaluate([tmp_path / "run"], [f"clips={clips}"])
    assert judged["recordings"] == 3
    assert judged["s2"]["lrap"] > 0.7
    # An ensemble of a run with itself is the run.
    both = evaluate([tmp_path / "run"] * 2, [f"clips={clips}"])
    assert both["s1"] == judged["s1"]
    assert both["s2_learned"] == pytest.approx(judged["s2_learned"])
    validated = evaluate([tmp_path / "run"], [f"clips={clips}"], "validation")
    assert validated["s2"] == pytest.approx(metrics["s2"]["figures"])
    assert validated["s1_learned"] == pytest.approx(metrics["s1"]["learned"])


def test_from_a_run_to_a_file_that_recognizes(clips: Path, tmp_path: Path) -> None:
    credits = tmp_path / "credits.csv"
    credits.write_text("name,licence,origin\ntones,CC0-1.0,this test\n")
    recipe = small(
        clips, "mfcc", features="bands", options='{"frames": 160}', epochs=4, credits=credits
    )
    train(recipe, tmp_path / "run")
    assert main(["export", str(tmp_path / "run"), "--name", "tones"]) == 0
    model = runtime.load(tmp_path / "run" / "tones.onnx")
    card = model.card
    assert (card.name, card.task, card.outputs) == ("tones", "recognition", CLASSES)
    assert model.windowed
    assert card.sources == ({"name": "tones", "licence": "CC0-1.0", "origin": "this test"},)
    # What was judged is what is recognized, but for what sounds across the border of two windows.
    heard, scores = infer_run(tmp_path / "run", [f"clips={clips}"], "test")
    slope, intercept = (
        np.array([card.calibration["s1"][part][name] for name in CLASSES])
        for part in ("slope", "intercept")
    )
    calibrate = Calibration(slope, intercept)
    for row, name in enumerate(("test0", "test1", "test2")):
        said = instruments.recognize(clips / f"{name}.wav", model=model, aggregate="s1")
        assert said.tags.classes == heard.classes == CLASSES
        np.testing.assert_allclose(said.tags.scores, calibrate(scores[row]), atol=0.05)
    train(small(clips, "linear"), tmp_path / "linear")
    with pytest.raises(ValueError, match="a baseline, linear, is no network"):
        ship(tmp_path / "linear", tmp_path / "no.onnx")


def test_a_run_is_tested_on_the_device_that_it_was_trained_on(
    clips: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    train(small(clips, steps=1, augment=False, device="cpu"), tmp_path)
    recipe = json.loads((tmp_path / "recipe.json").read_text())
    (tmp_path / "recipe.json").write_text(json.dumps({**recipe, "device": "cuda:1"}))
    asked, places = [], []

    def choose(name: str) -> torch.device:
        asked.append(name)
        return torch.device("meta")  # stands in for a GPU

    def infer(network: torch.nn.Module, windows: ValidationWindows) -> np.ndarray:
        places.extend(weight.device.type for weight in network.parameters())
        return np.full((len(windows.owner), len(CLASSES)), 0.5, np.float32)

    monkeypatch.setattr(device, "nearest", choose)
    monkeypatch.setattr(validation, "infer_windows", infer)
    infer_run(tmp_path, [f"clips={clips}"], "test")
    assert (set(asked), set(places)) == ({"cuda:1"}, {"meta"})


@pytest.mark.parametrize("model", ["audio", "mfcc", "features", "resnet50", "ast"])
def test_a_network_of_the_paper_is_exported_with_its_front_end(
    clips: Path, tmp_path: Path, model: str
) -> None:
    options = {
        "resnet50": {"size": 32, "config": {
            "depths": [1, 1], "hidden_sizes": [8, 16], "embedding_size": 8}},
        "ast": {"config": {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2,
                           "intermediate_size": 24}},
    }  # fmt: skip
    if model in options:
        pytest.importorskip("transformers")
    recipe = small(
        clips, model, steps=2, pretrained="no", options=json.dumps(options.get(model, {})),
        augment=False,
    )  # fmt: skip
    train(recipe, tmp_path / "run")
    # A second and a bit: three windows of half a second, the last of which overlaps.
    sound, rate = soundfile.read(clips / "test0.wav", dtype="float32")
    longer = tmp_path / "longer"
    longer.mkdir()
    soundfile.write(longer / "a.wav", np.concatenate([sound, sound[: rate // 5]]), rate, "FLOAT")
    (longer / "labels.csv").write_text("file,label,split\na.wav,cel,test\n")
    inferred, scores = infer_run(tmp_path / "run", [f"clips={longer}"], "test")
    assert inferred.owner.tolist() == [0, 0, 0]

    card = ship(tmp_path / "run", tmp_path / "model.onnx")
    assert (card.frame_rate, card.chunk_frames) == (2.0, 1)
    loaded = runtime.load(tmp_path / "model.onnx")
    found = instruments.recognize(longer / "a.wav", model=loaded, aggregate="s1")
    assert found.probability.values.shape == (3, 3)
    mean = found.probability.values.mean(axis=0)
    np.testing.assert_allclose(mean, scores[0], atol=1e-4)
    silent = instruments.recognize(Audio(np.zeros((1, 8000), np.float32), 8000), model=loaded)
    assert not silent.present.any()
    assert main(["recognize", str(longer / "a.wav"), "--model", str(tmp_path / "model.onnx")]) == 0
    # The file is evaluated as the run is: the windows of each recording, S2, 0.5 (section 5.1).
    command = ["evaluate", "recognition", "clips", str(clips), "-o", str(tmp_path / "result")]
    rule = ["--model", str(tmp_path / "model.onnx"), "--aggregate", "s2", "--threshold", "0.5"]
    assert main([*command, *rule]) == 0
    figures = json.loads((tmp_path / "result/metrics.json").read_text())
    expected = evaluate([tmp_path / "run"], [f"clips={clips}"])["s2"]
    for name in ("hamming", "exact_match", "lrap", "map"):
        assert figures[name] == pytest.approx(expected[name])
    assert figures["macro"]["f1"] == pytest.approx(expected["macro.f1"])


def test_a_resumed_run_is_the_run_that_never_stopped(clips: Path, tmp_path: Path) -> None:
    recipe = small(clips, sampling="static", epochs=2)
    whole = train(recipe, tmp_path / "whole")
    part = train(replace(recipe, max_minutes=1e-9), tmp_path / "parts")
    assert not part.finished
    rest = train(recipe, tmp_path / "parts")
    assert rest.finished and rest.step == whole.step
    one, other = (
        (tmp_path / name / "history.csv").read_text().splitlines() for name in ("whole", "parts")
    )
    without_minutes = [
        [row.split(",")[:1] + row.split(",")[2:] for row in rows] for rows in (one, other)
    ]
    assert without_minutes[0] == without_minutes[1]


@pytest.mark.parametrize("features", ["audio", "filterbank_hanning"])
def test_features_are_normalised_by_the_training_set(
    clips: Path, tmp_path: Path, features: str
) -> None:
    recipe = small(clips, "audio", features="audio", epochs=1, steps=1, options='{"dropout": 0.0}')
    if features == "filterbank_hanning":
        pytest.importorskip("transformers")
        tiny = '{"config": {"hidden_size": 16, "num_hidden_layers": 1, '
        tiny += '"num_attention_heads": 2, "intermediate_size": 24}}'
        recipe = small(clips, "ast", steps=1, options=tiny, pieces=3, pretrained="no")
        assert recipe.features == "filterbank_hanning"
        assert recipe.head_learning_rate == 1e-3
    train(recipe, tmp_path)
    front_end, classes = read_front_end(tmp_path)
    assert classes == CLASSES
    rate = front_end.kind.sample_rate
    windows = corpora.cut(corpora.load(recipe.corpora, "train", classes), 0.5, rate)
    described = np.stack([front_end(windows.read(index)) for index in range(len(windows))])
    deviation = 0.5 if features == "filterbank_hanning" else 1.0
    assert described.mean() == pytest.approx(0, abs=1e-4)
    assert described.std() == pytest.approx(deviation, abs=1e-3)


@pytest.mark.parametrize("model", recipes.CLASSICAL)
def test_baselines_tell_the_clips_apart(clips: Path, tmp_path: Path, model: str) -> None:
    result = train(small(clips, model), tmp_path)
    assert result.finished
    metrics = json.loads((tmp_path / "metrics.json").read_text())
    assert metrics["model"] == model
    assert metrics["s1"]["figures"]["lrap"] > 0.75
    judged = evaluate([tmp_path], [f"clips={clips}"], "validation")
    assert judged["s1"] == pytest.approx(metrics["s1"]["figures"])
    assert judged["s2_learned"] == pytest.approx(metrics["s2"]["learned"])


@pytest.mark.parametrize("sampling", ["static", "base_persistent"])
def test_what_is_kept_changes_no_weight(clips: Path, tmp_path: Path, sampling: str) -> None:
    fields = {"sampling": sampling, "maximum": 3, "augment": False, "epochs": 2}
    train(small(clips, **fields), tmp_path / "plain")
    for name in ("first", "second"):  # one writes what is kept, the other reads it
        train(small(clips, cache=tmp_path / "kept", **fields), tmp_path / name)
    plain, first, second = (
        torch.load(tmp_path / name / "best.pt") for name in ("plain", "first", "second")
    )
    for weight, kept, again in zip(plain.values(), first.values(), second.values(), strict=True):
        assert torch.equal(weight, kept) and torch.equal(weight, again)
    names = sorted(path.name.partition("-")[0] for path in (tmp_path / "kept").iterdir())
    # Samples to train on; features to validate on, and of static windows to train on; and what a
    # look at both sets gave.
    assert names == ["samples", *["stack"] * (2 if sampling == "static" else 1), *["survey"] * 2]


def test_a_recording_that_cannot_be_decoded_costs_itself(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "clips").mkdir()
    root = write_clips(tmp_path / "clips")
    for split in ("train", "validation", "test"):
        broken = root / f"{split}1.wav"
        broken.write_bytes(broken.read_bytes()[:40] + b"x")
    recipe = small(root, epochs=1)
    run = tmp_path / "run"
    part = train(replace(recipe, max_minutes=1e-9), run)
    rest = train(recipe, run)  # leaves out the same
    assert not part.finished and rest.finished
    lines = capsys.readouterr().err
    assert (lines.count("train1.wav"), lines.count("validation1.wav")) == (1, 2)
    assert json.loads((run / "metrics.json").read_text())["recordings"] == 5
    assert evaluate([run], [f"clips={root}"])["recordings"] == 2


def test_what_cannot_be_trained(clips: Path, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="corpora: expected at least one"):
        train(replace(small(clips), corpora=()), tmp_path)
    with pytest.raises(ValueError, match=r"validation_corpora: .* is also trained on"):
        train(replace(small(clips), validation_corpora=(f"clips:train={clips}",)), tmp_path)
    with pytest.raises(ValueError, match=r"no track of the split 'dev', but of test, train"):
        train(replace(small(clips), validation_corpora=(f"clips:dev={clips}",)), tmp_path)
    with pytest.raises(ValueError, match="maximum: expected at most 3"):
        train(small(clips, sampling="true_dynamic"), tmp_path)
    with pytest.raises(ValueError, match=r"no recipe\.json"):
        evaluate([tmp_path], [f"clips={clips}"])
