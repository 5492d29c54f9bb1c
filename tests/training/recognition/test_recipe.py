import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from bandscribe.training import task
from bandscribe.training.recognition.models import MODELS
from bandscribe.training.recognition.recipe import (
    CLASSICAL,
    DEFAULTS,
    Recipe,
    build,
    make_optimiser,
    trace_weights,
)


def test_every_model_has_defaults_that_are_a_recipe() -> None:
    assert set(DEFAULTS) == {*MODELS, *CLASSICAL}
    for name in DEFAULTS:
        assert task.resolve("recognition", None, {"model": name}).model == name


@pytest.mark.parametrize(
    ("model", "rates", "decays", "last"),
    [
        ("mfcc", (1e-3, 1e-3), (5e-4, 5e-4), 1e-5),  # table 4.3
        ("resnet50", (2e-4, 2e-4), (1e-5, 1e-5), 1e-6),  # table 4.4
        ("ast", (2e-5, 1e-3), (1e-4, 1e-3), 2e-6),  # table 4.5
    ],
)
def test_hyperparameters_are_the_papers(
    model: str, rates: tuple[float, float], decays: tuple[float, float], last: float
) -> None:
    recipe = task.resolve("recognition", None, {"model": model})
    network = torch.nn.ModuleDict({"body": torch.nn.Linear(2, 2), "head": torch.nn.Linear(2, 2)})
    groups = make_optimiser(recipe, network).param_groups
    assert tuple(group["lr"] for group in groups) == rates
    assert tuple(group["weight_decay"] for group in groups) == decays
    assert groups[0]["lr"] * recipe.floor == pytest.approx(last)
    assert (recipe.epochs, recipe.batch, recipe.schedule) == (35, 16, "polynomial")


def test_what_is_said_comes_before_what_the_model_has(tmp_path: Path) -> None:
    path = tmp_path / "recipe.json"
    path.write_text(json.dumps({"model": "resnet50", "learning_rate": 0.5}))
    recipe = task.resolve("recognition", path, {"options": '{"size": 128}'})
    assert (recipe.learning_rate, recipe.weight_decay, recipe.features) == (0.5, 1e-5, "mel_256")
    assert (recipe.pretrained, recipe.options) == ("hub", {"size": 128})
    assert task.resolve("recognition", path, {"model": "features"}).features == "stack"


def test_corpora_may_be_named_as_before(tmp_path: Path) -> None:
    path = tmp_path / "recipe.json"
    path.write_text(json.dumps({"training": ["irmas=a"], "validation": ["irmas=b"]}))
    recipe = task.resolve("recognition", path, {})
    assert (recipe.corpora, recipe.validation_corpora) == (("irmas=a",), ("irmas=b",))
    given = {"model": "mfcc", "training": "irmas=a", "validation": "irmas=b"}
    assert task.resolve("recognition", None, given) == recipe
    # By default, those that are trained on are validated on, too, by another split.
    assert task.resolve("recognition", None, {"corpora": "irmas=a"}).held_out == ("irmas=a",)


def test_a_folder_of_weights_for_each_network(tmp_path: Path) -> None:
    pytest.importorskip("transformers")
    small = {"depths": [1, 1], "hidden_sizes": [8, 16], "embedding_size": 8}
    tiny = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2,
            "intermediate_size": 24}  # fmt: skip
    for name, config in (("resnet50", small), ("ast", tiny)):
        fields = {"model": name, "options": json.dumps({"config": config})}
        made = build(task.resolve("recognition", None, {**fields, "pretrained": "no"}), 3)
        made.body.save_pretrained(tmp_path / name)
    traces = set()
    for name in ("resnet50", "ast"):
        given = {"model": name, "pretrained": str(tmp_path)}
        recipe = task.resolve("recognition", None, given)
        assert build(recipe, 3).origin.startswith(f"weights of {tmp_path / name}")
        alone = replace(recipe, pretrained=str(tmp_path / name))
        assert trace_weights(recipe) == trace_weights(alone)
        traces.add(trace_weights(recipe))
    assert len(traces) == 2


def test_an_ast_is_as_wide_as_its_window() -> None:
    pytest.importorskip("transformers")
    small = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2}
    options = {"config": {**small, "intermediate_size": 24}}
    for seconds, frames in ((1.0, 98), (2.0, 198), (10.0, 1024)):
        recipe = Recipe(
            model="ast", features="filterbank_hanning", window_seconds=seconds, options=options,
            pretrained="no",
        )  # fmt: skip
        with torch.device("meta"):
            assert build(recipe, 3).frames == frames


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"model": "cnn"}, "model: expected one of audio"),
        ({"features": "mfcc"}, "features: expected one of audio"),
        ({"classes": "gui"}, "classes: expected some of cel"),
        ({"corpora": "irmas"}, "irmas: expected NAME=ROOT"),
        ({"corpora": "mdb=x"}, "mdb=x: expected NAME=ROOT"),
        ({"sampling": "dynamic"}, "sampling: expected one of static"),
        ({"window_seconds": "0"}, "window_seconds: expected more than 0"),
        (
            {"model": "ast", "options": '{"weights": null}'},
            "options: no such option 'weights'; expected config, frames",
        ),
        ({"options": '{"drop": 1}'}, "options: no such option 'drop'; expected dropout, frames"),
    ],
)
def test_fields_that_cannot_be_right(fields: dict[str, str], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        task.resolve("recognition", None, fields)
