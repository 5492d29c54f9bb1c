"""Comparisons of runs on clips that any network tells apart, and what guessing scores on them."""

import csv
import json
from pathlib import Path

import pytest

from bandscribe.metrics import tags
from bandscribe.studies import recognition
from bandscribe.studies.recognition import FIGURES, StudyCorpora
from bandscribe.studies.recognition_rows import COMPARISONS, COSTS, RecognitionRow, RowComparison
from bandscribe.studies.runs import RowOutcome, run
from bandscribe.training import task
from bandscribe.training.recipes import place
from bandscribe.training.recognition import pretrained
from bandscribe.training.recognition import recipe as recipes
from bandscribe.training.recognition.ensemble import evaluate
from tiny_clips import CLASSES, LABELS, write_clips

torch = pytest.importorskip("torch")
GIVEN = {
    "classes": ",".join(CLASSES), "window_seconds": "0.5", "augment": "false", "batch": "6",
    "steps": "12", "workers": "0", "threads": "1", "maximum": "3",
}  # fmt: skip


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_clips(tmp_path_factory.mktemp("clips"))


@pytest.fixture
def sources(clips: Path) -> StudyCorpora:
    return StudyCorpora(*[(f"clips={clips}",)] * 3)


def scores_of(folder: Path, name: str) -> dict[str, list[dict[str, float]]]:
    """What each seed scores, by row."""
    rows = json.loads((folder / f"{name}.json").read_text())["rows"]
    return {row["label"]: row["scores"] for row in rows}


def test_a_study_trains_each_run_once(
    sources: StudyCorpora, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = {**GIVEN, "model": "features"}
    lines = run(recognition.plan("ensemble", given, sources, tmp_path), [0, 1], tmp_path)
    # Three ways to sample, two seeds each: fifteen rows of two seeds share them.
    assert len(list((tmp_path / "runs").iterdir())) == 6
    assert (tmp_path / "ensemble_losses.png").stat().st_size > 5_000
    rows = json.loads((tmp_path / "ensemble.json").read_text())["rows"]
    found = {row["label"]: row for row in rows}
    assert {each["origin"] for row in rows if not row["baseline"] for each in row["scores"]} == {
        "random weights"
    }
    both = found["static and true dynamic, S2"]
    assert [len(names) for names in both["runs"]] == [2, 2]
    expected = evaluate([tmp_path / "runs" / name for name in both["runs"][1]], sources.test)
    second = both["scores"][1]
    assert second["lrap"] == second["s2.lrap"] == expected["s2"]["lrap"]
    assert second["s1_learned.micro.f1"] == expected["s1_learned"]["micro.f1"]
    learned = found["static and true dynamic, S1, learned thresholds"]["scores"][1]
    assert learned["micro.f1"] == expected["s1_learned"]["micro.f1"]
    alone = found["static, S2"]["scores"][0]
    assert alone["parameters"] == second["parameters"] / 2
    assert found["static and true dynamic, S2"]["scores"][0]["seconds"] > alone["seconds"]

    # Started again, nothing is trained and nothing is evaluated.
    for name in ("train", "evaluate"):
        monkeypatch.setattr(recognition, name, None)
    again = recognition.plan("ensemble", given, sources, tmp_path)
    assert run(again, [0, 1], tmp_path) == lines


def test_precision_and_recall_have_panels() -> None:
    plotted = [each.score for each in recognition.COLUMNS if each.panel]
    assert {"macro.precision", "macro.recall", "macro.f1", "hamming", "exact_match"} <= {*plotted}


def test_baselines_are_rows_too(
    sources: StudyCorpora, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = (RecognitionRow("linear", ({"model": "linear"},)),)
    monkeypatch.setitem(COMPARISONS, "lines", RowComparison("Why?", {}, rows))
    lines = run(recognition.plan("lines", GIVEN, sources, tmp_path), [0], tmp_path)
    assert lines[0] == "Why?" and "thresh" in lines[-2]
    (scores,) = scores_of(tmp_path, "lines")["linear"]
    assert scores["parameters"] is None
    assert scores["lrap"] > 0.7
    assert (tmp_path / "lines.png").stat().st_size > 10_000
    table = list(csv.DictReader((tmp_path / "lines.csv").read_text().splitlines()))
    assert float(table[0]["lrap"]) == pytest.approx(scores["lrap"], rel=1e-5)


def planned(
    name: str, given: dict[str, str], sources: StudyCorpora, folder: Path
) -> list[list[recipes.Recipe]]:
    return [list(each) for each in recognition.plan(name, given, sources, folder).rows.values()]


def test_corpora_are_crossed(clips: Path, tmp_path: Path) -> None:
    two = StudyCorpora((f"clips={clips}", "clips=b"), (f"clips={clips}", "clips=b"), ("x", "y"))
    study = recognition.plan("corpora", {"model": "mfcc"}, two, tmp_path)
    trained = [members[0].corpora for members in study.rows.values()]
    assert trained == [(f"clips={clips}",), ("clips=b",), ("clips=b",), (f"clips={clips}",)]
    assert [study.tested(row)[0] for row in study.rows] == [("x",), ("x",), ("y",), ("y",)]
    with pytest.raises(ValueError, match="--corpora: expected two corpora"):
        recognition.plan("corpora", {}, StudyCorpora(("clips=a",), (), ()), tmp_path)


@pytest.mark.parametrize("name", COMPARISONS)
def test_every_comparison_is_of_different_recipes(name: str, tmp_path: Path) -> None:
    two = StudyCorpora(*[("clips=a", "clips=b")] * 3)
    resolved = planned(name, {"steps": "3"}, two, tmp_path)
    assert all(member.steps == 3 for members in resolved for member in members)
    rows = zip(COMPARISONS[name].rows, resolved, strict=True)
    # A network and its bins go together; only an ensemble's rows differ in nothing but deciding.
    keys = {
        (row.decided, row.tested, *(json.dumps(vars(m), sort_keys=True) for m in members))
        for row, members in rows
    }
    assert len(keys) == len(COMPARISONS[name].rows)


def test_chapter_5_is_compared_whole(tmp_path: Path) -> None:
    """Sections 5.2 to 5.8, in the rows that their figures have."""
    two = StudyCorpora(*[("clips=a", "clips=b")] * 3)
    resolved = {
        name: planned(name, {"steps": "3"}, two, tmp_path)
        for name in ("windows", "networks", "sampling", "corpora", "transformer", "finalists",
                     "ensemble")
    }  # fmt: skip
    seconds = [each.window_seconds for (each,) in resolved["windows"]]
    assert seconds == [1, 2, 3, 4, 5]
    found = {
        name: [{(each.model, each.sampling) for each in members} for members in rows]
        for name, rows in resolved.items()
    }
    kinds = {"static", "true_dynamic", "base_persistent"}
    assert {kind for row in found["sampling"] for _, kind in row} == kinds
    assert {kind for row in found["ensemble"] for _, kind in row} == kinds
    assert {model for row in found["networks"] for model, _ in row} >= {"audio", "mfcc", "features"}
    assert [model for row in found["transformer"] for model, _ in row] == ["resnet50", "ast"]
    assert len(found["finalists"]) == 3


def test_options_of_the_command_line_join_those_of_the_rows(
    sources: StudyCorpora, tmp_path: Path
) -> None:
    given = {"options": '{"frames": 160}', "batch": "3"}
    resolved = planned("coefficients", given, sources, tmp_path)
    assert [members[0].options for members in resolved] == [
        {"frames": 160}, {"frames": 160, "resized_bins": 40},
    ]  # fmt: skip
    assert [members[0].features for members in resolved] == ["mfcc_40", "mfcc_13"]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"window_seconds": "1"}, "window_seconds: each row sets it"),
        ({"corpora": "x"}, "corpora: the study sets it"),
        ({"stepz": "1"}, "stepz: no such field"),
    ],
)
def test_fields_that_are_not_for_the_command_line(
    sources: StudyCorpora, tmp_path: Path, given: dict[str, str], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        recognition.plan("windows", given, sources, tmp_path)


def test_weights_name_the_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A study that is run again with published weights does not take runs without them."""
    monkeypatch.setattr(pretrained, "find_cached", lambda name: "cache/resnet-50")
    pretrained.trace.cache_clear()
    recipe, random = (
        task.resolve("recognition", None, {"model": "resnet50", **given})
        for given in ({}, {"pretrained": "no"})
    )
    assert recipes.trace_weights(recipe) == "microsoft/resnet-50"
    assert recipes.trace_weights(random) == ""
    origin = recipes.trace_weights(recipe)
    assert place(recipe, tmp_path, origin) != place(random, tmp_path)
    pretrained.trace.cache_clear()
    assert recipes.trace_weights(task.resolve("recognition", None, {"model": "mfcc"})) == ""
    (tmp_path / "model.safetensors").write_bytes(b"one")
    first = pretrained.trace(str(tmp_path), "somebody")
    pretrained.trace.cache_clear()
    (tmp_path / "model.safetensors").write_bytes(b"two")
    assert pretrained.trace(str(tmp_path), "somebody") != first


def test_networks_have_as_many_parameters_as_the_paper_says() -> None:
    for row in COSTS[:3]:
        network = recipes.build(task.resolve("recognition", None, dict(row.members[0])), 11)
        count = sum(weight.numel() for weight in network.parameters())
        assert count == pytest.approx(row.about["parameters"], rel=0.01)


def test_chance(clips: Path) -> None:
    outcomes = recognition.score_chance([f"clips:validation={clips}"], CLASSES, ", first")
    assert [each.label for each in outcomes] == [
        f"chance: {how}, first"
        for how in ("always the most frequent", "always all", "at random by frequency")
    ]
    always, everything, random = (each.scores[0] for each in outcomes)
    # Each class is in three of six clips: the first of them is the most frequent.
    present = tags.indicate(LABELS["validation"], CLASSES)
    assert present.sum(axis=0).tolist() == [3, 3, 3]
    assert always["macro.precision"] == pytest.approx(0.5 / 3)
    assert always["macro.recall"] == pytest.approx(1 / 3)
    assert always["micro.f1"] == pytest.approx(2 * 3 / (6 + 9))
    assert always["hamming"] == pytest.approx((3 + 2 * 3) / 18)
    assert always["exact_match"] == pytest.approx(1 / 6)
    # Of 18 decisions the 9 that apply are right; one rank is shared by all.
    assert everything["macro.f1"] == pytest.approx(2 * 0.5 / 1.5)
    assert everything["lrap"] == pytest.approx((3 * 1 / 3 + 3 * 2 / 3) / 6)
    # Saying each at random in half of the clips is right half of the time.
    assert random["hamming"] == pytest.approx(0.5, abs=0.1)
    assert random["micro.f1"] == pytest.approx(0.5, abs=0.1)
    assert set(always) == set(everything) == set(random) == set(FIGURES)


def outcome(label: str, *scores: float, **about: float) -> RowOutcome:
    return RowOutcome(label, tuple(dict.fromkeys(FIGURES, score) for score in scores), about=about)


def test_remarks_tell_how_it_was_decided_and_who_is_at_chance() -> None:
    made = [outcome("a", 0.4, 0.5, 0.9, parameters=990.0), outcome("b", 0.3)]
    chance = [outcome("always", 0.3), outcome("random", 0.0)]
    assert [recognition.beats_chance(each, chance) for each in made] == [True, False]
    lines = recognition.remark(made, ["b"], {"s2"})
    assert lines == [
        "Precision and recall are macro means; S2, threshold 0.5; mean ± deviation over 3 seeds; "
        "seconds of training.",
        "In brackets what the paper's text gives.",
        "Not above chance in all of macro F1, micro F1 and LRAP: b.",
    ]
    lines = recognition.remark(made[1:], [], {"s2", "s1_learned"})
    assert "thresholds as the rows say, else 0.5; one seed" in lines[0]
    assert lines[1] == "Every row is above chance in macro F1, micro F1 and LRAP."
