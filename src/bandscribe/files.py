"""Whole files or none: every output is written beside its target and renamed when complete.

And inside of the folder that was named: what a table calls a file cannot lead out of it. What a
process leaves that is killed while it writes, the next one that writes there removes.
"""

from __future__ import annotations

import csv
import errno
import io
import json
import math
import os
import re
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path, PurePath
from typing import IO

if sys.platform != "win32":
    import fcntl

#: How the names of files begin that are not whole yet.
_TEMPORARY = ".bandscribe-"
#: The folders that were looked through.
_swept: set[Path] = set()


def inside(folder: Path, name: str | PurePath) -> Path:
    """The path of `name` below `folder`, for a name that was read and is written to.

    Raises ValueError for one that leads elsewhere: an absolute path, or one with `..` in it.
    """
    parts = re.split(r"[/\\]", str(name))
    if ".." in parts or "\0" in str(name) or PurePath(name).anchor:
        raise ValueError(f"{str(name)!r}: no name for a file below {folder}; correct it")
    return folder / name


@contextmanager
def whole(path: str | Path) -> Iterator[Path]:
    """Yield a new, empty temporary file in the folder of `path`; rename it to `path` on success.

    The temporary file has the suffix of `path`. When the body raises, it is removed, and whatever
    lay at `path` before is untouched. No folder is created. A link is followed, and its target
    replaced.

    Raises ValueError when `path` is `-`, which is never meant as the name of a file, or something
    other than a regular file (a folder, a device), and
    OSError (PermissionError, FileNotFoundError for a missing folder, a full disk, …) naming `path`.
    """
    if str(path) == "-":
        raise ValueError("-: standard output is not possible here; name a file to write")
    target = Path(os.path.realpath(path))
    if target.is_symlink():  # one that leads nowhere but to itself
        raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), str(path))
    if target.exists():
        if not target.is_file():
            raise ValueError(f"{path}: not a regular file; name a file to write")
        if not os.access(target, os.W_OK):
            raise PermissionError(f"{path}: no permission to write it; change its permissions")
    _sweep(target.parent)
    # A suffix that is longer than any is part of a name that leaves no room for more.
    suffix = target.suffix if len(target.suffix) <= 16 else ""
    temporary = target.with_name(f"{_TEMPORARY}{os.urandom(6).hex()}{suffix}")
    try:
        with temporary.open("xb") as held:
            if not hold(held):
                held.close()
            yield temporary
            temporary.replace(target)
    except BaseException as error:
        temporary.unlink(missing_ok=True)
        if isinstance(error, OSError) and error.errno and error.filename in (None, str(temporary)):
            # The constructor picks the subclass that belongs to the number.
            raise OSError(error.errno, error.strerror, str(path)) from error
        raise


def hold(file: IO[bytes]) -> bool:
    """Lock a file until it is closed, or the process ends; False if another process holds it.

    Where there are no locks (Windows, some network drives) none is ever free.
    """
    if sys.platform == "win32":
        return False
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _sweep(folder: Path) -> None:
    """Remove what a process that was killed left in a folder, once for each folder."""
    if folder in _swept:
        return
    _swept.add(folder)
    for left in folder.glob(f"{_TEMPORARY}*"):
        with suppress(OSError), left.open("rb") as file:
            if hold(file):
                left.unlink()


def write_text(path: str | Path, text: str) -> None:
    """Write `text` in UTF-8, its lines as they are. Raises as `whole`."""
    with whole(path) as temporary:
        temporary.write_text(text, encoding="utf-8", newline="")


def write_json(path: str | Path, value: object, *, indent: int | None = 1) -> None:
    """Write `value` as JSON; without `indent` in one line. Raises as `whole`."""
    write_text(path, to_json(value, indent=indent))


def write_csv(
    path: str | Path,
    columns: Sequence[str],
    rows: Iterable[Mapping[str, object] | Sequence[object]],
    *,
    digits: int | None = None,
) -> None:
    """Write what `to_csv` makes of a table. Raises as `to_csv` and `whole`."""
    write_text(path, to_csv(columns, rows, digits=digits))


def to_json(value: object, *, indent: int | None = 1) -> str:
    """`value` as JSON with a line end; without `indent` in one line, without any space.

    Numbers that are not finite, which JSON lacks, become null.
    """
    separators = None if indent else (",", ":")
    return (
        json.dumps(_finite(value), indent=indent, ensure_ascii=False, separators=separators) + "\n"
    )


def _finite(value: object) -> object:
    """`value` with None in place of each number that is not finite."""
    if isinstance(value, Mapping):
        return {key: _finite(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(each) for each in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def to_csv(
    columns: Sequence[str],
    rows: Iterable[Mapping[str, object] | Sequence[object]],
    *,
    digits: int | None = None,
) -> str:
    """A table as CSV: a line of `columns`, then each row, by name or in their order.

    None, and what a row by name lacks, is an empty cell. Floats have `digits` significant digits,
    or as many as they need. Raises ValueError for a row with another column, or another length.
    """
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(columns)
    for row in rows:
        if isinstance(row, Mapping):
            if unknown := [name for name in row if name not in columns]:
                raise ValueError(f"rows: expected the columns {', '.join(columns)}, got {unknown}")
            cells: Sequence[object] = [row.get(name) for name in columns]
        else:
            cells = row
        if len(cells) != len(columns):
            raise ValueError(f"rows: expected {len(columns)} cells, got {len(cells)}")
        table.writerow([_round(cell, digits) for cell in cells])
    return text.getvalue()


def _round(cell: object, digits: int | None) -> object:
    return f"{cell:.{digits}g}" if digits and isinstance(cell, float) else cell
