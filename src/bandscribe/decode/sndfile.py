"""Decode with libsndfile: the recordings in a file one after another, each to its end."""

from __future__ import annotations

import os
import re
import shutil
import threading
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager, nullcontext, suppress
from functools import lru_cache, partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
import soundfile

from bandscribe.decode import mpeg, parts
from bandscribe.decode.messages import not_sound, warn, warn_truncated
from bandscribe.decode.slices import Slice
from bandscribe.types import Audio

#: Frames per read: little is lost with the block in which an error occurs.
BLOCK = 4096
_SHORT_BLOCK = 4096  # frames that the last Vorbis block may lack: half of the longest one
_ENDLESS = 1 << 48  # libsndfile gives 2⁶³ − 1 for a stream of unknown length
_quiet = threading.Lock()


class SoundHeader(soundfile.SoundFile):  # type: ignore[misc]
    """An open sound file.

    soundfile seeks after each read of what can be sought in. That costs an mp3 as much as decoding
    it, and DWVW cannot do it.
    """

    def seekable(self) -> bool:
        """False, whether it is or not: see `seek_to`."""
        return False

    def seek_to(self, frame: int) -> int:
        """Go to a frame, or stay at the start where the codec cannot; returns where it is.

        Raises LibsndfileError where the file is broken.
        """
        if not frame or not super().seekable() or self.subtype.startswith("DWVW"):
            return 0
        return int(self.seek(frame))

    def close(self) -> None:
        """Close it, and the slice that it reads."""
        super().close()
        if isinstance(self.name, Slice):
            self.name.close()


class ContainedRecording(NamedTuple):
    """One of those in a file.

    `frames` is their number, None where it is unknown; `find_loss` states what is missing at its
    end, for the formats that show it.
    """

    sound: SoundHeader
    frames: int | None
    find_loss: Callable[[SoundHeader], str | None]


def open_first(path: Path) -> SoundHeader | None:
    """The file, or the first of the recordings that were joined into it; None if unknown."""
    spans = parts.find_chunked(path)
    return _open(Slice(path, *spans[0]) if len(spans) > 1 else _name(path))


def decode(path: Path, first: SoundHeader, start: float) -> Iterator[Audio]:
    """Blocks from `start` seconds on, at the rate and with the channels of each recording.

    Warns of what is missing at the end. Raises ValueError where nothing can be decoded.
    """
    before = 0.0
    something = False
    losses: list[tuple[float, str]] = []
    for recording in _open_all(path, first, seeking=start > 0):
        if recording is None:
            losses.append((before, "what follows cannot be decoded"))
            continue
        with recording.sound as sound:
            skip = max(0, round((start - before) * sound.samplerate))
            if recording.frames is not None and recording.frames <= skip:
                before += recording.frames / sound.samplerate
                continue
            done, loss = yield from _read(path, recording, skip)
            something |= done > skip
            before += done / sound.samplerate
            if loss is not None:
                losses.append((before, loss))
    if losses and not something and not start:
        raise not_sound(path)
    for seconds, reason in losses if something else ():
        warn_truncated(path, seconds, reason)


def length(path: Path, first: SoundHeader) -> float | None:
    """Seconds by the headers; of flac by that of the first recording.

    None where they do not give it. Warns where a header shows that the file breaks off.
    """
    total = 0.0
    for recording in _open_all(path, first, seeking=False):
        if recording is None:
            continue
        with recording.sound as sound:
            if recording.frames is None:
                return None
            total += recording.frames / sound.samplerate
            if loss := recording.find_loss(sound):
                warn_truncated(path, total, loss)
            if sound.format == "FLAC":
                break
    return total


def _open_all(
    path: Path, first: SoundHeader, *, seeking: bool
) -> Iterator[ContainedRecording | None]:
    """The recordings in a file, each opened when it is its turn; None for one that cannot be.

    `seeking`: they are not going to be read from their start.
    """
    kind = first.format
    if not first.frames and (header := parts.complete_header(path)):
        first.close()
        warn(path, "its header was never completed; it is read to the end of the file")
        sound = _open(Slice(path, len(header), path.stat().st_size, header))
        yield sound and ContainedRecording(sound, sound.frames, lambda sound: None)
        return
    if runs := _find_runs(path, first):
        first.close()
        for run in runs:
            yield _open_run(path, run)
        return
    status = path.stat()
    find = partial(_find_spans, path, kind, (status.st_size, status.st_mtime_ns))
    # What follows the first one misleads libsndfile where it looks for the end, or seeks.
    if (kind == "OGG" or (kind == "FLAC" and seeking)) and len(find()) > 1:
        first.close()
        spans = find()
    else:
        frames = first.frames if first.frames < _ENDLESS else None
        yield ContainedRecording(first, frames, lambda sound: _find_loss(path, find()[0], sound))
        spans = find()[1:]
    for span in spans:
        sound = _open(Slice(path, *span))
        yield sound and ContainedRecording(sound, sound.frames, partial(_find_loss, path, span))


@lru_cache(maxsize=4096)
def _find_spans(path: Path, kind: str, version: tuple[int, int]) -> list[parts.ByteSpan]:
    """As `parts.find`, once for each version of a file."""
    return parts.find(path, kind)


def _find_runs(path: Path, first: SoundHeader) -> list[mpeg.Run]:
    """The runs of an mp3, or of one in a wav; none where libsndfile reads it as well by itself."""
    if first.format != "MP3":
        inside = first.format in ("WAV", "WAVEX") and first.subtype.startswith("MPEG")
        return mpeg.find_runs(path, *parts.find_data(path)) if inside else []
    runs = mpeg.find_runs(path, 0, path.stat().st_size)
    return [] if len(runs) == 1 and runs[0].tagged else runs


def _open_run(path: Path, run: mpeg.Run) -> ContainedRecording | None:
    # libsndfile guesses the length of an untagged mp3 from its size, and reads no further: where
    # the bitrate varies, that loses music. From a pipe it reads to the end.
    source = Slice(path, run.start, run.stop) if run.tagged else _pipe(path, run.start, run.stop)
    sound = _open(source)
    return sound and ContainedRecording(
        sound, sound.frames if run.tagged else run.samples, lambda sound: run.loss
    )


def _find_loss(path: Path, span: parts.ByteSpan, sound: SoundHeader) -> str | None:
    """Why one of the recordings is known to be cut, for the formats that show it; else None."""
    if sound.format == "OGG" and parts.page_is_missing(path, span):
        return "its last page is missing"
    # libsndfile corrects a chunk that is longer than the file, and logs it. Programs that write to
    # a pipe declare the largest size there is.
    sizes = re.search(r"(?:data|SSND)\s*: (\d+) \(should be (\d+)\)", sound.extra_info)
    if sizes and int(sizes[2]) < int(sizes[1]) < 0x7FFFF000:
        return "its header promises more"
    return None


def _read(
    path: Path, recording: ContainedRecording, skip: int
) -> Generator[Audio, None, tuple[int, str | None]]:
    """Blocks after the first `skip` frames; then how far it came, and what is missing, if any."""
    sound = recording.sound
    rate: int = sound.samplerate
    try:
        with _silent():
            done = sound.seek_to(skip)
    except soundfile.LibsndfileError:  # a flac that breaks off in its first frame
        raise not_sound(path) from None
    # A flac written to a pipe does not know its length, and libsndfile calls its end an error.
    endless = sound.format == "FLAC" and sound.frames >= _ENDLESS
    # Keeping libmpg123 quiet costs, and what stands before an error in an mp3 is always in the
    # block, so that nothing is lost with a longer one.
    is_mpeg = sound.subtype.startswith("MPEG")
    size = 16 * BLOCK if is_mpeg else BLOCK
    block = np.empty((size, sound.channels), np.float32)
    loss = None
    going = True
    while going:
        block.fill(np.nan)
        try:
            with _silent() if is_mpeg else nullcontext():
                filled = len(sound.read(out=block))
            going = filled == size
        except soundfile.LibsndfileError:
            # How far it came shows in the block; a damaged flac leaves a full block of nothing.
            missing = np.isnan(block[:, 0])
            filled = int(np.argmax(missing)) if missing[-1] else endless * size
            going = False
            if not endless:
                loss = "damaged there"
        fresh = block[max(0, skip - done) : filled]
        done += filled
        if len(fresh):
            yield Audio(fresh.T.copy(), rate)
    if done >= sound.frames:  # what follows may be a tag
        loss = None
    loss = loss or recording.find_loss(sound)
    # Encoders may give the last block of a complete ogg a longer end than it decodes to.
    short = _SHORT_BLOCK if sound.format == "OGG" else 0
    if loss is None and done + short < sound.frames < _ENDLESS:
        loss = f"its header promises {sound.frames / rate:.1f} s"
    return done, loss


def _open(source: Path | bytes | int | Slice) -> SoundHeader | None:
    """An open sound; None where libsndfile does not know it (TypeError: a headerless .raw)."""
    try:
        with _silent():
            return SoundHeader(source, closefd=True)
    except (soundfile.LibsndfileError, TypeError):
        return None


def _name(path: Path) -> bytes | Path:
    """A name for libsndfile, which soundfile would have to be text in the locale's encoding."""
    return path if os.name == "nt" else os.fsencode(path)


def _pipe(path: Path, start: int, stop: int) -> int:
    """The end to read of a pipe into which bytes of a file go."""
    reading, writing = os.pipe()

    def feed() -> None:
        # A broken pipe: the reader has seen enough.
        with (
            suppress(BrokenPipeError),
            Slice(path, start, stop) as source,
            os.fdopen(writing, "wb") as pipe,
        ):
            shutil.copyfileobj(source, pipe)

    threading.Thread(target=feed, daemon=True).start()
    return reading


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
