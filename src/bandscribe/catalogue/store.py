"""The folder of a catalogue: Parquet files that are added whole or not at all, never rewritten.

    catalogue/
      manifest.json                                  the schema, and the models behind each version
      files/scan=1/PART.parquet                      which recording each path holds
      recordings/revision=1/PART.parquet             a row for each recording
      notes/version=drums-1-3fa9c2d1e0ab/PART.parquet
      beats/… instruments/… activity/…

A part is what was committed at once: a file of the same name in each table that has rows. Its file
in `recordings` is renamed into place after those of the other tables, so that a part of which
there is no such file was never completed: readers pass over it, and the next build removes it.
"""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from bandscribe.catalogue.schema import SCHEMA, TABLES
from bandscribe.files import whole, write_json
from bandscribe.readers import read_json, refused

if sys.platform != "win32":
    import fcntl

MANIFEST, _LOCK = "manifest.json", ".lock"
#: Tables whose files count only beside one of the same name in `recordings`.
RESULTS = tuple(name for name in TABLES if name not in ("files", "recordings"))


@dataclass(frozen=True)
class Manifest:
    """The tasks of the last build, and the model and analysis behind each version."""

    tasks: tuple[str, ...] = ()
    versions: Mapping[str, Mapping[str, Any]] | None = None


@dataclass(frozen=True)
class Store:
    """A catalogue in a folder, which is created when something is written."""

    folder: Path

    def read_manifest(self) -> Manifest:
        """Raises ValueError for a folder with other content, or another schema."""
        path = self.folder / MANIFEST
        if not path.is_file():
            if self.folder.exists() and (
                not self.folder.is_dir() or any(self.folder.glob("[!.]*"))
            ):
                raise ValueError(
                    f"{self.folder}: not a catalogue, and not empty; name a new folder"
                )
            return Manifest()
        found = read_json(path)
        with refused(f"{path}: not the manifest of a catalogue; build it again in a new folder"):
            schema, tasks, versions = found["schema"], found["tasks"], found["versions"]
        if schema != SCHEMA:
            raise ValueError(
                f"{path}: schema {schema}, where this bandscribe has {SCHEMA}; "
                "read it with the version that built it, or build a new one"
            )
        return Manifest(tuple(tasks), dict(versions))

    def write_manifest(self, manifest: Manifest) -> None:
        """Raises OSError as `bandscribe.files.whole`."""
        self.folder.mkdir(parents=True, exist_ok=True)
        content = {
            "schema": SCHEMA,
            "tasks": list(manifest.tasks),
            "versions": dict(manifest.versions or {}),
        }
        path = self.folder / MANIFEST
        if not path.is_file() or json.loads(path.read_text(encoding="utf-8")) != content:
            write_json(path, content)

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Lock the catalogue for writing, and remove what an interrupted build left.

        Raises ValueError while another build writes, OSError if the folder cannot be written.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / _LOCK).open("ab") as lock:
            if sys.platform != "win32":
                try:
                    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except OSError:
                    raise ValueError(
                        f"{self.folder}: another build is writing to it; wait until it has ended"
                    ) from None
            complete = self._complete()
            for table in RESULTS:
                for path in self.folder.glob(f"{table}/*/*.parquet"):
                    if path.name not in complete:
                        path.unlink()
            yield

    def commit(self, tables: Mapping[tuple[str, str], pa.Table]) -> None:
        """Add rows to each `(table, value of its partition)`; empty tables are left out."""
        filled = {key: rows for key, rows in tables.items() if len(rows)}
        name = f"{_digest(filled)}.parquet"
        order = [*RESULTS, "recordings", "files"]
        for table, value in sorted(filled, key=lambda key: (order.index(key[0]), key)):
            folder = self.folder / table / f"{TABLES[table].partition}={value}"
            folder.mkdir(parents=True, exist_ok=True)
            with whole(folder / name) as temporary:
                pq.write_table(filled[table, value], temporary, compression="zstd")

    def parts(self, table: str) -> dict[str, list[str]]:
        """The complete files of a table, by the value of its partition."""
        complete = self._complete() if table in RESULTS else None
        found: dict[str, list[str]] = {}
        for path in sorted(self.folder.glob(f"{table}/*/[!.]*.parquet")):
            if complete is None or path.name in complete:
                found.setdefault(path.parent.name.partition("=")[2], []).append(str(path))
        return found

    def _complete(self) -> set[str]:
        return {path.name for path in self.folder.glob("recordings/*/[!.]*.parquet")}


def _digest(tables: Mapping[tuple[str, str], pa.Table]) -> str:
    """A name for a part, from its recordings, paths and versions."""
    content = hashlib.blake2b(digest_size=8)
    for key in sorted(tables):
        column = "path" if key[0] == "files" else "recording"
        content.update(repr((key, tables[key][column].unique().to_pylist())).encode())
    return content.hexdigest()
