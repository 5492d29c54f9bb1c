"""From what was named to the sound files that are there: folders, patterns, lists, addresses.

music/                      every sound file below a folder
'music/**/*.flac'           what a pattern matches
list.csv, list.parquet      the paths in its column `path`
s3://bucket/prefix          any of these at an address of `fsspec`
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import PurePath
from typing import Any, NamedTuple

import fsspec
import pyarrow as pa
import pyarrow.parquet as pq

from bandscribe.audio import EXTENSIONS

_LISTS = (".csv", ".parquet")


class Source(NamedTuple):
    """A file: its absolute path or address, its size, and what changes when its content does."""

    path: str
    bytes: int
    stamp: str


class Search(NamedTuple):
    """Files by their path; the folders that were searched; what was named and is not there."""

    found: dict[str, Source]
    folders: list[str]
    missing: list[str]


def search(named: Sequence[str]) -> Search:
    """Every file that was named, once.

    Files whose suffix is none of a sound file, and hidden ones, are taken only where they are named
    themselves. Raises ValueError for an address that cannot be read, or a list that is none.
    """
    result = Search({}, [], [])
    for name in named:
        for source in _find(name, result):
            result.found[source.path] = source
    return result


def _find(name: str, result: Search) -> Iterator[Source]:
    system, path = _open(name)
    if PurePath(path).suffix.lower() in _LISTS and system.isfile(path):
        base = path.rpartition("/")[0]
        for listed in _read_list(system, path):
            inner, place = system, f"{base}/{listed}"
            if "://" in listed or listed.startswith("/"):
                inner, place = _open(listed)
            yield from _look(inner, place, listed, result)
    elif system.isdir(path):
        result.folders.append(_address(system, path).rstrip("/") + "/")
        yield from _sounds(system, system.find(path, detail=True), path)
    elif any(sign in path for sign in "*?["):
        found = system.glob(path, detail=True)
        yield from _sounds(system, found, "")
        if not found:
            result.missing.append(f"{name}: no file matches; check the pattern")
    else:
        yield from _look(system, path, name, result)


def _look(system: Any, path: str, name: str, result: Search) -> Iterator[Source]:
    """One file that was named itself."""
    try:
        info = system.info(path)
    except FileNotFoundError:
        result.missing.append(f"{name}: there is no such file or folder; check the name")
        return
    yield _source(system, info)


def _sounds(system: Any, found: Mapping[str, Mapping[str, Any]], root: str) -> Iterator[Source]:
    for path, info in sorted(found.items()):
        below = PurePath(path.removeprefix(root))
        hidden = any(part.startswith(".") for part in below.parts)
        if info["type"] == "file" and below.suffix.lower() in EXTENSIONS and not hidden:
            yield _source(system, info)


def _source(system: Any, info: Mapping[str, Any]) -> Source:
    stamps: Iterable[Any] = (info.get(key) for key in ("ETag", "mtime", "LastModified", "created"))
    stamp = next((str(value) for value in stamps if value is not None), "")
    return Source(_address(system, info["name"]), int(info["size"] or 0), stamp)


def _address(system: Any, path: str) -> str:
    """The path on this machine, elsewhere the address with its protocol."""
    return path if _is_local(system) else str(system.unstrip_protocol(path))


def _is_local(system: Any) -> bool:
    return "file" in (system.protocol if isinstance(system.protocol, tuple) else (system.protocol,))


def _open(name: str) -> tuple[Any, str]:
    try:
        system, path = fsspec.core.url_to_fs(name)
    except (ImportError, ValueError) as error:
        raise ValueError(f"{name}: no address that can be read ({error})") from error
    return system, path


def _read_list(system: Any, path: str) -> list[str]:
    content = system.cat_file(path)
    if path.lower().endswith(".parquet"):
        try:
            return [str(each) for each in pq.read_table(io.BytesIO(content))["path"].to_pylist()]
        except (KeyError, pa.ArrowInvalid) as error:
            raise ValueError(f"{path}: not a Parquet file with a column path ({error})") from error
    rows = csv.DictReader(io.StringIO(content.decode("utf-8-sig", errors="replace")))
    if "path" not in (rows.fieldnames or ()):
        raise ValueError(f"{path}: expected a CSV file with a column path")
    return [row["path"] for row in rows if row["path"]]
