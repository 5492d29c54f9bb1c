"""Sound files to blocks of samples, at the file's own rate, by whichever decoder knows them.

libsndfile is asked first, for every file, since it looks at the content. What it refuses goes to
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
    "FOREIGN",
    "PLAIN",
    "AudioWarning",
    "TruncatedAudioWarning",
    "decode",
    "length",
    "resampled",
]

# fmt: off
#: Suffixes of what libsndfile reads.
PLAIN = frozenset((
    ".wav", ".wave", ".bwf", ".rf64", ".w64", ".aif", ".aiff", ".aifc", ".au", ".snd", ".caf",
    ".flac", ".mp3", ".mp2", ".ogg", ".oga", ".opus",
))
#: Suffixes of what needs PyAV or ffmpeg.
FOREIGN = frozenset((
    ".m4a", ".m4b", ".aac", ".mp4", ".m4v", ".mov", ".webm", ".mka", ".mkv", ".wma", ".ac3",
    ".amr", ".3gp", ".ape", ".wv", ".avi",
))
# fmt: on


def decode(path: Path, start: float = 0.0) -> Iterator[Audio]:
    """Blocks of a file from `start` seconds on, none of them empty, at its own rate.

    Raises FileNotFoundError, PermissionError, or ValueError, each in one line that names the file:
    a folder, an empty file, no sound, a missing decoder, NaN or infinite samples.
    """
    _check(path)
    position: float = start
    for block in _decode(path, start):
        finite = np.isfinite(block.samples).all(axis=0)
        if not finite.all():
            time = position + int(np.argmin(finite)) / block.sample_rate
            raise ValueError(
                f"{path}: a sample at {time:.3f} s is not a finite number; export the file again"
            )
        position += block.duration
        yield block


def length(path: Path) -> float:
    """Seconds of sound by the headers of a file; what tells no length is decoded.

    (Of flacs that were joined into one, the first one's header alone is read.) Warns where the header shows that the file breaks off (a flac or mp3 shows it only when it is
    decoded), and raises as `decode`.
    """
    _check(path)
    sound = sndfile.open_first(path)
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


def _decode(path: Path, start: float) -> Iterator[Audio]:
    sound = sndfile.open_first(path)
    if sound:
        return uniform(sndfile.decode(path, sound, start), (sound.samplerate, sound.channels))
    blocks = decode_foreign(path, misnamed=path.suffix.lower() in PLAIN)
    return _skip(uniform(blocks), start)


def _skip(blocks: Iterator[Audio], start: float) -> Iterator[Audio]:
    """Leave out the first `start` seconds, where a decoder cannot seek."""
    skipped = 0
    for block in blocks:
        drop = min(round(start * block.sample_rate) - skipped, block.samples.shape[1])
        skipped += drop
        if drop < block.samples.shape[1]:
            yield Audio(block.samples[:, drop:], block.sample_rate)
