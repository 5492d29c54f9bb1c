"""Which way kernels point, against kernels whose direction is known."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from bandscribe.studies import hit_kernels  # noqa: E402

#: (time, frequency): one that tells moments apart, and one that tells bands apart.
ONSET = np.array([[-1.0] * 3, [0.0] * 3, [1.0] * 3])
BAND = ONSET.T
SYMMETRIC = np.array([[1.0, 2.0, 3.0], [2.0, 5.0, 4.0], [3.0, 4.0, 0.0]])


def test_direction_tells_moments_from_bands() -> None:
    found = hit_kernels.direct(np.stack([ONSET, BAND, SYMMETRIC, np.ones((3, 3))]))
    np.testing.assert_allclose(found, [1, -1, 0, 0], atol=1e-12)


def test_direction_by_hand() -> None:
    # Differences in time 1, 1 (one column), in frequency 2 (one row).
    kernel = np.array([[0.0, 0.0], [1.0, 0.0]])[None]
    assert hit_kernels.direct(kernel)[0] == pytest.approx(0.0)
    kernel = np.array([[0.0, 2.0], [1.0, 3.0]])[None]
    assert hit_kernels.direct(kernel)[0] == pytest.approx((2 - 8) / (2 + 8))


def test_asymmetry_by_hand() -> None:
    found = hit_kernels.measure_asymmetry(np.stack([SYMMETRIC, np.zeros((3, 3)), ONSET]))
    # Of ONSET: off the diagonal -1 and 0, -1 and 1, 0 and 1, twice; over 2 · 6.
    np.testing.assert_allclose(found, [0, 0, 2 * (1 + 4 + 1) / 12], atol=1e-12)
    antisymmetric = np.array([[0.0, 1.0], [-1.0, 0.0]])[None]
    assert hit_kernels.measure_asymmetry(antisymmetric)[0] == pytest.approx(2)
    with pytest.raises(ValueError, match="square"):
        hit_kernels.measure_asymmetry(np.zeros((1, 3, 5)))


def test_independent_weights_are_the_measure() -> None:
    noise = np.random.default_rng(0).standard_normal((20_000, 3, 3))
    assert hit_kernels.measure_asymmetry(noise).mean() == pytest.approx(2 / 3, abs=0.01)
    assert hit_kernels.direct(noise).mean() == pytest.approx(0, abs=0.01)


def test_compares_layers_of_networks() -> None:
    def build() -> torch.nn.Sequential:
        return torch.nn.Sequential(
            torch.nn.Conv2d(1, 40, 3), torch.nn.ReLU(), torch.nn.Conv2d(40, 2, 3)
        )

    torch.manual_seed(0)
    trained, untrained = build(), build()
    with torch.no_grad():
        trained[0].weight[:] = torch.from_numpy(ONSET).float()
    layers = hit_kernels.compare(trained, untrained)
    assert [len(layer.kernels) for layer in layers] == [40, 80]
    told = layers[0].summarise()
    assert (told["direction"], told["towards_time"], told["towards_frequency"]) == (1.0, 1.0, 0.0)
    assert abs(told["direction_untrained"]) < 0.2
    same = hit_kernels.compare(untrained, untrained)[1].summarise()
    # By definition a twentieth lies outside the middle 95 % of itself.
    assert same["towards_time"] + same["towards_frequency"] == pytest.approx(0.05, abs=0.011)
