"""Sound files: read whole, in part or as a stream; resample; downmix; write.

Every way of reading decodes, downmixes and resamples in the same order and in the same small
blocks, so that a stream joined together equals what `read` returns, sample by sample.
"""

from __future__ import annotations

import io
import itertools
import mmap
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
import soxr
from numpy.typing import NDArray

from bandscribe import encoding
from bandscribe.decode import (
    FOREIGN,
    PLAIN,
    AudioWarning,
    TruncatedAudioWarning,
    decode,
    resampled,
)
from bandscribe.files import whole
from bandscribe.mono import fold
from bandscribe.types import Audio

__all__ = [
    "EXTENSIONS", "AudioWarning", "TruncatedAudioWarning", "downmix", "read", "resample",
    "stream", "write",
]  # fmt: skip

#: Suffixes of sound files, in lower case: what a search through a folder takes.
EXTENSIONS = PLAIN | FOREIGN

_QUALITY = "HQ"
_WRITTEN = {
    ".wav": ("WAV", None), ".aif": ("AIFF", None), ".aiff": ("AIFF", None), ".caf": ("CAF",
    None), ".flac": ("FLAC", None), ".mp3": ("MP3", None), ".ogg": ("OGG", "VORBIS"), ".opus":
    ("OGG", "OPUS"),
}  # fmt: skip
_WRITTEN_AT_ONCE = 1 << 16  # samples; long writes crash Vorbis


def read(
    path: str | Path,
    *,
    sample_rate: int | None = None,
    mono: bool = False,
    start: float = 0.0,
    duration: float | None = None,
    stream: int | None = None,
) -> Audio:
    """A file, or `duration` seconds of it from `start` seconds on; shorter where the file ends.

    `sample_rate` None keeps the file's own. `mono` folds the channels as `downmix` does. `stream`
    is the one of several sound streams to read, from 1 on; None takes the default one, and warns.

    A file that breaks off gives what can be decoded, and a TruncatedAudioWarning. Raises
    FileNotFoundError, PermissionError or ValueError, each in one line that names the file: a
    folder, an empty file, no sound, a missing decoder, NaN or infinite samples, nothing in the
    slice.
    """
    blocks = _blocks(Path(path), sample_rate, mono, start, duration, stream)
    return _join(list(blocks))


def stream(
    path: str | Path,
    *,
    sample_rate: int,
    block_seconds: float = 10.0,
    stream: int | None = None,
    start: float = 0.0,
    duration: float | None = None,
) -> Iterator[Audio]:
    """A file as mono blocks at `sample_rate`, in flat memory, however long it is.

    Joined together, the blocks equal `read(path, sample_rate=sample_rate, mono=True)`, of the same
    `stream`, `start` and `duration`. Blocks are
    `block_seconds` long, and up to a second more; the last is shorter. Warns and raises as `read`,
    when iterated.
    """
    if block_seconds <= 0:
        raise ValueError(f"block_seconds: expected a positive number, got {block_seconds}")
    held: list[Audio] = []
    seconds = 0.0
    for block in _blocks(Path(path), sample_rate, True, start, duration, stream):
        held.append(block)
        seconds += block.duration
        if seconds >= block_seconds:
            yield _join(held)
            held, seconds = [], 0.0
    if held:
        yield _join(held)


def resample(audio: Audio, sample_rate: int) -> Audio:
    """The same sound at another rate (soxr, HQ); onsets keep their times."""
    if sample_rate == audio.sample_rate:
        return audio
    samples = soxr.resample(audio.samples.T, audio.sample_rate, sample_rate, quality=_QUALITY)
    return Audio(np.ascontiguousarray(samples.T, dtype=np.float32), sample_rate)


def downmix(audio: Audio) -> Audio:
    """The mean of the channels, (1, sample); the loudest of them where they cancel out.

    That is decided for each second, see `bandscribe.mono`.
    """
    if audio.samples.shape[0] == 1:
        return audio
    blocks = list(fold([audio]))
    return _join(blocks) if blocks else Audio(audio.samples[:1], audio.sample_rate)


def prepare(source: Audio, sample_rate: int) -> Audio:
    """Mono audio at `sample_rate`, as all models take it.

    Raises ValueError when a sample is NaN or infinite.
    """
    if not np.all(np.isfinite(source.samples)):
        raise ValueError("source: expected finite samples, got NaN or infinity")
    return resample(downmix(source), sample_rate)


def refuse_array(source: object) -> None:
    """Raise TypeError for a bare array, whose sample rate is not known."""
    if isinstance(source, np.ndarray):
        raise TypeError(
            "source: expected a path or a bandscribe.Audio, got an array; wrap it as "
            "Audio(samples, sample_rate), its samples (channel, sample) in float32"
        )


def samples_of(block: Audio, sample_rate: int) -> NDArray[np.float32]:
    """Samples (n,) of a mono block. Raises ValueError for another rate, or several channels."""
    if block.sample_rate != sample_rate or len(block.samples) != 1:
        raise ValueError(
            f"source: expected mono blocks at {sample_rate} Hz, got {len(block.samples)} channels "
            f"at {block.sample_rate} Hz"
        )
    samples: NDArray[np.float32] = block.samples[0]
    return samples


def write(path: str | Path, audio: Audio | Iterable[Audio], *, subtype: str | None = None) -> None:
    """Write wav, aiff, caf, flac, mp3, ogg or opus, by the suffix of `path`; whole or not at all.

    Consecutive blocks of audio are written as they come.

    `subtype` is soundfile's name of the encoding, e.g. "PCM_24" or "FLOAT"; None takes the
    format's default (16 bit for wav and flac). Samples beyond ±1 are clipped, except in float.
    Equal sound is equal bytes.

    Raises ValueError for an unknown suffix, or a rate, channel count or subtype that the format
    does not have, or no blocks; OSError as `bandscribe.files.whole`.
    """
    path = Path(path)
    if path.suffix.lower() not in _WRITTEN:
        raise ValueError(f"{path}: expected one of {', '.join(_WRITTEN)}")
    kind, default = _WRITTEN[path.suffix.lower()]
    blocks = iter([audio] if isinstance(audio, Audio) else audio)
    first = next(blocks, None)
    if first is None:
        raise ValueError(f"{path}: expected sound to write, got none")
    with whole(path) as temporary:
        with _Target(temporary) as target:
            try:
                with _open(target, path, kind, first, subtype or default) as sound:
                    for block in itertools.chain([first], blocks):
                        for begin in range(0, block.samples.shape[1], _WRITTEN_AT_ONCE):
                            part = block.samples[:, begin : begin + _WRITTEN_AT_ONCE].T
                            # LAME aborts the process over samples that are far too large.
                            sound.write(np.clip(part, -1, 1) if kind in ("MP3", "OGG") else part)
                            target.check()
            finally:
                target.check()  # whatever came of it
        with temporary.open("r+b") as file, mmap.mmap(file.fileno(), 0) as encoded:
            encoding.settle(encoded)


def _open(target: _Target, path: Path, kind: str, first: Audio, subtype: str | None) -> Any:
    """The target as a sound file for such audio. Raises ValueError where there is none."""
    channels, rate = len(first.samples), first.sample_rate
    try:
        return soundfile.SoundFile(target, "w", rate, channels, subtype, format=kind)
    except (soundfile.LibsndfileError, ValueError) as error:
        raise ValueError(
            f"{path}: {kind} cannot hold {channels} channels at {rate} Hz "
            f"as {subtype or 'default'} ({error})"
        ) from error


class _Target(io.FileIO):
    """A file that keeps its write errors: libsndfile does not report a full disk in all formats."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, "w+")
        self._error: OSError | None = None

    def write(self, data: Any) -> int:
        try:
            written = 0
            while written < len(data):
                written += os.write(self.fileno(), data[written:])
            return written
        except OSError as error:
            self._error = self._error or error
            return 0

    def check(self) -> None:
        if self._error is not None:
            raise self._error


def _blocks(
    path: Path,
    sample_rate: int | None,
    mono: bool,
    start: float,
    duration: float | None,
    stream: int | None,
) -> Iterator[Audio]:
    """Decode, cut, downmix and resample, block by block; at least one block, none empty."""
    if sample_rate is not None and sample_rate <= 0:
        raise ValueError(f"sample_rate: expected a positive number, got {sample_rate}")
    if not start >= 0:
        raise ValueError(f"start: expected seconds from 0 on, got {start}")
    if duration is not None and not duration > 0:
        raise ValueError(f"duration: expected a positive number of seconds, got {duration}")
    if stream is not None and stream < 1:
        raise ValueError(f"stream: expected 1 or more, got {stream}")
    blocks = _cut(decode(path, start, stream=stream), duration)
    if mono:
        blocks = fold(blocks)
    if sample_rate is not None:
        blocks = resampled(blocks, sample_rate)
    empty = True
    for block in blocks:
        empty = False
        yield block
    if empty:
        raise ValueError(f"{path}: holds no samples" + (f" after {start:g} s" if start else ""))


def _cut(blocks: Iterator[Audio], duration: float | None) -> Iterator[Audio]:
    """The first `duration` seconds; decodes no further."""
    done = 0
    for block in blocks:
        left = block.samples.shape[1]
        if duration is not None:
            left = min(left, round(duration * block.sample_rate) - done)
        if left > 0:
            yield Audio(block.samples[:, :left], block.sample_rate)
        if left < block.samples.shape[1]:
            return
        done += left


def _join(blocks: list[Audio]) -> Audio:
    return Audio(np.concatenate([b.samples for b in blocks], axis=1), blocks[0].sample_rate)
