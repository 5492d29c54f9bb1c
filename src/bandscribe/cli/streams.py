"""Standard streams that are missing, closed or full cost no results.

A program may be started without standard output or standard error (`2>&-`, a service), their disk
may be full, and their reader may leave (`| head`). What is printed is then lost; the files
that a command writes are not.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, TextIO, cast


class Lasting:
    """A text stream that drops what is written once writing has failed, and keeps the `error`."""

    def __init__(self, stream: TextIO) -> None:
        """Write to `stream`."""
        self.stream = stream
        self.error: OSError | None = None

    def write(self, text: str) -> int:
        """As of any stream, but for errors."""
        if self.error is None:
            try:
                return self.stream.write(text)
            except OSError as error:
                self._give_up(error)
        return len(text)

    def flush(self) -> None:
        """As of any stream, but for errors."""
        if self.error is None:
            try:
                self.stream.flush()
            except OSError as error:
                self._give_up(error)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.stream, name)

    def _give_up(self, error: OSError) -> None:
        self.error = error
        # What the stream still holds goes nowhere, or it would fail again at exit.
        with suppress(OSError):
            _connect_to_nothing(self.stream.fileno())


@contextmanager
def lasting() -> Iterator[Lasting]:
    """Standard output and error that exist and last as long as the block; gives the former."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            # Otherwise a file that is opened later gets the number, and what libraries print.
            _connect_to_nothing(number)
    before = sys.stdout, sys.stderr
    output, error = (
        Lasting(stream or os.fdopen(number, "w", closefd=False))
        for number, stream in enumerate(before, start=1)
    )
    sys.stdout, sys.stderr = cast("TextIO", output), cast("TextIO", error)
    try:
        yield output
    finally:
        output.flush()
        error.flush()
        sys.stdout, sys.stderr = before


def _connect_to_nothing(number: int) -> None:
    nothing = os.open(os.devnull, os.O_RDWR)
    if nothing == number:
        os.set_inheritable(number, True)
    else:
        os.dup2(nothing, number)
        os.close(nothing)
