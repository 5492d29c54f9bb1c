"""The log mel filterbank of the Audio Spectrogram Transformer, as Kaldi computes it.

Source: Gong, Chung and Glass 2021, AST: Audio Spectrogram Transformer, section 2.1; Ferković and
Smoljan 2023, Harmony Is All You Need, section 4.5: 128 bands, 25 ms Hamming windows
every 10 ms, 16 kHz. Both papers write "Hamming"; the published AST weights and their reader in
`transformers` were made with Kaldi's "hanning", so ask for that where such weights are loaded.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from bandscribe.features import filterbanks
from bandscribe.features.frames import cut

SAMPLE_RATE = 16000
AST_FRAMES = 1024  # about ten seconds
_FRAME_LENGTH, _HOP_LENGTH = 0.025, 0.010  # seconds
_PREEMPHASIS, _FMIN = 0.97, 20.0
_WINDOWS = {"hamming": 0.54, "hanning": 0.5}


def log_mel(
    samples: NDArray[np.float32],
    sample_rate: int = SAMPLE_RATE,
    *,
    n_mels: int = 128,
    window: Literal["hamming", "hanning"] = "hamming",
) -> NDArray[np.float32]:
    """ln(power in mel bands): (n,) samples in [-1, 1] to (1 + (n - length) // hop, n_mels).

    Frame by frame, none beyond the ends: less its mean; s[i] - 0.97 · s[i - 1], the
    first sample counting as its own predecessor; times a symmetric window; zeros up to the next
    power of two; |FFT|² in triangles on the scale 1127 · ln(1 + f / 700), peak 1, from 20 Hz to
    half the sample rate; at least float32's epsilon, 2⁻²³. No dither. Samples shorter than one
    frame give no frame.
    """
    length = int(sample_rate * _FRAME_LENGTH)
    # In double precision: what the logarithm makes of the weakest bands is otherwise rounding.
    frames = cut(samples, length, int(sample_rate * _HOP_LENGTH)).astype(np.float64)
    frames -= frames.mean(axis=1, keepdims=True)
    before = np.concatenate([frames[:, :1], frames[:, :-1]], axis=1)
    frames -= _PREEMPHASIS * before
    share = _WINDOWS[window]
    turns = np.arange(length) / (length - 1)
    frames *= share - (1 - share) * np.cos(2 * np.pi * turns)
    n_fft = 1 << (length - 1).bit_length()
    spectrum = np.fft.rfft(frames, n_fft)
    filters = filterbanks.mel_kaldi(sample_rate, n_fft, n_mels=n_mels, fmin=_FMIN)
    bands = (np.square(spectrum.real) + np.square(spectrum.imag)) @ filters
    return np.log(np.maximum(bands, np.finfo(np.float32).eps)).astype(np.float32)
