"""From what was named on the command line to the sound files to read."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bandscribe.cli.report import complain, explain

#: Standard input as a recording, standard output as a file of results.
STANDARD = Path("-")


@dataclass(frozen=True)
class Input:
    """A sound file, and its path relative to the folder that was named (its name otherwise)."""

    path: Path
    relative: Path


def find(given: Path) -> tuple[list[Input], list[OSError]]:
    """The file that was named, or every sound file in the folder and its folders, sorted.

    `-` is standard input, whose results are called `stdin`. Also the errors of the folders in it
    that cannot be searched. Hidden files and folders are passed over, and links to folders. Raises
    ValueError when there is nothing.
    """
    from bandscribe.audio import EXTENSIONS

    if given == STANDARD:
        return [Input(given, Path("stdin"))], []
    if not given.is_dir():
        if not given.exists():
            raise ValueError(f"{given}: there is no such file or folder; check the name")
        return [Input(given, Path(given.name))], []
    found: list[Input] = []
    locked: list[OSError] = []
    for folder, below, names in os.walk(given, onerror=locked.append):
        below[:] = [name for name in below if not name.startswith(".")]
        for name in names:
            path = Path(folder, name)
            if path.suffix.lower() in EXTENSIONS and not name.startswith("."):
                found.append(Input(path, path.relative_to(given)))
    if not found and not locked:
        raise ValueError(
            f"{given}: no sound files in this folder; name a file to force its reading"
        )
    return sorted(found, key=lambda source: source.path), locked


def find_all(given: Sequence[Path]) -> tuple[list[Input], int]:
    """Everything that was named, each file once, and the number of names that led nowhere.

    Each of the latter is complained about.
    """
    found: dict[str, Input] = {}
    failures = 0
    for name in given:
        problems: list[ValueError | OSError] = []
        try:
            sources, locked = find(name)
            problems.extend(locked)
            for source in sources:
                real = os.path.realpath(source.path)
                # By its own name rather than by that of a link to it.
                known = found.setdefault(real, source)
                if known.path.is_symlink() and not source.path.is_symlink():
                    found[real] = source
        except (ValueError, OSError) as error:
            problems.append(error)
        for problem in problems:
            complain(explain(problem))
        failures += len(problems)
    return list(found.values()), failures
