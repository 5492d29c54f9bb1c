"""NumPy arrays: the activations, and the onsets picked from them."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from bandscribe.files import whole
from bandscribe.types import Activations, Transcription


def write(path: str | Path, activations: Activations, transcription: Transcription) -> None:
    """Write `values` (frame, class), `frame_rate`, `start`, `classes`, `onsets` and `labels` (n,).

    Frame `i` is centred on `start + i / frame_rate` seconds. `labels` may be of fewer classes than
    `classes`, where the transcription was reduced. Read it with `numpy.load`. Raises OSError as
    `bandscribe.files.whole`.
    """
    with whole(path) as temporary, temporary.open("wb") as handle:
        np.savez_compressed(
            handle,
            values=activations.values,
            frame_rate=np.float64(activations.frame_rate),
            start=np.float64(activations.start),
            classes=np.array(activations.classes, dtype=np.str_),
            onsets=transcription.onsets,
            labels=np.asarray(transcription.labels, dtype=np.str_),
        )
