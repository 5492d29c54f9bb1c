"""Find the sound files that the arguments of a command name."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from bandscribe.cli.report import complain, explain
from bandscribe.exports import PREVIEW

#: Standard input as a recording, standard output as a file of results.
STANDARD = Path("-")
_KINDS = 5  # that are named of what was passed over


@dataclass(frozen=True)
class Input:
    """A sound file, and its path relative to the folder that was named (its name otherwise)."""

    path: Path
    relative: Path


class Search(NamedTuple):
    """The results of a search: sound files, sorted; the errors of folders that cannot be searched.

    `others` counts the files that no suffix of a sound file has, by their suffix.
    """

    found: list[Input]
    locked: list[OSError]
    others: Counter[str]


def find(given: Path) -> Search:
    """The file that was named, or every sound file in the folder and its folders.

    `-` is standard input, whose results are called `stdin`. Links to folders are followed, each
    folder is searched once. Hidden files and folders are passed over, and previews. Raises
    ValueError when there is nothing.
    """
    from bandscribe.audio import EXTENSIONS

    if given == STANDARD:
        return Search([Input(given, Path("stdin"))], [], Counter())
    if not given.is_dir():
        if given.is_symlink() and not given.exists():
            raise ValueError(f"{given}: a link to {given.readlink()}, which is not there")
        if not given.exists():
            raise ValueError(f"{given}: there is no such file or folder; check the name")
        return Search([Input(given, Path(given.name))], [], Counter())
    search = Search([], [], Counter())
    searched = set()
    # Folders by their own names first: links come after everything that is no link.
    waiting = [given]
    while waiting:
        for folder, below, names in os.walk(waiting.pop(0), onerror=search.locked.append):
            here = os.path.realpath(folder)
            if here in searched:
                below.clear()
                continue
            searched.add(here)
            below[:] = sorted(name for name in below if not name.startswith("."))
            waiting += [Path(folder, name) for name in below if Path(folder, name).is_symlink()]
            for name in names:
                path = Path(folder, name)
                if name.startswith(".") or name.endswith(PREVIEW):
                    continue
                if path.suffix.lower() in EXTENSIONS:
                    search.found.append(Input(path, path.relative_to(given)))
                else:
                    search.others[path.suffix.lower()] += 1
    if not search.found and not search.locked:
        raise ValueError(
            f"{given}: no sound files in this folder; name a file to force its reading"
        )
    search.found.sort(key=lambda source: source.path)
    return search


def find_all(given: Sequence[Path]) -> tuple[list[Input], int, Counter[str]]:
    """Everything that was named, each file once; the number of names that led nowhere; `others`.

    Each of the names is complained about, and `complain_of_others` does of the last.
    """
    found: dict[str, Input] = {}
    others: Counter[str] = Counter()
    failures = 0
    for name in given:
        problems: list[ValueError | OSError] = []
        try:
            search = find(name)
            problems.extend(search.locked)
            others += search.others
            for source in search.found:
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
    return list(found.values()), failures, others


def complain_of_others(others: Counter[str]) -> None:
    """Once all is done: how many files of folders were passed over, if any, and of which kinds."""
    if not others:
        return
    count = others.total()
    often = sorted(others.items(), key=lambda item: (-item[1], item[0]))[:_KINDS]
    kinds = [f"{suffix or 'none'} {number}" for suffix, number in often]
    rest = "" if len(others) <= _KINDS else ", …"
    things = "1 file that is" if count == 1 else f"{count} files that are"
    complain(f"passed over {things} no sound by suffix ({', '.join(kinds)}{rest})")
