"""What the networks of instruments give: audio → probabilities and levels of each frame."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from bandscribe import audio, chunks, runtime
from bandscribe.features.frames import FramePower
from bandscribe.features.spectrogram import LogSpectrogram
from bandscribe.types import Activations, Audio

if TYPE_CHECKING:
    from bandscribe.features.windows import RecognitionFrontEnd


def front_end(card: runtime.ModelCard) -> LogSpectrogram | RecognitionFrontEnd:
    """The front end of the network: frames, or windows that each are a frame of its output.

    Raises ValueError when the card describes another one.
    """
    if "samples" not in card.features:
        return runtime.front_end(card, LogSpectrogram)
    from bandscribe.features.windows import (
        RecognitionFrontEnd,  # most models need none of its features
    )

    if card.chunk_frames != 1 or card.overlap_frames:
        raise ValueError("card: frame_rate: expected a frame for each window")
    return RecognitionFrontEnd.read(card.features)


class Inference(NamedTuple):
    """The outputs of a network: probabilities of frames, and the length in seconds.

    `levels` (frame, class) of a tracker are where each class, if it plays, lies between
    `LEVEL_FLOOR_DB` (0) and the mixture (1) in that frame; others have no columns. `power` (frame,)
    is that of the mixture; of a network of windows empty.
    """

    probability: Activations
    levels: NDArray[np.float32]
    power: NDArray[np.float64]
    duration: float


def infer(source: Audio | str | Path | Iterable[Audio], model: runtime.Model) -> Inference:
    """The outputs of the network for each frame; as `instruments.recognize` raises.

    A network of windows has the same output in all their frames.
    """
    card = model.card
    spectrogram = front_end(card)
    if not isinstance(spectrogram, LogSpectrogram):
        return _infer_windows(source, model, spectrogram)
    power = FramePower(spectrogram.hop_length)
    samples = 0

    def counted(blocks: Iterable[Audio]) -> Iterator[NDArray[np.float32]]:
        nonlocal samples
        for block in blocks:
            mono = audio.samples_of(block, spectrogram.sample_rate)
            samples += len(mono)
            power.add(block.samples)
            yield mono

    pieces = chunks.stitch(
        spectrogram.stream(counted(_read(source, spectrogram.sample_rate))),
        _network(model),
        card.chunk_frames,
        card.overlap_frames,
        threads=model.threads,
    )
    outputs = chunks.join(pieces, len(card.outputs))
    if not samples:
        raise ValueError("source: expected sound, got no samples")
    count = len(card.classes)
    probability = Activations(outputs[:, :count], card.frame_rate, 0.0, card.classes)
    return Inference(
        probability, outputs[:, count:], power.frames()[: len(outputs)],
        samples / spectrogram.sample_rate,
    )  # fmt: skip


def _infer_windows(
    source: Audio | str | Path | Iterable[Audio],
    model: runtime.Model,
    front_end: RecognitionFrontEnd,
) -> Inference:
    """As `infer`, of a network of consecutive windows, of which the last ends with the sound.

    Training windows inherit the labels of their clip (Harmony Is All You Need 2023, section 4.6).
    """
    card, rate = model.card, front_end.sample_rate
    length = round(card.chunk_seconds * rate)

    def infer_window(samples: NDArray[np.float32]) -> NDArray[np.float32]:
        nothing = np.zeros(len(card.outputs), dtype=np.float32)
        return model(front_end(samples)) if samples.any() else nothing

    found: list[NDArray[np.float32]] = []
    before = rest = np.zeros(0, dtype=np.float32)
    count = 0
    for block in _read(source, rate):
        mono = audio.samples_of(block, rate)
        count += len(mono)
        rest = np.concatenate([rest, mono])
        while len(rest) > length:
            before, rest = rest[:length], rest[length:]
            found.append(infer_window(before))
    if not count:
        raise ValueError("source: expected sound, got no samples")
    # The last one ends with the recording, or is filled up where that is shorter than a window.
    last = np.concatenate([before, rest])[-length:]
    found.append(infer_window(np.pad(last, (0, length - len(last)))))
    probability = Activations(np.stack(found), card.frame_rate, 0.0, card.classes)
    return Inference(probability, np.empty((0, 0), np.float32), np.empty(0), count / rate)


def _read(source: Audio | str | Path | Iterable[Audio], rate: int) -> Iterable[Audio]:
    """Mono blocks."""
    audio.refuse_array(source)
    if isinstance(source, Audio):
        return [audio.prepare(source, rate)]
    if isinstance(source, (str, Path)):
        return audio.stream(source, sample_rate=rate)
    return source


def _network(
    model: runtime.Model,
) -> Callable[[NDArray[np.float32]], NDArray[np.float32]]:
    """(frame, bin) of a chunk to (frame, output)."""
    length = model.card.chunk_frames
    shape = (len(model.card.outputs),)

    def infer_chunk(features: NDArray[np.float32]) -> NDArray[np.float32]:
        if not features.any():
            return np.zeros((len(features), *shape), dtype=np.float32)
        if not model.windowed:
            return model(features)
        # The last window of a recording is as long as the others: silence follows.
        padded = np.pad(features, ((0, length - len(features)), (0, 0)))
        return np.broadcast_to(model(padded), (len(features), *shape))

    return infer_chunk
