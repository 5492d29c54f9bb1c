"""Levels read as MedleyDB's confidences."""

import numpy as np
import pytest
import scipy.signal

from bandscribe.evaluation.confidence import CUTOFF, confide
from bandscribe.instruments import Activity
from bandscribe.types import Activations

RATE = 44100 / 2048  # that of the authors
CLASSES = ("bas", "dru", "voi")


def make(levels: np.ndarray, sure: np.ndarray) -> Activity:
    return Activity(
        Activations(sure.astype(np.float32), RATE, 0.0, CLASSES),
        Activations(levels.astype(np.float32), RATE, 0.0, CLASSES, "level_db"),
        np.full(3, 0.4),
        len(levels) / RATE,
    )


def test_steady_levels_give_the_formula() -> None:
    levels = np.tile([-6.0, -20.0, -44.0], (200, 1))
    heard = confide(make(levels, np.full((200, 3), 0.9)))
    amplitudes = 10 ** (np.array([-6.0, -20.0, -44.0]) / 20)
    share = 3 * np.sqrt(amplitudes) / np.sqrt(amplitudes).sum()
    expected = 1 - 1 / (1 + np.exp(20 * (share - 0.15)))
    np.testing.assert_allclose(heard.probability.values, np.tile(expected, (200, 1)), rtol=1e-5)
    np.testing.assert_array_equal(heard.thresholds, 0.5)


def test_the_smoothing_is_that_of_the_authors() -> None:
    rng = np.random.default_rng(0)
    levels = rng.uniform(-40, 0, (600, 3))
    heard = confide(make(levels, np.ones((600, 3))))
    energy = 10 ** (levels / 40)
    share = 3 * energy / energy.sum(axis=1).max()
    smooth = scipy.signal.filtfilt(*scipy.signal.butter(2, 0.075), share, axis=0)
    expected = 1 - 1 / (1 + np.exp(20 * (smooth - 0.15)))
    # A digital filter bends frequencies a little; its ends are another's.
    np.testing.assert_allclose(heard.probability.values[50:-50], expected[50:-50], atol=0.02)
    assert pytest.approx(0.8, abs=0.01) == CUTOFF


def test_who_is_not_heard_is_no_stem() -> None:
    levels = np.tile([-6.0, -6.0, -6.0], (200, 1))
    sure = np.tile([0.9, 0.9, 0.3], (200, 1))
    found = confide(make(levels, sure)).probability.values
    np.testing.assert_allclose(found[:, :2], 1 / (1 + np.exp(-20 * 0.85)), rtol=1e-5)
    np.testing.assert_allclose(found[:, 2], 1 / (1 + np.exp(20 * 0.15)), rtol=1e-5)


def test_after_the_end_nobody_plays() -> None:
    levels = np.full((200, 3), -10.0)
    levels[150:] = -60
    plays = confide(make(levels, np.ones((200, 3)))).probability.values >= 0.5
    assert plays[:148].all()
    assert not plays[165:].any()


def test_silence_is_no_error() -> None:
    found = confide(make(np.full((5, 3), -60.0), np.zeros((5, 3)))).probability.values
    assert (found < 0.05).all()
