import pytest

from bandscribe.training import schedules


def test_warm_up_rises_in_a_line() -> None:
    factors = [schedules.warm_up(step, warmup_steps=3) for step in range(5)]
    assert factors == [0.25, 0.5, 0.75, 1, 1]
    assert schedules.warm_up(0, warmup_steps=0) == 1


def test_cosine_by_hand() -> None:
    factors = [schedules.cosine(step, steps=5, floor=0.1) for step in range(5)]
    half = 2**-0.5
    assert factors == pytest.approx(
        [1, 0.1 + 0.45 * (1 + half), 0.55, 0.1 + 0.45 * (1 - half), 0.1]
    )


def test_plateau_divides_after_three_validations_without_gain() -> None:
    scores = [0.5, 0.6, 0.6, 0.55, 0.59, 0.58, 0.7, 0.1, 0.1, 0.1]
    factors = [schedules.plateau(scores[:n]) for n in range(len(scores) + 1)]
    assert factors == pytest.approx([1, 1, 1, 1, 1, 0.2, 0.2, 0.2, 0.2, 0.2, 0.04])


def test_waited_counts_from_the_first_best() -> None:
    assert schedules.waited([]) == 0
    assert schedules.waited([0.1]) == 0
    assert schedules.waited([0.1, 0.3, 0.3, 0.2]) == 2
