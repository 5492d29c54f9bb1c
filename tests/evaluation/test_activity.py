"""From the frames of tracks to figures."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from sklearn import metrics

from bandscribe.datasets.track import Track
from bandscribe.evaluation import activity, activity_figures
from bandscribe.evaluation.activity_figures import always_on, summarise
from bandscribe.instruments import Activity
from bandscribe.types import Activations

CLASSES = ("flu", "gac", "gel", "vio")


@dataclass(frozen=True)
class Said:
    """A system that says what it is told to."""

    said: dict[str, Activity]

    def identity(self, track: Track) -> list[object]:
        return [track.id]

    def track(self, track: Track) -> Activity:
        return self.said[track.id]


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
def outcome() -> activity.Outcome:
    pairs = [make(seed) for seed in range(4)]
    task = activity.Task(Said({str(i): said for i, (_, said) in enumerate(pairs)}), CLASSES)  # type: ignore[arg-type]
    verdicts = []
    for i, (target, _) in enumerate(pairs):
        track = Track(str(i), "test", str(i), Path(f"{i}.wav"), lambda: None, "own")  # type: ignore[arg-type]
        judgement = task.judge(track, target)
        assert set(judgement.shown["lanes"]) == set(CLASSES)
        verdicts.append(judgement.verdict)
    return activity.gather(verdicts, CLASSES)


def test_figures_are_those_of_scikit_learn(outcome) -> None:
    found = summarise({}, outcome)
    truth = np.concatenate([make(seed)[0].values for seed in range(4)]).astype(bool)
    scores = np.concatenate([make(seed)[1].probability.values for seed in range(4)])
    named = scores >= [0.5, 0.4, 0.6, 0.3]
    assert found["occur"] == ["flu", "gac", "gel"]
    expected = [metrics.f1_score(truth[:, c], named[:, c]) for c in range(3)]
    assert found["macro"]["f1"] == pytest.approx(np.mean(expected))
    assert found["micro"]["f1"] == pytest.approx(metrics.f1_score(truth, named, average="micro"))
    area = metrics.average_precision_score(truth[:, :3], scores[:, :3])
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


def test_always_on_is_what_scikit_learn_says_of_it(outcome) -> None:
    truth = np.concatenate([make(seed)[0].values for seed in range(4)]).astype(bool)
    everything = np.ones_like(truth)
    found = always_on(outcome.presence)
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
    target, said = make(0)
    task = activity.Task(Said({"0": said}), CLASSES, (("gac", "gel"),))  # type: ignore[arg-type]
    track = Track("0", "test", "0", Path("0.wav"), lambda: None, "own")  # type: ignore[arg-type]
    verdict = task.judge(track, target).verdict
    truth = (target.values[:, 1:3] == 1).any(axis=1)
    named = (said.probability.values[:, 1:3] >= [0.4, 0.6]).any(axis=1)
    tp, fp, fn, tn = verdict["presence"]["counts"][1]
    assert [tp, fp, fn, tn] == [
        (truth & named).sum(), (~truth & named).sum(), (truth & ~named).sum(),
        (~truth & ~named).sum(),
    ]  # fmt: skip


def test_a_rest_of_one_class_alone_is_no_matrix() -> None:
    target, said = make(0)
    task = activity.Task(Said({"0": said}), CLASSES)  # type: ignore[arg-type]
    track = Track("0", "test", "0", Path("0.wav"), lambda: None, "own")  # type: ignore[arg-type]
    outcome = activity.gather([task.judge(track, target).verdict], CLASSES)
    assert activity_figures.summarise({}, outcome)["leakage"] is None
