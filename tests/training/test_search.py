"""What a search tries, where its trials lie, and what came of them; nothing is trained."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from pathlib import Path

import pytest

from bandscribe.training import recipes, search
from bandscribe.training.drums import index, precomputed, sources
from bandscribe.training.drums.recipe import Recipe
from tiny_corpus import SECONDS, write_corpus

torch = pytest.importorskip("torch")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # 2 · 4 · 3, 2 · 5 · 3, 3 · 4 · 4, 3 · 4 · 4 and 3 · 3 · 4 · 4.
        (None, {"crnn": 24, "rnn": 30, "cnn": 48, "transformer": 48, "vit": 144}),
        # 2 · 5 · 4, 3 · 5 · 4 and 3 · 4 · 5 · 4 instead.
        ("later", {"crnn": 24, "rnn": 40, "cnn": 48, "transformer": 60, "vit": 240}),
    ],
)
def test_the_spaces_of_chapter_3_and_of_the_later_state(
    text: str | None, expected: dict[str, int]
) -> None:
    sizes = {
        model: len(search.propose(search.space_of(model, text), trials=None)) for model in expected
    }
    assert sizes == expected


def test_a_draw_has_no_point_twice_and_a_longer_one_begins_with_it() -> None:
    space = {"layers": (1, 2, 3), "hidden": (4, 8)}
    grid = search.propose(space, trials=None)
    assert grid[:3] == [
        {"layers": 1, "hidden": 4}, {"layers": 1, "hidden": 8}, {"layers": 2, "hidden": 4},
    ]  # fmt: skip
    four = search.propose(space, trials=4, seed=3)
    assert [point in grid for point in four] == [True] * 4
    assert len({tuple(point.items()) for point in four}) == 4
    assert search.propose(space, trials=6, seed=3)[:4] == four
    assert search.propose(space, trials=4, seed=4) != four
    assert len(search.propose(space, trials=100)) == 6
    with pytest.raises(ValueError, match="trials: expected 1 or more, got 0"):
        search.propose(space, trials=0)


def test_a_point_is_fields_and_options() -> None:
    point = {"hidden": 8, "learning_rate": 0.01}
    made = search.apply(Recipe(options={"layers": 2}), point)
    assert made.options == {"layers": 2, "hidden": 8}
    assert made.learning_rate == 0.01
    with pytest.raises(ValueError, match="no such option 'width'"):
        search.apply(Recipe(), {"width": 8})
    assert search.space_of("crnn", '{"layers": [1]}') == {"layers": [1]}
    assert search.space_of("crnn", None) is search.SEARCH_SPACES["crnn"]
    for text in ("{", "[1]", '{"layers": 1}', '{"layers": []}'):
        with pytest.raises(ValueError, match="space: "):
            search.space_of("crnn", text)


def test_the_rules_of_the_thesis(tmp_path: Path) -> None:
    root = write_corpus(tmp_path)
    given = {"batch": "2", "excerpt_seconds": "1.0", "model": "cnn"}
    base = search.resolve(None, given, [f"egmd={root}"])
    assert (base.patience, base.plateau_patience, base.schedule) == (10, 3, "plateau")
    assert (base.watch, base.weight_exponent, base.classes) == ("loss", 1.0, 10)
    # The loss is that of onsets alone (5.2.2).
    assert (base.velocity_weight, base.beat_weight) == (0.0, 0.0)
    # Two tracks of 3 s are three batches of 2 s; a hundred epochs of them.
    assert (base.validate_every, base.steps) == (round(2 * SECONDS / 2), 300)
    assert (base.chunk_seconds, base.overlap_seconds) == (1.0, 0.25)
    other = search.resolve(
        None, {**given, "patience": "4", "validate_every": "7", "steps": "9"}, [f"egmd={root}"]
    )
    assert (other.patience, other.validate_every, other.steps) == (4, 7, 9)
    five = search.resolve(None, given, [f"egmd={root}"], epochs=5)
    assert five.steps == 15
    said = tmp_path / "recipe.json"
    said.write_text(json.dumps({"patience": 6, "chunk_seconds": 2.0, "overlap_seconds": 0.0}))
    read = search.resolve(said, given, [f"egmd={root}"])
    assert (read.patience, read.chunk_seconds, read.plateau_patience) == (6, 2.0, 3)


def test_a_cache_is_filled_before_any_trial(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root, kept = write_corpus(tmp_path / "corpus"), tmp_path / "kept"
    given = {"cache": str(kept), "precompute": "true", "excerpt_seconds": "1.0"}
    monkeypatch.setattr(search, "cores", lambda: 0)
    recipe = search.resolve(None, given, [f"egmd={root}"])
    assert recipe.workers == 0  # of a trial
    suffixes = sorted(path.name.partition("-")[0] + path.suffix for path in kept.iterdir())
    assert suffixes == ["notes.npz", "notes.npz", "spectrograms.json", "spectrograms.npy"]
    monkeypatch.setattr(index, "parse", None)
    monkeypatch.setattr(precomputed, "_write", None)
    training, _ = sources.load(recipe)
    assert isinstance(training, precomputed.PrecomputedTracks)


def test_a_folder_tells_recipes_apart_but_not_machines(tmp_path: Path) -> None:
    base = Recipe(options={"hidden": 8})
    here = recipes.place(base, tmp_path)
    assert here.name.startswith("crnn-")
    assert recipes.place(replace(base, threads=7, max_minutes=3), tmp_path) == here
    for other in (replace(base, seed=2), replace(base, steps=5), replace(base, options={})):
        assert recipes.place(other, tmp_path) != here


def _write(run: Path, scores: list[float], **metrics: object) -> None:
    run.mkdir()
    lines = ["step,minutes,micro_f1", *(f"{i},{i / 2},{f1}" for i, f1 in enumerate(scores, 1))]
    (run / "history.csv").write_text("\n".join(lines) + "\n")
    if metrics:
        (run / "metrics.json").write_text(json.dumps(metrics))


def test_what_came_of_trials(tmp_path: Path) -> None:
    _write(tmp_path / "a", [0.1, 0.5, 0.4], finished=True)
    _write(tmp_path / "b", [0.2], finished=False)
    _write(tmp_path / "c", [0.2, 0.5])
    (tmp_path / "c" / search.STOPPED).write_text("{}")
    small = Recipe(options={"hidden": 4, "layers": 1, "channels": [4], "pooling": [6]})
    outcomes = [search.read(tmp_path / name, small) for name in ("a", "b", "c", "d")]
    assert [each.state for each in outcomes] == ["finished", "begun", "stopped", "new"]
    assert [each.epochs for each in outcomes] == [3, 1, 2, 0]
    assert [search.is_over(each) for each in outcomes] == [True, False, True, False]
    assert (outcomes[0].best, outcomes[0].minutes) == (0.5, 1.5)
    best = search.write(tmp_path, outcomes)
    assert best.run.name == "a"  # the first of equals
    rows = list(csv.DictReader((tmp_path / "trials.csv").read_text().splitlines()))
    assert [row["trial"] for row in rows] == ["a", "c", "b", "d"]
    network = sum(weight.numel() for weight in search.drums.build(small).parameters())
    assert {int(row["parameters"]) for row in rows} == {network}
    assert json.loads((tmp_path / "best.json").read_text())["options"]["hidden"] == 4
    assert search.tabulate(outcomes)[1].split()[:3] == ["a", "finished", "3"]
    with pytest.raises(ValueError, match="none has come to its first validation"):
        search.choose(outcomes[3:])


def test_a_best_recipe_of_ten_classes_serves_corpora_of_five(tmp_path: Path) -> None:
    best = tmp_path / "best.json"
    best.write_text(recipes.to_json(Recipe(corpora=(f"egmd={tmp_path}",), classes=10)))
    given = {"validate_every": "10", "model": "crnn"}
    for corpora, classes in (
        (["egmd=a", "enst_mdb=b"], 5),
        (["egmd=a"], 10),
        (["idmt:all=c", "egmd=a"], 3),
    ):
        assert search.resolve(best, given, corpora).classes == classes
    assert search.resolve(best, {**given, "classes": "3"}, ["egmd=a"]).classes == 3
