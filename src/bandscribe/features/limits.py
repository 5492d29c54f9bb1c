"""Limits of the parameters of front ends, which may come from foreign model files."""

from __future__ import annotations

from collections.abc import Mapping

#: Kind, least and most.
Limits = tuple[type[int] | type[float], float, float]

SAMPLE_RATE: Limits = (int, 1000, 384_000)
N_FFT: Limits = (int, 16, 2**16)
HOP_LENGTH: Limits = (int, 1, 2**17)
BANDS: Limits = (int, 1, 2048)
FREQUENCY: Limits = (float, 0, 192_000)


def check(given: object, limits: Mapping[str, Limits]) -> None:
    """Raise ValueError naming the first attribute of `given` that is out of its limits."""
    for name, (kind, least, most) in limits.items():
        value = getattr(given, name)
        number = type(value) is int or (kind is float and type(value) is float)
        # The comparison is false for NaN, so that NaN is refused too.
        if not number or not least <= value <= most:
            noun = "a whole number" if kind is int else "a number"
            raise ValueError(f"{name}: expected {noun} from {least:g} to {most:g}, got {value!r}")
