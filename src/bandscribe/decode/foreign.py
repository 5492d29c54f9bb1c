"""What libsndfile does not know: m4a, mp4, webm and the like, through PyAV or ffmpeg."""

from __future__ import annotations

import re
import shutil
import struct
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from bandscribe.decode.messages import not_sound, warn_truncated
from bandscribe.types import Audio

_FRAMES = 4096  # per read
_TOLERANCE = 0.25  # seconds by which a container's duration may exceed its sound


def decode_foreign(path: Path, *, misnamed: bool) -> Iterator[Audio]:
    """Blocks of the first sound stream, by PyAV, or else by an ffmpeg on the PATH.

    `misnamed` says that its suffix promised something plainer. Raises ValueError, in one line,
    where there is no decoder or no sound.
    """
    try:
        import av
    except ModuleNotFoundError:
        ffmpeg = shutil.which("ffmpeg")
        if ffmpeg is None and misnamed:
            raise ValueError(
                f"{path}: no sound that can be decoded; check that it is a sound file, and whole "
                "(if it is an m4a by another name: pip install 'bandscribe[formats]')"
            ) from None
        if ffmpeg is None:
            raise ValueError(
                f"{path}: this format needs a decoder: pip install 'bandscribe[formats]', "
                "or put ffmpeg on the PATH"
            ) from None
        return _by_ffmpeg(path, ffmpeg)
    return _by_av(path, av)


def _by_av(path: Path, av: Any) -> Iterator[Audio]:
    try:
        container = av.open(f"file:{path}")
    except (av.FFmpegError, ValueError):
        raise not_sound(path) from None
    with container:
        if not container.streams.audio:
            raise ValueError(f"{path}: holds no sound, only pictures or data")
        stream = container.streams.audio[0]
        resampler = av.AudioResampler(format="fltp")
        rate = done = 0
        reason = None
        try:
            for frame in container.decode(stream):
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
    if stream.duration is not None:
        return float(stream.duration * stream.time_base)
    alone = len(container.streams) == 1 and container.duration is not None
    return float(container.duration / 1e6) if alone else 0.0


def _by_ffmpeg(path: Path, ffmpeg: str) -> Iterator[Audio]:
    """Through `ffmpeg … -f au`: a format whose header (24 bytes) tells rate and channels."""
    command = [ffmpeg, "-nostdin", "-v", "error", "-i", f"file:{path}", "-map", "0:a:0"]
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
                samples = np.frombuffer(data[: len(data) // (4 * channels) * 4 * channels], ">f4")
                samples = samples.reshape(-1, channels).T.astype(np.float32)
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
