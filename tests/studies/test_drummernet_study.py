"""The ablations of DrummerNet, with sizes that train in a moment."""

import csv
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile

from bandscribe import drums
from bandscribe.cli import main
from bandscribe.evaluation import drums as evaluation
from bandscribe.evaluation.drum_metrics import stack
from bandscribe.evaluation.drum_systems import DrumNetwork
from bandscribe.metrics import counts, onsets
from bandscribe.studies import drum_tests, drummernet, runs
from bandscribe.studies import drummernet_baselines as baselines
from bandscribe.studies.drum_corpora import StudyCorpus
from bandscribe.training.drummernet import recipe as recipes
from bandscribe.training.drummernet.network import COMPONENTS
from bandscribe.training.recipes import read
from bandscribe.vocabulary import DRUMS_3, reduce
from tiny_corpus import write_corpus

RATE = 16000
SMALL = {
    "kits": "tones", "audio": "sound", "first": "2", "channels": "2", "batch": "1",
    "excerpt_seconds": "0.288", "chunk_seconds": "1.024", "overlap_seconds": "0.256",
    "validation_minutes": "0.05", "steps": "1", "validate_every": "1", "workers": "0",
    "threads": "1",
}  # fmt: skip


def test_every_row_is_a_recipe_of_its_own(tmp_path: Path) -> None:
    study = drummernet.plan("all", SMALL)
    made = {row.label: recipe for row, (recipe,) in study.rows.items()}
    assert list(made) == ["DFL", "SOFT", "MEL", "STFT", "NOE", "CONV", "shaped", "cyclic"]
    assert {made[label].memory for label in made if label != "CONV"} == {"gru"}
    assert (made["SOFT"].sparsity, made["MEL"].spectrum) == ("softmax", "mel")
    assert (made["STFT"].spectrum, made["NOE"].enhanced) == ("stft", False)
    assert made["shaped"].shaped and made["cyclic"].cycle == 0.1
    path = tmp_path / "recipe.json"
    path.write_text(json.dumps({"memory": "conv", "batch": 7}))
    rows = drummernet.plan("memory", SMALL, path).rows
    assert [row.label for row in rows] == ["DFL", "CONV"]
    assert [(each.memory, each.batch) for (each,) in rows.values()] == [("gru", 1), ("conv", 1)]
    # Section 4.1: batches of 16, 6,000,000 items.
    assert (recipes.Recipe().batch, recipes.Recipe().steps) == (16, 375_000)
    with pytest.raises(ValueError, match=r"NAME: expected one of sparsity, .* out of DFL"):
        drummernet.plan("NONE", SMALL)


@pytest.fixture
def sounds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with what `SMALL` names, in which the test runs."""
    rng = np.random.default_rng(0)
    (tmp_path / "sound").mkdir()
    beats = np.exp(-(np.arange(2 * RATE) % 4000) / 500)
    soundfile.write(tmp_path / "sound" / "a.wav", 0.3 * beats * rng.standard_normal(2 * RATE), RATE)
    tones = rng.standard_normal((1, len(COMPONENTS), RATE // 10)).astype(np.float32)
    monkeypatch.setattr(recipes.kits, "load", lambda kit: kit)
    monkeypatch.setattr(recipes, "draw_waveforms", lambda kits, rng, variants: tones)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_rows_are_trained_and_evaluated(sounds: Path) -> None:
    tmp_path = sounds
    lines = runs.run(drummernet.plan("DFL,NOE", SMALL), [1, 2], tmp_path)
    rows = list(csv.DictReader((tmp_path / "DFL,NOE.csv").read_text().splitlines()))
    assert [row["row"] for row in rows] == ["DFL", "NOE"]
    tree = json.loads((tmp_path / "DFL,NOE.json").read_text())
    for row, told in zip(rows, tree["rows"], strict=True):
        folders = [tmp_path / "runs" / name for (name,) in told["runs"]]
        best = [json.loads((run / "metrics.json").read_text())["best"] for run in folders]
        losses = [each["validation_loss"] for each in best]
        assert float(row["validation_loss"]) == pytest.approx(np.mean(losses), rel=1e-5)
        assert [each["validation_loss"] for each in told["scores"]] == losses
        assert losses[0] != losses[1]
        assert float(row["cpu_minutes"]) > 0
        model = recipes.build(read(folders[0], recipes.Recipe))
        assert int(row["weights"]) == sum(weight.numel() for weight in model.parameters())
    assert lines[3].startswith("DFL") and lines[4].startswith("NOE")
    assert len(list((tmp_path / "runs").iterdir())) == 4


def test_rows_are_tested_on_corpora_over_their_training(sounds: Path) -> None:
    tests = [
        StudyCorpus.parse(f"{label}=egmd:{split}={write_corpus(sounds / label, seed=seed)}")
        for seed, (label, split) in enumerate((("one", "test"), ("two", "validation")))
    ]
    given = {**SMALL, "steps": "2", "batch": "3", "trail": "true"}
    lines = runs.run(drummernet.plan("CONV,cyclic", given, None, tests), [1], sounds)
    rows = list(csv.DictReader((sounds / "CONV,cyclic.csv").read_text().splitlines()))
    (run,) = [sounds / "runs" / name for name in rows[1]["runs"].split()]
    model = drum_tests.RunModel.load(run)
    figures = {}
    for picking, card in model.cards.items():
        for test in tests:
            estimates = [
                drums.transcribe(track.audio, model=replace(model, card=card), classes=3)
                for track in test.test
            ]
            references = [reduce(track.load(), 3) for track in test.test]
            found = onsets.score(references, estimates, DRUMS_3).per_class
            figures[f"{picking}{test.label}"] = np.mean([found[name].f1 for name in DRUMS_3])
        both = [figures[f"{picking}{test.label}"] for test in tests]
        assert float(rows[1][f"{picking}f1"]) == pytest.approx(np.nanmean(both), abs=1e-6)
    trail = list(csv.DictReader((sounds / "CONV,cyclic_trail.csv").read_text().splitlines()))
    assert [(row["row"], row["step"], row["items"]) for row in trail] == [
        ("CONV", "1", "3"), ("CONV", "2", "6"), ("cyclic", "1", "3"), ("cyclic", "2", "6"),
    ]  # fmt: skip
    best = json.loads((run / "metrics.json").read_text())["best"]["step"]
    at_best = trail[1 + int(best)]
    assert [at_best[f"{name}f1"] for name in model.cards] == [
        rows[1][f"{name}f1"] for name in model.cards
    ]
    assert "CONV,cyclic_trail.png" in lines[-1] and (sounds / "CONV,cyclic_trail.png").is_file()


def test_figures_are_those_of_the_evaluation(tmp_path: Path) -> None:
    test = StudyCorpus.parse(f"egmd={write_corpus(tmp_path)}")
    model = drums.load("nmfd")
    found = drum_tests.score(model, {"": model.card}, [test])
    options = evaluation.ScoringOptions((3,), (), onsets.TOLERANCE)
    scores = evaluation.evaluate(test.test, DrumNetwork.load("nmfd", (3,)), options).scores
    expected = counts.figures(stack(scores, 3), DRUMS_3)
    for name in DRUMS_3:
        assert found[name.lower()] == found[f"egmd.{name.lower()}"] == expected[f"{name}.f1"]
    assert found["f1"] == pytest.approx(expected["macro.f1"]) and found["f1"] > 0.3
    next(iter(test.test)).audio.write_bytes(b"no sound")
    with pytest.raises(ValueError, match="no track can be evaluated"):
        drum_tests.score(model, {"": model.card}, [test])


def test_supervised_networks_stand_beside(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    root = write_corpus(tmp_path / "corpus")
    assert [row.label for row in baselines.ROWS] == ["RNN", "tanhB", "ReLUts", "lstmB", "GRUts"]
    options = [json.loads(row.members[0]["options"]) for row in baselines.ROWS]
    assert [each.get("lookahead", 0) for each in options] == [0, 0, 3, 0, 3]
    assert [each.get("bidirectional", True) for each in options] == [
        False,
        True,
        False,
        True,
        False,
    ]
    monkeypatch.setattr(baselines, "ROWS", baselines.ROWS[2:3])
    given = {
        "corpora": f"egmd={root}", "steps": "1", "validate_every": "1", "batch": "1",
        "excerpt_seconds": "1", "chunk_seconds": "1", "overlap_seconds": "0.2",
        "validation_minutes": "0.02", "weight_excerpts": "2", "workers": "0", "threads": "1",
    }  # fmt: skip
    fields = [part for name, value in given.items() for part in (f"--{name}", value)]
    command = ["study", "drummernet", "supervised", "-o", str(tmp_path / "study"), *fields]
    assert main(command) == 2
    assert "--test-corpora: expected corpora" in capsys.readouterr().err
    assert main([*command, "--test-corpora", f"mine=egmd={root}", "--models", "nmf"]) == 0
    rows = list(csv.DictReader((tmp_path / "study/supervised.csv").read_text().splitlines()))
    assert [row["row"] for row in rows] == ["ReLUts", "nmf", "DrummerNet, the paper, on IDMT-SMT"]
    assert 0 <= float(rows[0]["f1"]) <= 1 and float(rows[2]["f1"]) == 0.869
    assert float(rows[1]["mine"]) == float(rows[1]["f1"]) > 0.3
