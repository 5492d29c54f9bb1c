"""Find sound files: in folders, by patterns, in lists, and at addresses.

music/                      every sound file below a folder
'music/**/*.flac'           the files that match a pattern
list.csv, list.parquet      the paths in the column `path`
s3://bucket/prefix          any of these at an address that `fsspec` supports
"""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path, PurePath
from typing import Any, NamedTuple

import fsspec
import pyarrow as pa
import pyarrow.parquet as pq

from bandscribe.audio import EXTENSIONS

_LISTS = (".csv", ".parquet")


class Source(NamedTuple):
    """A file: absolute path or address, size, and a stamp that changes with its content."""

    path: str
    bytes: int
    stamp: str


class Search(NamedTuple):
    """Files by path, the folders that were searched, and what was not found or not accepted."""

    found: dict[str, Source]
    folders: list[str]
    missing: list[str]


def search(named: Sequence[str]) -> Search:
    """Find each file that `named` describes, once.

    Hidden files, and those without the suffix of a sound file, are included only if they are named
    themselves. Raises ValueError for an address that cannot be read, or a malformed list.
    """
    result = Search({}, [], [])
    for name in named:
        try:
            for source in _find(name, result):
                if _is_text(source.path):
                    result.found[source.path] = source
                else:
                    result.missing.append(f"{source.path}: its name is no text in UTF-8; rename it")
        # Each file system raises errors of its own: no credentials, no such bucket, no network.
        except Exception as error:
            if "://" not in name or isinstance(error, ValueError):
                raise
            raise ValueError(f"{name}: cannot be read ({_reason(error)})") from error
    return result


def _reason(error: Exception) -> str:
    return " ".join(str(error).split()) or type(error).__name__


def _is_text(path: str) -> bool:
    try:
        path.encode()
    except UnicodeEncodeError:
        return False
    return True


def _find(name: str, result: Search) -> Iterator[Source]:
    system, path = _open(name)
    if PurePath(path).suffix.lower() in _LISTS and system.isfile(path):
        base = path.rpartition("/")[0]
        for listed in _read_list(system, path):
            inner, place = system, f"{base}/{listed}"
            if "://" in listed or listed.startswith("/"):
                inner, place = _open(listed)
            yield from _describe(inner, place, listed, result)
    elif system.isdir(path):
        locked: list[OSError] = []
        if _is_local(system):
            below = dict.fromkeys(_walk(path, locked.append))
        else:
            below = system.find(path, detail=True)
        for each, info in sorted(below.items()):
            if _is_sound(each.removeprefix(path)):
                yield from _describe(system, each, each, result, info)
        result.missing.extend(f"{each.filename}: no permission to search it" for each in locked)
        if not locked:
            result.folders.append(_address(system, path).rstrip("/") + "/")
    elif any(sign in path for sign in "*?["):
        matching = system.glob(path, detail=True)
        for each, info in sorted(matching.items()):
            if _is_sound(each) and info["type"] != "directory":
                yield from _describe(system, each, each, result, info)
        if not matching:
            result.missing.append(f"{name}: no file matches; check the pattern")
    else:
        yield from _describe(system, path, name, result)


def _walk(root: str, locked: Callable[[OSError], None]) -> Iterator[str]:
    """Every file below a folder on this machine; links are followed, each folder is searched once.

    `locked` is called with the error of each folder that cannot be searched.
    """
    searched = set()
    for folder, below, names in os.walk(root, onerror=locked, followlinks=True):
        here = os.path.realpath(folder)
        if here in searched:
            below.clear()
            continue
        searched.add(here)
        below[:] = sorted(name for name in below if not name.startswith("."))
        yield from (f"{folder}/{name}" for name in sorted(names))


def _is_sound(path: str) -> bool:
    parts = PurePath(path).parts
    hidden = any(part.startswith(".") for part in parts)
    return not hidden and PurePath(path).suffix.lower() in EXTENSIONS


def _describe(
    system: Any, path: str, name: str, result: Search, info: Mapping[str, Any] | None = None
) -> Iterator[Source]:
    """The source of one file; `info` is what a remote folder listed of it."""
    try:
        if _is_local(system):
            status = Path(path).stat()
            yield Source(path, status.st_size, str(status.st_mtime_ns))
            return
        info = info or system.info(path)
    except FileNotFoundError:
        result.missing.append(f"{name}: there is no such file or folder; check the name")
        return
    except OSError as error:
        result.missing.append(f"{name}: cannot be read ({error.strerror or _reason(error)})")
        return
    stamps = (info.get(key) for key in ("ETag", "mtime", "LastModified", "created"))
    stamp = next((str(value) for value in stamps if value is not None), "")
    yield Source(_address(system, info["name"]), int(info["size"] or 0), stamp)


def _address(system: Any, path: str) -> str:
    """A local path as it is, a remote one with its protocol."""
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
