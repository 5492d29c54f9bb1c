"""Tables and lists of text, with errors that name the file."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from bandscribe.files import whole


def text(path: Path) -> str:
    """A text file as a whole.

    Raises ValueError when it is not text, OSError when it cannot be read.
    """
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise ValueError(f"{path}: not a text file; copy it again") from None


def rows(path: Path, *columns: str) -> list[dict[str, str]]:
    """The lines of a CSV file with a line of names, each with these columns at least.

    Raises ValueError when the file is missing or damaged, or lacks a column, in the head or in a
    line.
    """
    if not path.is_file():
        raise ValueError(f"{path}: missing; copy it to where the others are")
    reader = csv.DictReader(text(path).splitlines())
    try:
        found = list(reader)
    except csv.Error as error:
        raise ValueError(f"{path}: damaged ({error})") from None
    whole = set(columns) <= set(reader.fieldnames or ())
    if not whole or any(row[column] is None for row in found for column in columns):
        raise ValueError(f"{path}: expected the columns {', '.join(columns)} in each line")
    return found


def write(path: Path, columns: Sequence[str], rows: Iterable[Mapping[str, object]]) -> None:
    """Write a CSV file as `rows` reads it; nothing for None.

    Raises ValueError for a row with another column, OSError as `bandscribe.files.whole`.
    """
    with whole(path) as temporary, temporary.open("w", newline="", encoding="utf-8") as file:
        table = csv.DictWriter(file, columns, lineterminator="\n")
        table.writeheader()
        table.writerows(rows)
