"""Comparisons of runs on clips that any network tells apart, and what guessing scores on them."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest

from bandscribe.metrics import tags
from bandscribe.studies import recognition, recognition_report
from bandscribe.studies.recognition import FIGURES, Outcome, Sources, Study
from bandscribe.studies.recognition_rows import COMPARISONS, COSTS, Comparison, Row
from bandscribe.training.recognition import recipe as recipes
from bandscribe.training.recognition.judge import judge
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
def sources(clips: Path) -> Sources:
    return Sources(*[(f"clips={clips}",)] * 3)


def test_a_study_trains_each_run_once(
    sources: Sources, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    comparison = COMPARISONS["ensemble"]
    given = {**GIVEN, "model": "features"}
    made = recognition.study("ensemble", comparison, given, sources, (0, 1), tmp_path)
    # Static and dynamic, two seeds each: nine rows of two seeds share them.
    assert len(list((tmp_path / "runs").iterdir())) == 4
    both = {outcome.label: outcome for outcome in made.outcomes}["both, S2"]
    assert [len(runs) for runs in both.runs] == [2, 2]
    expected = judge([tmp_path / "runs" / name for name in both.runs[1]], sources.test)
    assert both.figures[1]["s2"] == expected["s2"]
    assert both.values("lrap")[1] == expected["s2"]["lrap"]
    assert both.values("micro.f1", "s1_learned")[1] == expected["s1_learned"]["micro.f1"]
    assert np.isnan(both.values("lrap", "s3")).all()
    alone = made.outcomes[1]
    assert alone.label == "static, S2"
    assert alone.judged == "s2" and alone.parameters == both.parameters / 2

    # Started again, nothing is trained and nothing is judged.
    for name in ("train", "judge"):
        monkeypatch.setattr(recognition, name, None)
    assert recognition.study("ensemble", comparison, given, sources, (0, 1), tmp_path) == made


def test_baselines_are_rows_too(sources: Sources, tmp_path: Path) -> None:
    comparison = Comparison("?", {}, (Row("linear", ({"model": "linear"},)),))
    made = recognition.study("lines", comparison, GIVEN, sources, (0,), tmp_path)
    assert made.outcomes[0].parameters is None
    assert made.outcomes[0].values("lrap")[0] > 0.7
    recognition_report.write(tmp_path, made, {"fields": GIVEN})
    assert (tmp_path / "lines.png").stat().st_size > 10_000
    told = json.loads((tmp_path / "lines.json").read_text())
    assert told["rows"][0]["figures"]["s2"]["lrap"]["mean"] == pytest.approx(
        made.outcomes[0].values("lrap")[0], abs=1e-5
    )


def test_a_stopped_run_stops_the_study(sources: Sources, tmp_path: Path) -> None:
    comparison = Comparison("?", {"model": "features"}, (Row("one"),))
    given = {**GIVEN, "steps": "100000", "validate_every": "100000", "max_minutes": "0.0001"}
    with pytest.raises(ValueError, match="stopped; run the same command again"):
        recognition.study("one", comparison, given, sources, (0,), tmp_path)


def test_corpora_are_crossed(clips: Path, tmp_path: Path) -> None:
    two = Sources((f"clips={clips}", "clips=b"), (f"clips={clips}", "clips=b"), ("x", "y"))
    resolved = recognition.resolve(COMPARISONS["corpora"], {"model": "mfcc"}, two, tmp_path)
    trained = [members[0].training for members in resolved]
    assert trained == [(f"clips={clips}",), ("clips=b",), ("clips=b",), (f"clips={clips}",)]
    tested = [two.choose(row).test for row in COMPARISONS["corpora"].rows]
    assert tested == [("x",), ("x",), ("y",), ("y",)]
    with pytest.raises(ValueError, match="--training: expected two corpora"):
        recognition.resolve(COMPARISONS["corpora"], {}, Sources(("clips=a",), (), ()), tmp_path)


@pytest.mark.parametrize("name", COMPARISONS)
def test_every_comparison_is_of_different_recipes(name: str, tmp_path: Path) -> None:
    two = Sources(*[("clips=a", "clips=b")] * 3)
    resolved = recognition.resolve(COMPARISONS[name], {"steps": "3"}, two, tmp_path)
    assert all(member.steps == 3 for members in resolved for member in members)
    rows = zip(COMPARISONS[name].rows, resolved, strict=True)
    # A network and its bins go together; only an ensemble's rows differ in nothing but judging.
    keys = {
        (row.judged, row.tested, *(json.dumps(vars(m), sort_keys=True) for m in members))
        for row, members in rows
    }
    assert len(keys) == len(COMPARISONS[name].rows)


def test_options_of_the_command_line_join_those_of_the_rows(
    sources: Sources, tmp_path: Path
) -> None:
    given = {"options": '{"frames": 160}', "batch": "3"}
    resolved = recognition.resolve(COMPARISONS["coefficients"], given, sources, tmp_path)
    assert [members[0].options for members in resolved] == [
        {"frames": 160}, {"frames": 160, "resized_bins": 40},
    ]  # fmt: skip
    assert [members[0].features for members in resolved] == ["mfcc_40", "mfcc_13"]


def test_fields_that_are_not_for_the_command_line(sources: Sources, tmp_path: Path) -> None:
    windows = COMPARISONS["windows"]
    with pytest.raises(ValueError, match="window_seconds: what the rows differ in"):
        recognition.resolve(windows, {"window_seconds": "1"}, sources, tmp_path)
    with pytest.raises(ValueError, match="seed: a study sets it"):
        recognition.resolve(windows, {"seed": "1"}, sources, tmp_path)
    with pytest.raises(ValueError, match="stepz: no such field"):
        recognition.resolve(windows, {"stepz": "1"}, sources, tmp_path)


def test_networks_have_as_many_parameters_as_the_paper_says() -> None:
    for row in COSTS[:3]:
        network = recipes.build(recipes.resolve(None, dict(row.members[0])), 11)
        count = sum(weight.numel() for weight in network.parameters())
        assert count == pytest.approx(row.paper["parameters"], rel=0.01)


def test_guessing(clips: Path) -> None:
    guessed = recognition.guess([f"clips:validation={clips}"], CLASSES)
    always, everything, random = guessed.values()
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


def outcome(label: str, *scores: float) -> Outcome:
    figures = tuple({"s2": dict.fromkeys(FIGURES, score)} for score in scores)
    return Outcome(label, "s2", (("run",),) * len(scores), 1000, (1.0,) * len(scores), figures,
                   "test", {"parameters": 990.0})  # fmt: skip


def test_the_table_tells_spreads_and_who_only_guesses(tmp_path: Path) -> None:
    chance = {"test": {"always": dict.fromkeys(FIGURES, 0.3), "random": dict.fromkeys(FIGURES, 0)}}
    made = Study("x", "Why?", (0, 1, 2), (outcome("a", 0.4, 0.5, 0.9), outcome("b", 0.3)), chance)
    lines = recognition_report.tabulate(made)
    assert lines[0] == "Why?"
    cells = lines[3].split()
    assert cells[:6] == ["a", "1,000", "(990)", "1", "0.600", "±0.265"]  # of 0.4, 0.5, 0.9
    assert "Not above chance in all of macro F1, micro F1 and LRAP: b." in lines[-1]
    recognition_report.write(tmp_path, made, {"training": ["somewhere"]})
    rows = list(csv.DictReader((tmp_path / "x.csv").read_text().splitlines()))
    assert [row["row"] for row in rows] == ["a", "b", "always", "random"]
    assert float(rows[0]["macro.f1.spread"]) == pytest.approx(
        np.std([0.4, 0.5, 0.9], ddof=1), abs=1e-5
    )
    assert rows[1]["macro.f1.spread"] == "" and rows[1]["s1.macro.f1"] == ""
    told = json.loads((tmp_path / "x.json").read_text())
    assert [row["above_chance"] for row in told["rows"]] == [True, False]
    assert told["rows"][0]["figures"]["s2"]["hamming"]["seeds"] == [0.4, 0.5, 0.9]
