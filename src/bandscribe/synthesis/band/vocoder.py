"""A source-filter vocoder: the spectral envelopes of recorded speech, excited at another pitch.

Envelopes are "true envelopes" (Röbel and Rodet 2005, section 3: cepstral smoothing of the larger
of spectrum and envelope, a few times over), applied as filters of minimum phase.
"""

from __future__ import annotations

import numpy as np
import scipy.fft
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from bandscribe.synthesis.sound import SAMPLE_RATE, Rng, Samples

HOP = 256  # samples between frames: 6 ms
_N_FFT = 1024  # 23 ms
_ORDER = 72  # cepstral coefficients of an envelope: details down to 600 Hz


def vocode(
    speech: NDArray[np.int16], position: NDArray[np.int64], gain: Samples,
    f0: NDArray[np.float64], rng: Rng,
) -> Samples:  # fmt: skip
    """The speech around `position`, sung at `f0`: samples (hop * frame + 512,) or more.

    `position` (samples of `speech`), `gain` and `f0` (Hz) are (frame,); frame i is centred on
    sample i * 256 of the result. Silence where `gain` is 0. Speaker and breathiness are drawn.
    """
    size = 1 / rng.uniform(0.85, 1.25)  # of the vocal tract
    breath = rng.uniform(0.02, 0.2)
    bins = np.arange(_N_FFT // 2 + 1)
    frequencies = bins * SAMPLE_RATE / _N_FFT
    noisy = breath + (0.9 - breath) / (1 + np.exp((rng.uniform(4500, 8000) - frequencies) / 800))
    tone, air = np.sqrt(1 - noisy**2).astype(np.float32), noisy.astype(np.float32)
    pad = np.zeros(_N_FFT // 2, np.float32)
    pulses = np.concatenate([pad, _pulses(f0), pad])
    noise = rng.standard_normal(len(pulses), dtype=np.float32)
    speech_frames, pulsed, noised = (
        sliding_window_view(x, _N_FFT) for x in (speech, pulses, noise)
    )
    at = np.clip(position - _N_FFT // 2, 0, len(speech_frames) - 1)
    window = np.hanning(_N_FFT + 1)[:-1].astype(np.float32)
    blocks = np.zeros((len(position) + 4, HOP), np.float32)
    active = np.flatnonzero(gain)
    for chunk in np.array_split(active, max(1, len(active) // 1024)):
        frames = speech_frames[at[chunk]] * (window / np.float32(32768))
        response = _responses(frames, size)
        power = np.mean(frames**2, axis=1) / np.mean(window**2)
        response *= (gain[chunk] * np.sqrt(power))[:, None]
        source = tone * scipy.fft.rfft(pulsed[chunk * HOP] * window)
        source += air * scipy.fft.rfft(noised[chunk * HOP] * window)
        sound = scipy.fft.irfft(source * response, _N_FFT) * (window / np.float32(1.5))
        for q in range(4):
            blocks[chunk + q] += sound[:, q * HOP : (q + 1) * HOP]
    return blocks.reshape(-1)[_N_FFT // 2 :]


def _pulses(f0: NDArray[np.float64]) -> Samples:
    """A pulse train of power 1 whose frequency is `f0` (frame,) Hz: (frame * hop,) samples."""
    n = len(f0) * HOP
    step = np.interp(np.arange(n) / HOP, np.arange(len(f0)), f0) / SAMPLE_RATE
    phase = np.cumsum(step)
    whole = np.floor(phase)
    at = np.flatnonzero(np.diff(whole, prepend=0.0) > 0)
    late = (phase[at] - whole[at]) / step[at]  # samples since the pulse, under 1
    height = np.sqrt(1 / step[at])
    out = np.zeros(n + 1)
    out[at + 1] += height * (1 - late)  # between two samples
    out[at] += height * late
    return out[:n].astype(np.float32)


def _responses(frames: Samples, size: float) -> NDArray[np.complex64]:
    """Filters (frame, bin) of minimum phase and power 1 with the envelopes of windowed frames."""
    bins = np.arange(_N_FFT // 2 + 1)
    angles = 2 * np.pi * np.outer(bins, np.arange(_ORDER)) / _N_FFT
    # From a log spectrum to its cepstrum, and back to log magnitude and phase.
    weights = np.where((bins == 0) | (bins == bins[-1]), 1, 2)[:, None] / _N_FFT
    taper = np.minimum(1, 2 - 2 * np.arange(_ORDER) / _ORDER)
    analyse = (weights * np.cos(angles) * taper).astype(np.float32)
    folded = np.where(np.arange(_ORDER) == 0, 1, 2)
    cosines = (folded * np.cos(angles)).T.astype(np.float32)
    sines = (-folded * np.sin(angles)).T.astype(np.float32)

    spectrum = np.abs(scipy.fft.rfft(frames))
    spectrum = np.log(spectrum + 1e-4 * spectrum.max(axis=1, keepdims=True) + np.float32(1e-9))
    at = np.minimum(bins * size, bins[-1] - 1)
    lower, part = at.astype(int), (at % 1).astype(np.float32)
    spectrum = spectrum[:, lower] * (1 - part) + spectrum[:, lower + 1] * part
    envelope = raised = spectrum
    for _ in range(4):
        cepstrum = raised @ analyse
        envelope = cepstrum @ cosines
        raised = np.maximum(spectrum, envelope)
    envelope -= 0.5 * np.log(np.mean(np.exp(2 * envelope), axis=1, keepdims=True))
    phase = cepstrum @ sines
    response = np.empty(envelope.shape, np.complex64)
    magnitude = np.exp(envelope)
    response.real = magnitude * np.cos(phase)
    response.imag = magnitude * np.sin(phase)
    return response
