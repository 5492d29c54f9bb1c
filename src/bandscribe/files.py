"""Whole files or none: every output is written beside its target and renamed when complete.

And inside of the folder that was named: what a table calls a file cannot lead out of it.
"""

from __future__ import annotations

import os
import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePath


def inside(folder: Path, name: str | PurePath) -> Path:
    """The path of `name` below `folder`, for a name that was read and is written to.

    Raises ValueError for one that leads elsewhere: an absolute path, or one with `..` in it.
    """
    parts = re.split(r"[/\\]", str(name))
    if ".." in parts or "\0" in str(name) or PurePath(name).anchor:
        raise ValueError(f"{str(name)!r}: no name for a file below {folder}; mend it where it is")
    return folder / name


@contextmanager
def whole(path: str | Path) -> Iterator[Path]:
    """Yield a new, empty temporary file in the folder of `path`; rename it to `path` on success.

    The temporary file has the suffix of `path`. When the body raises, it is removed, and whatever
    lay at `path` before is untouched. No folder is created. A link is followed, and its target
    replaced.

    Raises ValueError when `path` is something other than a regular file (a folder, a device), and
    OSError (PermissionError, FileNotFoundError for a missing folder, a full disk, …) naming `path`.
    """
    target = Path(path).resolve()
    if target.exists():
        if not target.is_file():
            raise ValueError(f"{path}: not a regular file; name a file to write")
        if not os.access(target, os.W_OK):
            raise PermissionError(f"{path}: no permission to write it; change its permissions")
    temporary = target.with_name(f".bandscribe-{secrets.token_hex(6)}{target.suffix}")
    try:
        temporary.touch(exist_ok=False)
        yield temporary
        temporary.replace(target)
    except BaseException as error:
        temporary.unlink(missing_ok=True)
        if isinstance(error, OSError) and error.errno and error.filename in (None, str(temporary)):
            # The constructor picks the subclass that belongs to the number.
            raise OSError(error.errno, error.strerror, str(path)) from error
        raise
