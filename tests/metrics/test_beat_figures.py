import math
import warnings

import mir_eval
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bandscribe.metrics.beats import figures, find, follow, name_level, score
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


def beats(times: np.ndarray, first: int = 0) -> Beats:
    return Beats(times, (np.arange(len(times)) + first) % 4 + 1)


def test_means_over_tracks() -> None:
    scores = score([beats(GRID)] * 2, [beats(GRID), beats(GRID[::2])])
    named = figures(scores)
    assert named["level.right"] == named["level.half"] == 0.5
    assert named["level.double"] == 0
    assert named["beats.recall"] == pytest.approx((1 + 25 / 50) / 2)  # 50 beats after 5 s
    assert named["cmlt"] == pytest.approx(0.5)
    assert named["amlt"] == 1
    shifted = figures(score([beats(GRID)], [beats(GRID, first=2)]))
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
    assert figures(score([none, beats(GRID)], [none, beats(GRID)]))["beats.f1"] == 1
    assert follow(GRID, GRID[:1]).amlt == 0
    assert math.isnan(figures([])["cmlt"])


def test_bad_arguments_are_named() -> None:
    with pytest.raises(ValueError, match="estimates: expected 1, got 0"):
        score([beats(GRID)], [])
