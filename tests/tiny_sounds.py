"""Small sounds, and files of them that the library itself does not write."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

from bandscribe.types import Audio

RATE = 44_100


def clicks(seconds: float = 2.0, rate: int = RATE, channels: int = 1) -> Audio:
    """A decaying 1 kHz burst every half second, a little noise, channels at falling levels."""
    rng = np.random.default_rng(7)
    time = np.arange(round(seconds * rate)) / rate
    burst = np.sin(2 * np.pi * 1000 * time) * np.exp(-(time % 0.5) * 60) * 0.5
    levels = 0.8 ** np.arange(channels)[:, None]
    noise = 1e-3 * rng.standard_normal((channels, len(time)))
    return Audio((burst * levels + noise).astype(np.float32), rate)


def encode(path: Path, sound: Audio, codec: str, **options: str) -> Path:
    """Write mono sound through PyAV."""
    with av.open(str(path), "w", options=options) as container:
        stream = container.add_stream(codec, rate=sound.sample_rate, layout="mono")
        _fill(container, stream, sound, sound.samples, "fltp")
    return path


def bundle(path: Path, *sounds: Audio, default: int | None = None) -> Path:
    """Write mono sounds as the streams of one file, one of them marked as the default."""
    with av.open(str(path), "w") as container:
        streams = []
        for index, sound in enumerate(sounds):
            stream = container.add_stream("flac", rate=sound.sample_rate, layout="mono")
            stream.disposition = int(index == default)
            streams.append(stream)
        for stream, sound in zip(streams, sounds, strict=True):
            samples = np.rint(sound.samples * 32767).astype(np.int16)
            _fill(container, stream, sound, samples, "s16")
    return path


def _fill(container: Any, stream: Any, sound: Audio, samples: NDArray[Any], format: str) -> None:
    """Encode samples (1, n) as all of a stream."""
    frame = av.AudioFrame.from_ndarray(samples, format=format, layout="mono")
    frame.sample_rate = sound.sample_rate
    frame.pts, frame.time_base = 0, Fraction(1, sound.sample_rate)
    fifo = av.AudioFifo()
    fifo.write(frame)
    for part in fifo.read_many(stream.codec_context.frame_size or 1024, partial=True):
        container.mux(stream.encode(part))
    container.mux(stream.encode(None))


def untagged(path: Path) -> Path:
    """Remove the first frame of an mp3, which holds the Xing tag."""
    data = path.read_bytes()
    second = data.index(data[:2], 4)
    assert b"Xing" in data[:second] or b"Info" in data[:second]
    path.write_bytes(data[second:])
    return path
