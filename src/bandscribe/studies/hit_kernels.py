"""Do kernels learned from spectrograms treat time and frequency differently?

Hiner 2024, Drum Classification, section 5, supposes that they do, and leaves it to be looked into.
A kernel's *direction* is (T - F) / (T + F), where T sums its squared differences between neighbours
in time, and F between neighbours in frequency: 1 for one that distinguishes moments alone, as a
detector of onsets; -1 for one that distinguishes bands alone; 0 for one
that equals its transpose. Its *asymmetry* is how far it is from its transpose, K: the sum of
(K - K')², over twice that of K²; 0 to 2, and 2/3 on average where weights are independent.

Weights of a network that has learned nothing are the measure of both. By chance, a twentieth of the
kernels lies outside the middle 95 % of those.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from torch import nn

Array = NDArray[np.float64]
#: The share of untrained kernels whose direction counts as usual.
USUAL = 0.95


@dataclass(frozen=True, eq=False)
class KernelLayer:
    """A convolution's kernels (kernel, time, frequency), and those of an untrained one."""

    kernels: Array
    untrained: Array

    def summarise(self) -> dict[str, float]:
        """Figures of trained and untrained kernels by name, and the share of unusual directions."""
        directions, usual = direct(self.kernels), direct(self.untrained)
        low, high = np.quantile(usual, [(1 - USUAL) / 2, (1 + USUAL) / 2])
        return {
            "kernels": len(self.kernels),
            "direction": float(directions.mean()),
            "direction_untrained": float(usual.mean()),
            "strength": float(np.abs(directions).mean()),
            "strength_untrained": float(np.abs(usual).mean()),
            "asymmetry": float(measure_asymmetry(self.kernels).mean()),
            "asymmetry_untrained": float(measure_asymmetry(self.untrained).mean()),
            "towards_time": float((directions > high).mean()),
            "towards_frequency": float((directions < low).mean()),
        }


def direct(kernels: Array) -> Array:
    """Directions (kernel,) of kernels (kernel, time, frequency); 0 where all weights are equal."""
    time = np.square(np.diff(kernels, axis=1)).sum(axis=(1, 2))
    frequency = np.square(np.diff(kernels, axis=2)).sum(axis=(1, 2))
    total = time + frequency
    return np.asarray(np.divide(time - frequency, total, out=np.zeros_like(total), where=total > 0))


def measure_asymmetry(kernels: Array) -> Array:
    """Asymmetries (kernel,) of square kernels (kernel, time, frequency); 0 where all are 0.

    Raises ValueError where kernels are not square.
    """
    if kernels.shape[1] != kernels.shape[2]:
        raise ValueError(f"kernels: expected square ones, got {kernels.shape[1:]}")
    apart = np.square(kernels - kernels.transpose(0, 2, 1)).sum(axis=(1, 2))
    total = 2 * np.square(kernels).sum(axis=(1, 2))
    return np.asarray(np.divide(apart, total, out=np.zeros_like(total), where=total > 0))


def compare(trained: nn.Module, untrained: nn.Module) -> list[KernelLayer]:
    """The convolutions of two networks of the same architecture, in their order."""
    return [
        KernelLayer(_kernels(own), _kernels(other))
        for own, other in zip(trained.modules(), untrained.modules(), strict=True)
        if isinstance(own, nn.Conv2d) and isinstance(other, nn.Conv2d)
    ]


def _kernels(layer: nn.Conv2d) -> Array:
    weights = layer.weight.detach().cpu().double().numpy()  # (out, in, time, frequency)
    return np.asarray(weights.reshape(-1, *weights.shape[2:]))
