"""From the frames of tracks to figures."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from sklearn import metrics

from bandscribe.datasets.track import Track
from bandscribe.evaluation.activity import ActivityScores, ActivityTask
from bandscribe.evaluation.activity_metrics import always_on, summarize
from bandscribe.evaluation.store import Results
from bandscribe.instruments import Activity
from bandscribe.types import Activations

CLASSES = ("flu", "gac", "gel", "vio")


@dataclass(frozen=True)
class Fixed:
    """A system of which all predictions are given."""

    predictions: dict[str, Activity]

    def identity(self, track: Track) -> list[object]:
        return [track.id]

    def track(self, track: Track) -> Activity:
        return self.predictions[track.id]


def make(seed: int) -> tuple[Activations, Activity]:
    """Confidences of three classes and none of the fourth, and guesses that tend to be right."""
    rng = np.random.default_rng(seed)
    truth = (rng.random((80, 4)) < (0.7, 0.4, 0.2, 0.0)).astype(np.float32)
    scores = np.rint(500 * (rng.random((80, 4)) + truth) / 2).astype(np.float32) / 500
    silence = Activations(np.full((80, 4), -60, np.float32), 20.0, 0.0, CLASSES, "level_db")
    probability = Activations(scores, 20.0, 0.0, CLASSES)
    return Activations(truth, 20.0, 0.0, CLASSES), Activity(
        probability, silence, np.array([0.5, 0.4, 0.6, 0.3]), 4.0
    )


@pytest.fixture
def scores() -> ActivityScores:
    pairs = [make(seed) for seed in range(4)]
    task = ActivityTask(
        Fixed({str(i): predicted for i, (_, predicted) in enumerate(pairs)}), CLASSES
    )  # type: ignore[arg-type]
    results = []
    for i, (target, _) in enumerate(pairs):
        track = Track(str(i), "test", str(i), Path(f"{i}.wav"), lambda: None)  # type: ignore[arg-type]
        result = task.evaluate(track, target)
        assert set(result.shown["lanes"]) == set(CLASSES)
        results.append(result.scores)
    return ActivityScores.stack(Results(results, 0, []), CLASSES)


def test_figures_are_those_of_scikit_learn(scores) -> None:
    found = summarize({}, scores)
    truth = np.concatenate([make(seed)[0].values for seed in range(4)]).astype(bool)
    probability = np.concatenate([make(seed)[1].probability.values for seed in range(4)])
    named = probability >= [0.5, 0.4, 0.6, 0.3]
    assert found["occur"] == ["flu", "gac", "gel"]
    expected = [metrics.f1_score(truth[:, c], named[:, c]) for c in range(3)]
    assert found["macro"]["f1"] == pytest.approx(np.mean(expected))
    assert found["micro"]["f1"] == pytest.approx(metrics.f1_score(truth, named, average="micro"))
    area = metrics.average_precision_score(truth[:, :3], probability[:, :3])
    assert found["map"] == pytest.approx(area)
    balanced = [metrics.balanced_accuracy_score(truth[:, c], named[:, c]) for c in range(3)]
    assert found["balanced_accuracy"] == pytest.approx(np.mean(balanced))
    low, high = found["balanced_accuracy_ci95"]
    assert low < found["balanced_accuracy"] < high
    flute = found["per_class"]["flu"]
    assert flute["played"] == pytest.approx(truth[:, 0].mean())
    assert flute["called"] == pytest.approx(named[:, 0].mean())
    assert flute["level_error_db"] is found["noise"] is found["level_error_db"] is None
    called = named[:, 3].mean()
    assert found["absent"] == {
        "classes": ["vio"], "called": pytest.approx(called), "worst": "vio",
        "worst_called": pytest.approx(called),
    }  # fmt: skip


def test_always_on_is_what_scikit_learn_says_of_it(scores) -> None:
    truth = np.concatenate([make(seed)[0].values for seed in range(4)]).astype(bool)
    everything = np.ones_like(truth)
    found = always_on(scores.presence)
    macro = [metrics.f1_score(truth[:, c], everything[:, c]) for c in range(3)]
    assert found == pytest.approx(
        {
            "micro_f1": metrics.f1_score(truth, everything, average="micro"),
            "macro_f1": np.mean(macro),
            "map": metrics.average_precision_score(truth[:, :3], everything[:, :3].astype(float)),
            "balanced_accuracy": 0.5,
        }
    )


def test_joined_classes_are_scored_as_one() -> None:
    target, predicted = make(0)
    task = ActivityTask(Fixed({"0": predicted}), CLASSES, (("gac", "gel"),))  # type: ignore[arg-type]
    track = Track("0", "test", "0", Path("0.wav"), lambda: None)  # type: ignore[arg-type]
    found = task.evaluate(track, target).scores
    truth = (target.values[:, 1:3] == 1).any(axis=1)
    named = (predicted.probability.values[:, 1:3] >= [0.4, 0.6]).any(axis=1)
    tp, fp, fn, tn = found["presence"]["counts"][1]
    assert [tp, fp, fn, tn] == [
        (truth & named).sum(), (~truth & named).sum(), (truth & ~named).sum(),
        (~truth & ~named).sum(),
    ]  # fmt: skip


def test_a_rest_of_one_class_alone_is_no_matrix() -> None:
    target, predicted = make(0)
    task = ActivityTask(Fixed({"0": predicted}), CLASSES)  # type: ignore[arg-type]
    track = Track("0", "test", "0", Path("0.wav"), lambda: None)  # type: ignore[arg-type]
    scores = ActivityScores.stack(Results([task.evaluate(track, target).scores], 0, []), CLASSES)
    assert summarize({}, scores)["leakage"] is None
