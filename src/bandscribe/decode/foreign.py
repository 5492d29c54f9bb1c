"""Decode formats that libsndfile lacks (m4a, mp4, webm and the like), with PyAV or ffmpeg."""

from __future__ import annotations

import re
import shutil
import struct
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from bandscribe.decode.messages import not_sound, warn, warn_truncated
from bandscribe.extras import install
from bandscribe.types import Audio

_FRAMES = 4096  # per read
_TOLERANCE = 0.25  # seconds by which a container's duration may exceed its sound


def decode_foreign(path: Path, *, misnamed: bool, stream: int | None = None) -> Iterator[Audio]:
    """Blocks of a sound stream, by PyAV, or else by an ffmpeg on the PATH.

    `stream` counts them from 1; None takes the one that is marked as the default, or the longest,
    or the first, and warns where there are several. `misnamed` states that the file's suffix
    promised something plainer. Raises ValueError, in one line, where there is no decoder, no sound
    or no such stream.
    """
    try:
        import av
    except ModuleNotFoundError:
        ffmpeg = shutil.which("ffmpeg")
        if ffmpeg is None and misnamed:
            raise ValueError(
                f"{path}: no sound that can be decoded; check that it is a sound file, and whole "
                f"(if it is an m4a by another name: {install('formats')})"
            ) from None
        if ffmpeg is None:
            raise ValueError(
                f"{path}: this format needs a decoder: {install('formats')}, "
                "or put ffmpeg on the PATH"
            ) from None
        return _by_ffmpeg(path, ffmpeg, stream)
    return _by_av(path, av, stream)


class _Stream(NamedTuple):
    """A container's description of a sound stream: its length in seconds, 0 where it is unknown."""

    default: bool
    seconds: float


def _choose(path: Path, streams: Sequence[_Stream], requested: int | None) -> int:
    """The index of the stream to read."""
    count = len(streams)
    if not count:
        raise ValueError(f"{path}: holds no sound, only pictures or data")
    if requested is not None:
        if requested > count:
            raise ValueError(f"{path}: has no sound stream {requested}; the last one is {count}")
        return requested - 1
    marked = [index for index, stream in enumerate(streams) if stream.default]
    if len(marked) == 1:
        index, reason = marked[0], "the default"
    else:
        index = max(range(count), key=lambda i: (streams[i].seconds, -i))
        alike = len({stream.seconds for stream in streams}) == 1
        reason = "the first" if alike else "the longest"
    # In a file of stems the first stream is the mixture of the others, and what is meant.
    if count > 1 and not path.name.endswith(".stem.mp4"):
        warn(
            path,
            f"holds {count} sound streams; stream {index + 1}, {reason}, is read "
            "(--stream takes another)",
        )
    return index


def _by_av(path: Path, av: Any, requested: int | None) -> Iterator[Audio]:
    try:
        container = av.open(f"file:{path}")
    except (av.FFmpegError, ValueError):
        raise not_sound(path) from None
    with container:
        streams = container.streams.audio
        described = [
            _Stream(bool(s.disposition & 1), _seconds(s) or _tagged_seconds(s)) for s in streams
        ]
        stream = streams[_choose(path, described, requested)]
        resampler: Any = None
        form = None
        rate = done = 0
        reason = None
        try:
            for frame in container.decode(stream):
                given = frame.sample_rate, frame.layout.name, frame.format.name
                if given != form:
                    resampler, form = av.AudioResampler(format="fltp"), given
                for part in resampler.resample(frame):
                    rate = part.sample_rate
                    done += part.samples
                    yield Audio(part.to_ndarray(), rate)
        except (av.FFmpegError, ValueError):
            reason = "damaged there"
        if not done:
            raise not_sound(path)
        promised = _promised(container, stream)
        if reason is None and done / rate < promised - _TOLERANCE:
            reason = f"its header promises {promised:.1f} s"
        if reason is not None:
            warn_truncated(path, done / rate, reason)


def _promised(container: Any, stream: Any) -> float:
    """Seconds that a container's header promises for its sound; 0 where it only guesses."""
    if not {"mov", "matroska", "asf"} & set(container.format.name.split(",")):
        return 0.0
    if seconds := _seconds(stream):
        return seconds
    alone = len(container.streams) == 1 and container.duration is not None
    return float(container.duration / 1e6) if alone else 0.0


def _seconds(stream: Any) -> float:
    """Length of a stream by the container; 0 where it is unknown."""
    return float((stream.duration or 0) * (stream.time_base or 0))


def _tagged_seconds(stream: Any) -> float:
    """The same by a tag, as Matroska has it: 00:03:12.5; 0 where there is none."""
    tag = re.fullmatch(r"(\d+):(\d+):([\d.]+)", stream.metadata.get("DURATION", ""))
    return 3600 * int(tag[1]) + 60 * int(tag[2]) + float(tag[3]) if tag else 0.0


def _by_ffmpeg(path: Path, ffmpeg: str, requested: int | None) -> Iterator[Audio]:
    """Through `ffmpeg … -f au`: a format whose header (24 bytes) has rate and channels."""
    listing = [ffmpeg, "-nostdin", "-hide_banner", "-i", f"file:{path}"]
    listing_text = subprocess.run(listing, capture_output=True).stderr.decode(errors="replace")
    if "\nInput #0" not in f"\n{listing_text}":
        raise not_sound(path)
    found = re.findall(r"^ *Stream #0:\d+.*?: Audio: .*", listing_text, re.MULTILINE)
    index = _choose(path, [_Stream("(default)" in line, 0.0) for line in found], requested)
    command = [ffmpeg, "-nostdin", "-v", "error", "-i", f"file:{path}", "-map", f"0:a:{index}"]
    command += ["-f", "au", "-c:a", "pcm_f32be", "-"]
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log)
        assert process.stdout is not None
        try:
            head = process.stdout.read(24)
            if len(head) < 24:
                raise not_sound(path)
            offset, _, _, rate, channels = struct.unpack(">5I", head[4:])
            process.stdout.read(offset - 24)
            done = 0
            while data := process.stdout.read(_FRAMES * channels * 4):
                whole = len(data) // (4 * channels) * 4 * channels
                values = np.frombuffer(data[:whole], ">f4")
                samples = values.reshape(-1, channels).T.astype(np.float32)
                done += samples.shape[1]
                yield Audio(samples, rate)
            process.wait()
            log.seek(0)
            text = log.read().decode(errors="replace")
            if process.returncode or re.search("partial file|prematurely|Invalid data", text):
                warn_truncated(path, done / rate, "ffmpeg could not read on")
        finally:
            process.stdout.close()
            process.kill()
            process.wait()
