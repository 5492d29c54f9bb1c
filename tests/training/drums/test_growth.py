import pytest
import torch

from bandscribe.training.drums.growth import grow
from bandscribe.training.drums.models import CRNN

SMALL = {"channels": (4, 6), "pooling": (2, 3), "hidden": 5, "layers": 2, "dropout": 0.0}


def network(classes: int = 3, **options: object) -> CRNN:
    torch.manual_seed(classes)
    return CRNN(30, classes, convolutions=1, level_invariant=True, **SMALL | options)  # type: ignore[arg-type]


@pytest.mark.parametrize("unit", ["lstm", "gru"])
@pytest.mark.parametrize(
    "wider", [{}, {"hidden": 8}, {"channels": (5, 6)}, {"channels": (7, 9), "hidden": 6}]
)
def test_a_wider_network_begins_as_the_narrower_one(unit: str, wider: dict[str, object]) -> None:
    features = torch.rand(2, 50, 30)
    small = network(unit=unit)
    small(features)  # batch statistics
    large = network(4, unit=unit, **wider)
    grow(large, small.state_dict())
    for mode in (True, False):
        with torch.no_grad():
            expected, found = small.train(mode)(features), large.train(mode)(features)
        torch.testing.assert_close(found[:, :, :3], expected, atol=1e-5, rtol=1e-5)


def test_what_is_new_learns() -> None:
    small, large = network(), network(channels=(5, 8), hidden=7)
    grow(large, small.state_dict())
    large(torch.rand(2, 50, 30)).square().sum().backward()
    assert all(part.grad is not None and part.grad.any() for part in large.parameters())


def test_it_grows_only() -> None:
    with pytest.raises(ValueError, match="20 where there are 16 now"):
        grow(network(hidden=4), network().state_dict())
    with pytest.raises(ValueError, match="another structure"):
        grow(network(layers=3), network().state_dict())
