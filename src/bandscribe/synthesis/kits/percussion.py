"""Tambourines and shakers, synthesised: no sampled kit has enough of them.

They sound much like hi-hats: a network trained on few of them confuses the two. Every draw is
another instrument.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bandscribe.synthesis.kits.pieces import LOUDNESS_SPAN, KitPiece, RecordedHit
from bandscribe.synthesis.sound import Rng, Samples


def draw_tambourine(rng: Rng, sample_rate: int) -> Samples:
    """One stroke (n,): jingles, each of a few inharmonic partials, that clash several times.

    Partials lie between 3 and 15 kHz and decay within 30 to 400 ms; the clashes of a stroke spread
    over 5 to 60 ms. Some instruments have a skin.
    """
    n = round(0.7 * sample_rate)
    time = np.arange(n) / sample_rate
    out = np.zeros(n)
    decay = np.exp(rng.uniform(np.log(0.03), np.log(0.4))) / 6.9
    spread = rng.uniform(0.005, 0.06)
    clashes = np.sort(np.concatenate([[0.0], rng.exponential(spread / 2, rng.integers(1, 5))]))
    for _ in range(int(rng.integers(3, 9))):
        partials = rng.uniform(3000, 15000, rng.integers(3, 8))
        ringing = np.zeros(n)
        for partial in partials[partials < 0.45 * sample_rate]:
            phase = rng.uniform(0, 2 * np.pi)
            ringing += rng.uniform(0.2, 1) * np.sin(2 * np.pi * partial * time + phase)
        for clash in clashes + rng.exponential(0.002):
            after = time - clash
            out += np.where(after >= 0, np.exp(-after / decay), 0) * ringing * rng.uniform(0.3, 1)
    noise = rng.standard_normal(n)
    noise = np.diff(noise, prepend=0.0)  # +6 dB per octave: bright
    out += rng.uniform(0.1, 1.5) * noise * np.exp(-time / (decay * rng.uniform(0.2, 1)))
    if rng.random() < 0.3:
        skin = np.sin(2 * np.pi * rng.uniform(150, 500) * time) * np.exp(-time / 0.03)
        out += rng.uniform(1, 6) * skin
    return _faded(out)


def draw_shaker(rng: Rng, sample_rate: int) -> Samples:
    """One stroke (n,): a band of noise around 3.5 to 11 kHz that swells and falls."""
    attack, fall = rng.uniform(0.001, 0.04), rng.uniform(0.02, 0.12)
    n = round((attack + 5 * fall) * sample_rate)
    time = np.arange(n) / sample_rate
    spectrum = np.fft.rfft(rng.standard_normal(n))
    frequencies = np.fft.rfftfreq(n, 1 / sample_rate)
    centre, width = rng.uniform(3500, 11000), rng.uniform(0.3, 1.2)  # Hz, octaves
    octaves = np.log2(np.maximum(frequencies, 1) / centre)
    noise = np.fft.irfft(spectrum * np.exp(-0.5 * (octaves / width) ** 2), n)
    envelope = np.minimum(time / attack, np.exp(-np.maximum(0, time - attack) / fall))
    return _faded(noise * envelope)


def draw_piece(rng: Rng, sample_rate: int) -> KitPiece:
    """A tambourine or a shaker as a piece of a kit."""
    draw = draw_tambourine if rng.random() < 0.6 else draw_shaker
    sound = draw(rng, sample_rate)
    power = float(np.sum(sound**2)) / (LOUDNESS_SPAN * sample_rate)
    hit = RecordedHit(sound[None], sample_rate, 10 * np.log10(power))
    return KitPiece("synthesised", "tmb", ((hit,),), (1.0,))


def _faded(sound: NDArray[np.float64]) -> Samples:
    fade = min(len(sound), 400)
    sound[-fade:] *= np.linspace(1, 0, fade)
    return np.asarray(0.5 * sound / np.abs(sound).max(), dtype=np.float32)
