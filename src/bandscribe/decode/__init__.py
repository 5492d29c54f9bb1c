"""Sound files to blocks of samples, at the file's own rate, by whichever decoder knows them.

libsndfile is asked first, for every file, since it looks at the content. What it refuses goes to
PyAV if installed, else to an ffmpeg on the PATH. A file that breaks off gives what can be decoded,
then a TruncatedAudioWarning. How a break shows depends on the format:

- flac, and mp3 with a Xing or Info tag, promise a length; wav and aiff a chunk size;
- the last page of an ogg file carries an end mark;
- mp4 and webm promise a duration;
- an mp3 without a tag promises nothing, but an incomplete frame is noticed; a flac that was
  written to a pipe breaks off unnoticed.
"""

from __future__ import annotations

import os
import re
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path

import numpy as np
import soundfile

from bandscribe.decode.foreign import decode_foreign, not_sound
from bandscribe.decode.truncation import TruncatedAudioWarning, warn
from bandscribe.types import Audio

__all__ = ["FOREIGN", "PLAIN", "TruncatedAudioWarning", "decode", "length"]

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

#: Frames per read: little is lost with the block in which an error occurs.
BLOCK = 4096
_UNKNOWN = 1 << 48  # libsndfile says 2⁶³ − 1 where a stream does not tell its length
_quiet = threading.Lock()


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
    """Seconds of sound by the header of a file; what tells no length is decoded.

    Warns where the header shows that the file breaks off (a flac or mp3 shows it only when it is
    decoded), and raises as `decode`.
    """
    _check(path)
    try:
        with _silent():
            sound = soundfile.SoundFile(_name(path))
    except (soundfile.LibsndfileError, TypeError):
        return sum(
            block.duration for block in decode_foreign(path, misnamed=path.suffix.lower() in PLAIN)
        )
    with sound:
        told = sound.format != "MP3" or _has_length(path)
        if told and sound.frames < _UNKNOWN:
            seconds: float = sound.frames / sound.samplerate
            if reason := _missing_end(path, sound):
                warn(path, seconds, reason)
            return seconds
    return sum(block.duration for block in _decode(path, 0.0))


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
    try:
        with _silent():
            sound = soundfile.SoundFile(_name(path))
    except (soundfile.LibsndfileError, TypeError):  # TypeError: a headerless .raw
        yield from _skip(decode_foreign(path, misnamed=path.suffix.lower() in PLAIN), start)
        return
    with sound:
        # libsndfile guesses the length of an untagged mp3 from its size, and reads no further:
        # where the bitrate varies, that loses music. From a pipe it reads to the end.
        pipe = _piped(path) if sound.format == "MP3" and not _has_length(path) else None
        if pipe is None:
            try:
                sound.seek(min(round(start * sound.samplerate), sound.frames))
            except soundfile.LibsndfileError:  # a flac that breaks off in its first frame
                raise not_sound(path) from None
            yield from _read(path, sound)
            return
    with pipe:
        yield from _skip(_read(path, pipe), start)


def _skip(blocks: Iterator[Audio], start: float) -> Iterator[Audio]:
    """Leave out the first `start` seconds, where a decoder cannot seek."""
    skipped = 0
    for block in blocks:
        drop = min(round(start * block.sample_rate) - skipped, block.samples.shape[1])
        skipped += drop
        if drop < block.samples.shape[1]:
            yield Audio(block.samples[:, drop:], block.sample_rate)


# libsndfile ---------------------------------------------------------------------------------------


def _read(path: Path, sound: soundfile.SoundFile) -> Iterator[Audio]:
    rate: int = sound.samplerate
    done: int = sound.tell() if sound.seekable() else 0
    reason = _missing_end(path, sound)
    # A flac written to a pipe does not know its length, and libsndfile calls its end an error.
    endless = sound.format == "FLAC" and sound.frames >= _UNKNOWN
    # soundfile seeks after each read, which costs an mp3 as much as decoding it. What stands before
    # an error in an mp3 is always in the block, so that nothing is lost with a longer one.
    speaks = sound.format == "MP3"
    size = 16 * BLOCK if speaks else BLOCK
    block = np.empty((size, sound.channels), np.float32)
    going = True
    while going:
        block.fill(np.nan)
        try:
            with _silent() if speaks else nullcontext():
                filled = len(sound.read(out=block))
            going = filled == size
        except soundfile.LibsndfileError:
            # How far it came shows in the block; a damaged flac leaves a full block of nothing.
            missing = np.isnan(block[:, 0])
            filled = int(np.argmax(missing)) if missing[-1] else endless * size
            going = False
            if not endless:
                reason = "damaged there"
        if filled:
            done += filled
            yield Audio(block[:filled].T.copy(), rate)
    if reason is None and done < sound.frames < _UNKNOWN:
        reason = f"its header promises {sound.frames / rate:.1f} s"
    if reason is not None:
        warn(path, done / rate, reason)


def _name(path: Path) -> bytes | Path:
    """A name for libsndfile, which soundfile would have to be text in the locale's encoding."""
    return path if os.name == "nt" else os.fsencode(path)


def _missing_end(path: Path, sound: soundfile.SoundFile) -> str | None:
    """Why a file is known to be cut before it is read, for the formats that show it; else None."""
    if sound.format == "OGG" and not _ends_with_mark(path):
        return "its last page is missing"
    # libsndfile corrects a chunk that is longer than the file, and says so in its log. Programs
    # that write to a pipe declare the largest size there is.
    sizes = re.search(r"(?:data|SSND)\s*: (\d+) \(should be (\d+)\)", sound.extra_info)
    if sizes and int(sizes[2]) < int(sizes[1]) < 0x7FFFF000:
        return "its header promises more"
    return None


def _ends_with_mark(path: Path) -> bool:
    """Whether the last Ogg page (RFC 3533, section 6) is complete and marks the end of stream."""
    with path.open("rb") as handle:
        size = handle.seek(0, os.SEEK_END)
        handle.seek(max(0, size - 2 * 65307))  # twice the largest page
        tail = handle.read()
    page = tail[tail.rfind(b"OggS") :] if b"OggS" in tail else b""
    if len(page) < 27 or not page[5] & 4:
        return False
    segments = page[26]
    return len(page) >= 27 + segments + sum(page[27 : 27 + segments])


def _has_length(path: Path) -> bool:
    """Whether the first frame of an mp3 holds a Xing or Info tag with the number of frames."""
    with path.open("rb") as handle:
        head = handle.read(10)
        while head[:3] == b"ID3":  # the size has seven bits per byte
            handle.seek(
                sum(byte << shift for byte, shift in zip(head[6:], (21, 14, 7, 0), strict=True)), 1
            )
            head = handle.read(10)
        tag = re.search(rb"(?:Xing|Info)(.{4})(.{4})", head + handle.read(4096), re.DOTALL)
    return bool(tag and tag[1][3] & 1 and any(tag[2]))


def _piped(path: Path) -> soundfile.SoundFile | None:
    """Open a file as libsndfile sees a pipe: to be read to its end, not sought in.

    It knows the format of a pipe by its first bytes alone, so that what stands before the first
    frame, but for an ID3 tag, is left out. None where it knows none.
    """
    with path.open("rb") as handle:
        head = handle.read(1 << 16)
    # A frame of layer III, and within 1441 bytes, the longest there is, another.
    twice = rb"(\xff[\xe2\xe3\xf2\xf3\xfa\xfb])[^\xf0-\xff].{20,1440}?\1"
    found = None if head.startswith((b"ID3", b"\xff")) else re.search(twice, head, re.DOTALL)
    reading, writing = os.pipe()

    def feed() -> None:
        # A broken pipe: the reader has seen enough.
        with (
            suppress(BrokenPipeError),
            path.open("rb") as source,
            os.fdopen(writing, "wb") as pipe,
        ):
            source.seek(found.start() if found else 0)
            shutil.copyfileobj(source, pipe)

    threading.Thread(target=feed, daemon=True).start()
    try:
        with _silent():
            return soundfile.SoundFile(reading, closefd=True)
    except soundfile.LibsndfileError:
        return None


@contextmanager
def _silent() -> Iterator[None]:
    """Keep what libmpg123 prints about odd files off the standard error."""
    with _quiet:
        try:
            kept = os.dup(2)
        except OSError:  # there is no standard error
            yield
            return
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, 2)
        os.close(null)
        try:
            yield
        finally:
            os.dup2(kept, 2)
            os.close(kept)
