import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from bandscribe.training.drummernet.analysis import sparsemax


def test_by_hand() -> None:
    """Of (1, 0.5, -1) the support is two: the threshold is (1.5 - 1) / 2 = 0.25."""
    found = sparsemax(torch.tensor([1.0, 0.5, -1.0]))
    np.testing.assert_allclose(found, [0.75, 0.25, 0.0], atol=1e-7)


def test_of_two_scores_it_is_a_clipped_line() -> None:
    """Martins and Astudillo 2016, section 2.2: (t, 0) to (t / 2 + 1 / 2, …) between -1 and 1."""
    t = torch.linspace(-2, 2, 41, dtype=torch.float64)
    found = sparsemax(torch.stack([t, torch.zeros_like(t)], dim=-1))[:, 0]
    np.testing.assert_allclose(found, np.clip(t.numpy() / 2 + 0.5, 0, 1), atol=1e-12)


@given(arrays(np.float64, (3, 7), elements=st.floats(-50, 50)))
def test_it_is_the_nearest_point_of_the_simplex(scores: np.ndarray) -> None:
    """Such a point is one from which no move within the simplex leads closer to the scores."""
    found = sparsemax(torch.from_numpy(scores)).numpy()
    assert (found >= 0).all()
    np.testing.assert_allclose(found.sum(axis=-1), 1, atol=1e-9)
    # The corner in the best direction lies no further along it than the point does.
    direction = scores - found
    np.testing.assert_allclose(direction.max(axis=-1), (direction * found).sum(axis=-1), atol=1e-8)


def test_along_another_dimension() -> None:
    scores = torch.randn(2, 5, 3, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(sparsemax(scores, dim=1), sparsemax(scores.mT).mT)


def test_large_scores_lose_nothing() -> None:
    scores = torch.tensor([1e4 + 0.5, 1e4, 0.0])
    np.testing.assert_allclose(sparsemax(scores), [0.75, 0.25, 0.0], atol=1e-3)


def test_gradient() -> None:
    scores = torch.randn(4, 6, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    assert (sparsemax(scores) == 0).any() and (sparsemax(scores) > 0).sum() > 4
    assert torch.autograd.gradcheck(sparsemax, scores.requires_grad_())
