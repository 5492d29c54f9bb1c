"""`bandscribe tune`, `study architectures` and `study data`: usage, and reports without Ray."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from bandscribe.studies import drum_corpora
from bandscribe.training import recipes, search
from bandscribe.training.drums.train import train
from tiny_corpus import write_corpus

pytest.importorskip("torch")
pytest.importorskip("ray")
SPACE = '{"channels": [[4]], "hidden": [4], "layers": [1], "pooling": [6]}'
FIELDS = {
    "batch": "2", "excerpt_seconds": "1.0", "validation_minutes": "0.05", "weight_excerpts": "3",
    "half": "false", "learning_rate": "0.03",
}  # fmt: skip
GIVEN = [part for name, value in FIELDS.items() for part in (f"--{name}", value)]


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_corpus(tmp_path_factory.mktemp("corpus"))


def test_wrong_usage(bandscribe, root: Path, tmp_path: Path) -> None:
    here = ["-o", tmp_path / "out", "--corpus", f"egmd={root}"]
    tune, study = ["tune", "drums", *here], ["study", "architectures", *here]
    best = tmp_path / "best.json"
    best.write_text("{}")
    data = ["study", "data", *here, "--recipe", best]
    for arguments, named in (
        (["tune", "hits", *here], "TASK: expected drums, got 'hits'"),
        ([*tune, "--space", "[]"], "space: expected an object"),
        ([*tune, "--trials", "0"], "trials: expected 1 or more"),
        ([*tune, "--depth", "3"], "depth: no such field"),
        ([*tune, "--space", '{"depth": [3]}'], "no such option 'depth'"),
        (["tune", "drums", "-o", "x", "--corpus", "irmas=y"], "expected NAME=ROOT"),
        ([*study, "--models", "crnn,mlp"], "--models: expected some of rnn, cnn"),
        ([*study, "--corpus", f"egmd={root}"], "--corpora: two are called 'egmd'"),
        ([*study, "--seeds", "a"], "--seeds: expected whole numbers"),
        ([*study, "--seed", "3"], "seed: the study sets it"),
        (
            ["study", "architectures", "-o", "x", "--corpus", f"egmd:test={root}"],
            "none has the splits train, validation and test",
        ),
        ([*data, "--train", "egmd+slakh"], "train: expected some of egmd, got 'slakh'"),
        ([*data, "--validation-corpora", "x"], "validation_corpora: the study sets it"),
        ([*data, "--depth", "3"], "depth: no such field"),
    ):
        result = bandscribe(*arguments)
        assert (result.code, len(result.complaints)) == (2, 1), result
        assert named in result.err
    assert not (tmp_path / "out").exists()


def test_a_finished_study_is_reported_again(
    bandscribe, root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    corpus = f"small=egmd={root}"
    base = search.resolve(
        None, {**FIELDS, "model": "cnn", "seed": "1"}, [corpus.partition("=")[2]], epochs=2
    )
    (point,) = search.propose(json.loads(SPACE), trials=None)
    recipe = search.apply(base, point)
    train(recipe, recipes.place(recipe, tmp_path / "trials"))

    arguments = [
        "study", "architectures", "-o", tmp_path, "--corpus", corpus, "--models", "cnn",
        "--trials", "1", "--epochs", "2", "--space", f"cnn={SPACE}", *GIVEN,
    ]  # fmt: skip
    result = bandscribe(*arguments)
    assert result.code == 0, result.err
    assert result.out.splitlines()[1].startswith("Convolutional ")
    assert "architectures.html: a page to look at" in result.out
    first = (tmp_path / "architectures.csv").read_bytes()
    page = (tmp_path / "architectures.html").read_bytes()
    assert bandscribe(*arguments).code == 0
    assert (tmp_path / "architectures.csv").read_bytes() == first
    assert (tmp_path / "architectures.html").read_bytes() == page

    test_only = f"other=egmd:test={root}"
    result = bandscribe(
        "study", "data", "-o", tmp_path, "--recipe", tmp_path / "best.json", "--corpora",
        f"{corpus},{test_only}",
    )  # fmt: skip
    assert result.code == 0, result.err
    numbers = result.out.splitlines()[1].split()
    # Trained on small, tested there and, by another name, as a corpus of its own.
    assert numbers[0] == "small" and numbers[2] == "○" and numbers[1] == numbers[3]
    assert (tmp_path / "data.csv").is_file()

    # A recording that cannot be read is named before anything is trained; what is found later does
    # not cost the report of the others.
    (tmp_path / "others").mkdir()
    others = write_corpus(tmp_path / "others", seed=7)
    broken = sorted(others.rglob("*.wav"))[0]
    broken.write_bytes(b"no sound")
    arguments = [
        "study", "data", "-o", tmp_path, "--recipe", tmp_path / "best.json", "--corpus", corpus,
        "--corpus", f"others=egmd:all={others}",
    ]  # fmt: skip
    (tmp_path / "data.csv").unlink()
    result = bandscribe(*arguments)
    assert (result.code, len(result.complaints)) == (1, 2)
    assert str(broken) in result.complaints[0]
    assert "1 file cannot be used" in result.complaints[1]
    assert not (tmp_path / "data.csv").exists()
    found = drum_corpora.describe

    def overlook(sources: list[drum_corpora.StudyCorpus], count: int) -> drum_corpora.Description:
        return drum_corpora.Description(found(sources, count).rows, [])

    monkeypatch.setattr(drum_corpora, "describe", overlook)
    result = bandscribe(*arguments)
    assert (result.code, len(result.complaints)) == (1, 1)
    assert broken.name in result.err
    rows = list(csv.DictReader((tmp_path / "data.csv").read_text().splitlines()))
    assert [row["tested_on"] for row in rows[:2]] == ["small", "others"]
    assert float(rows[1]["micro_f1"]) >= 0
