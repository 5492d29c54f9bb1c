"""Messages of commands: lines on standard error, a progress bar, number formats."""

from __future__ import annotations

import errno
import sys
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from bandscribe.extras import install

if TYPE_CHECKING:
    from bandscribe.types import Audio

_CURES = {
    errno.ENOSPC: "free some space, or write to another disk with -o",
    errno.EDQUOT: "free some space, or write to another disk with -o",
    errno.EROFS: "write to another folder with -o",
    errno.EACCES: "change its permissions, or choose another place",
    errno.EPERM: "change its permissions, or choose another place",
    errno.ENOTDIR: "a part of this path is a file and not a folder; choose another",
    errno.EEXIST: "what has this name is no folder; choose another",
    errno.ENAMETOOLONG: "choose a shorter name",
    errno.ELOOP: "remove the link, or choose another name",
}


def complain(message: str) -> None:
    """One line on standard error."""
    print("bandscribe:", visible(message.strip()), file=sys.stderr)


def visible(text: str) -> str:
    """A line for a terminal: `\\x1b` or `\\n` in place of what is no character to look at.

    Names of files may hold anything, what moves the cursor or hides a part of them too.
    """
    return "".join(
        char
        if char.isprintable() or unicodedata.category(char) == "Zs"
        else char.encode("unicode_escape").decode()
        for char in text
    )


def explain(error: Exception, source: Path | None = None) -> str:
    """The reason and the cure in one line, which begins with the file's name."""
    message = str(error)
    if isinstance(error, OSError) and error.strerror:
        cure = _CURES.get(error.errno or 0, "")
        named = f"{error.filename}: " if error.filename else ""
        message = f"{named}{error.strerror.lower()}" + (f"; {cure}" if cure else "")
    if source is not None and not message.startswith(f"{source}: "):
        message = f"{source}: {message}"
    return message


def require(extra: str, *modules: str) -> None:
    """Raise ValueError with the install command where a module of an extra is missing."""
    missing = [module for module in modules if find_spec(module) is None]
    if missing:
        libraries = ", ".join(missing)
        raise ValueError(
            f"this needs the extra {extra} ({libraries} missing); install with: {install(extra)}"
        )


def count(number: int, noun: str) -> str:
    """For example `1 file`, `1,234 files`."""
    return f"{number:,} {noun}" + ("" if number == 1 else "s")


def align(rows: Sequence[Sequence[str]], *, numbers: bool = False) -> str:
    """Lines of columns of equal width; with `numbers`, all but the first are set to the right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join(
        "  ".join(
            cell.rjust(width) if numbers and i else cell.ljust(width)
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    )


def clock(seconds: float) -> str:
    """Seconds as m:ss or h:mm:ss."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


@contextmanager
def usage_errors() -> Iterator[None]:
    """Turn a ValueError inside the block into wrong usage, with exit code 2."""
    try:
        yield
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error


@contextmanager
def progress(total: int) -> Iterator[Callable[[int, str], None]]:
    """A bar on standard error if that is a terminal; call what it gives with (done, text)."""
    if not sys.stderr.isatty():
        yield lambda done, text: None
        return
    from rich.console import Console
    from rich.markup import escape
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    with Progress(
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.description}"),
        # Wrapped lines would cut paths in two.
        console=Console(stderr=True, soft_wrap=True),
        transient=True,
        # Summaries go around the bar where both are on the terminal, and to a file otherwise.
        redirect_stdout=sys.stdout.isatty(),
    ) as bar:
        task = bar.add_task("", total=total)
        yield lambda done, text: bar.update(task, completed=done, description=escape(visible(text)))


def reported(blocks: Iterable[Audio], callback: Callable[[float], None]) -> Iterator[Audio]:
    """Pass blocks on, calling `callback` with the second at which each begins."""
    position = 0.0
    for block in blocks:
        callback(position)
        position += block.duration
        yield block
