"""Recipes as text: read from a file, overridden by name, written as JSON.

A recipe is a frozen dataclass with a default and a help text for each field. Fields are `bool`,
`int`, `float`, `str`, a `Literal` of strings, `X | None`, `tuple[X, ...]` (separated by commas), or
`dict[str, Any]` (a JSON object, whose entries replace those of the default).
"""

from __future__ import annotations

import hashlib
import inspect
import json
import math
import reprlib
import types
from collections.abc import Callable, Mapping
from dataclasses import asdict, fields, replace
from pathlib import Path
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from bandscribe import runtime
from bandscribe.readers import parse_json, read_json
from bandscribe.training.settings import LIMITS

R = TypeVar("R")
_KINDS = {bool: "true or false", int: "a whole number", float: "a number", str: "text"}
#: Fields on which no result depends.
INDIFFERENT = frozenset(
    ("workers", "threads", "device", "compile", "checkpoint_minutes", "max_minutes", "credits",
     "cache", "trail")
)  # fmt: skip


def from_file(path: str | Path, recipe: type[R]) -> R:
    """The recipe in a JSON file; fields that are not in it keep their defaults.

    Raises ValueError when the file is not JSON, or a field is unknown or of the wrong kind.
    """
    values = read_json(path)
    if not isinstance(values, dict):
        raise ValueError(f"{path}: expected an object with the fields of a recipe")
    kinds = get_type_hints(recipe)
    try:
        values = _rename(values, recipe)
        _check_names(values, recipe)
        given = {name: _convert(name, value, kinds[name]) for name, value in values.items()}
        check_limits(recipe, given)
        return make(recipe, given)
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error


def make(kind: type[R], values: Mapping[str, Any], begun: R | None = None) -> R:
    """The recipe with these fields, and others as in `begun`, or their defaults.

    Raises ValueError where they make no network.
    """
    try:
        return replace(begun, **values) if begun else kind(**values)  # type: ignore[type-var]
    except (ArithmeticError, AttributeError, LookupError, RuntimeError, TypeError) as error:
        why = " ".join(str(error).split())[:200]
        raise ValueError(f"options: they make no network ({why})") from error


def check_limits(kind: type[R], values: Mapping[str, Any]) -> None:
    """Raise ValueError, naming the field, where one that was given is out of `LIMITS`.

    What is the default of the recipe's kind, as 0 may be, is within them.
    """
    defaults = {item.name: item.default for item in fields(kind)}  # type: ignore[arg-type]
    for name, (least, most) in LIMITS.items():
        value = values.get(name)
        if "epochs" in defaults and name in ("steps", "validate_every"):
            least = 0  # counted in epochs
        if value not in (None, defaults.get(name)) and not least <= value <= most:
            raise ValueError(f"{name}: expected {least:,g} to {most:,g}, got {value!r}")


def read(run: Path, recipe: type[R]) -> R:
    """The recipe of a run. Raises ValueError when the folder holds none."""
    if not (run / "recipe.json").is_file():
        raise ValueError(f"{run}: no recipe.json in it; name the folder of a training run")
    return from_file(run / "recipe.json", recipe)


def resolve(
    path: Path | None,
    values: Mapping[str, str],
    recipe: type[R],
    defaults: Mapping[str, Mapping[str, Any]],
) -> R:
    """The recipe in a file (None: the defaults), with `values` as text instead of some of it.

    What neither gives is as `defaults` have it for the recipe's `model`, if any. Raises ValueError
    naming the field.
    """
    recipe_ = from_file(path, recipe) if path else recipe()
    if defaults:
        given = read_json(path) if path else {}
        model = values.get("model", vars(recipe_)["model"])
        table = {k: v for k, v in defaults.get(model, {}).items() if k not in given}
        recipe_ = make(recipe, {"model": model, **table}, recipe_)
    return override(recipe_, values)


def override(recipe: R, values: Mapping[str, str]) -> R:
    """The recipe with some fields given as text, such as `{"hidden": "64", "kits": "a,b"}`.

    Raises ValueError naming the field, what it takes, and what it was given.
    """
    kinds = get_type_hints(type(recipe))
    values = _rename(values, type(recipe))
    _check_names(values, type(recipe))
    new: dict[str, Any] = {}
    for name, text in values.items():
        new[name] = _parse(name, text, kinds[name])
        if isinstance(new[name], dict):
            new[name] = {**getattr(recipe, name), **new[name]}
    check_limits(type(recipe), new)
    return make(type(recipe), new, recipe)


def to_json(recipe: object) -> str:
    """Every field, as indented JSON."""
    return json.dumps(asdict(recipe), indent=2, ensure_ascii=False)  # type: ignore[call-overload]


def place(recipe: Any, folder: Path, origin: str = "") -> Path:
    """The folder of a recipe's run below `folder`, named by all that its result depends on.

    Initial weights (`initial`) are identified by their content, others by their `origin`. Raises
    ValueError if the file `initial` does not exist.
    """
    values = {k: v for k, v in asdict(recipe).items() if k not in INDIFFERENT}
    if initial := values.get("initial"):
        try:
            values["initial"] = hashlib.sha256(runtime.read_bytes(initial)).hexdigest()
        except ValueError:
            raise ValueError(
                f"initial: expected a file or a shipped model, got {initial}"
            ) from None
    if origin:
        values["origin"] = origin
    digest = hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()
    return folder / f"{values.get('model', 'run')}-{digest[:10]}"


def check_options(name: str, given: Mapping[str, Any], owner: Callable[..., Any]) -> None:
    """Raise ValueError for an option that `owner` does not take, or that is not the recipe's."""
    recipes_own = {"bins", "classes", "outputs", "pretrained"}
    known = sorted(set(inspect.signature(owner).parameters) - recipes_own)
    if unknown := sorted(set(given) - set(known)):
        raise ValueError(f"{name}: no such option {unknown[0]!r}; expected {', '.join(known)}")


def _rename(values: Mapping[str, Any], recipe: type) -> dict[str, Any]:
    """Values by the present names of their fields; `FORMER` of a recipe has those of before."""
    former: Mapping[str, str] = getattr(recipe, "FORMER", {})
    return {former.get(name, name): value for name, value in values.items()}


def _check_names(values: Mapping[str, Any], recipe: type) -> None:
    known = [item.name for item in fields(recipe)]
    if unknown := sorted(set(values) - set(known)):
        raise ValueError(f"{unknown[0]}: no such field; expected one of {', '.join(known)}")


def _parse(name: str, text: str, kind: Any) -> Any:
    """A value from the command line."""
    origin, inner = get_origin(kind), get_args(kind)
    if origin in (Union, types.UnionType):
        given = [option for option in inner if option is not type(None)]
        return None if text.lower() in ("", "none") else _parse(name, text, given[0])
    if origin is tuple:
        return tuple(_parse(name, part.strip(), inner[0]) for part in text.split(",") if part)
    if origin is dict:
        try:
            value = parse_json(text, name)
        except ValueError:
            value = text
        return _convert(name, value, kind)
    if kind is bool:
        choices = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
        if text.lower() not in choices:
            raise ValueError(f"{name}: expected true or false, got {text!r}")
        return choices[text.lower()]
    if kind in (int, float):
        try:
            value = kind(text)
        except ValueError:
            value = text
        return _convert(name, value, kind)
    return _convert(name, text, kind)


def _convert(name: str, value: Any, kind: Any) -> Any:
    """A value as JSON knows it, checked against the field's kind."""
    origin, inner = get_origin(kind), get_args(kind)
    if origin in (Union, types.UnionType):
        given = [option for option in inner if option is not type(None)]
        return None if value is None else _convert(name, value, given[0])
    if origin is Literal:
        if value not in inner:
            raise ValueError(f"{name}: expected one of {', '.join(inner)}, got {value!r}")
        return value
    if origin is tuple:
        if not isinstance(value, list | tuple):
            raise ValueError(f"{name}: expected a list, got {value!r}")
        return tuple(_convert(name, item, inner[0]) for item in value)
    if origin is dict:
        if not isinstance(value, dict):
            raise ValueError(f"{name}: expected a JSON object, got {value!r}")
        return value
    if kind is float and type(value) is int and abs(value) < 2**53:
        return float(value)
    if type(value) is not kind or (kind is float and not math.isfinite(value)):
        raise ValueError(f"{name}: expected {_KINDS[kind]}, got {reprlib.repr(value)}")
    return value


def is_model(initial: str | None) -> bool:
    """Whether `initial` names a shipped model or an ONNX file, and not the weights of a run."""
    return initial is not None and (initial in runtime.installed() or initial.endswith(".onnx"))
