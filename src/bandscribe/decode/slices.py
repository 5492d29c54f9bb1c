"""Some bytes of a file as a file of its own."""

from __future__ import annotations

import io
import os
from pathlib import Path


class Slice(io.RawIOBase):
    """Bytes `start` to `stop` of a file, behind a `header`: read-only, and closed by `close`."""

    def __init__(self, path: Path, start: int, stop: int, header: bytes = b"") -> None:
        """Raises OSError where the file cannot be opened."""
        self._file = path.open("rb")
        self._start, self._header = start, header
        self._size = len(header) + stop - start
        self._position = 0

    def readable(self) -> bool:
        """True."""
        return True

    def seekable(self) -> bool:
        """True."""
        return True

    def tell(self) -> int:
        """The position in the slice."""
        return self._position

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Go to a position, beyond the end too, as in any file."""
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._position, os.SEEK_END: self._size}[whence]
        self._position = max(0, base + offset)
        return self._position

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        """Fill a buffer as far as there are bytes."""
        room = memoryview(buffer)
        if self._position < len(self._header):
            data = self._header[self._position : self._position + len(room)]
        else:
            self._file.seek(self._start + self._position - len(self._header))
            data = self._file.read(max(0, min(len(room), self._size - self._position)))
        room[: len(data)] = data
        self._position += len(data)
        return len(data)

    def close(self) -> None:
        """Close the file."""
        self._file.close()
        super().close()
