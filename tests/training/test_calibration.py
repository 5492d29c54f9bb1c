import numpy as np
import pytest

from bandscribe.calibration import shift_of, sigmoid
from bandscribe.training import calibration


def draw(slope: float, intercept: float, n: int = 4000) -> tuple[np.ndarray, np.ndarray]:
    """Targets (n, 1) whose true log odds are slope · logit(score) + intercept."""
    rng = np.random.default_rng(0)
    z = rng.normal(0, 2, n)
    targets = rng.random(n) < 1 / (1 + np.exp(-(slope * z + intercept)))
    return targets[:, None], (1 / (1 + np.exp(-z)))[:, None]


def test_finds_the_line_that_made_the_targets() -> None:
    fitted = calibration.fit(*draw(0.5, -1.0))
    assert fitted.slope[0] == pytest.approx(0.5, abs=0.05)
    assert fitted.intercept[0] == pytest.approx(-1.0, abs=0.1)


def test_agrees_with_scikit_learn_on_smoothed_targets() -> None:
    linear = pytest.importorskip("sklearn.linear_model")
    targets, scores = draw(1.7, 0.3, 200)
    fitted = calibration.fit(targets, scores)
    n1, n0 = int(targets.sum()), int((~targets).sum())
    smooth = np.where(targets[:, 0], (n1 + 1) / (n1 + 2), 1 / (n0 + 2))
    x = calibration.logit(scores)
    # Each clip is there twice, as a share that applies and one that does not.
    theirs = linear.LogisticRegression(C=np.inf, tol=1e-10, max_iter=1000).fit(
        np.concatenate([x, x]), np.repeat([1, 0], 200), np.concatenate([smooth, 1 - smooth])
    )
    assert fitted.slope[0] == pytest.approx(theirs.coef_[0, 0], rel=1e-4)
    assert fitted.intercept[0] == pytest.approx(theirs.intercept_[0], abs=1e-4)


def test_calibration_mends_scores_that_are_too_sure() -> None:
    targets, scores = draw(0.4, -0.5)
    groups = [str(i // 2) for i in range(len(targets))]
    before = calibration.error(targets, scores)
    after = calibration.error(targets, calibration.cross_fit(targets, scores, groups))
    assert before > 0.15
    assert after < 0.03


def test_classes_that_cannot_be_fitted() -> None:
    scores = np.array([[0.9, 0.2, 0.5], [0.6, 0.8, 0.1], [0.1, 0.9, 1.0], [0.2, 0.7, 0.0]])
    targets = np.array([[1, 1, 0], [1, 0, 0], [1, 0, 0], [1, 1, 0]], dtype=bool)
    known = np.ones((4, 3), dtype=bool)
    known[3, 1] = False
    fitted = calibration.fit(targets, scores, known=known)
    # Always there, never there: as they are. The second one's scores point the wrong way.
    assert fitted.slope.tolist() == [1, 0, 1]
    np.testing.assert_allclose(fitted(scores)[:, [0, 2]], scores[:, [0, 2]], atol=2e-6)
    np.testing.assert_allclose(fitted(scores)[:, 1], 2 / 5)  # (1 + 1) / (3 + 2)
    with pytest.raises(ValueError, match="groups: expected two"):
        calibration.cross_fit(targets, scores, ["one"] * 4)


def test_perfectly_parted_scores_stay_finite() -> None:
    scores = np.array([[0.1], [0.2], [0.8], [0.9]])
    fitted = calibration.fit(scores > 0.5, scores)
    assert np.isfinite(fitted.slope).all() and fitted.slope[0] > 0
    assert np.all(np.diff(fitted(scores)[:, 0]) > 0)


def test_frequencies_are_those_of_known_clips() -> None:
    targets = np.array([[1, 0], [1, 1], [0, 0], [0, 0]], dtype=bool)
    known = np.array([[1, 1], [1, 1], [1, 0], [1, 0]], dtype=bool)
    scores = np.array([[0.9, 0.2], [0.8, 0.9], [0.1, 0.3], [0.3, 0.2]])
    found = calibration.evaluate(targets, scores, "ab", list("wxyz"), known=known)
    assert found["calibration"]["frequency"] == {"a": 0.5, "b": 0.5}


@pytest.mark.parametrize("possible", [3, 6, 12])
def test_as_many_classes_are_expected_of_fewer(possible: int) -> None:
    """Of twelve classes a quarter each, three: of six each is there in 1/2, in log odds ln 3 more.

    Of three not all may be expected: at most half.
    """
    frequency = np.full(12, 0.25)
    shift = shift_of(frequency, np.arange(12) < possible)
    expected = {3: np.log(3), 6: np.log(3), 12: 0.0}[possible]
    assert shift == pytest.approx(expected, abs=1e-9)


def test_a_shift_makes_probabilities_frequencies_of_fewer_classes() -> None:
    """Clips of one to three of eight classes, then of four; evidence is one and noise."""
    rng = np.random.default_rng(3)
    numbers = rng.integers(1, 4, 20000)

    def clips(classes: int) -> tuple[np.ndarray, np.ndarray]:
        targets = rng.random((len(numbers), classes)).argsort(axis=1) < numbers[:, None]
        return targets, sigmoid(rng.normal(np.where(targets, 1.0, -1.0), 1.5))

    targets, scores = clips(8)
    probable = calibration.fit(targets, scores)
    few, evidence = clips(4)
    calibrate = calibration.Calibration(probable.slope[:4], probable.intercept[:4])
    shift = shift_of(targets.mean(axis=0), np.arange(8) < 4)
    plain = calibrate(evidence)
    shifted = sigmoid(calibration.logit(plain) + shift)
    assert calibration.error(few, plain) > 0.15
    assert calibration.error(few, shifted) < 0.02
