import numpy as np
import pytest
from sklearn import metrics

from bandscribe.metrics.frames import (
    RESOLUTION,
    align,
    count_presence,
    find_solos,
    leakage_matrix,
    level_figures,
    noise_matrix,
    presence_figures,
    sum_levels,
)
from bandscribe.types import Activations

CLASSES = ("flu", "vio")


def curves(values: object, kind: str = "probability") -> Activations:
    return Activations(np.array(values, dtype=np.float32), 10.0, 0.0, CLASSES, kind)


def levels(values: object) -> Activations:
    return curves(values, "level_db")


def test_presence_equals_scikit_learn() -> None:
    rng = np.random.default_rng(0)
    truths = [rng.uniform(size=(n, 2)) < 0.4 for n in (80, 50, 70)]
    said = [np.rint((rng.uniform(size=t.shape) + t) / 2 * RESOLUTION) / RESOLUTION for t in truths]
    presence = count_presence([curves(t) for t in truths], [curves(s) for s in said], [0.5, 0.6])
    drawn = np.array([2, 0, 2])
    for tracks in (None, drawn):
        chosen = range(3) if tracks is None else drawn
        truth = np.concatenate([truths[t] for t in chosen])
        scores = np.concatenate([said[t] for t in chosen]).astype(np.float32)
        named = presence_figures(presence, tracks)
        for c, name in enumerate(CLASSES):
            found = scores[:, c] >= [0.5, 0.6][c]
            theirs = {
                f"{name}.precision": metrics.precision_score(truth[:, c], found),
                f"{name}.recall": metrics.recall_score(truth[:, c], found),
                f"{name}.f1": metrics.f1_score(truth[:, c], found),
                f"{name}.balanced_accuracy": metrics.balanced_accuracy_score(truth[:, c], found),
                f"{name}.ap": metrics.average_precision_score(truth[:, c], scores[:, c]),
            }
            assert {key: named[key] for key in theirs} == pytest.approx(theirs, abs=1e-12)
        assert named["map"] == pytest.approx((named["flu.ap"] + named["vio.ap"]) / 2)


def test_frames_that_nobody_knows_count_for_nothing() -> None:
    rng = np.random.default_rng(2)
    truth, scores = rng.uniform(size=(60, 2)) < 0.5, rng.uniform(size=(60, 2))
    known = np.ones((60, 2), dtype=bool)
    known[:20] = False
    masked = count_presence([curves(truth)], [curves(scores)], known=[known])
    rest = count_presence([curves(truth[20:])], [curves(scores[20:])])
    np.testing.assert_array_equal(masked.counts, rest.counts)
    np.testing.assert_array_equal(masked.histogram, rest.histogram)


def test_rounding_scores_hardly_moves_average_precision() -> None:
    rng = np.random.default_rng(1)
    truth = rng.uniform(size=(5000, 2)) < 0.3
    scores = 1 / (1 + np.exp(-rng.normal(3 * truth - 2, 2)))
    named = presence_figures(count_presence([curves(truth)], [curves(scores)]))
    assert named["map"] == pytest.approx(metrics.average_precision_score(truth, scores), abs=1e-3)


def test_a_class_that_never_plays_is_undefined() -> None:
    presence = count_presence([curves([[1, 0], [0, 0]])], [curves([[0.9, 0.1], [0.2, 0.2]])])
    named = presence_figures(presence)
    assert np.isnan([named[f"vio.{x}"] for x in ("f1", "ap", "balanced_accuracy")]).all()
    assert named["macro.f1"] == named["map"] == named["balanced_accuracy"] == 1


def test_matrices_worked_by_hand() -> None:
    # Flute alone at 0 dB for two frames, violin alone at -20 dB for two, then both, then silence.
    reference = levels([[0, -60], [0, -60], [-60, -20], [-60, -20], [-6, -6], [-60, -60]])
    # The flute is heard 20 dB too soft, and in the violin's place at -40 dB; the violin is right.
    estimate = levels([[-20, -40], [-20, -40], [-60, -20], [-60, -20], [-6, -9], [-60, -60]])
    sums = sum_levels([reference], [estimate])
    # Row flute: |0.1 - 1| = 0.9 itself, 0.01 in the violin. Row violin: nothing wrong.
    noise = noise_matrix(sums)
    assert noise == pytest.approx(np.array([[20 * np.log10(0.9), -40], [-60, -60]]), abs=1e-5)
    # The flute plays at 1 and 0.01 of it is heard in the violin; the violin stays to itself.
    leakage = leakage_matrix(sums)
    assert leakage[0, 1] == pytest.approx(-40, abs=1e-5) and leakage[1, 0] == -60
    assert np.isnan(leakage.diagonal()).all()
    errors = level_figures(sums)
    assert errors["flu.level_error_db"] == pytest.approx((20 + 20 + 0) / 3, abs=1e-5)
    assert errors["vio.level_error_db"] == pytest.approx(1)
    assert errors["level_error_db"] == pytest.approx(43 / 6, abs=1e-5)


def test_row_plays_and_column_is_detected() -> None:
    """An estimate that hears nothing but violin has a loud column, not a loud row."""
    reference = levels([[0, -60], [-60, 0]])
    estimate = levels([[-60, 0], [-60, 0]])
    sums = sum_levels([reference], [estimate])
    assert leakage_matrix(sums)[0, 1] == 0 and leakage_matrix(sums)[1, 0] == -60
    assert noise_matrix(sums).tolist() == [[0, 0], [-60, -60]]


def test_tracks_are_pooled_and_may_be_drawn() -> None:
    first = sum_levels([levels([[0, -60]])], [levels([[0, -20]])])
    both = sum_levels(
        [levels([[0, -60]]), levels([[0, -60]] * 9)], [levels([[0, -20]]), levels([[0, -60]] * 9)]
    )
    assert noise_matrix(both)[0, 1] == pytest.approx(-40, abs=1e-5)
    assert leakage_matrix(both, np.array([0, 0])) == pytest.approx(
        leakage_matrix(first), nan_ok=True
    )
    assert np.isnan(noise_matrix(both)[1]).all()  # the violin never plays alone
    assert np.isnan(level_figures(both)["vio.level_error_db"])


def test_solos_may_be_given() -> None:
    # A rest of the flute within its solo: what is heard then is noise as well.
    reference = levels([[0, -60], [-60, -60]])
    estimate = levels([[0, -60], [-60, 0]])
    assert find_solos(reference).tolist() == [0, -1]
    assert noise_matrix(sum_levels([reference], [estimate]))[0, 1] == -60
    given = sum_levels([reference], [estimate], [np.array([0, 0])])
    assert noise_matrix(given)[0, 1] == pytest.approx(20 * np.log10(0.5))


def test_align_takes_the_nearest_frame() -> None:
    fine = levels([[-1, -10], [-2, -20], [-3, -30], [-4, -40]])
    like = Activations(np.zeros((4, 1), dtype=np.float32), 5.0, 0.12, ("x",))
    got = align(fine, like)
    assert got.values.tolist() == [[-2, -20], [-4, -40], [-60, -60], [-60, -60]]
    assert (got.times == like.times).all() and got.classes == CLASSES


def test_bad_arguments_are_named() -> None:
    one, two = curves([[0, 1]]), curves([[0, 1]] * 2)
    with pytest.raises(ValueError, match="estimates: expected 1, got 0"):
        count_presence([one], [])
    with pytest.raises(ValueError, match="align brings one onto the other's frames"):
        count_presence([one], [two])
    with pytest.raises(ValueError, match="references: expected level_db"):
        sum_levels([one], [one])
