"""The engine of all comparisons, with recipes that are trained in no time."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch")

from bandscribe.readers import read_json
from bandscribe.studies import runs, tables
from bandscribe.studies.runs import RowOutcome, Study, StudyRow
from bandscribe.studies.tables import column
from bandscribe.training import recipes
from bandscribe.training.fit import FitResult
from bandscribe.training.settings import Settings, setting


@dataclass(frozen=True)
class Recipe(Settings):
    model: str = setting("plain", "")
    width: int = setting(1, "")
    options: dict[str, Any] = field(default_factory=dict)
    initial: str | None = setting(None, "")


class Trainer:
    """Writes what a run writes; a run of width 0 is never finished."""

    def __init__(self) -> None:
        self.trained: list[Recipe] = []

    def __call__(self, recipe: Recipe, run: Path) -> FitResult:
        self.trained.append(recipe)
        run.mkdir(parents=True)
        finished = recipe.width > 0
        score = recipe.width + recipe.seed / 10
        (run / "metrics.json").write_text(json.dumps({"finished": finished, "score": score}))
        return FitResult(finished, 1, {})


A, B = StudyRow("a", about={"score": 0.5}), StudyRow("b", ({"width": "2"}, {"width": "4"}))


def study(train: Trainer, rows: Mapping[StudyRow, list[Recipe]]) -> Study[Recipe]:
    def evaluate(row: StudyRow, folders: tuple[Path, ...]) -> dict[str, Any]:
        scores = [read_json(folder / "metrics.json")["score"] for folder in folders]
        return {"score": float(np.mean(scores)), "count": len(scores), "name": row.label}

    return Study(
        "which", "Which?", [column("score", "the score", drawn=True), column("count", "runs")],
        rows, train, evaluate,
        baselines=lambda outcomes: [RowOutcome("chance", ({"score": 0.25},), baseline=True)],
        finish=lambda stem, outcomes: [f"{stem.name} of {len(outcomes)}"],
        described={"corpus": "mine"},
    )  # fmt: skip


def test_a_score_that_a_seed_lacks(tmp_path: Path) -> None:
    def evaluate(row: StudyRow, folders: tuple[Path, ...]) -> dict[str, Any]:
        seed = read_json(folders[0] / "metrics.json")["score"] - 1
        return {"score": np.nan if seed == 0 else seed, "never": np.nan}

    made = replace(study(Trainer(), {A: [Recipe()]}), evaluate=evaluate)
    lines = runs.run(made, [0, 1], tmp_path)
    (row, _) = json.loads((tmp_path / "which.json").read_text(), parse_constant=pytest.fail)["rows"]
    assert [each["score"] for each in row["scores"]] == [None, pytest.approx(0.1)]
    assert lines[3].split() == ["a", "(0.500)"]
    with (tmp_path / "which.csv").open() as file:
        cells = next(csv.DictReader(file))
    assert cells["score"] == "" and "never" not in cells


def test_rows_by_seeds_into_one_table(tmp_path: Path) -> None:
    train = Trainer()
    rows = {A: [Recipe()], B: [Recipe(width=2), Recipe(width=4)]}
    lines = runs.run(study(train, rows), [0, 3], tmp_path)
    assert [(each.width, each.seed) for each in train.trained] == [
        (1, 0), (1, 3), (2, 0), (4, 0), (2, 3), (4, 3),
    ]  # fmt: skip
    assert lines == [
        "Which?",
        "",
        "                   the score   runs",
        "a       1.150 ±0.212 (0.500)  1.000",
        "b               3.150 ±0.212      2",
        "chance                 0.250",
        "",
        "which of 3",
    ]
    tree = json.loads((tmp_path / "which.json").read_text())
    table = list(csv.DictReader((tmp_path / "which.csv").read_text().splitlines()))
    assert [row["row"] for row in table] == ["a", "b", "chance"]
    assert table[0] == {
        "row": "a", "paper.score": "0.5", "seeds": "2", "name": "a", "score": "1.15",
        "score.spread": "0.212132", "score.low": "-0.755931", "score.high": "3.05593",
        "count": "1", "count.spread": "0",
        "runs": " ".join(run for (run,) in tree["rows"][0]["runs"]),
    }  # fmt: skip
    assert (table[2]["score"], table[2]["seeds"], table[2]["count"]) == ("0.25", "", "")
    assert (tree["corpus"], tree["seeds"]) == ("mine", [0, 3])
    assert [score["score"] for score in tree["rows"][1]["scores"]] == [3.0, 3.3]
    assert [len(each) for each in tree["rows"][1]["runs"]] == [2, 2]
    assert (tmp_path / "which.png").read_bytes()[:4] == b"\x89PNG"


def test_the_interval_of_a_mean_by_hand() -> None:
    # Deviation 0.1, 4.303 (two degrees of freedom) times 0.1 over the root of 3.
    low, high = tables.enclose_mean(np.array([0.4, 0.5, 0.6]))
    assert (low, high) == pytest.approx((0.5 - 0.2484, 0.5 + 0.2484), abs=1e-4)


def test_what_is_done_is_not_done_again(tmp_path: Path) -> None:
    train = Trainer()
    first = runs.run(study(train, {A: [Recipe()]}), [0], tmp_path)
    again = Trainer()
    same = study(again, {A: [Recipe(threads=3, max_minutes=1.0)]})
    assert runs.run(same, [0], tmp_path) == first
    assert not again.trained
    # Scores are kept too, unless the row is tested on something else.
    stored = next((tmp_path / "scores").iterdir())
    stored.write_text(json.dumps({"score": 9.5}))
    assert any(line.startswith("a       9.500 (0.500)") for line in runs.run(same, [0], tmp_path))
    other = replace(same, tested=lambda row: "elsewhere")
    assert runs.run(other, [0], tmp_path) == first
    # Other rows share the run.
    runs.run(study(again, {B: [Recipe(), Recipe(width=2)]}), [0], tmp_path)
    assert [each.width for each in again.trained] == [2]


def test_a_stopped_run_stops_the_study(tmp_path: Path) -> None:
    train = Trainer()
    with pytest.raises(ValueError, match="stopped; run the same command again to go on"):
        runs.run(study(train, {A: [Recipe(width=0)], B: [Recipe(width=1)]}), [0], tmp_path)
    assert len(train.trained) == 1


def test_a_run_is_named_by_all_that_its_result_depends_on(tmp_path: Path) -> None:
    weights = tmp_path / "best.pt"
    weights.write_bytes(b"one")
    recipe = Recipe(options={"width": 3}, initial=str(weights))
    here = recipes.place(recipe, tmp_path)
    assert here.name.startswith("plain-")
    assert recipes.place(replace(recipe, threads=7, workers=3), tmp_path) == here
    others = [
        recipes.place(replace(recipe, **change), tmp_path)
        for change in ({"seed": 2}, {"steps": 5}, {"options": {}}, {"initial": None})
    ]
    others.append(recipes.place(recipe, tmp_path, "weights of somebody"))
    weights.write_bytes(b"two")
    others.append(recipes.place(recipe, tmp_path))
    assert len({here, *others}) == 7
    weights.unlink()
    with pytest.raises(ValueError, match=r"initial: expected a file or a shipped model.*best\.pt"):
        recipes.place(recipe, tmp_path)


def test_a_row_comes_before_what_is_given_and_that_before_the_base() -> None:
    base = {"batch": "2", "steps": "3"}
    given = {"steps": "4", "seed": "5", "options": '{"hidden": 8, "fixed": 1}'}
    member = {"seed": "6", "options": '{"fixed": 2}'}
    made = runs.resolve_member("hits", base, given, member)
    assert (made.batch, made.steps, made.seed) == (2, 4, 6)
    assert made.options == {"hidden": 8, "fixed": 2}


def test_what_a_study_sets_is_not_given() -> None:
    rows = [StudyRow("a", ({"width": "1", "options": "{}"},)), StudyRow("b", ({"width": "2"},))]
    for given, message in (
        ({"seed": "1"}, "seed: the study sets it"),
        ({"kits": "x"}, "kits: the study sets it"),
        ({"width": "3"}, "width: each row sets it"),
    ):
        with pytest.raises(ValueError, match=message):
            runs.check(given, rows, ("kits",))
    runs.check({"options": "{}", "steps": "1"}, rows, ("kits",))
    runs.check({"width": "3"}, [*rows, StudyRow("c")])


def test_rows_are_named_by_a_question_or_by_themselves() -> None:
    questions = {"why": ("a", "c")}
    assert runs.choose("why", questions, "abc") == ("a", "c")
    assert runs.choose("b,a", questions, "abc") == ["b", "a"]
    with pytest.raises(ValueError, match="NAME: expected one of why, or rows, A,B, out of a, b, c"):
        runs.choose("why,a", questions, "abc")


def test_columns_are_aligned() -> None:
    rows = [["", "x", "yy"], ["long", "1", ""], ["b", "22", "3"]]
    assert tables.align(rows) == ["       x  yy", "long   1", "b     22   3"]
    assert tables.align(rows, left=2)[1:] == ["long  1", "b     22   3"]
