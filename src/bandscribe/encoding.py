"""Remove what libsndfile writes beside the sound, so that equal sound gives equal bytes.

Ogg streams have a serial number, which libsndfile draws at random. It has to differ between streams
that are joined into one file: here it is a checksum of the stream. Float wav and aiff have the time
at which their peak was measured.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from mmap import mmap

#: Bytes with their bits in the opposite order, since Ogg's checksum takes the highest bit first.
_REVERSED = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))
_PEAK = 16  # bytes of a PEAK chunk up to its positions: name, size, version, time


#: An encoded file, as it lies in memory or on the disk.
Encoded = bytearray | mmap


def settle(encoded: Encoded) -> None:
    """Change the serial number or the time in an encoded file, where it has one, to be its own."""
    if encoded[:4] == b"OggS":
        _renumber(encoded)
    start = encoded.find(b"PEAK", 12, 200)
    if encoded[:4] in (b"RIFF", b"FORM") and start >= 0:
        encoded[start + 12 : start + _PEAK] = bytes(4)


def _renumber(encoded: Encoded) -> None:
    pages = list(_pages(encoded))
    for start, _ in pages:
        encoded[start + 14 : start + 18] = encoded[start + 22 : start + 26] = bytes(4)
    serial = zlib.crc32(encoded).to_bytes(4, "little")
    for start, stop in pages:
        encoded[start + 14 : start + 18] = serial
        encoded[start + 22 : start + 26] = checksum(encoded[start:stop]).to_bytes(4, "little")


def _pages(encoded: Encoded) -> Iterator[tuple[int, int]]:
    """The start and end of each page (RFC 3533, section 6)."""
    start = 0
    while start < len(encoded):
        segments = encoded[start + 26]
        stop = start + 27 + segments + sum(encoded[start + 27 : start + 27 + segments])
        yield start, stop
        start = stop


def checksum(page: bytes | bytearray) -> int:
    """Ogg's checksum of a page in which it is zero: a CRC-32 that zlib computes back to front."""
    crc = zlib.crc32(page.translate(_REVERSED), 0xFFFFFFFF) ^ 0xFFFFFFFF
    return int(f"{crc:032b}"[::-1], 2)
