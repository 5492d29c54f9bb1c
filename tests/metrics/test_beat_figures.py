import math
import warnings

import mir_eval
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bandscribe.metrics.beats import NAMES, figures, find, follow, name_level, score, stack
from bandscribe.types import Beats

GRID = np.arange(0.3, 30, 0.5)


@st.composite
def tapped(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray]:
    """An annotation with some drift, and an estimate that follows it here and there."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    reference = np.cumsum(rng.uniform(0.4, 0.6, draw(st.integers(2, 40))))
    kind = draw(st.sampled_from(["same", "double", "half", "off", "free"]))
    estimate = {
        "same": reference,
        "double": np.sort(np.concatenate([reference, reference[:-1] + np.diff(reference) / 2])),
        "half": reference[:: 2 if len(reference) > 3 else 1],
        "off": reference + 0.25,
        "free": np.sort(rng.uniform(0, 20, 30)),
    }[kind]
    estimate = np.sort(
        estimate + rng.normal(0, draw(st.sampled_from([0, 0.02, 0.1])), len(estimate))
    )
    estimate = estimate[rng.uniform(size=len(estimate)) < draw(st.sampled_from([0.8, 1.0]))]
    return reference, np.maximum(estimate, 0)


@given(tapped())
def test_equals_mir_eval(pair: tuple[np.ndarray, np.ndarray]) -> None:
    reference, estimate = pair
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it warns of few beats, and divides by zero
        f1 = mir_eval.beat.f_measure(reference, estimate)
        theirs = mir_eval.beat.continuity(reference, estimate)
    assert find(reference, estimate).f1 == pytest.approx(f1, abs=1e-12)
    ours = follow(reference, estimate)
    assert (ours.cmlc, ours.cmlt, ours.amlc, ours.amlt) == pytest.approx(theirs, abs=1e-12)


def test_tempo_octave_errors_are_told_apart() -> None:
    double = np.sort(np.concatenate([GRID, GRID + 0.25]))
    assert name_level(GRID, GRID + 0.02) == "right"
    assert name_level(GRID, GRID + 0.25) == "offbeat"
    assert name_level(GRID, double) == "double"
    assert name_level(GRID, GRID[::2]) == name_level(GRID, GRID[1::2]) == "half"
    assert name_level(GRID, np.arange(0.3, 30, 0.37)) == "none"
    assert name_level(GRID, GRID[:1]) == "none"
    assert name_level(GRID[:1], GRID) is None


def test_a_level_needs_more_than_half_of_the_beats() -> None:
    """Twenty beats, of which the estimate taps the last ones twice as fast."""
    grid = 6 + 0.5 * np.arange(20)

    def tap(slow: int) -> np.ndarray:
        return np.concatenate([grid[:slow], np.arange(grid[slow], grid[-1] + 0.01, 0.25)])

    # Of 25 taps 15 are right; of 29 taps 11 are, and 18 of the 39 of the grid twice as fast.
    assert name_level(grid, tap(14)) == "right"
    assert name_level(grid, tap(10)) == "none"
    assert name_level(grid, tap(0)) == "double"
    # F1 would not tell: every beat is found.
    assert find(grid, tap(10)).f1 == pytest.approx(2 * 20 / (20 + 29))


@given(tapped())
def test_all_figures_equal_those_of_mir_eval(pair: tuple[np.ndarray, np.ndarray]) -> None:
    """On whole tracks, whose first five seconds are left out by both."""
    reference, estimate = pair
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = mir_eval.beat.evaluate(reference, estimate)
    named = dict(zip(NAMES, stack(score([beats(reference)], [beats(estimate)]))[0], strict=True))
    if (reference >= 5).sum() < 2:
        return  # undefined here, 0 there
    assert named["beats.f1"] == pytest.approx(theirs["F-measure"], abs=1e-12)
    for ours, name in (("cmlt", "total"), ("cmlc", "continuous")):
        assert named[ours] == pytest.approx(theirs[f"Correct Metric Level {name.title()}"])
        any_level = theirs[f"Any Metric Level {name.title()}"]
        assert named[ours.replace("c", "a", 1)] == pytest.approx(any_level)


def beats(times: np.ndarray, first: int = 0) -> Beats:
    return Beats(times, (np.arange(len(times)) + first) % 4 + 1)


def test_means_over_tracks() -> None:
    scores = score([beats(GRID)] * 2, [beats(GRID), beats(GRID[::2])])
    named = figures(stack(scores))
    assert named["level.right"] == named["level.half"] == 0.5
    assert named["level.double"] == 0
    assert named["beats.recall"] == pytest.approx((1 + 25 / 50) / 2)  # 50 beats after 5 s
    assert named["cmlt"] == pytest.approx(0.5)
    assert named["amlt"] == 1
    shifted = figures(stack(score([beats(GRID)], [beats(GRID, first=2)])))
    assert shifted["beats.f1"] == 1 and shifted["downbeats.f1"] == 0


def test_the_start_is_left_out_as_mir_eval_does() -> None:
    late = GRID[GRID >= 5]
    (row,) = score([beats(GRID)], [Beats(late, np.ones(len(late), dtype=np.int64))])
    assert row.beats.f1 == mir_eval.beat.evaluate(GRID, late)["F-measure"] == 1
    (row,) = score([beats(GRID)], [Beats(late, np.ones(len(late), dtype=np.int64))], skip=0)
    assert row.beats.recall == len(late) / len(GRID)


def test_nothing_annotated_is_left_out_of_the_means() -> None:
    none = Beats(np.zeros(0), np.zeros(0, dtype=np.int64))
    (row,) = score([none], [none])
    assert math.isnan(row.beats.f1) and math.isnan(row.continuity.amlt)
    assert row.level is None
    both = figures(stack(score([none, beats(GRID)], [none, beats(GRID)])))
    assert both["beats.f1"] == both["level.right"] == 1
    assert follow(GRID, GRID[:1]).amlt == 0
    assert math.isnan(figures(stack([]))["cmlt"])


def test_bad_arguments_are_named() -> None:
    with pytest.raises(ValueError, match="estimates: expected 1, got 0"):
        score([beats(GRID)], [])
