from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from bandscribe.peaks import Peaks, keep_one, normalize_by_local_max, pick, refine

UNIT = st.integers(0, 20).map(lambda n: n / 20)


def column(*values: float) -> np.ndarray:
    return np.array(values, dtype=np.float32)[:, None]


def frames(values: np.ndarray, threshold: float = 0.1, **windows: int) -> list[int]:
    return pick(values, thresholds=[threshold], **windows).frames.tolist()


def test_worked_example() -> None:
    """m = a = w = 2, δ = 0.1, each frame checked by hand.

    n    0    1    2    3    4    5    6    7    8    9
    y   .0   .2   .9   .4   .1   .1   .15  .1   .6   .5

    Local maxima within ±2: n = 2 (.9), n = 6? no: .6 lies at n + 2; n = 8 (.6).
    n = 2: mean(.0 .2 .9 .4 .1) = .32, .9 >= .42: onset.
    n = 8: the window ends with the signal, mean(.15 .1 .6 .5) = .3375, .6 >= .4375: onset.
    """
    values = column(0, 0.2, 0.9, 0.4, 0.1, 0.1, 0.15, 0.1, 0.6, 0.5)
    assert frames(values) == [2, 8]
    assert frames(values, 0.263) == [2]  # .6 < .3375 + .263
    assert frames(values, 0.581) == []  # .9 < .32 + .581


def test_threshold_is_inclusive() -> None:
    # mean(0 0 .5 0) = .125, and .125 + .375 is exact in floating point.
    assert frames(column(0, 0, 0.5, 0), 0.375) == [2]


def test_first_and_last_frame_can_be_onsets() -> None:
    assert frames(column(0.9, 0.1, 0, 0, 0, 0, 0.1, 0.9)) == [0, 7]


def test_plateau_is_one_peak() -> None:
    assert frames(column(0, 0, 0, 1, 1, 0, 0, 0)) == [3]
    assert frames(column(0, 0, 0, 1, 1, 1, 0, 0, 0), mean_frames=5) == [3]


def test_sustained_activation_never_fires() -> None:
    assert frames(np.full((50, 1), 0.9, dtype=np.float32)) == []


def test_wait_counts_from_the_last_onset() -> None:
    values = column(0, 1, 0, 1, 0, 1, 0, 1, 0)
    assert frames(values, max_frames=1, wait_frames=2) == [1, 3, 5, 7]
    assert frames(values, max_frames=1, wait_frames=3) == [1, 5]


def test_setting_of_choi_and_cho() -> None:
    values = np.zeros((100, 1), dtype=np.float32)
    values[[20, 24, 60, 66], 0] = [0.8, 0.7, 0.8, 0.7]
    assert frames(values, 0.2, max_frames=5, mean_frames=10, wait_frames=5) == [20, 60, 66]


def test_each_class_has_its_own_threshold() -> None:
    values = np.zeros((9, 2), dtype=np.float32)
    values[4] = 0.5
    assert pick(values, thresholds=[0.45, 0.1]).classes.tolist() == [1]
    assert pick(values, thresholds=[0.1, 0.1]).classes.tolist() == [0, 1]


@pytest.mark.parametrize("length", [0, 1, 2, 3])
def test_short_input(length: int) -> None:
    assert frames(np.zeros((length, 1), dtype=np.float32)) == []


@given(
    arrays(np.float64, st.tuples(st.integers(1, 40), st.just(1)), elements=UNIT),
    st.integers(0, 4),
    st.integers(0, 4),
    st.integers(0, 4),
)
def test_every_onset_fulfils_the_three_conditions(
    values: np.ndarray, m: int, a: int, w: int
) -> None:
    found = frames(values, 0.1, max_frames=m, mean_frames=a, wait_frames=w)
    y = values[:, 0]
    for n in found:
        assert y[n] == y[max(n - m, 0) : n + m + 1].max()
        assert y[n] >= y[max(n - a, 0) : n + a + 1].mean() + 0.1 - 1e-12
    assert all(later - earlier >= w for earlier, later in pairwise(found))


@given(
    arrays(np.float64, st.tuples(st.integers(5, 30), st.just(2)), elements=UNIT),
    st.integers(0, 9),
)
def test_a_delay_delays_the_onsets(values: np.ndarray, delay: int) -> None:
    values[:4] = 0
    later = np.concatenate([np.zeros((delay, 2)), values])
    first, second = (pick(v, thresholds=[0.1, 0.2]) for v in (values, later))
    assert (first.frames + delay).tolist() == second.frames.tolist()
    assert first.classes.tolist() == second.classes.tolist()


def test_refine_finds_the_top_of_a_parabola() -> None:
    n = np.arange(11.0)
    for top in (4.6, 5.0, 5.3):
        values = (1 - 0.03 * (n - top) ** 2)[:, None]
        peaks = Peaks(np.array([5]), np.array([0]))
        assert refine(values, peaks) == pytest.approx(top)


def test_refine_keeps_the_ends_and_centres_a_plateau() -> None:
    peaks = Peaks(np.array([0, 3, 7]), np.zeros(3, dtype=np.int64))
    values = column(1, 0.5, 0, 1, 1, 0, 0.5, 1)
    assert refine(values, peaks).tolist() == [0, 3.5, 7]


def test_the_higher_of_two_peaks_beside_each_other_stays() -> None:
    values = np.zeros((60, 3))
    values[[10, 12, 20, 30, 33, 40], [0, 1, 1, 0, 1, 0]] = [0.9, 0.4, 0.5, 0.3, 0.8, 0.5]
    values[[41, 50, 50], [1, 0, 2]] = 0.7
    found = pick(values, thresholds=[0.1, 0.1, 0.1])
    kept = keep_one(found, values, (0, 1), 2)
    assert list(zip(*kept, strict=True)) == [
        (10, 0), (20, 1), (30, 0), (33, 1), (41, 1), (50, 0), (50, 2),
    ]  # fmt: skip


def test_bad_arguments_are_named() -> None:
    values = np.zeros((4, 2), dtype=np.float32)
    with pytest.raises(ValueError, match="thresholds: expected 2, got 1"):
        pick(values, thresholds=[0.1])
    with pytest.raises(ValueError, match="values: expected"):
        pick(values[0], thresholds=[0.1])
    with pytest.raises(ValueError, match="wait_frames"):
        pick(values, thresholds=[0.1, 0.1], wait_frames=-1)


def test_amplitudes_are_gathered_and_related_by_hand() -> None:
    """Each with half of its neighbours, beside the largest within 3, or 0.4."""
    values = np.array([0.0, 0.4, 0.8, 0, 0, 0, 0, 1.6, 0])[:, np.newaxis]
    shares = normalize_by_local_max(values, gather_frames=1, level_frames=3)[:, 0]
    # 0.2 0.8 1.0 0.4 0 0 0.8 1.6 0.8
    expected = [0.2, 0.8, 1, 0.4, 0, 0, 0.5, 1, 0.5]
    np.testing.assert_allclose(shares, expected, atol=1e-6)
    faint = normalize_by_local_max(0.1 * values, gather_frames=0, level_frames=3)[:, 0]
    np.testing.assert_allclose(faint, [0, 0.1, 0.2, 0, 0, 0, 0, 0.4, 0], atol=1e-6)  # / 0.4


@pytest.mark.parametrize("reach", [0, 1, 2, 3, 5, 8, 40])
def test_the_level_is_the_largest_around(reach: int) -> None:
    values = np.random.default_rng(reach).uniform(0.4, 1, (30, 2))
    shares = normalize_by_local_max(values, gather_frames=0, level_frames=reach)
    around = [values[max(0, n - reach) : n + reach + 1].max(axis=0) for n in range(30)]
    np.testing.assert_allclose(shares, values / around, rtol=1e-6)


def test_related_windows_are_checked() -> None:
    with pytest.raises(ValueError, match="gather_frames, level_frames: expected 0 or more"):
        normalize_by_local_max(np.zeros((2, 1)), gather_frames=-1, level_frames=3)
    with pytest.raises(ValueError, match=r"values: expected \(frame, class\)"):
        normalize_by_local_max(np.zeros(2), gather_frames=0, level_frames=3)
