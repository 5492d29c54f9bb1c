import itertools

import pytest
import torch

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


def test_polynomial_by_hand() -> None:
    factors = [schedules.polynomial(step, steps=23, floor=0.1, warmup=0.09) for step in range(24)]
    assert factors[:3] == pytest.approx([1 / 3, 2 / 3, 1])  # 2 of 23 steps to warm up
    assert factors[7] == pytest.approx(0.1 + 0.9 * 0.75**0.7)  # 5 of the 20 steps from there
    assert factors[12] == pytest.approx(0.1 + 0.9 * 0.5**0.7)
    assert factors[22:] == pytest.approx([0.1, 0.1])
    assert all(later < earlier for earlier, later in itertools.pairwise(factors[2:23]))


@pytest.mark.parametrize("steps", [1, 2])
def test_polynomial_of_a_run_that_is_hardly_one(steps: int) -> None:
    assert schedules.polynomial(0, steps=steps) == 1


def test_polynomial_agrees_with_transformers() -> None:
    """But for the warm-up, whose first step is 0 there, and the end, a step after the last."""
    optimization = pytest.importorskip("transformers.optimization")
    optimiser = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1e-3)
    theirs = optimization.get_polynomial_decay_schedule_with_warmup(
        optimiser, num_warmup_steps=10, num_training_steps=199, lr_end=1e-5, power=0.7
    ).lr_lambdas[0]
    for step in (10, 11, 50, 150, 198, 199):
        ours = schedules.polynomial(step, steps=200, floor=0.01, power=0.7, warmup=0.05)
        assert ours == pytest.approx(theirs(step), rel=1e-12)


def test_plateau_divides_after_three_validations_without_gain() -> None:
    scores = [0.5, 0.6, 0.6, 0.55, 0.59, 0.58, 0.7, 0.1, 0.1, 0.1]
    factors = [schedules.plateau(scores[:n]) for n in range(len(scores) + 1)]
    assert factors == pytest.approx([1, 1, 1, 1, 1, 0.2, 0.2, 0.2, 0.2, 0.2, 0.04])


def test_waited_counts_from_the_first_best() -> None:
    assert schedules.waited([]) == 0
    assert schedules.waited([0.1]) == 0
    assert schedules.waited([0.1, 0.3, 0.3, 0.2]) == 2
