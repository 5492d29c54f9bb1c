"""The cure for a missing library: the command that installs it where bandscribe is installed."""

from __future__ import annotations

import re
import shlex
import sys


def install(extra: str) -> str:
    """The command that installs the libraries of an extra for this Python.

    It names them one by one: `bandscribe[plot]` means nothing where bandscribe was installed from
    a checkout, and its folder may be gone.
    """
    python = sys.executable or "python3"
    return shlex.join([python, "-m", "pip", "install", *_libraries(extra)])


def _libraries(extra: str) -> list[str]:
    """The requirements of an extra in the package's metadata, and of the extras that it names."""
    from importlib import metadata

    try:
        listed = metadata.requires(__package__) or []
    except metadata.PackageNotFoundError:
        return [f"{__package__}[{extra}]"]
    found: list[str] = []
    for line in listed:
        requirement, _, marker = (part.strip() for part in line.partition(";"))
        if not re.search(rf"extra == ['\"]{extra}['\"]", marker):
            continue
        own = re.fullmatch(rf"{__package__}\[(.+)\]", requirement)
        for name in own[1].split(",") if own else ():
            found += _libraries(name.strip())
        if not own:
            found.append(requirement)
    return list(dict.fromkeys(found))
