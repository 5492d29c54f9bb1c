"""One reader for each kind of file.

Each raises ValueError, in one line that names the file, for whatever is wrong with the content, and
OSError where the file cannot be read. `refused` turns what malformed content makes its interpreter
raise into such a line. Sound is read in `bandscribe.audio`, MIDI in `bandscribe.formats.midi`.
"""

from __future__ import annotations

import csv
import io
import json
import math
import reprlib
import struct
import warnings
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self
from xml.etree import ElementTree
from zipfile import ZIP_DEFLATED, ZIP_STORED, BadZipFile, ZipFile

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: Levels that JSON may be nested: Python cannot even print what is nested much deeper.
DEEPEST = 100
#: Bytes of an array that an npz file may hold.
LARGEST_ARRAY = 2**28
#: What reading a damaged zip file makes Python raise.
_ZIP_DAMAGE = (
    BadZipFile, EOFError, LookupError, OSError, OverflowError, RuntimeError, ValueError,
    struct.error, zlib.error,
)  # fmt: skip


@contextmanager
def refused(message: str) -> Iterator[None]:
    """Turn what content of another shape makes Python raise into one ValueError.

    Its text is `message`, which names the file, and in brackets the reason.
    """
    try:
        yield
    except (
        ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError,
    ) as error:  # fmt: skip
        why = f"{error} is missing" if isinstance(error, KeyError) else str(error)
        why = " ".join(why.split()) or type(error).__name__
        raise ValueError(f"{message} ({why if len(why) <= 200 else f'{why[:200]}…'})") from error


def read_text(path: str | Path) -> str:
    """A text file in UTF-8, with or without a mark of that at its beginning."""
    try:
        return Path(path).read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise ValueError(f"{path}: not a text file; copy it again") from None


def read_json(path: str | Path) -> Any:
    """Parse a JSON file."""
    return parse_json(read_text(path), path)


def parse_json(text: str, name: str | Path) -> Any:
    """Parse JSON text that comes from `name`."""
    with refused(f"{name}: not JSON"):
        content = json.loads(text)
    layer = [content]
    for _ in range(DEEPEST):
        inner = (each.values() if isinstance(each, dict) else each for each in layer)
        layer = [value for values in inner for value in values if isinstance(value, dict | list)]
        if not layer:
            return content
    raise ValueError(f"{name}: not JSON that can be read (nested {DEEPEST} levels deep)")


class TableRow(dict[str, str]):
    """A row of a table, by column; `where` it is, for messages: the file and the line."""

    where: str = ""

    def number(self, column: str) -> float:
        """The number in a cell. Raises ValueError for what is none, or is not finite."""
        try:
            value = float(self[column])
        except ValueError:
            value = math.nan
        if not math.isfinite(value):
            given = reprlib.repr(self[column])
            raise ValueError(f"{self.where}: {column}: expected a number, got {given}")
        return value


def read_csv(path: str | Path, *columns: str) -> list[TableRow]:
    """The rows of a CSV file with a line of names, each with these columns at least.

    Cells beyond the names are left out. Raises ValueError also when the file is missing.
    """
    if not Path(path).is_file():
        raise ValueError(f"{path}: missing; copy it to where the others are")
    return parse_csv(read_text(path), path, *columns)


def parse_csv(text: str, name: str | Path, *columns: str) -> list[TableRow]:
    """As `read_csv`, of text out of `name`."""
    table = csv.reader(io.StringIO(text, newline=""))
    expected = f"expected the columns {', '.join(columns)} in each line"
    rows = []
    try:
        names = next(table, [])
        if not set(columns) <= set(names):
            raise ValueError(f"{name}: {expected}")
        for cells in filter(None, table):
            row = TableRow(zip(names, cells, strict=False))
            row.where = f"{name}: line {table.line_num}"
            if not set(columns) <= row.keys():
                raise ValueError(f"{row.where}: {expected}")
            rows.append(row)
    except csv.Error as error:
        raise ValueError(f"{name}: line {max(1, table.line_num)}: {error}") from None
    return rows


def read_xml(path: str | Path) -> ElementTree.Element:
    """The root of an XML file."""
    with refused(f"{path}: not XML that can be read; copy it again"):
        try:
            return ElementTree.fromstring(Path(path).read_bytes())
        except ElementTree.ParseError as error:
            raise ValueError(error) from error


class Archive:
    """A zip file, opened to read members as a whole: `names` are theirs.

    Raises ValueError, naming file and member, for one that is missing, damaged, or larger than
    `largest` bytes.
    """

    def __init__(self, path: str | Path, content: bytes | None = None, *, largest: int) -> None:
        """The file at `path`, or its `content` where that was read before."""
        self.path, self.largest = path, largest
        self._file = Path(path).open("rb") if content is None else io.BytesIO(content)  # noqa: SIM115
        try:
            self._zip = ZipFile(self._file)
        except _ZIP_DAMAGE as error:
            self._file.close()
            raise ValueError(f"{path}: not a zip file that can be read ({error})") from error
        self.names = self._zip.namelist()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._zip.close()
        self._file.close()

    def read(self, name: str) -> bytes:
        """A member."""
        if name not in self.names:
            raise ValueError(f"{self.path}: {name}: missing in it; copy or unpack it again")
        member = self._zip.getinfo(name)
        if member.file_size > self.largest:
            raise ValueError(
                f"{self.path}: {name}: {member.file_size:,} bytes; up to {self.largest:,} are read"
            )
        try:
            if member.compress_type not in (ZIP_STORED, ZIP_DEFLATED):
                raise NotImplementedError("compressed in an unusual way")
            return self._zip.read(member)
        except _ZIP_DAMAGE as error:
            raise ValueError(f"{self.path}: {name}: damaged ({error}); copy it again") from error


def read_npz(path: str | Path, content: bytes | None = None) -> dict[str, NDArray[Any]]:
    """All arrays of an npz file, or of its `content`, none of which holds Python's own objects."""
    import numpy as np

    arrays = {}
    with Archive(path, content, largest=LARGEST_ARRAY) as archive, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of headers that another version of NumPy wrote
        for name in archive.names:
            data = io.BytesIO(archive.read(name))
            with refused(f"{path}: {name}: no array"):
                try:
                    array = np.lib.format.read_array(data, allow_pickle=False)
                except (EOFError, MemoryError, OSError) as error:
                    raise ValueError(error) from error
            arrays[name.removesuffix(".npy")] = array
    return arrays
