"""The studies of architectures and of data on corpora of a few seconds, without Ray."""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bandscribe.audio import read
from bandscribe.studies import (
    drum_architectures,
    drum_architectures_report,
    drum_chance,
    drum_corpora,
    drum_data,
    drum_data_report,
)
from bandscribe.studies.drum_corpora import Source
from bandscribe.training import search
from bandscribe.training.drums.recipe import Recipe
from bandscribe.training.drums.train import train
from bandscribe.training.search import Outcome
from bandscribe.vocabulary import DRUMS
from tiny_corpus import SECONDS, write_corpus

pytest.importorskip("torch")
GIVEN = {
    "batch": "2", "excerpt_seconds": "1.0", "validation_minutes": "0.05", "weight_excerpts": "3",
    "half": "false", "learning_rate": "0.03", "seed": "1",
}  # fmt: skip
SPACES = {
    "cnn": '{"channels": [[4]], "hidden": [4, 8], "layers": [1], "pooling": [6]}',
    "rnn": '{"hidden": [4], "layers": [1], "unit": ["gru"]}',
}


def run(trials: Mapping[Path, Recipe]) -> Sequence[Outcome]:
    """One after the other, in this process."""
    for folder, recipe in trials.items():
        if not search.is_over(search.read(folder, recipe)):
            train(recipe, folder)
    return [search.read(folder, recipe) for folder, recipe in trials.items()]


def look(trials: Mapping[Path, Recipe]) -> Sequence[Outcome]:
    """Nothing is run."""
    return [search.read(folder, recipe) for folder, recipe in trials.items()]


@pytest.fixture(scope="module")
def sources(tmp_path_factory: pytest.TempPathFactory) -> list[Source]:
    roots = [write_corpus(tmp_path_factory.mktemp(f"c{seed}"), seed=seed) for seed in (0, 1)]
    named = [f"first=egmd={roots[0]}", f"second=egmd={roots[1]}", f"last=egmd:test={roots[1]}"]
    return [Source.parse(text) for text in named]


def test_corpora_by_label(sources: list[Source]) -> None:
    assert [source.label for source in sources] == ["first", "second", "last"]
    assert [source.trainable for source in sources] == [True, True, False]
    assert Source.parse("mdb:all/remix=here").label == "mdb"
    assert Source.parse("mdb=a=b") == Source("mdb", "mdb=a=b")
    assert Source.parse("rooms=slakh=there").text == "slakh=there"
    with pytest.raises(ValueError, match="expected NAME=ROOT"):
        Source.parse("rooms=there")
    assert drum_corpora.count_classes(sources) == 5
    assert drum_corpora.count_classes([*sources, Source.parse("idmt=here")]) == 3


def test_what_corpora_hold(sources: list[Source]) -> None:
    rows = drum_corpora.describe(sources[0], 5)
    assert [row["split"] for row in rows] == ["train", "validation", "test"]
    assert [row["tracks"] for row in rows] == [2, 1, 1]
    assert rows[2]["hours"] == pytest.approx(SECONDS / 3600)
    # 22 strokes: kick, hi-hat, snare, hi-hat and so on.
    assert [rows[2][name] for name in DRUMS[5]] == [6, 5, 0, 11, 0]
    assert [rows[0][name] for name in DRUMS[5]] == [12, 10, 0, 22, 0]
    assert [row["split"] for row in drum_corpora.describe(sources[2], 5)] == ["test only"]


def test_scores_by_hand() -> None:
    # Two tracks, two classes: micro F1 of the first seed 2·6 / (2·6 + 4), of the second 1.
    one = np.array([[[2, 1, 1], [1, 0, 0]], [[2, 1, 1], [1, 0, 0]]])
    two = np.array([[[3, 0, 0], [1, 0, 0]], [[3, 0, 0], [1, 0, 0]]])
    found = drum_corpora.score([one, two], ("A", "B"))
    assert found["micro"] == pytest.approx((0.875, 0.875, 0.875, 0.75, 1.0))
    assert found["A"].mean == pytest.approx((2 / 3 + 1) / 2)
    assert (found["B"].least, found["B"].most) == (1, 1)
    apart = drum_corpora.score([np.array([[[1, 0, 0]], [[0, 1, 1]]])], ("A",))["micro"]
    assert (apart.mean, apart.low, apart.high) == (0.5, 0, 1)


def test_guesses(sources: list[Source], tmp_path: Path) -> None:
    even = drum_chance.spread({"A": 2.0, "B": 0.0}, 1.5)
    assert even["A"].tolist() == [0.25, 0.75, 1.25]
    assert len(even["B"]) == 0
    track = sources[0].test[0]
    heard = drum_chance.rises(read(track.audio, mono=True))
    # Each stroke of a corpus of strokes rises: 22 of them, 0.1 s after the beginning.
    assert len(heard) == 22
    assert heard[0] == pytest.approx(0.1, abs=0.02)
    flux = drum_chance.guess("flux", sources[0], 5, tmp_path)
    assert flux.shape == (1, 5, 3)
    assert flux[0, DRUMS[5].index("HH")].tolist() == [11, 11, 0]
    assert flux[0, 0].tolist() == [0, 0, 6]
    again = drum_chance.guess("flux", sources[0], 5, tmp_path)
    np.testing.assert_array_equal(again, flux)
    assert (drum_chance.guess("rate", sources[0], 5, tmp_path)[0, :, [1, 2]].sum(axis=0) >= 0).all()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of both studies, which share their trials."""
    return tmp_path_factory.mktemp("study")


Planned = dict[tuple[str, str], dict[Path, Recipe]]


@pytest.fixture(scope="module")
def planned(sources: list[Source], folder: Path) -> Planned:
    return drum_architectures.plan(
        sources[:1], ["cnn", "rnn"], GIVEN, path=None, spaces=SPACES, trials=2, epochs=2, seed=0,
        folder=folder,
    )  # fmt: skip


def test_which_architecture(sources: list[Source], folder: Path, planned: Planned) -> None:
    assert [len(trials) for trials in planned.values()] == [2, 1]
    rows = list(drum_architectures.study(sources[:1], planned, [1], folder, run, run))
    assert len(list((folder / "trials").iterdir())) == 3
    assert [(row.model, len(row.trials), len(row.runs)) for row in rows] == [
        ("cnn", 2, 1),
        ("rnn", 1, 1),
    ]
    tried = look(planned["first", "cnn"])
    assert rows[0].best.best == max(each.best for each in tried)
    assert rows[0].hours == pytest.approx(sum(each.minutes for each in tried) / 60)
    assert rows[0].runs == (rows[0].best,)
    counts = drum_corpora.judge(rows[0].best.run, sources[0], 5, folder)
    assert str(rows[0].figures) == str(drum_corpora.score([counts], DRUMS[5]))
    # Started again, nothing is trained, and the same comes out.
    again = list(drum_architectures.study(sources[:1], planned, [1], folder, look, look))
    assert str(again) == str(rows)  # nan, of classes that are not there, is not itself
    outcomes = [outcome for trials in planned.values() for outcome in look(trials)]
    assert drum_architectures.choose(planned) == search.choose(outcomes).recipe

    corpora, guessed = describe(sources[:1], folder)
    drum_architectures_report.write(folder, rows, corpora, guessed, DRUMS[5], "a test")
    told = (folder / "architectures.html").read_text()
    assert not re.search(r"(src|href)=.(?!data:)", told)
    assert "0.8911" in told and "0.8755" in told  # the thesis's
    best = max(row.figures["micro"].mean for row in rows)
    assert f"<b>{best:.3f}</b>" in told
    lines = list(csv.DictReader((folder / "architectures.csv").read_text().splitlines()))
    assert [line["network"] for line in lines] == ["cnn", "rnn", "guess: rate", "guess: flux"]
    assert float(lines[3]["micro_f1"]) == pytest.approx(
        guessed["flux"]["first"]["micro"].mean, abs=1e-5
    )
    assert float(lines[0]["micro_f1"]) == pytest.approx(rows[0].figures["micro"].mean, abs=1e-5)
    assert lines[0]["runs"] == rows[0].best.run.name
    assert [(line["trials"], line["trials_ended"]) for line in lines[:2]] == [
        ("2", "0"),
        ("1", "0"),
    ]
    trials = list(csv.DictReader((folder / "trials.csv").read_text().splitlines()))
    assert [line["trial"] for line in trials] == [each.run.name for each in outcomes]
    assert "guess: flux" in "\n".join(drum_architectures_report.tabulate(rows, guessed))


def describe(sources: list[Source], folder: Path) -> tuple[list[Any], Any]:
    """The corpora, and what those who guess score."""
    lines = [line for source in sources for line in drum_corpora.describe(source, 5)]
    return lines, drum_chance.judge(sources, 5, folder)


def test_training_sets(sources: list[Source], tmp_path: Path) -> None:
    assert drum_data.combine(sources, []) == [("first",), ("second",), ("first", "second")]
    assert drum_data.combine(sources, ["second+first"]) == [("second", "first")]
    for wanted in ("last", "first+third"):
        with pytest.raises(ValueError, match="train: expected some of first, second"):
            drum_data.combine(sources, [wanted])
    base = Recipe(corpora=("egmd=x",), validation_corpora=("egmd=y",))
    planned = drum_data.plan(sources, [("second", "first")], base, [1, 2], tmp_path)
    (recipes,) = planned.values()
    assert [(each.seed, each.validation_corpora) for each in recipes.values()] == [(1, ()), (2, ())]
    assert {each.corpora for each in recipes.values()} == {(sources[1].text, sources[0].text)}


def test_which_data(sources: list[Source], folder: Path, planned: Planned) -> None:
    (base,) = planned["first", "rnn"].values()
    wanted = drum_data.plan(sources, [("first",)], base, [1, 2], folder)
    before = len(list((folder / "trials").iterdir()))
    (row,) = drum_data.study(sources, wanted, folder, run)
    # That of the first seed was the other study's.
    assert len(list((folder / "trials").iterdir())) == before + 1
    assert set(row.unseen) == {"second", "last"}
    judged = [drum_corpora.judge(each.run, sources[1], 5, folder) for each in row.runs]
    assert row.unseen["second"] == drum_corpora.score(judged, DRUMS[5])["micro"]
    assert str(list(drum_data.study(sources, wanted, folder, look))) == str([row])
    assert drum_data_report.best_unseen([row], "first") is None
    assert drum_data_report.best_unseen([row], "second") is row

    corpora, guessed = describe(sources, folder)
    drum_data_report.write(folder, [row], corpora, guessed, DRUMS[5], "a test")
    told = (folder / "data.html").read_text()
    assert not re.search(r"(src|href)=.(?!data:)", told)
    # The corpus that was trained on is grey, the two others are zero-shot.
    assert (told.count("<td class=known>"), told.count("○ ")) == (1, 2)
    lines = list(csv.DictReader((folder / "data.csv").read_text().splitlines()))
    assert [line["zero_shot"] for line in lines] == ["0", "1", "1", *[""] * 6]
    assert {line["seeds"] for line in lines[:3]} == {"2"}
    assert drum_data_report.tabulate([row], guessed)[1].split()[:2] == ["first", lines_of(row)]


def lines_of(row: drum_data.Row) -> str:
    return f"{row.figures['first']['micro'].mean:.3f}"


def test_a_stopped_study_says_so(sources: list[Source], tmp_path: Path) -> None:
    base = search.resolve(None, {**GIVEN, "model": "cnn"}, [sources[0].text], epochs=2)
    planned = drum_data.plan(sources, [("first",)], base, [1], tmp_path)
    with pytest.raises(ValueError, match="stopped; run the same command again"):
        list(drum_data.study(sources, planned, tmp_path, look))
