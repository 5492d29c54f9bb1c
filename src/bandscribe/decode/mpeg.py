"""Where the frames of an mp3 or mp2 lie, by their headers (ISO 11172-3 and 13818-3, section 2.4).

An mp3 is a row of frames, and what is joined, recorded from a radio or torn may be in any such
file: several streams after one another, each with a tag that gives its own length, a change of
rate or channels, tags between them, or bytes that belong to nothing. Decoders give up at each.
"""

from __future__ import annotations

import re
from functools import lru_cache
from pathlib import Path
from typing import BinaryIO, NamedTuple

_MPEG1 = 3  # of the two bits of the version: 0 is MPEG 2.5, 2 is MPEG 2
_RATES = (44_100, 48_000, 32_000)
_LAYERS = {3: 1, 2: 2, 1: 3}
#: kbit/s by (MPEG 1, layer), of the indices 1 to 14.
_BITRATES = {
    (True, 1): (32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448),
    (True, 2): (32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384),
    (True, 3): (32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    (False, 1): (32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256),
    (False, 2): (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}
_BITRATES[False, 3] = _BITRATES[False, 2]

#: So many frames in a row are no coincidence.
_ENOUGH = 3
#: More bytes between two frames, which are neither a tag nor zero, are music that was lost.
_JUNK = 4096
#: What may begin in the middle of something else: a tag, or a frame.
_MARKS = re.compile(rb"ID3[\x02-\x04][\x00-\xfe].[\x00-\x7f]{4}|\xff[\xe2-\xff]", re.DOTALL)
_CHUNK = 1 << 16


class Run(NamedTuple):
    """Frames from byte `start` to `stop` that one decoder takes: of one rate and channel count.

    `tagged`: the first of them is no sound but a tag with the length. `samples` are those of one
    channel, by the number of frames. `loss` describes what is missing at its end, if anything.
    """

    start: int
    stop: int
    samples: int
    sample_rate: int
    tagged: bool
    loss: str | None


def find_runs(path: Path, start: int, stop: int) -> list[Run]:
    """The runs of frames in some bytes of a file; none where the headers do not show them.

    (In the rare free format they do not.)
    """
    runs: list[Run] = []
    with path.open("rb") as handle:
        position, junk = _next_frame(handle, start, stop)
        while position < stop:
            if runs and junk > _JUNK and runs[-1].loss is None:
                runs[-1] = runs[-1]._replace(loss="damaged there")
            runs.append(_follow(handle, position, stop))
            position, junk = _next_frame(handle, runs[-1].stop, stop)
    return runs


def _follow(handle: BinaryIO, start: int, stop: int) -> Run:
    """The run that begins with the frame at `start`."""
    head = _read(handle, start, 256)
    kind = _kind(head)
    length, samples, rate = _frames()[head[1:3]]
    frames, size = _length_tag(head)
    # Nothing but a tag can follow where the tag's own figures reach nearly to the end.
    if frames and 0 <= stop - start - size < _CHUNK // 16:
        return Run(start, start + size, frames * samples, rate, True, None)
    last, position, count, loss = start, start + length, 1, None
    limit = frames + 1 if frames else None
    while count != limit and position < stop:
        head = _read(handle, position, 256)
        if _kind(head) != kind or _length_tag(head)[0]:
            # Of a stream that breaks off, the next one begins within the last frame.
            if _find_mark(handle, last, position, stop) is not None:
                position, count, loss = last, count - 1, "its last frame is incomplete"
            break
        length = _frames()[head[1:3]][0]
        if position + length > stop:
            loss = "its last frame is incomplete"
            break
        last, position, count = position, position + length, count + 1
    return Run(start, position, (count - bool(frames)) * samples, rate, bool(frames), loss)


def _next_frame(handle: BinaryIO, position: int, stop: int) -> tuple[int, int]:
    """Where the next frame begins that others follow, or `stop`; and how many bytes are junk."""
    junk = 0
    while position < stop:
        if size := _tag(handle, position):
            position += size
            continue
        if _is_frame(handle, position, stop):
            return position, junk
        end = min(position + _CHUNK, stop)
        found = _find_mark(handle, position, end, stop)
        if found is None:
            found = end if end == stop else end - 9  # one may begin in the last bytes
        passed = _read(handle, position, found - position)
        junk += len(passed) - passed.count(0)
        position = found
    return stop, junk


def _find_mark(handle: BinaryIO, start: int, end: int, stop: int) -> int | None:
    """Where a tag or a frame that others follow begins, after `start` and before `end`."""
    for mark in _MARKS.finditer(_read(handle, start, end - start), 1):
        at = start + mark.start()
        if _tag(handle, at) or _is_frame(handle, at, stop):
            return at
    return None


def _is_frame(handle: BinaryIO, position: int, stop: int) -> bool:
    """Whether enough frames of the same kind follow, or frames up to the end or to a tag."""
    kind = None
    for _ in range(_ENOUGH):
        head = _read(handle, position, 4)
        if kind is None:
            kind = _kind(head)
        if kind is None or _kind(head) != kind:
            return False
        position += _frames()[head[1:3]][0]
        if position == stop or _tag(handle, position):
            return True
    return position < stop


def _tag(handle: BinaryIO, position: int) -> int:
    """Size of the tag (ID3, version 1 or 2, or APE) at a position; 0 where there is none."""
    head = _read(handle, position, 32)
    if head.startswith(b"TAG"):
        return 128
    if head.startswith(b"APETAGEX") and len(head) == 32:
        return 32 + int.from_bytes(head[12:16], "little")
    if head.startswith(b"ID3") and _MARKS.match(head):  # the size has seven bits per byte
        size = sum(byte << shift for byte, shift in zip(head[6:], (21, 14, 7, 0), strict=False))
        return 10 + size + 10 * bool(head[5] & 0x10)
    return 0


def _length_tag(head: bytes) -> tuple[int, int]:
    """Frames and bytes by the Xing or Info tag in a frame's `head`, 0 where it is absent."""
    at = 4 + (
        17
        if (head[3] >> 6 == 3) == (head[1] >> 3 & 3 == _MPEG1)
        else 32
        if head[1] >> 3 & 3 == _MPEG1
        else 9
    )
    if head[at : at + 4] not in (b"Xing", b"Info"):
        return 0, 0
    flags = int.from_bytes(head[at + 4 : at + 8], "big")
    figures = [int.from_bytes(head[at + i : at + i + 4], "big") for i in (8, 12)]
    if not flags & 1:
        return 0, 0
    return figures[0], figures[1] if flags & 2 else 0


def _kind(head: bytes) -> tuple[int, int, bool] | None:
    """The properties that all frames of a stream share; None if `head` is no header."""
    if len(head) < 4 or head[0] != 0xFF or head[1:3] not in _frames():
        return None
    return head[1] & 0x1E, head[2] & 0x0C, head[3] >> 6 == 3


@lru_cache(maxsize=1)
def _frames() -> dict[bytes, tuple[int, int, int]]:
    """Bytes, samples and sample rate of a frame by the second and third byte of its header."""
    known = {}
    for second in range(0xE0, 0x100):
        version, layer = second >> 3 & 3, _LAYERS.get(second >> 1 & 3)
        if layer is None or version == 1:
            continue
        first = version == _MPEG1
        samples = {1: 384, 2: 1152, 3: 1152 if first else 576}[layer]
        for third in range(0x10, 0xF0):
            if third & 0x0C == 0x0C:
                continue
            rate = _RATES[third >> 2 & 3] >> {3: 0, 2: 1, 0: 2}[version]
            slot = 4 if layer == 1 else 1
            bits = 1000 * _BITRATES[first, layer][(third >> 4) - 1]
            slots = samples // 8 // slot * bits // rate + (third >> 1 & 1)
            known[bytes((second, third))] = slots * slot, samples, rate
    return known


def _read(handle: BinaryIO, position: int, count: int) -> bytes:
    handle.seek(position)
    return handle.read(count)
