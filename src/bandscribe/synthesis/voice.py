"""A singer of sorts: a source-filter voice that follows a melody, with consonants.

It fools nobody, but what a drum transcriber mistakes for drums is all there: sibilants that look
like hi-hats, plosives that look like snares, breaths, glides and vibrato.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import scipy.fft
from numpy.typing import NDArray

#: First four formants of sung vowels in Hz (Peterson and Barney 1952, men; a fourth added).
VOWELS = (
    (730, 1090, 2440, 3400), (270, 2290, 3010, 3600), (530, 1840, 2480, 3400),
    (300, 870, 2240, 3300), (570, 840, 2410, 3300), (490, 1350, 1690, 3200),
)  # fmt: skip
#: Band in Hz and length in seconds of consonants: s, sh, f, t, k, p, h.
CONSONANTS = (
    (5000, 12000, 0.11), (2500, 7000, 0.11), (1500, 11000, 0.08), (3500, 9000, 0.025),
    (1500, 4500, 0.03), (200, 2500, 0.02), (500, 5000, 0.07),
)  # fmt: skip


def sing(
    notes: Sequence[tuple[float, float, int]], duration: float, rng: np.random.Generator,
    sample_rate: int = 44100,
) -> NDArray[np.float32]:  # fmt: skip
    """Sing `(start, end, MIDI pitch)` notes on random syllables: samples (n,), peak 1."""
    out = np.zeros(round(duration * sample_rate), dtype=np.float32)
    size = rng.uniform(0.95, 1.3)  # of the vocal tract: men to children
    octave = 12 * int(rng.choice([-2, -1, 0], p=[0.2, 0.5, 0.3]))
    breath = rng.uniform(0.01, 0.12)
    bite = rng.uniform(0.2, 1.5)  # level of the consonants
    wordy = rng.uniform(0.4, 0.95)  # share of notes that begin with one
    for start, end, pitch in notes:
        length = int(min(end - start, 4.0) * sample_rate)
        first = int(start * sample_rate)
        if length < 1000 or first >= len(out):
            continue
        vowel = VOWELS[rng.integers(len(VOWELS))]
        tone = _vowel(length, 440 * 2 ** ((pitch + octave - 69) / 12), vowel, size, breath, rng,
                      sample_rate)  # fmt: skip
        _add(out, first, tone)
        if rng.random() < wordy:
            consonant = _consonant(rng, sample_rate) * np.float32(bite * rng.uniform(0.1, 0.5))
            _add(out, max(0, first - int(0.7 * len(consonant))), consonant)
    return out / np.float32(np.abs(out).max(initial=1e-9))


def _add(out: NDArray[np.float32], first: int, sound: NDArray[np.float32]) -> None:
    n = min(len(sound), len(out) - first)
    out[first : first + n] += sound[:n]


def _vowel(
    length: int, f0: float, formants: tuple[int, ...], size: float, breath: float,
    rng: np.random.Generator, sample_rate: int,
) -> NDArray[np.float32]:  # fmt: skip
    t = np.arange(length) / sample_rate
    vibrato = rng.uniform(0, 0.03) * np.sin(2 * np.pi * rng.uniform(4.5, 6.5) * t) * (t > 0.2)
    glide = rng.uniform(-0.06, 0.06) * np.exp(-t / 0.05)
    phase = np.cumsum(f0 * (1 + vibrato + glide)) / sample_rate
    pulse = 1 - 2 * (phase % 1.0)  # a sawtooth falls by 6 dB per octave, much as a glottis does
    pulse += breath * rng.standard_normal(length)
    n_fft = scipy.fft.next_fast_len(length, real=True)
    frequencies = np.fft.rfftfreq(n_fft, 1 / sample_rate)
    response = np.full(len(frequencies), 0.003)
    for level, formant in zip((1.0, 0.5, 0.25, 0.15), formants, strict=True):
        width = 60 + 0.04 * formant
        response += level / (1 + ((frequencies - formant * size) / width) ** 2)
    tone = scipy.fft.irfft(scipy.fft.rfft(pulse, n_fft) * response, n_fft)[:length]
    attack, release = int(0.03 * sample_rate), min(length // 3, int(0.08 * sample_rate))
    envelope = np.minimum(1, np.arange(length) / attack)
    envelope[length - release :] *= np.linspace(1, 0, release)
    tone *= envelope * rng.uniform(0.5, 1.0) / (np.abs(tone).max() + 1e-9)
    return np.asarray(tone, dtype=np.float32)


def _consonant(rng: np.random.Generator, sample_rate: int) -> NDArray[np.float32]:
    low, high, seconds = CONSONANTS[rng.integers(len(CONSONANTS))]
    n = int(seconds * rng.uniform(0.7, 1.5) * sample_rate)
    frequencies = np.fft.rfftfreq(n, 1 / sample_rate)
    band = 1 / (1 + (low / np.maximum(frequencies, 1)) ** 6) / (1 + (frequencies / high) ** 6)
    burst = np.fft.irfft(np.fft.rfft(rng.standard_normal(n)) * band, n)
    attack = int((0.002 if seconds < 0.05 else 0.02) * sample_rate)
    burst *= np.minimum(1, np.arange(n) / attack) * np.linspace(1, 0, n)
    return np.asarray(burst / (np.abs(burst).max() + 1e-9), dtype=np.float32)
