"""Sound files to blocks of samples, at the file's own rate, by whichever decoder knows them.

libsndfile tries every file first, since it looks at the content. What it refuses goes to
PyAV if installed, else to an ffmpeg on the PATH. Recordings that were joined into one file are read
one after another, at the rate and with the channels of the first. A file that breaks off gives what
can be decoded, then a TruncatedAudioWarning. How a break shows depends on the format:

- flac, and mp3 with a Xing or Info tag, promise a length; wav and aiff a chunk size;
- the last page of an ogg file carries an end mark;
- mp4 and webm promise a duration;
- an mp3 without a tag promises nothing, but an incomplete frame is noticed; a flac that was
  written to a pipe breaks off unnoticed.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from bandscribe.decode import sndfile
from bandscribe.decode.foreign import decode_foreign
from bandscribe.decode.messages import AudioWarning, TruncatedAudioWarning
from bandscribe.decode.uniform import resampled, uniform
from bandscribe.types import Audio

__all__ = [
    "FOREIGN", "PLAIN", "AudioWarning", "TruncatedAudioWarning", "decode", "length",
    "resampled",
]  # fmt: skip

# fmt: off
#: Suffixes of what libsndfile reads.
PLAIN = frozenset((
    ".wav", ".wave", ".bwf", ".rf64", ".w64", ".aif", ".aiff", ".aifc", ".au", ".snd", ".caf",
    ".flac", ".mp3", ".mp2", ".ogg", ".oga", ".opus", ".voc",
))
#: Suffixes of what needs PyAV or ffmpeg.
FOREIGN = frozenset((
    ".m4a", ".m4b", ".aac", ".mp4", ".m4v", ".mov", ".webm", ".weba", ".mka", ".mkv", ".wma",
    ".wmv", ".asf", ".ac3", ".eac3", ".dts", ".amr", ".3gp", ".3g2", ".ape", ".wv", ".tta", ".mpc",
    ".dsf", ".dff", ".spx", ".ogv", ".avi", ".flv", ".f4v", ".ts", ".mts", ".m2ts", ".mpg", ".mpeg",
    ".vob",
))
# fmt: on
#: The lowest and the highest sample rate of a recording, in Hz: a header may hold anything.
RATES = (1_000, 768_000)
#: The largest sample: what was meant as 32-bit integers is loud, but a sound.
LOUDEST = 2.0**32


def decode(path: Path, start: float = 0.0, *, stream: int | None = None) -> Iterator[Audio]:
    """Blocks of a file from `start` seconds on, none of them empty, at its own rate.

    `stream` is the sound stream of a container to read, from 1 on; None chooses one, and warns
    where there are several.

    Raises FileNotFoundError, PermissionError, or ValueError, each in one line that names the file:
    a folder, an empty file, no sound, a missing decoder, a sample rate that no sound has, samples
    that are NaN, infinite or absurdly large.
    """
    _check(path)
    yield from _decode(path, start, stream)


def length(path: Path) -> float:
    """Seconds of sound by the headers of a file; a file without a length is decoded.

    (Of flacs that were joined into one, the first one's header alone is read.) Warns where the
    header shows that the file breaks off (a flac or mp3 shows it only when it is decoded), and
    raises as `decode`.
    """
    _check(path)
    sound = sndfile.open_first(path)
    if sound:
        _check_rate(path, sound.samplerate)
    seconds = sndfile.length(path, sound) if sound else None
    if seconds is None:
        seconds = sum(block.duration for block in _decode(path, 0.0))
    return seconds


def _check(path: Path) -> None:
    """Raise where there is no file with something in it."""
    try:
        if path.is_dir():
            raise ValueError(f"{path}: a folder, not a sound file")
        if path.exists() and not path.is_file():
            raise ValueError(f"{path}: a pipe or a device; save what it holds as a file first")
        with path.open("rb") as handle:
            empty = not handle.read(1)
    except FileNotFoundError:
        raise FileNotFoundError(f"{path}: there is no such file") from None
    except PermissionError:
        raise PermissionError(f"{path}: no permission to read it; change its permissions") from None
    if empty:
        raise ValueError(f"{path}: the file is empty (0 bytes)")


def _decode(path: Path, start: float, stream: int | None = None) -> Iterator[Audio]:
    # What libsndfile reads holds one stream.
    sound = sndfile.open_first(path) if stream in (None, 1) else None
    if sound:
        form = sound.samplerate, sound.channels
        return uniform(_plausible(path, sndfile.decode(path, sound, start), start), form)
    blocks = decode_foreign(path, misnamed=path.suffix.lower() in PLAIN, stream=stream)
    return uniform(_plausible(path, _skip(blocks, start), start))


def _skip(blocks: Iterator[Audio], start: float) -> Iterator[Audio]:
    """Leave out the first `start` seconds, where a decoder cannot seek."""
    left = start
    for block in blocks:
        drop = min(round(left * block.sample_rate), block.samples.shape[1])
        left -= drop / block.sample_rate
        if drop < block.samples.shape[1]:
            yield Audio(block.samples[:, drop:], block.sample_rate)


def _plausible(path: Path, blocks: Iterator[Audio], start: float) -> Iterator[Audio]:
    """The blocks from `start` seconds on; ValueError for what no recording has."""
    position = start
    for block in blocks:
        _check_rate(path, block.sample_rate)
        samples = block.samples
        # Not true either where one of them is NaN.
        if not max(samples.max(), -samples.min()) <= LOUDEST:
            bad = ~(np.abs(samples) <= LOUDEST)
            frame = int(np.argmax(bad.any(axis=0)))
            value = samples[int(np.argmax(bad[:, frame])), frame]
            kind = (
                f"is {value:.0e}, where 1 is full scale"
                if np.isfinite(value)
                else "is not a finite number"
            )
            raise ValueError(
                f"{path}: a sample at {position + frame / block.sample_rate:.3f} s {kind}; "
                "export the file again"
            )
        position += block.duration
        yield block


def _check_rate(path: Path, rate: int) -> None:
    low, high = RATES
    if not low <= rate <= high:
        raise ValueError(
            f"{path}: a sample rate of {rate} Hz, where {low} to {high} is expected; "
            "export the file again"
        )
