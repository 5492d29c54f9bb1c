"""Sound files copied, moved or renamed by what they are, so that it can be undone.

Nothing is ever overwritten: a name that is taken gets a number. Each step is written into a list
before it is done, from which `undo` takes them back.
"""

from __future__ import annotations

import csv
import errno
import filecmp
import itertools
import os
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from bandscribe.cli.report import complain, explain
from bandscribe.files import whole

#: The folder of what has no class.
UNKNOWN = "unknown"
COLUMNS = ("step", "from", "to")
_LONGEST, _LONGEST_SUFFIX = 255, 16  # bytes of a name, letters of what is a suffix


@dataclass(frozen=True)
class Step:
    """A file to `copy` or to `move`, and where to."""

    kind: str
    source: Path
    target: Path


def plan(
    found: Sequence[tuple[Path, str | None]], into: Path | None, *, rename: bool, move: bool
) -> list[Step]:
    """The steps for files whose class is known, or None.

    `into` is the folder whose folders of classes they go to, copied or moved; None leaves them
    where they are. `rename` puts the class before the name, unless it stands there. A file of which
    `into` holds a copy already is left.
    """
    taken: set[str] = set()
    steps = []
    for path, label in found:
        prefixed = label is None or path.name.lower().startswith(f"{label.lower()}_")
        name = _name(path.name, before=f"{label}_") if rename and not prefixed else path.name
        target = (path.parent if into is None else into / (label or UNKNOWN)) / name
        if into is None and name == path.name:
            continue
        if into is not None and _is_filed(path, target):
            continue
        target = _free(target, taken)
        taken.add(str(target).casefold())
        steps.append(Step("move" if move or into is None else "copy", path, target))
    return steps


def start_list(folder: Path) -> Path:
    """The path of a new list of steps in `folder`: undo.csv, or undo-2.csv and so on."""
    return _free(folder / "undo.csv", set())


def carry_out(steps: Sequence[Step], undo_list: Path) -> Iterator[bool]:
    """Do the steps; yields whether each was done. One that failed has a line on standard error.

    Raises OSError where the list cannot be written: a step that is not in it is not done.
    """
    undo_list.parent.mkdir(parents=True, exist_ok=True)
    with undo_list.open("x", encoding="utf-8", errors="surrogateescape", newline="") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(COLUMNS)
        for step in steps:
            # Absolute, so that it can be undone from anywhere.
            table.writerow([step.kind, step.source.absolute(), step.target.absolute()])
            file.flush()
            try:
                _do(step)
            except OSError as error:
                complain(explain(error, step.source))
                yield False
            else:
                yield True


def undo(undo_list: Path) -> tuple[int, int]:
    """Take back the steps of a list, the last one first: how many were, and how many could not be.

    Copies are removed if they still are copies, files that were moved go back if their old name is
    free; each that cannot has a line on standard error. Steps that were never done, or are undone
    already, are passed over. A list of which all is taken back goes away, and its folder with it
    where nothing else is in there. Raises ValueError when the file is no such list.
    """
    done = failed = 0
    for step in reversed(list(_read(undo_list))):
        try:
            if step.target.exists():
                _undo(step)
                done += 1
        except (OSError, ValueError) as error:
            complain(explain(error, step.target))
            failed += 1
    if not failed:
        undo_list.unlink()
        _remove_if_empty(undo_list.parent)
    return done, failed


def _do(step: Step) -> None:
    step.target.parent.mkdir(parents=True, exist_ok=True)
    if step.kind == "move":
        _move(step.source, step.target)
    else:
        _copy(step.source, step.target)


def _copy(source: Path, target: Path) -> None:
    with whole(target) as temporary:
        shutil.copy2(source, temporary)


def _move(source: Path, target: Path) -> None:
    """Rename; to another disk copy and remove. Raises OSError, with the file where it was."""
    if source.is_symlink():
        raise OSError(f"{source}: a link, which might lead nowhere from another place; left")
    try:
        source.rename(target)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        _copy(source, target)
        try:
            source.unlink()
        except OSError:
            target.unlink()
            raise


def _undo(step: Step) -> None:
    if step.kind == "move":
        if step.source.exists():
            raise FileExistsError(f"{step.source}: is there again; move it away first")
        step.source.parent.mkdir(parents=True, exist_ok=True)
        _move(step.target, step.source)
    else:
        if not step.source.exists() or not filecmp.cmp(step.source, step.target, shallow=False):
            raise FileExistsError(f"{step.target}: is no copy of {step.source} any more; left")
        step.target.unlink()
    _remove_if_empty(step.target.parent)


def _remove_if_empty(folder: Path) -> None:
    if not os.listdir(folder):  # noqa: PTH208 (names suffice)
        folder.rmdir()


def _read(undo_list: Path) -> Iterator[Step]:
    with undo_list.open(encoding="utf-8", errors="surrogateescape", newline="") as file:
        try:
            rows = list(csv.reader(file))
        except csv.Error as error:
            raise ValueError(f"{undo_list}: damaged ({error})") from None
    whole_rows = [row for row in rows[1:] if len(row) == len(COLUMNS)]
    if not rows or tuple(rows[0]) != COLUMNS or {row[0] for row in whole_rows} - {"copy", "move"}:
        raise ValueError(f"{undo_list}: not a list that bandscribe classify wrote")
    for kind, source, target in whole_rows:
        yield Step(kind, Path(source), Path(target))


def _is_filed(path: Path, target: Path) -> bool:
    """Whether one of the names that `_free` passes over holds what `path` does."""
    there = itertools.takewhile(os.path.lexists, _number(target))
    return any(each.is_file() and filecmp.cmp(path, each, shallow=False) for each in there)


def _free(path: Path, taken: set[str]) -> Path:
    """The path, or the first one like it, with a number, that is neither there nor taken."""
    # Names that differ in case alone are one file on some systems.
    return next(
        free
        for free in _number(path)
        if not os.path.lexists(free) and str(free).casefold() not in taken
    )


def _number(path: Path) -> Iterator[Path]:
    """The path, then one-2, one-3 and so on."""
    yield path
    for number in itertools.count(2):
        yield path.with_name(_name(path.name, after=f"-{number}"))


def _name(name: str, *, before: str = "", after: str = "") -> str:
    """The name with something before it and after its stem, which gives way to what is too long."""
    suffix = Path(name).suffix if len(Path(name).suffix) <= _LONGEST_SUFFIX else ""
    stem, end = before + name[: len(name) - len(suffix)], after + suffix
    while len(os.fsencode(stem + end)) > _LONGEST:
        stem = stem[:-1]
    return stem + end
