import json
import math
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any, Literal

import pytest

from bandscribe.training import recipes, task
from bandscribe.training.drums.recipe import Recipe, build


@dataclass(frozen=True)
class Plain:
    steps: int = 10
    rate: float = 0.1
    half: bool = False
    name: str = "a"
    kind: Literal["x", "y"] = "x"
    path: str | None = None
    sizes: tuple[int, ...] = (1, 2)
    kits: tuple[str, ...] = ()
    options: dict[str, Any] = field(default_factory=dict)


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("steps", "20", 20),
        ("rate", "3e-4", 3e-4),
        ("rate", "1", 1.0),
        ("half", "true", True),
        ("half", "no", False),
        ("name", "b c", "b c"),
        ("kind", "y", "y"),
        ("path", "some/where", "some/where"),
        ("path", "none", None),
        ("sizes", "3,4, 5", (3, 4, 5)),
        ("sizes", "", ()),
        ("kits", "one,two", ("one", "two")),
        ("options", '{"hidden": 8}', {"hidden": 8}),
    ],
)
def test_text_becomes_a_value(name: str, text: str, value: object) -> None:
    found = getattr(recipes.override(Plain(), {name: text}), name)
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("step", "1", "step: no such field; expected one of steps, rate"),
        ("steps", "1.5", "steps: expected a whole number, got '1.5'"),
        ("rate", "fast", "rate: expected a number, got 'fast'"),
        ("half", "maybe", "half: expected true or false, got 'maybe'"),
        ("kind", "z", "kind: expected one of x, y, got 'z'"),
        ("sizes", "1,b", "sizes: expected a whole number, got 'b'"),
        ("options", "[1]", "options: expected a JSON object"),
        ("options", "hidden=8", "options: expected a JSON object"),
    ],
)
def test_wrong_text_names_the_field(name: str, text: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        recipes.override(Plain(), {name: text})


def test_entries_of_a_dictionary_join_those_that_were_there() -> None:
    recipe = recipes.override(
        Plain(options={"hidden": 8, "layers": 2}), {"options": '{"layers": 1}'}
    )
    assert recipe.options == {"hidden": 8, "layers": 1}


def test_json_round_trip(tmp_path: Path) -> None:
    recipe = Recipe(kits=("a", "b"), options={"channels": [4, 8], "hidden": 8}, steps=5)
    path = tmp_path / "recipe.json"
    path.write_text(recipes.to_json(recipe))
    assert recipes.from_file(path, Recipe) == recipe
    path.write_text('{"steps": 7}')
    assert recipes.from_file(path, Recipe) == replace(Recipe(), steps=7)


@dataclass(frozen=True)
class Choice:
    model: str = "a"
    rate: float = 0.1
    steps: int = 10


def test_a_models_defaults_stand_behind_the_file_and_the_given_values(tmp_path: Path) -> None:
    path, defaults = tmp_path / "recipe.json", {"b": {"rate": 0.5, "steps": 3}}
    path.write_text('{"steps": 7}')
    assert recipes.resolve(path, {"model": "b"}, Choice, defaults) == Choice("b", 0.5, 7)
    assert recipes.resolve(None, {"model": "b", "rate": "2"}, Choice, defaults) == Choice("b", 2, 3)
    assert recipes.resolve(path, {}, Choice, defaults) == Choice(steps=7)
    assert recipes.read(tmp_path, Choice) == Choice(steps=7)
    with pytest.raises(ValueError, match="name the folder of a training run"):
        recipes.read(tmp_path / "elsewhere", Choice)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("steps: 3", "recipe.json: not JSON"),
        ("[]", "expected an object"),
        ('{"steps": "3"}', "steps: expected a whole number, got '3'"),
        ('{"steps": true}', "steps: expected a whole number, got True"),
        ('{"kits": "a"}', "kits: expected a list"),
        ('{"stepps": 3}', "stepps: no such field"),
        ('{"schedule": "linear"}', "schedule: expected one of cosine, plateau, constant"),
    ],
)
def test_wrong_files(text: str, words: str, tmp_path: Path) -> None:
    path = tmp_path / "recipe.json"
    path.write_text(text)
    with pytest.raises(ValueError, match=words):
        recipes.from_file(path, Recipe)


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"model": "resnet"}, "model: expected one of crnn"),
        ({"options": {"hiden": 3}}, "options: no such option 'hiden'"),
        ({"options": {"bins": 3}}, "options: no such option 'bins'"),
        ({"features": {"n_ftt": 3}}, "features: no such option 'n_ftt'"),
        ({"kits": ("a",), "validation_kits": ("a", "b")}, "validation_kits: a are also"),
        ({"overlap_seconds": 12.0}, "overlap_seconds"),
    ],
)
def test_a_recipe_checks_itself(values: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        Recipe(**values)


def test_every_field_has_help() -> None:
    assert all(item.metadata["help"] for item in Recipe.__dataclass_fields__.values())


def test_options_reach_the_network() -> None:
    small = build(Recipe(options={"channels": [4], "pooling": [3], "hidden": 5, "layers": 1}))
    assert small.output.in_features == 10
    assert json.loads(recipes.to_json(Recipe()))["model"] == "crnn"


#: Fields that every task has, or most, and values that cannot be.
OUT_OF_RANGE = {
    "batch": (0, -1, 10**12), "seed": (-1, 2**70), "average": (-0.1, 2.0, math.nan),
    "learning_rate": (-1.0, math.inf, 1e9), "threads": (-3, 10**6), "workers": (-1,),
    "clip": (-1.0,), "weight_decay": (-0.5,), "patience": (0,), "checkpoint_minutes": (-1.0,),
}  # fmt: skip


@pytest.mark.parametrize("name", ["drums", "hits", "activity", "recognition", "drummernet"])
def test_fields_out_of_range_are_named(name: str, tmp_path: Path) -> None:
    """In a file and on the command line."""
    path = tmp_path / "recipe.json"
    for wrong, values in OUT_OF_RANGE.items():
        for value in values:
            path.write_text(json.dumps({wrong: value}))
            for given, text in ((path, {}), (None, {wrong: str(value)})):
                with pytest.raises(ValueError, match=f"(^|: ){wrong}: expected "):
                    task.resolve(name, given, text)
    assert task.resolve(name, None, {"batch": "2", "seed": "0"}).batch == 2
    resolved = task.resolve(name, None, {})
    path.write_text(recipes.to_json(resolved))
    assert task.resolve(name, path, {}) == resolved


def test_validations_need_steps_between_them() -> None:
    with pytest.raises(ValueError, match="validate_every: expected 1 to"):
        task.resolve("drums", None, {"validate_every": "0"})
    # Here it stands for an epoch.
    assert task.resolve("recognition", None, {"validate_every": "0"}).validate_every == 0


@pytest.mark.parametrize(
    "options",
    [{"layers": "x"}, {"layers": -1}, {"channels": 3}, {"hidden": [1]}, {"dropout": "high"}],
)
def test_options_that_make_no_network(options: dict[str, Any], tmp_path: Path) -> None:
    path = tmp_path / "recipe.json"
    path.write_text(json.dumps({"options": options}))
    with pytest.raises(ValueError, match=r"recipe\.json: "):
        recipes.from_file(path, Recipe)


@pytest.mark.filterwarnings("ignore:Initializing zero-element tensors")
@pytest.mark.parametrize("name", ["drums", "hits", "activity", "recognition"])
def test_a_recipe_of_any_shape(name: str, tmp_path: Path) -> None:
    """Each field in turn holds something odd: a recipe, or a line that names the file."""
    odd = (None, True, "x", [], {}, [[]], {"a": {}}, -1, 0, 1e300, math.nan, 10**400)
    path = tmp_path / "recipe.json"
    for item in fields(task.recipe_of(name)):
        for value in odd:
            path.write_text(json.dumps({item.name: value}))
            try:
                recipes.from_file(path, task.recipe_of(name))
            except ValueError as error:
                assert str(error).startswith(f"{path}: ") and len(str(error)) < 700
