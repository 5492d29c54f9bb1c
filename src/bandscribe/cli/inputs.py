"""From what was named on the command line to the sound files to read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bandscribe.cli.report import complain, explain


@dataclass(frozen=True)
class Input:
    """A sound file, and its path relative to the folder that was named (its name otherwise)."""

    path: Path
    relative: Path


def find(given: Path) -> list[Input]:
    """The file that was named, or every sound file in the folder and its folders, sorted.

    Hidden files and folders are passed over. Raises ValueError when there is nothing.
    """
    from bandscribe.audio import EXTENSIONS

    if not given.is_dir():
        if not given.exists():
            raise ValueError(f"{given}: there is no such file or folder; check the name")
        return [Input(given, Path(given.name))]
    found = []
    for path in sorted(given.rglob("*")):
        relative = path.relative_to(given)
        hidden = any(part.startswith(".") for part in relative.parts)
        if path.suffix.lower() in EXTENSIONS and not hidden and path.is_file():
            found.append(Input(path, relative))
    if not found:
        raise ValueError(
            f"{given}: no sound files in this folder; name a file to force its reading"
        )
    return found


def find_all(given: Sequence[Path]) -> tuple[list[Input], int]:
    """Everything that was named, each file once, and the number of names that led nowhere.

    Each of the latter is complained about.
    """
    found: dict[Path, Input] = {}
    failures = 0
    for name in given:
        try:
            for source in find(name):
                found.setdefault(source.path.resolve(), source)
        except (ValueError, OSError) as error:
            complain(explain(error, name))
            failures += 1
    return list(found.values()), failures
