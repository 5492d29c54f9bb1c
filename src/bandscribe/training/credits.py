"""Name, licence and origin of what a model was made of, for its card."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from bandscribe import runtime
from bandscribe.datasets.address import CorpusAddress
from bandscribe.readers import read_csv
from bandscribe.training.activity.models import ENVELOPES
from bandscribe.training.drums.recipe import Recipe, lineage
from bandscribe.training.drums.spectra import are_spectra
from bandscribe.training.recognition.recipe import CLASSICAL
from bandscribe.training.record import write_json

FIELDS = ["name", "licence", "origin"]
Rows = list[dict[str, str]]


def of_recipe(task: str, recipe: Any) -> Rows:
    """The sources of a run of this recipe.

    Raises ValueError for what keeps the run from being exported: a source without credits, or a
    network that cannot be run on audio.
    """
    if task == "drums":
        return _of_drums(recipe)
    if task == "drummernet":
        named = [*recipe.kits, *recipe.sound_kits, *recipe.validation_kits, *recipe.audio]
        return read(recipe.credits, [*named, *filter(None, [recipe.groove])])
    if task == "factorization":  # credits its sources when it is trained
        return []
    if task == "adaptation":
        adapted = [
            {"name": Path(folder).name, "licence": "unknown", "origin": "recordings adapted to"}
            for folder in recipe.audio
        ]
        return [*runtime.load(recipe.initial).card.sources, *adapted]
    if task == "activity" and recipe.model in ENVELOPES:
        raise ValueError(
            f"model: {recipe.model} is for evaluation alone: evaluate activity --model RUN"
        )
    if task == "recognition" and recipe.model in CLASSICAL:
        raise ValueError(f"model: a baseline, {recipe.model}, is no network to recognize with")
    if task == "recognition" and recipe.credits is None:
        return _of_corpora({*recipe.corpora, *recipe.held_out}, task)
    return read(recipe.credits)


def read(path: str | Path | None, sources: Iterable[str] | None = None) -> Rows:
    """The rows of a CSV file with `name`, `licence` and `origin` of each source.

    Of `sources`, which are named there by the last part of their paths, exactly theirs, by name.

    Raises ValueError when it has other columns, or lacks a source, or no file is named.
    """
    if path is None:
        raise ValueError(
            "credits: expected a CSV file with name,licence,origin of each source; name it with "
            "--credits FILE"
        )
    rows = [{name: row[name] for name in FIELDS} for row in read_csv(path, *FIELDS)]
    if sources is None:
        return rows
    known = {row["name"]: row for row in rows}
    names = sorted({Path(source.partition("#")[0]).name for source in sources})
    if missing := [name for name in names if name not in known]:
        raise ValueError(f"{path}: no row for {', '.join(missing)}")
    return [known[name] for name in names]


def add(run: Path, path: Path) -> None:
    """Make the file `path` the credits of a run's recipe, as resuming it with them would.

    Raises ValueError where the run is of a task that credits its sources by itself.
    """
    recipe = json.loads((run / "recipe.json").read_text(encoding="utf-8"))
    if "credits" not in recipe:
        raise ValueError(f"{run}: its recipe takes no credits; export it without")
    write_json(run / "recipe.json", {**recipe, "credits": str(path)})


def _of_drums(recipe: Recipe) -> Rows:
    """Also the sources of the runs and of the model that the recipe starts from."""
    if any(map(are_spectra, recipe.corpora)):
        raise ValueError("corpora: a network of spectrograms by others cannot be run on audio")
    recipes = lineage(recipe)
    given = _of_corpora({a for r in recipes for a in (*r.corpora, *r.validation_corpora)}, "drums")
    if (first := recipes[-1].initial) is not None:
        given += runtime.load(first).card.sources
    if recipe.credits is None and recipe.corpora:
        return given
    paths: list[str] = []
    for each in recipes:
        paths += [*each.kits, *each.validation_kits, *each.band, *each.validation_band]
        paths += [*each.extras, *each.validation_extras, *filter(None, [each.groove])]
    own = read(recipe.credits, paths)
    names = {row["name"] for row in own}
    return [*own, *(row for row in given if row["name"] not in names)]


def _of_corpora(addresses: set[str], task: str) -> Rows:
    """Corpora need no row in a file."""
    corpora = [CorpusAddress.parse(text, task).corpus for text in sorted(addresses)]
    return [
        {"name": corpus.name, "licence": corpus.licence, "origin": corpus.obtain or "own"}
        for corpus in {corpus.name: corpus for corpus in corpora}.values()
    ]
