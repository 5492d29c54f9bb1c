"""What a stroke on each kind of drum looks like on average, over the frames after it begins."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from bandscribe import audio
from bandscribe.factorization import to_magnitudes
from bandscribe.features.spectrogram import LogSpectrogram
from bandscribe.synthesis.kits import Kit
from bandscribe.synthesis.kits.pieces import LEAD_IN, KitPiece, RecordedHit
from bandscribe.types import Audio
from bandscribe.vocabulary import ARTICULATION_TO_10, DRUMS_10

_BEFORE = 10  # frames of silence before a stroke, more than an FFT window reaches back


def average(kits: Sequence[Kit], front_end: LogSpectrogram, lags: int) -> NDArray[np.float32]:
    """Templates (lag, class, bin) of the ten classes; lag 0 is the frame at the onset.

    Every stroke has a sum of 1, every piece of every kit the mean of its strokes, every class the
    mean of its pieces.

    Raises ValueError when no kit has a class.
    """
    pieces: dict[str, list[NDArray[np.float32]]] = {name: [] for name in DRUMS_10}
    for kit in kits:
        for articulation, struck in kit.pieces.items():
            name = ARTICULATION_TO_10[articulation]
            if name is not None:
                pieces[name] += [_average_piece(piece, front_end, lags) for piece in struck]
    if missing := [name for name, found in pieces.items() if not found]:
        raise ValueError(f"kits: none has {', '.join(missing)}; add one that has")
    return np.stack([np.mean(found, axis=0) for found in pieces.values()], axis=1)


def _average_piece(piece: KitPiece, front_end: LogSpectrogram, lags: int) -> NDArray[np.float32]:
    """(lag, bin)."""
    strokes = [_see(hit, front_end, lags) for layer in piece.layers for hit in layer]
    return np.asarray(np.mean(strokes, axis=0), dtype=np.float32)


def _see(hit: RecordedHit, front_end: LogSpectrogram, lags: int) -> NDArray[np.float32]:
    """A stroke as magnitudes (lag, bin) with a sum of 1."""
    mono = Audio(hit.microphones.mean(axis=0, dtype=np.float32)[np.newaxis], hit.sample_rate)
    sound = audio.resample(mono, front_end.sample_rate).samples[0]
    before = _BEFORE * front_end.hop_length - round(LEAD_IN * front_end.sample_rate)
    after = (lags + _BEFORE) * front_end.hop_length
    features = front_end(np.pad(sound, (before, after)))[_BEFORE : _BEFORE + lags]
    magnitudes = to_magnitudes(features, front_end)
    return np.asarray(magnitudes / magnitudes.sum(), dtype=np.float32)
