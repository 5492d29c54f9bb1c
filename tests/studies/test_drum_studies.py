"""The studies of architectures and of data on corpora of a few seconds, without Ray."""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bandscribe.audio import read
from bandscribe.readers import read_json
from bandscribe.studies import drum_architectures, drum_chance, drum_corpora, drum_data
from bandscribe.studies.drum_corpora import StudyCorpus
from bandscribe.studies.runs import TrainingJob, in_turn
from bandscribe.training import search
from bandscribe.training.drums.recipe import Recipe
from bandscribe.training.drums.train import train
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


train_all = in_turn(train)


def look(jobs: Sequence[TrainingJob[Recipe]]) -> None:
    """Nothing is run."""


@pytest.fixture(scope="module")
def sources(tmp_path_factory: pytest.TempPathFactory) -> list[StudyCorpus]:
    roots = [write_corpus(tmp_path_factory.mktemp(f"c{seed}"), seed=seed) for seed in (0, 1)]
    named = [f"first=egmd={roots[0]}", f"second=egmd={roots[1]}", f"last=egmd:test={roots[1]}"]
    return [StudyCorpus.parse(text) for text in named]


def test_corpora_by_label(sources: list[StudyCorpus]) -> None:
    assert [source.label for source in sources] == ["first", "second", "last"]
    assert [source.trainable for source in sources] == [True, True, False]
    assert StudyCorpus.parse("mdb:all/remix=here").label == "mdb"
    assert StudyCorpus.parse("mdb=a=b") == StudyCorpus("mdb", "mdb=a=b")
    assert StudyCorpus.parse("rooms=slakh=there").text == "slakh=there"
    with pytest.raises(ValueError, match="expected NAME=ROOT"):
        StudyCorpus.parse("rooms=there")
    assert drum_corpora.count_classes(sources) == 5
    assert drum_corpora.count_classes([*sources, StudyCorpus.parse("idmt=here")]) == 3


def test_what_corpora_hold(sources: list[StudyCorpus]) -> None:
    rows, problems = drum_corpora.describe(sources[:1], 5)
    assert not problems
    assert [row["split"] for row in rows] == ["train", "validation", "test"]
    assert [row["tracks"] for row in rows] == [2, 1, 1]
    assert rows[2]["hours"] == pytest.approx(SECONDS / 3600)
    # 22 strokes: kick, hi-hat, snare, hi-hat and so on.
    assert [rows[2][name] for name in DRUMS[5]] == [6, 5, 0, 11, 0]
    assert [rows[0][name] for name in DRUMS[5]] == [12, 10, 0, 22, 0]
    rows, _ = drum_corpora.describe(sources[1:], 5)
    assert [row["split"] for row in rows][-1] == "test only"


def counts(*tracks: list[list[int]]) -> dict[str, np.ndarray]:
    return {str(i): np.array(track) for i, track in enumerate(tracks)}


def test_scores_by_hand() -> None:
    # Two tracks, two classes: micro F1 of the first seed 2·6 / (2·6 + 4), of the second 1.
    one = counts([[2, 1, 1], [1, 0, 0]], [[2, 1, 1], [1, 0, 0]])
    two = counts([[3, 0, 0], [1, 0, 0]], [[3, 0, 0], [1, 0, 0]])
    found = drum_corpora.score([one, two], ("A", "B"))
    assert found["micro"] == pytest.approx((0.875, 0.875, 0.875, 0.75, 1.0))
    assert found["A"].mean == pytest.approx((2 / 3 + 1) / 2)
    assert (found["B"].least, found["B"].most) == (1, 1)
    apart = drum_corpora.score([counts([[1, 0, 0]], [[0, 1, 1]])], ("A",))["micro"]
    assert (apart.mean, apart.low, apart.high) == (0.5, 0, 1)
    # A track that one seed was not evaluated on counts for none.
    both = drum_corpora.score([one, {"1": two["1"]}], ("A", "B"))
    assert both == drum_corpora.score([{"1": one["1"]}, {"1": two["1"]}], ("A", "B"))
    with pytest.raises(ValueError, match="at least one that can be evaluated"):
        drum_corpora.score([one, {}], ("A", "B"))


def test_chance(sources: list[StudyCorpus], tmp_path: Path) -> None:
    even = drum_chance.spread({"A": 2.0, "B": 0.0}, 1.5)
    assert even["A"].tolist() == [0.25, 0.75, 1.25]
    assert len(even["B"]) == 0
    track = sources[0].test[0]
    rises = drum_chance.rises(read(track.audio, mono=True))
    # Each stroke of a corpus of strokes rises: 22 of them, 0.1 s after the beginning.
    assert len(rises) == 22
    assert rises[0] == pytest.approx(0.1, abs=0.02)
    problems: list[str] = []
    flux = drum_chance.evaluate("flux", sources[0], 5, tmp_path, problems)
    assert list(flux) == [track.id]
    assert flux[track.id][DRUMS[5].index("HH")].tolist() == [11, 11, 0]
    assert flux[track.id][0].tolist() == [0, 0, 6]
    again = drum_chance.evaluate("flux", sources[0], 5, tmp_path, problems)
    np.testing.assert_array_equal(again[track.id], flux[track.id])
    rate = drum_chance.evaluate("rate", sources[0], 5, tmp_path, problems)[track.id]
    assert rate.sum() > 0 and not problems


def test_a_recording_that_cannot_be_read_is_named_and_left_out(tmp_path: Path) -> None:
    root = write_corpus(tmp_path / "c", seed=3)
    (source,) = [StudyCorpus.parse(f"egmd:all={root}")]
    broken = sorted(root.rglob("*.wav"))[1]
    broken.write_bytes(b"no sound")
    rows, problems = drum_corpora.describe([source], 5)
    assert [row["tracks"] for row in rows] == [3]
    assert len(problems) == 1 and str(broken) in problems[0]
    found: list[str] = []
    assert len(drum_chance.evaluate("flux", source, 5, tmp_path, found)) == 3
    assert len(found) == 1 and broken.name in found[0]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of both studies, which share their trials."""
    return tmp_path_factory.mktemp("study")


@pytest.fixture(scope="module")
def planned(sources: list[StudyCorpus], folder: Path) -> drum_architectures.Planned:
    return drum_architectures.plan(
        sources[:1], ["cnn", "rnn"], GIVEN, path=None, spaces=SPACES, trials=2, epochs=2, seed=0,
        folder=folder,
    )  # fmt: skip


def read_table(path: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(path.read_text().splitlines()))


def test_which_architecture(
    sources: list[StudyCorpus], folder: Path, planned: drum_architectures.Planned
) -> None:
    assert [len(jobs) for jobs in planned.values()] == [2, 1]
    problems: list[str] = []
    given = (sources[:1], planned, [1], folder)
    rows = list(drum_architectures.study(*given, train_all, train_all, problems))
    assert len(list((folder / "trials").iterdir())) == 3
    assert [(row.model, len(row.trials), len(row.runs)) for row in rows] == [
        ("cnn", 2, 1),
        ("rnn", 1, 1),
    ]
    outcomes = [search.read(job.run, job.recipe) for jobs in planned.values() for job in jobs]
    assert rows[0].best.best == max(each.best for each in outcomes[:2])
    assert rows[0].runs == (rows[0].best.run,)
    found = drum_corpora.evaluate(rows[0].best.run, sources[0], 5, folder, problems)
    assert str(rows[0].figures) == str(drum_corpora.score([found], DRUMS[5]))
    # Started again, nothing is trained, and the same comes out.
    again = list(drum_architectures.study(*given, look, look, problems))
    assert str(again) == str(rows)  # nan, of classes that are not there, is not itself
    assert drum_architectures.choose(planned) == search.choose(outcomes).recipe
    assert not problems

    corpora, chance = describe(sources[:1], folder)
    report = drum_architectures.report(rows, corpora, chance, DRUMS[5], "a test")
    report.write(folder)
    text = (folder / "architectures.html").read_text()
    assert not re.search(r"(src|href)=.(?!data:)", text)
    assert "0.8911" in text and "0.8755" in text  # the thesis's
    learned = read_json(rows[0].runs[0] / "metrics.json")["thresholds"]["5"]
    assert f"{DRUMS[5][0]} {learned[DRUMS[5][0]]:.2f}, {DRUMS[5][1]} " in text
    best = max(row.figures["micro"].mean for row in rows)
    assert f"<b>{best:.3f}</b>" in text
    lines = read_table(folder / "architectures.csv")
    assert [line["row"] for line in lines] == [
        "Recurrent", "Convolutional", "chance: rate", "chance: flux",
    ]  # fmt: skip
    assert [line["network"] for line in lines] == ["rnn", "cnn", "", ""]
    flux = chance["flux"]["first"]["micro"].mean
    assert float(lines[3]["micro_f1"]) == pytest.approx(flux, abs=1e-5)
    assert float(lines[1]["micro_f1"]) == pytest.approx(rows[0].figures["micro"].mean, abs=1e-5)
    hours = sum(each.minutes for each in rows[0].trials) / 60
    assert float(lines[1]["hours"]) == pytest.approx(hours, rel=1e-5)
    assert lines[1]["runs"] == rows[0].best.run.name
    assert [(line["trials"], line["trials_ended"]) for line in lines[:2]] == [
        ("1", "0"),
        ("2", "0"),
    ]
    assert "chance: flux" in "\n".join(report.grid.tabulate())


def describe(sources: list[StudyCorpus], folder: Path) -> tuple[list[Any], Any]:
    """The corpora, and what chance scores."""
    lines, _ = drum_corpora.describe(sources, 5)
    return lines, drum_chance.evaluate_all(sources, 5, folder, [])


def test_training_sets(sources: list[StudyCorpus]) -> None:
    assert drum_data.combine(sources, []) == ["first", "second", "first+second"]
    assert drum_data.combine(sources, ["second+first"]) == ["second+first"]
    for named in ("last", "first+third"):
        with pytest.raises(ValueError, match="train: expected some of first, second"):
            drum_data.combine(sources, [named])
    base = Recipe(corpora=("egmd=x",), validation_corpora=("egmd=y",))
    (recipe,) = drum_data.plan(sources, ["second+first"], base).values()
    assert recipe.corpora == (sources[1].text, sources[0].text)
    assert recipe.validation_corpora == ()
    assert recipe.classes == 10
    # A recipe found on a corpus of ten classes is trained on five where others have no more.
    three = [*sources, StudyCorpus.parse("enst_mdb=there"), StudyCorpus.parse("mdb=here")]
    both = drum_data.plan(three, ["first", "first+enst_mdb+mdb"], base)
    assert [recipe.classes for recipe in both.values()] == [5, 5]


def test_which_data(
    sources: list[StudyCorpus], folder: Path, planned: drum_architectures.Planned
) -> None:
    (base,) = (job.recipe for job in planned["first", "rnn"])
    sets = drum_data.plan(sources, ["first"], base)
    before = len(list((folder / "trials").iterdir()))
    problems: list[str] = []
    (row,) = drum_data.study(sources, sets, [1, 2], folder, train_all, problems)
    # That of the first seed was the other study's.
    assert len(list((folder / "trials").iterdir())) == before + 1
    found = [drum_corpora.evaluate(run, sources[1], 5, folder, problems) for run in row.runs]
    assert row.figures["second"]["micro"] == drum_corpora.score(found, DRUMS[5])["micro"]
    assert str(list(drum_data.study(sources, sets, [1, 2], folder, look, problems))) == str([row])

    corpora, chance = describe(sources, folder)
    report = drum_data.report([row], corpora, chance, DRUMS[5], "a test")
    assert [report.grid.best(test) for test in report.grid.tests] == [None, "first", "first"]
    report.write(folder)
    text = (folder / "data.html").read_text()
    assert not re.search(r"(src|href)=.(?!data:)", text)
    # The corpus that was trained on is grey, the two others are zero-shot.
    assert (text.count("<td class=known>"), text.count("○ ")) == (1, 2)
    lines = read_table(folder / "data.csv")
    assert [line["zero_shot"] for line in lines] == ["0", "1", "1", *[""] * 6]
    assert {line["seeds"] for line in lines[:3]} == {"2"}
    assert lines[0]["thresholds"] == drum_corpora.show_thresholds(row.runs[0], 5)
    score = f"{row.figures['first']['micro'].mean:.3f}"
    assert report.grid.tabulate()[1].split()[:3] == ["first", score, "○"]
    # What the corpora of both studies hold lies in both files.
    if (folder / "architectures_corpora.csv").is_file():
        assert len(read_table(folder / "architectures_corpora.csv")) == 3
    assert len(read_table(folder / "data_corpora.csv")) == 7


def test_a_stopped_study_says_so(sources: list[StudyCorpus], tmp_path: Path) -> None:
    base = search.resolve(None, {**GIVEN, "model": "cnn"}, [sources[0].text], epochs=2)
    sets = drum_data.plan(sources, ["first"], base)
    with pytest.raises(ValueError, match="stopped; run the same command again"):
        list(drum_data.study(sources, sets, [1], tmp_path, look, []))
