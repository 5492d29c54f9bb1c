"""Where each recording begins in a file that several were joined into, as `cat a.ogg b.ogg` does.

Decoders stop at the end of the first. (For mp3s see `mpeg`.)
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from itertools import islice, pairwise
from pathlib import Path
from typing import BinaryIO, NamedTuple

_OGG = re.compile(rb"OggS\x00[\x02\x06]")  # a page that begins a stream: RFC 3533, section 6
_FLAC = re.compile(rb"fLaC[\x00\x80]\x00\x00\x22")  # the mark, and the size of its first block
_CHUNK = 1 << 20
_MOST_CHUNKS = 1000  # that a wav has for any purpose
_LARGEST = b"\xff" * 4


class ByteSpan(NamedTuple):
    """The bytes of one recording."""

    start: int
    stop: int


def find(path: Path, kind: str) -> list[ByteSpan]:
    """The recordings in a file of libsndfile's `kind`, one at least.

    An ogg or flac is read to its end; of others, wav and aiff alone are known.
    """
    size = path.stat().st_size
    match kind:
        case "OGG":
            starts = list(_find_links(path))
        case "FLAC":
            starts = list(_search(path, _FLAC, 8))
        case _:
            return find_chunked(path) or [ByteSpan(0, size)]
    return _spans([0, *starts[1:]], size)


def find_chunked(path: Path) -> list[ByteSpan]:
    """The wav or aiff files that were joined into one; none where it is of another kind."""
    size = path.stat().st_size
    starts = []
    position = 0
    with path.open("rb") as handle:
        while position + 12 <= size:
            handle.seek(position)
            head = handle.read(12)
            if head[:4] == b"RIFF" and head[8:] == b"WAVE":
                length = int.from_bytes(head[4:8], "little")
            elif head[:4] == b"FORM" and head[8:] in (b"AIFF", b"AIFC"):
                length = int.from_bytes(head[4:8], "big")
            else:
                break
            starts.append(position)
            position += 8 + length + length % 2
            if length < 4:
                break
    return _spans(starts, size)


def find_data(path: Path) -> ByteSpan:
    """The bytes of the samples in a wav."""
    with path.open("rb") as handle:
        size = handle.seek(0, os.SEEK_END)
        for name, start, length in _chunks(handle, size):
            if name == b"data":
                return ByteSpan(start, min(start + length, size))
    return ByteSpan(0, size)


def complete_header(path: Path) -> bytes | None:
    """The header of a wav, rf64 or au up to its samples, with the true size, or the largest, for 0.

    None unless its writer never came to write its size: the size of the data is 0, and what
    follows is not what may follow data.
    """
    with path.open("rb") as handle:
        size = handle.seek(0, os.SEEK_END)
        handle.seek(0)
        head = handle.read(36)
        if head[:4] == b".snd":
            start = int.from_bytes(head[4:8], "big")
            if head[8:12] != bytes(4) or not 24 <= start < size:
                return None
            handle.seek(0)
            return head[:8] + _LARGEST + handle.read(start)[12:]
        if head[:4] not in (b"RIFF", b"RF64"):
            return None
        chunks = list(islice(_chunks(handle, size), _MOST_CHUNKS))
        unknown = (0, 0xFFFFFFFF) if head[:4] == b"RF64" else (0,)
        data = [start for name, start, length in chunks if name == b"data" and length in unknown]
        _, last, length = chunks[-1] if chunks else (b"", 0, 0)
        # Chunks after the data that fill the file exactly are chunks.
        whole = bool(data) and last > data[0] and last + length + length % 2 in (size, size + 1)
        if not data or data[0] >= size or whole:
            return None
        handle.seek(0)
        header = handle.read(data[0])
    if head[:4] == b"RF64" and head[12:16] == b"ds64":
        sizes = (size - 8).to_bytes(8, "little") + (size - data[0]).to_bytes(8, "little")
        return header[:20] + sizes + header[36:]
    return header[:4] + _LARGEST + header[8:-4] + _LARGEST


def _chunks(handle: BinaryIO, size: int) -> Iterator[tuple[bytes, int, int]]:
    """Name, start and size of each chunk of a wav, as far as one follows another."""
    position = 12
    while position + 8 <= size:
        handle.seek(position)
        head = handle.read(8)
        length = int.from_bytes(head[4:], "little")
        yield head[:4], position + 8, length
        position += 8 + length + length % 2


def page_is_missing(path: Path, span: ByteSpan) -> bool:
    """Whether the last Ogg page of a recording is incomplete; at the file's end, also unmarked."""
    with path.open("rb") as handle:
        size = handle.seek(0, os.SEEK_END)
        handle.seek(max(span.start, span.stop - 2 * 65307))  # twice the largest page
        tail = handle.read(span.stop - handle.tell())
    page = tail[tail.rfind(b"OggS") :] if b"OggS" in tail else b""
    marked = len(page) >= 27 and (span.stop < size or page[5] & 4)
    return not marked or len(page) < _page_length(page)


def _find_links(path: Path) -> Iterator[int]:
    """The starts of the links of a chain; streams that play together begin one after another."""
    end = None
    with path.open("rb") as handle:
        for start in _search(path, _OGG, 6):
            if start != end:
                yield start
            handle.seek(start)
            end = start + _page_length(handle.read(27 + 255))


def _page_length(page: bytes) -> int:
    segments = page[26] if len(page) > 26 else 0
    return 27 + segments + sum(page[27 : 27 + segments])


def _search(path: Path, pattern: re.Pattern[bytes], width: int) -> Iterator[int]:
    """The positions of a pattern of `width` bytes in a file."""
    tail = b""
    position = 0
    with path.open("rb") as handle:
        while data := handle.read(_CHUNK):
            held = tail + data
            for found in pattern.finditer(held):
                yield position - len(tail) + found.start()
            position += len(data)
            tail = held[1 - width :]


def _spans(starts: list[int], size: int) -> list[ByteSpan]:
    return [ByteSpan(*pair) for pair in pairwise([*starts, size])]
