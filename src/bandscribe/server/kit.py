"""Ten drum sounds, synthesized: short, dry and plain, to check a transcription by ear.

A drum is a falling sine, a snare adds noise, cymbals are noise and a cluster of square waves, as in
the analogue drum machines of 1980. Equal every time.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from functools import lru_cache

import numpy as np
import soundfile
from numpy.typing import NDArray

from bandscribe.vocabulary import DRUMS_10

SAMPLE_RATE = 44100
Samples = NDArray[np.float64]
#: Hz of the square waves of a cymbal: no two of them in a simple ratio.
_METAL = (205.3, 304.4, 369.6, 522.7, 540.0, 800.0)


@lru_cache
def wav(name: str) -> bytes:
    """The sound of a class, as a mono wav file. Raises KeyError for a class that there is not."""
    samples = _SOUNDS[name]()
    samples = samples / np.abs(samples).max()
    buffer = io.BytesIO()
    soundfile.write(buffer, samples * _LOUDNESS.get(name, 0.7), SAMPLE_RATE, format="WAV")
    return buffer.getvalue()


def _time(seconds: float) -> Samples:
    return np.arange(round(seconds * SAMPLE_RATE)) / SAMPLE_RATE


def _drum(start: float, end: float, decay: float, noise: float = 0.0) -> Samples:
    """A skin: from one frequency down to another, in Hz; `decay` in seconds to 1/e."""
    t = _time(6 * decay)
    frequency = end + (start - end) * np.exp(-t / 0.03)
    tone = np.sin(2 * np.pi * np.cumsum(frequency) / SAMPLE_RATE) * np.exp(-t / decay)
    click = _noise(len(t)) * np.exp(-t / 0.004) * 0.25
    return _faded(tone + click + noise * _bright(len(t)) * np.exp(-t / (0.8 * decay)))


def _cymbal(decay: float, metal: float) -> Samples:
    t = _time(min(6 * decay, 2.0))
    squares = sum((np.sign(np.sin(2 * np.pi * 4.1 * f * t)) for f in _METAL), np.zeros(len(t)))
    both = _bright(len(t)) + metal * np.diff(squares, prepend=0.0)
    return _faded(both * np.exp(-t / decay))


def _stick() -> Samples:
    t = _time(0.12)
    tone = np.sin(2 * np.pi * 1720 * t) + 0.6 * np.sin(2 * np.pi * 520 * t)
    return _faded(tone * np.exp(-t / 0.012) + 0.5 * _bright(len(t)) * np.exp(-t / 0.004))


def _noise(count: int) -> Samples:
    return np.random.default_rng(1980).uniform(-1, 1, count)


def _bright(count: int) -> Samples:
    """Noise without its low half."""
    return np.diff(np.diff(_noise(count), prepend=0.0), prepend=0.0) / 2


def _faded(samples: Samples) -> Samples:
    """Ends in silence."""
    end = min(len(samples), 400)
    samples[-end:] *= np.linspace(1, 0, end)
    return samples


_SOUNDS: dict[str, Callable[[], Samples]] = {
    "KD": lambda: _drum(170, 52, 0.13),
    "SD": lambda: _drum(280, 185, 0.06, noise=1.2),
    "SS": _stick,
    "CHH": lambda: _cymbal(0.022, 0.4),
    "OHH": lambda: _cymbal(0.16, 0.4),
    "HT": lambda: _drum(260, 190, 0.11),
    "MT": lambda: _drum(200, 140, 0.14),
    "LT": lambda: _drum(150, 95, 0.18),
    "CR": lambda: _cymbal(0.45, 0.2),
    "RD": lambda: _cymbal(0.25, 1.2),
}
_LOUDNESS = {"KD": 0.95, "SD": 0.8, "CHH": 0.4, "OHH": 0.45, "CR": 0.5, "RD": 0.35, "SS": 0.6}
assert set(_SOUNDS) == set(DRUMS_10)
