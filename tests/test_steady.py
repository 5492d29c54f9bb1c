"""One tempo from end to end, where the beats keep one."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from bandscribe.steady import straighten

RATE = 100.0

Array = NDArray[np.float64]


def song(bpm: float, *, spread: float = 0.5, seconds: float = 120) -> tuple[Array, Array]:
    """Beats of a click in frames, and the same as they are found."""
    beats = 37.3 + 60 / bpm * RATE * np.arange(int((seconds - 1) * bpm / 60))
    found = beats + np.random.default_rng(3).normal(0, spread, len(beats))
    return beats, found


@pytest.mark.parametrize("bpm", [58, 97.31, 140, 212])
@pytest.mark.parametrize("spread", [0.0, 0.5, 1.2])
def test_a_click_is_found_to_a_millisecond(bpm: float, spread: float) -> None:
    beats, found = song(bpm, spread=spread)
    np.testing.assert_allclose(straighten(found, RATE), beats, atol=0.01 + 0.4 * spread)


def test_a_break_is_bridged() -> None:
    beats, found = song(135)
    lost = (found > 4000) & (found < 4800)
    wandering = np.linspace(4020, 4780, 13)
    broken = np.sort(np.concatenate([found[~lost], wandering]))
    np.testing.assert_allclose(straighten(broken, RATE), beats, atol=0.2)


def test_a_slip_by_half_a_beat_and_half_the_tempo_are_mended() -> None:
    beats, found = song(150)
    half = 0.5 * 60 / 150 * RATE
    third = len(found) // 3
    slipped = np.concatenate([found[:third], found[third : 2 * third] + half])
    found = np.concatenate([slipped, found[2 * third + 1 :: 2]])
    mended = straighten(found, RATE)
    expected = beats[: np.searchsorted(beats, found[-1] + 1)]
    np.testing.assert_allclose(mended, expected, atol=0.2)


def test_tempi_that_change_stay() -> None:
    rng = np.random.default_rng(1)
    wander = 30 + np.cumsum(50 * np.exp(np.cumsum(rng.normal(0, 0.004, 200))))
    jump = np.cumsum(np.repeat([50.0, 46.0], 100))
    for frames in (wander, jump, wander[:12]):
        np.testing.assert_array_equal(straighten(frames, RATE), frames)


def test_always_is_a_line() -> None:
    jump = np.cumsum(np.repeat([50.0, 49.0], 10))
    steps = np.diff(straighten(jump, RATE, always=True))
    assert np.ptp(steps) < 1e-9
    assert 48.5 < steps[0] < 50.5
    np.testing.assert_allclose(straighten(jump[:2], RATE, always=True), jump[:2])
    assert len(straighten(jump[:1], RATE, always=True)) == 1


@given(
    steps=st.lists(st.floats(15, 200), min_size=1, max_size=60),
    always=st.booleans(),
    alike=st.floats(0, 1),
)
def test_whatever_the_beats_are(steps: list[float], always: bool, alike: float) -> None:
    usual = steps[0]
    frames = 5 + np.cumsum([usual + (1 - alike) * (step - usual) for step in steps])
    line = straighten(frames, RATE, always=always)
    assert np.all(np.diff(line) > 0)
    assert np.abs(line[[0, -1]] - frames[[0, -1]]).max() < 200 if len(line) else True
