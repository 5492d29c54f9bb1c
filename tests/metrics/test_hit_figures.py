import numpy as np
import pytest
from sklearn import metrics

from bandscribe.metrics.hits import Pair, confuse, figures, rank_pairs

CLASSES = ("KD", "SD", "CHH")


def test_equals_scikit_learn() -> None:
    rng = np.random.default_rng(0)
    reference, estimate = rng.choice(CLASSES, 200), rng.choice(CLASSES, 200)
    counts = confuse(reference.tolist(), estimate.tolist(), CLASSES)
    theirs = metrics.confusion_matrix(reference, estimate, labels=CLASSES)
    assert counts.sum(axis=0)[:, :-1].tolist() == theirs.tolist()
    named = figures(counts, CLASSES)
    assert named["accuracy"] == pytest.approx(
        metrics.accuracy_score(reference, estimate), abs=1e-12
    )
    assert named["balanced_accuracy"] == pytest.approx(
        metrics.balanced_accuracy_score(reference, estimate), abs=1e-12
    )


def test_worked_example() -> None:
    reference = ["CHH", "CHH", "CHH", "CHH", "KD", "KD"]
    estimate = ["SD", "SD", "CHH", None, "KD", "SD"]
    counts = confuse(reference, estimate, CLASSES, ["b", "a", "b", "b", "a", "a"])
    assert counts[:, 2].tolist() == [[0, 1, 1, 1], [0, 1, 0, 0]]
    named = figures(counts, CLASSES)
    assert named["accuracy"] == 2 / 6 and named["answered"] == 5 / 6
    assert named["answered_accuracy"] == 2 / 5
    assert np.isnan(named["SD.recall"])
    assert named["balanced_accuracy"] == (1 / 2 + 1 / 4) / 2
    pairs = rank_pairs(counts, CLASSES)
    assert pairs[0] == Pair("KD", "SD", 1, 0.5) and pairs[1] == Pair("CHH", "SD", 2, 0.5)
    assert pairs[-1] == Pair("CHH", "KD", 0, 0.0) and len(pairs) == 4


def test_bad_arguments_are_named() -> None:
    with pytest.raises(ValueError, match="estimates: expected 1, got 0"):
        confuse(["KD"], [], CLASSES)
    with pytest.raises(ValueError, match="tracks: expected 1, got 0"):
        confuse(["KD"], ["KD"], CLASSES, [])
    with pytest.raises(ValueError, match="'RD'"):
        confuse(["KD"], ["RD"], CLASSES)
