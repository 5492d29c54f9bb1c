"""From a recipe to a file that classifies."""

import json
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch

import tiny_hits
from bandscribe import hits, runtime
from bandscribe.cli import main
from bandscribe.datasets.address import CorpusAddress
from bandscribe.evaluation import hits as evaluation
from bandscribe.features.mel import MelBands
from bandscribe.hits import CLASSES
from bandscribe.training import task
from bandscribe.training.export import export
from bandscribe.training.hits import recipe, train
from bandscribe.training.ship import ship
from bandscribe.types import Audio
from tiny_hit_clips import LEVELS, small_recipe, sources, write_folder
from tiny_hits import SAMPLE_RATE, hits_card, strike


def test_what_a_model_has_where_the_recipe_does_not_say() -> None:
    report = task.resolve("hits", None, {"model": "report", "classes": "KD,SD"})
    assert (report.head, report.augment, report.seconds, report.batch) == (
        "softmax",
        False,
        0.5,
        32,
    )
    assert recipe.front_end(report) == MelBands()
    assert recipe.outputs(report) == ("KD", "SD")
    compact = task.resolve("hits", None, {})
    assert recipe.front_end(compact) == MelBands(n_mels=128, fmin=20.0, scale="levels")
    assert recipe.outputs(compact) == (*CLASSES, "velocity")


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"model": "other"}, "model: expected one of report, compact"),
        ({"options": '{"depth": 3}'}, "options: no such option 'depth'"),
        ({"features": '{"bands": 3}'}, "features: no such option 'bands'"),
        ({"balance": "2"}, "balance: expected 0 to 1"),
        ({"scenes": "-1"}, "scenes: expected 0 or more"),
        ({"classes": "KD"}, "classes: expected two or more"),
        ({"kits": "a,b", "validation_kits": "b"}, "validation_kits: b are also among kits"),
    ],
)
def test_recipes_that_cannot_be(values: dict[str, str], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        task.resolve("hits", None, values)


def test_from_clips_to_a_model_that_classifies(tmp_path: Path) -> None:
    credits = tmp_path / "credits.csv"
    credits.write_text("name,licence,origin\ntones,CC0-1.0,this test\n")
    result = train.train_on(small_recipe(credits), tmp_path / "run", *sources())
    assert result.finished
    metrics = json.loads((tmp_path / "run/metrics.json").read_text())
    assert metrics["task"] == "hits"
    assert np.sum(metrics["confusion"]) == round(
        sum(np.array(row).sum() for row in metrics["confusion"])
    )
    losses = np.genfromtxt(tmp_path / "run/history.csv", delimiter=",", names=True)
    assert metrics["best"]["validation_loss"] == pytest.approx(min(losses["validation_loss"]))
    card = ship(tmp_path / "run", tmp_path / "hits.onnx")
    assert (card.task, card.classes, card.chunk_seconds) == ("hits", CLASSES, 0.3)
    found = hits.classify(
        Audio(strike("KD")[np.newaxis], SAMPLE_RATE), model=tmp_path / "hits.onnx"
    )
    assert found.tags.classes == CLASSES
    # The file says what the network of the run says.
    network = recipe.build(small_recipe()).eval()
    network.load_state_dict(torch.load(tmp_path / "run/best.pt"))
    model = runtime.load(tmp_path / "hits.onnx")
    features = MelBands(**LEVELS)(strike("KD", duration=0.3))  # type: ignore[arg-type]
    with torch.no_grad():
        expected = network(torch.from_numpy(features[np.newaxis])).sigmoid()[0].numpy()
    np.testing.assert_allclose(model(features), expected, atol=1e-5)


def test_dense_layers_go_on_from_exported_weights(tmp_path: Path) -> None:
    torch.manual_seed(0)
    options = {"channels": [4, 4], "hidden": 8}
    given = recipe.build(small_recipe(options=options)).eval()
    export(given, hits_card(features=LEVELS), tmp_path / "given.onnx", bins=32)
    onward = small_recipe(
        options={**options, "fixed": 2}, initial=str(tmp_path / "given.onnx"), scenes=6
    )
    result = train.train_on(onward, tmp_path / "run", *sources())
    assert result.finished
    network = recipe.build(onward)
    network.load_state_dict(torch.load(tmp_path / "run/best.pt"))
    features = torch.rand(2, 31, 32)
    torch.testing.assert_close(
        network.embed(features), given.convolve(features.unsqueeze(1)), atol=1e-5, rtol=0
    )
    assert not torch.allclose(network.eval()(features), given(features), atol=1e-5)


def test_a_stopped_run_goes_on_to_the_same_weights(tmp_path: Path) -> None:
    whole = train.train_on(small_recipe(), tmp_path / "whole", *sources())
    train.train_on(small_recipe(steps=2, schedule="constant"), tmp_path / "x", *sources())
    first = small_recipe(schedule="constant")
    train.train_on(first, tmp_path / "straight", *sources())
    resumed = train.train_on(first, tmp_path / "x", *sources())
    assert whole.finished
    assert resumed.step == 4
    straight, again = (
        torch.load(tmp_path / name / "last.pt")["model"] for name in ("straight", "x")
    )
    assert all(torch.equal(straight[key], again[key]) for key in straight)


def test_the_reports_network_learns_one_class_among_several(tmp_path: Path) -> None:
    credits = tmp_path / "credits.csv"
    credits.write_text("name,licence,origin\ntones,CC0-1.0,this test\n")
    values = small_recipe(
        credits, model="report", head="softmax", augment=False, balance=0.0, features=LEVELS,
        classes=("KD", "SD", "CR"), options={"channels": [4, 4], "hidden": 16, "dropout": 0.0},
        schedule="constant", steps=80, validate_every=40, batch=8, learning_rate=1e-2, average=0.0,
    )  # fmt: skip
    clips_ = [[clip for clip in part if clip.label] for part in sources()]
    result = train.train_on(values, tmp_path / "run", *clips_)
    assert result.best["accuracy"] == 1
    metrics = json.loads((tmp_path / "run/metrics.json").read_text())
    assert metrics["confusion"] == [[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0]]
    # Exported, it names the same, with probabilities that add up to 1, and no velocity.
    card = ship(tmp_path / "run", tmp_path / "report.onnx")
    assert card.outputs == card.classes == ("KD", "SD", "CR")
    model = runtime.load(tmp_path / "report.onnx")
    for name in card.classes:
        found = hits.classify(Audio(strike(name)[np.newaxis], SAMPLE_RATE), model=model)
        assert (found.label, found.labels, found.velocity) == (name, (name,), None)
        assert found.tags.scores.sum() == pytest.approx(1, abs=1e-5)
    silent = hits.classify(Audio(np.zeros((1, 8000), np.float32), SAMPLE_RATE), model=model)
    assert silent.label is None
    # The commands take it as they take any model.
    clips = write_folder(tmp_path / "clips")
    given = ["--model", str(tmp_path / "report.onnx"), "-o"]
    assert main(["evaluate", "hits", "hits", str(clips), *given, str(tmp_path / "result")]) == 0
    judged = json.loads((tmp_path / "result/metrics.json").read_text())["all"]["figures"]
    assert judged["accuracy"] == 1
    assert main(["classify", str(clips), *given, str(tmp_path / "table.csv")]) == 0
    assert main(["explore", str(clips), *given, str(tmp_path / "page.html")]) == 0
    assert '"named":"KD"' in (tmp_path / "page.html").read_text()


def test_a_network_of_articulations_is_evaluated_by_their_drums(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A pedal hi-hat is a closed one among the classes of labels."""
    soundfile.write(tmp_path / "a.wav", strike("KD"), SAMPLE_RATE)
    (tmp_path / "labels.csv").write_text("file,label\na.wav,chh\n")
    names = ("phh", "kd")
    card = hits_card(
        classes=names, outputs=names, thresholds={"label": dict.fromkeys(names, 0.5),
        "heard": {"any": 0.01}}, calibration={"label": {"slope": dict.fromkeys(names, 1.0),
        "intercept": dict.fromkeys(names, 0.0)}},
    )  # fmt: skip
    monkeypatch.setitem(tiny_hits.TONES, "phh", tiny_hits.TONES["KD"])
    monkeypatch.setitem(tiny_hits.TONES, "kd", 5900.0)
    model = tiny_hits.write_classifier(tmp_path / "model.onnx", card)
    found, _ = evaluation.find_clips(CorpusAddress.parse(f"hits={tmp_path}", "hits"))
    (scored,) = evaluation.evaluate(found, evaluation.HitNetwork.load(str(model))).scores
    assert (scored.label, scored.predicted) == ("CHH", "CHH")


def test_epochs_are_counted_in_steps(tmp_path: Path) -> None:
    root = write_folder(tmp_path / "clips")
    values = small_recipe(
        clips=(str(root),), classes=("KD", "SD", "CR"), model="report", head="softmax",
        augment=False, balance=0.0, epochs=3, cache=str(tmp_path / "kept"),
    )  # fmt: skip
    result = train.train(values, tmp_path / "run")
    assert (result.finished, result.step) == (True, 3 * 2)  # six clips are two batches of four
    assert len((tmp_path / "run/history.csv").read_text().split()) == 1 + 3
    assert json.loads((tmp_path / "run/metrics.json").read_text())["clips"] == 6
    with pytest.raises(ValueError, match="or a number of epochs"):
        small_recipe(steps=0)
