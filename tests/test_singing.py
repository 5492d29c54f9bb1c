"""A voice among a band: where it sings, by its probability and its level."""

import numpy as np
import pytest

from bandscribe import singing

RATE = 20.0  # frames a second: the evidence is averaged over 11 frames
THRESHOLD = 0.3


def restrain(probability: float | np.ndarray, level: float | np.ndarray) -> np.ndarray:
    """Of 400 frames."""
    given = (np.broadcast_to(np.float32(values), 400) for values in (probability, level))
    return singing.restrain(*given, THRESHOLD, RATE)


def odds(probability: float) -> float:
    return float(np.log(probability / (1 - probability)))


def test_what_is_constant_is_left_as_it_is() -> None:
    for probability in (0.02, 0.4, 0.9, 0.995):
        np.testing.assert_allclose(restrain(probability, -20.0), probability, rtol=1e-5)


@pytest.mark.parametrize(("low", "drop_db"), [(0.5, 0.0), (0.95, -10.0), (0.8, -5.0), (0.7, -3.0)])
def test_between_its_phrases_it_is_restrained(low: float, drop_db: float) -> None:
    """Sung in the first half with 0.95, 3 dB below the mixture; then both are lower."""
    first = np.arange(400) < 200
    found = restrain(np.where(first, 0.95, low), np.where(first, -3.0, -3.0 + drop_db))
    np.testing.assert_allclose(found[:190], 0.95, rtol=1e-5)
    evidence = odds(low) - odds(0.95) + drop_db / 2.5
    expected = odds(low)
    if evidence < -3.5:
        expected = min(expected, odds(THRESHOLD) + 3.5 + evidence)
    np.testing.assert_allclose(found[210:], 1 / (1 + np.exp(-expected)), rtol=1e-4)
    assert (found[210:] >= THRESHOLD).all() == (evidence >= -3.5)


def test_half_a_second_counts() -> None:
    """A frame of eleven does not make a voice, and one that is missing does not end it."""
    sung = np.full(400, 0.9)
    sung[200] = 0.1
    found = restrain(sung, -20.0)
    mean = (10 * odds(0.9) + odds(0.1)) / 11
    np.testing.assert_allclose(found[195:206], 1 / (1 + np.exp(-mean)), rtol=1e-4)
    assert restrain(1 - sung, -20.0).max() < THRESHOLD


def test_one_who_sings_little_is_found() -> None:
    """A tenth of the time: the evidence that 15 % exceed is that of the rests, which are kept."""
    sings = np.arange(400) < 40
    found = restrain(np.where(sings, 0.9, 0.5), np.where(sings, -5.0, -30.0))
    np.testing.assert_allclose(found[:30], 0.9, rtol=1e-5)
    np.testing.assert_allclose(found[50:], 0.5, rtol=1e-5)


def test_silence_and_certainty_are_in_range() -> None:
    found = restrain(np.where(np.arange(400) < 100, 0.0, 1.0), -10.0)
    np.testing.assert_array_equal(found[:100], 0)
    np.testing.assert_allclose(found[110:], 0.999, rtol=1e-5)
    assert len(singing.restrain(np.zeros(0, np.float32), np.zeros(0, np.float32), 0.3, RATE)) == 0
    one = singing.restrain(np.float32([0.7]), np.float32([-3]), 0.3, RATE)
    np.testing.assert_allclose(one, 0.7, rtol=1e-5)
