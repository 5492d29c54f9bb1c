"""A small synthesised drum kit: one sound for each drum class, the same on every machine.

Skins are sines that fall in pitch, cymbals are filtered noise and inharmonic partials, all of them
with an attack in the first millisecond, so that a stroke sounds when it is written.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache

import numpy as np
from numpy.typing import NDArray

Samples = NDArray[np.float32]
Floats = NDArray[np.float64]

SAMPLE_RATE = 44100
_ATTACK = 0.0005  # seconds
_RELEASE = 0.01  # seconds in which a sound ends


def _skin(t: Floats, low: float, high: float, fall: float, decay: float) -> Floats:
    """A sine from `high` to `low` Hz, which falls and decays in so many seconds."""
    phase = low * t + (high - low) * fall * (1 - np.exp(-t / fall))
    return np.asarray(np.sin(2 * np.pi * phase) * np.exp(-t / decay))


def _noise(t: Floats, decay: float, order: int, seed: int) -> Floats:
    """White noise without its bass, which differences of this order take."""
    noise = np.diff(np.random.default_rng(seed).standard_normal(len(t) + order), n=order)
    return np.asarray(noise / np.abs(noise).max() * np.exp(-t / decay))


def _metal(t: Floats, base: float, decay: float) -> Floats:
    """Partials that are no multiples of one another, as those of a plate."""
    ratios = np.array([1.0, 1.483, 1.932, 2.546, 2.630, 3.897])
    partials = np.sin(2 * np.pi * base * ratios[:, None] * t)
    return np.asarray(partials.mean(axis=0) * np.exp(-t / decay))


def _snare(t: Floats) -> Floats:
    body = _skin(t, 185, 330, 0.02, 0.09) + 0.5 * _skin(t, 330, 400, 0.02, 0.06)
    return 0.6 * body + 0.8 * _noise(t, 0.11, 1, 2)


def _kick(t: Floats) -> Floats:
    return _skin(t, 48, 160, 0.03, 0.16) + 0.25 * _noise(t, 0.004, 1, 1)


def _tom(base: float) -> Callable[[Floats], Floats]:
    return lambda t: _skin(t, base, 1.6 * base, 0.05, 0.2) + 0.15 * _noise(t, 0.02, 1, 3)


def _stick(t: Floats) -> Floats:
    return 0.7 * _skin(t, 850, 1000, 0.01, 0.02) + 0.5 * _noise(t, 0.012, 2, 4)


def _hat(decay: float) -> Callable[[Floats], Floats]:
    return lambda t: _noise(t, decay, 3, 5) + 0.3 * _metal(t, 3300, decay)


def _crash(t: Floats) -> Floats:
    return _noise(t, 0.55, 2, 6) + 0.3 * _metal(t, 1130, 0.4)


def _ride(t: Floats) -> Floats:
    return 0.7 * _metal(t, 1740, 0.45) + 0.45 * _noise(t, 0.25, 3, 7) + 0.4 * _noise(t, 0.015, 2, 8)


#: Sound, seconds, and level in dB of each class.
_PIECES: Mapping[str, tuple[Callable[[Floats], Floats], float, float]] = {
    "KD": (_kick, 0.6, 0.0),
    "SD": (_snare, 0.45, -2.0),
    "SS": (_stick, 0.12, -6.0),
    "CHH": (_hat(0.035), 0.2, -12.0),
    "OHH": (_hat(0.28), 1.0, -11.0),
    "HT": (_tom(190.0), 0.7, -4.0),
    "MT": (_tom(140.0), 0.7, -4.0),
    "LT": (_tom(95.0), 0.8, -3.0),
    "CR": (_crash, 2.0, -8.0),
    "RD": (_ride, 1.4, -12.0),
}
_SAME: Mapping[str, str] = {"TT": "MT", "HH": "CHH", "CY": "CR"}
#: The classes that a kit has a sound for.
CLASSES = (*_PIECES, *_SAME)


@cache
def sound(drum: str) -> Samples:
    """A full stroke (n,), of ten, five or three classes; its attack is at its first sample.

    Raises ValueError for another class.
    """
    drum = _SAME.get(drum, drum)
    if drum not in _PIECES:
        raise ValueError(f"drum: expected one of {', '.join(CLASSES)}, got {drum!r}")
    make, seconds, level = _PIECES[drum]
    return _shape(make, seconds, 10 ** (level / 20))


@cache
def click(downbeat: bool) -> Samples:
    """The click of a metronome (n,): higher on the first beat of a bar."""
    pitch = 1760.0 if downbeat else 1320.0
    return _shape(lambda t: _skin(t, pitch, pitch, 1.0, 0.012), 0.06, 0.35)


def _shape(make: Callable[[Floats], Floats], seconds: float, peak: float) -> Samples:
    t = np.arange(round(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    samples = make(t) * np.minimum(1.0, (t + 1 / SAMPLE_RATE) / _ATTACK)
    samples *= np.minimum(1.0, (seconds - t) / _RELEASE)
    return np.asarray(peak * samples / np.abs(samples).max(), np.float32)
