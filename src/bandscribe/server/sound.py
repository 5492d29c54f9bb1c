"""A recording as a WAV stream for browsers, decoded while it is sent, from any byte on.

This plays every format that bandscribe reads, and at the times of the analysis: browsers and
decoders differ in how much of the start of an mp3 they cut off.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import numpy as np

from bandscribe.decode import decode
from bandscribe.server.waveform import Waveform
from bandscribe.types import Audio

HEADER_BYTES = 44
_LARGEST = (1 << 32) - 1 - HEADER_BYTES


def channels(waveform: Waveform) -> int:
    """The number of channels that are played: two at most, one if two exceed the size of WAV.

    Raises ValueError if one does.
    """
    for count in (waveform.channels if waveform.channels == 2 else 1, 1):
        if 2 * count * waveform.samples <= _LARGEST:
            return count
    raise ValueError("too long to be played; its notes can be corrected")


def size(waveform: Waveform) -> int:
    """Bytes of the wav file."""
    return HEADER_BYTES + 2 * channels(waveform) * waveform.samples


def stream(path: Path, waveform: Waveform, first: int, last: int) -> Iterator[bytes]:
    """Bytes `first` to `last` (both included) of the wav file of a recording.

    More than two channels are mixed to mono. If the file has become shorter since it was measured,
    or unreadable, silence follows.
    """
    count = channels(waveform)
    left = last + 1 - first
    if first < HEADER_BYTES:
        part = _header(waveform, count)[first : last + 1]
        left -= len(part)
        yield part
    if left <= 0:
        return
    frame = 2 * count
    position = max(0, first - HEADER_BYTES)
    start = position // frame
    drop = position - start * frame
    for block in _until_error(decode(path, start / waveform.sample_rate)):
        samples = block.samples
        if len(samples) != count:
            samples = samples.mean(axis=0, keepdims=True)
        whole = np.rint(np.clip(samples.T, -1, 1) * 32767).astype("<i2").tobytes()
        part = whole[drop : drop + left]
        drop = max(0, drop - len(whole))
        left -= len(part)
        yield part
        if left <= 0:
            return
    while left > 0:
        yield bytes(part_size := min(left, 1 << 16))
        left -= part_size


def _until_error(blocks: Iterator[Audio]) -> Iterator[Audio]:
    """The blocks up to an error, which cannot be reported once the response has begun."""
    with suppress(ValueError, OSError):
        yield from blocks


def _header(waveform: Waveform, count: int) -> bytes:
    """RIFF, 16-bit PCM."""
    data, rate, frame = size(waveform) - HEADER_BYTES, waveform.sample_rate, 2 * count
    return struct.pack(
        "<4sI4s4sIHHIIHH4sI",
        b"RIFF", HEADER_BYTES - 8 + data, b"WAVE",
        b"fmt ", 16, 1, count, rate, rate * frame, frame, 16,
        b"data", data,
    )  # fmt: skip
