import math
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics
from sklearn.calibration import calibration_curve

from bandscribe.metrics.bootstrap import intervals
from bandscribe.metrics.tags import (
    calibrate,
    calibration_error,
    figures,
    indicate,
    learn_thresholds,
)

CLASSES = ("cel", "cla", "flu", "voi")
NAN = float("nan")


@st.composite
def tagged(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray]:
    """Clips with ties among scores, empty clips, full clips and classes that never occur."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    clips = draw(st.integers(2, 25))
    targets = rng.uniform(size=(clips, 4)) < draw(st.sampled_from([0.1, 0.4, 0.9]))
    targets &= rng.uniform(size=4) < 0.8
    scores = np.clip(rng.uniform(size=(clips, 4)) + 0.3 * targets, 0, 1)
    if draw(st.booleans()):
        scores = np.round(scores, 1)
    return targets, scores.astype(np.float32)


@settings(max_examples=60)
@given(tagged(), st.sampled_from([0.0, 1.0, NAN]))
def test_equals_scikit_learn(data: tuple[np.ndarray, np.ndarray], undefined: float) -> None:
    targets, scores = data
    thresholds = np.array([0.3, 0.5, 0.6, 0.9])
    decisions = scores >= thresholds
    ours = figures(targets, scores, CLASSES, thresholds, undefined=undefined)
    theirs = {
        "hamming": 1 - metrics.hamming_loss(targets, decisions),
        "exact_match": metrics.accuracy_score(targets, decisions),
        # Scores of 32 bits give, with some versions, figures of 32 bits.
        "lrap": metrics.label_ranking_average_precision_score(targets, scores.astype(np.float64)),
    }
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of classes and clips without labels
        for name in ("precision", "recall", "f1"):
            compute = getattr(metrics, f"{name}_score")
            for group, average in (
                ("micro", "micro"),
                ("macro", "macro"),
                ("track_mean", "samples"),
            ):
                theirs[f"{group}.{name}"] = compute(
                    targets, decisions, average=average, zero_division=undefined
                )
            per_class = compute(targets, decisions, average=None, zero_division=undefined)
            theirs |= {f"{c}.{name}": v for c, v in zip(CLASSES, per_class, strict=True)}
        if undefined == 0:
            theirs["map"] = metrics.average_precision_score(targets, scores, average="macro")
            areas = metrics.average_precision_score(targets, scores, average=None)
            theirs |= {f"{c}.ap": v for c, v in zip(CLASSES, areas, strict=True)}
    assert {name: ours[name] for name in theirs} == pytest.approx(theirs, abs=1e-12, nan_ok=True)


@settings(max_examples=30)
@given(tagged())
def test_reliability_equals_scikit_learn(data: tuple[np.ndarray, np.ndarray]) -> None:
    targets, scores = data
    curve = calibrate(targets, scores)
    frequency, confidence = calibration_curve(
        targets.ravel(), scores.ravel().astype(np.float64), n_bins=10
    )
    held = curve.number > 0
    assert curve.frequency[held] == pytest.approx(frequency, abs=1e-12)
    assert curve.confidence[held] == pytest.approx(confidence, abs=1e-12)
    assert curve.number.sum() == scores.size


def test_calibration_error_worked_by_hand() -> None:
    # Two bins: 4 decisions at 0.2, one of which applies; 2 at 0.9, both apply.
    targets = np.array([[True], [False], [False], [False], [True], [True]])
    scores = np.array([[0.2], [0.2], [0.2], [0.2], [0.9], [0.9]])
    error = calibration_error(calibrate(targets, scores, bins=2))
    assert error == pytest.approx((4 * 0.05 + 2 * 0.1) / 6)
    assert math.isnan(calibration_error(calibrate(targets[:0], scores[:0])))


def test_thresholds_are_the_best_and_in_the_widest_gap() -> None:
    targets = np.array([[1, 1, 0], [1, 0, 0], [0, 1, 0], [0, 0, 0]], dtype=bool)
    scores = np.array([[0.9, 0.6, 0.9], [0.7, 0.1, 0.1], [0.2, 0.5, 0.2], [0.1, 0.3, 0.3]])
    got = learn_thresholds(targets, scores, ["validation"] * 4)
    assert got == pytest.approx([0.45, 0.4, 0.5])
    rng = np.random.default_rng(0)
    targets, scores = rng.uniform(size=(60, 4)) < 0.3, rng.uniform(size=(60, 4))
    scores[targets] += 0.3
    scores = np.clip(scores, 0, 1)
    learned = figures(
        targets, scores, CLASSES, learn_thresholds(targets, scores, ["validation"] * 60)
    )
    for threshold in np.linspace(0, 1, 101):
        other = figures(targets, scores, CLASSES, threshold)
        assert all(learned[f"{name}.f1"] >= other[f"{name}.f1"] for name in CLASSES)


def test_thresholds_are_learned_on_validation_only() -> None:
    targets, scores = np.ones((2, 1), dtype=bool), np.full((2, 1), 0.7)
    with pytest.raises(ValueError, match="expected every clip to be of 'validation', got test"):
        learn_thresholds(targets, scores, ["validation", "test"])
    with pytest.raises(ValueError, match="got 1 splits for 2 clips"):
        learn_thresholds(targets, scores, ["validation"])


def test_unknown_labels_count_for_nothing() -> None:
    rng = np.random.default_rng(1)
    targets, scores = rng.uniform(size=(40, 4)) < 0.4, rng.uniform(size=(40, 4))
    known = rng.uniform(size=(40, 4)) < 0.7
    first = figures(targets, scores, CLASSES, known=known)
    second = figures(
        np.where(known, targets, ~targets),
        np.where(known, scores, 1 - scores),
        CLASSES,
        known=known,
    )
    assert first == second
    for c, name in enumerate(CLASSES):
        rows = known[:, c]
        alone = figures(targets[rows][:, [c]], scores[rows][:, [c]], (name,))
        assert first[f"{name}.ap"] == pytest.approx(alone[f"{name}.ap"], abs=1e-12)
        assert first[f"{name}.f1"] == pytest.approx(alone[f"{name}.f1"], abs=1e-12)
    hits = (targets == (scores >= 0.5))[known]
    assert first["hamming"] == pytest.approx(hits.mean())


def test_labels_become_flags_and_figures_intervals() -> None:
    targets = indicate([{"cel", "voi", "bagpipe"}, set()], CLASSES)
    assert targets.tolist() == [[True, False, False, True], [False] * 4]
    scores = np.where(targets, 0.9, 0.1)
    got = intervals(
        lambda t: figures(targets[t], scores[t], CLASSES), 2, np.random.default_rng(0), samples=20
    )
    assert got["hamming"] == (1, 1)


def test_bad_arguments_are_named() -> None:
    targets, scores = np.zeros((2, 4), dtype=bool), np.full((2, 4), 0.5)
    with pytest.raises(ValueError, match=r"scores: expected \(2, 4\), got \(2, 3\)"):
        figures(targets, scores[:, :3], CLASSES)
    with pytest.raises(ValueError, match="probabilities"):
        figures(targets, scores * 3, CLASSES)
    with pytest.raises(ValueError, match="targets: expected"):
        calibrate(targets.astype(int), scores)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="classes: expected 4, got 1"):
        figures(targets, scores, ("cel",))
    with pytest.raises(ValueError, match="known: expected"):
        figures(targets, scores, CLASSES, known=targets[:1])
