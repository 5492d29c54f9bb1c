"""A catalogue as a DuckDB database, with a view of the latest rows of each table."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb

from bandscribe.catalogue.schema import TABLE_OF, TABLES
from bandscribe.catalogue.store import MANIFEST, RESULTS, Store

_TASK_OF = {table: task for task, table in TABLE_OF.items()}


def connect(folder: str | Path) -> duckdb.DuckDBPyConnection:
    """A connection with a view for each table of `schema.TABLES`, in which

    - `files` has the paths that exist, and the recording that each contains;
    - `recordings` has the latest row of each recording in these files, with its first `path` and
      the number of `copies`;
    - the others have the rows of the version that this row names.

    Files are read when they are queried; a build may run at the same time.

    Raises ValueError for a folder without a catalogue, or with one of another schema.
    """
    store = Store(Path(folder))
    if not (store.folder / MANIFEST).is_file():
        raise ValueError(f"{folder}: no catalogue; make one with bandscribe catalogue build")
    store.read_manifest()
    return open_store(store)


def open_store(store: Store) -> duckdb.DuckDBPyConnection:
    """As `connect`, also for a catalogue without a manifest."""
    database = duckdb.connect()
    database.execute("SET enable_progress_bar = false")
    # No query relies on the order of rows in files.
    database.execute("SET preserve_insertion_order = false")
    for table in ("files", "recordings", *RESULTS):
        parts = store.parts(table)
        every = _select(table, parts)
        columns = ", ".join(_quote(c.name) for c in TABLES[table].columns)
        if table in RESULTS:
            query = f"SELECT {columns} FROM ({every})"
            if len(parts) > 1:
                # The latest row of a recording names the version of its results.
                query += (
                    f" AS made SEMI JOIN recordings ON recordings.recording = made.recording "
                    f"AND recordings.{_TASK_OF[table]} = made.version"
                )
            database.execute(f"CREATE VIEW {table} AS {query}")
            continue
        key, order = ("path", "scan") if table == "files" else ("recording", "revision")
        if len(parts) > 1:
            every += f" QUALIFY row_number() OVER (PARTITION BY {key} ORDER BY {order} DESC) = 1"
        database.execute(f"CREATE VIEW latest_{table} AS {every}")
        if table == "files":
            query = f"SELECT {columns} FROM latest_files WHERE bytes IS NOT NULL"
        else:
            query = (
                "SELECT * FROM latest_recordings JOIN (SELECT recording, min(path) AS path, "
                "count(*)::INTEGER AS copies FROM files WHERE recording IS NOT NULL "
                "GROUP BY recording) USING (recording)"
            )
        database.execute(f"CREATE VIEW {table} AS {query}")
    return database


def fetch_rows(cursor: duckdb.DuckDBPyConnection) -> list[dict[str, Any]]:
    """The rows of the query that was executed, each by the names of its columns."""
    columns = [each[0] for each in cursor.description or ()]
    return [dict(zip(columns, row, strict=True)) for row in cursor.fetchall()]


def _select(table: str, parts: dict[str, list[str]]) -> str:
    """All rows of a table, with the column of its partition."""
    shape = TABLES[table]
    kind = "VARCHAR" if shape.partition == "version" else "INTEGER"
    names = [path for paths in parts.values() for path in paths]
    if names:
        listed = ", ".join(_text(name) for name in names)
        return (
            f"SELECT * FROM read_parquet([{listed}], hive_partitioning = true, "
            f"hive_types = {{'{shape.partition}': {kind}}})"
        )
    cells = [f"NULL::{_TYPES[str(c.type)]} AS {_quote(c.name)}" for c in shape.columns]
    return f"SELECT {', '.join(cells)}, NULL::{kind} AS {shape.partition} WHERE false"


#: DuckDB's names of the types of columns.
_TYPES = {
    "string": "VARCHAR", "int64": "BIGINT", "int32": "INTEGER", "int16": "SMALLINT",
    "double": "DOUBLE", "float": "FLOAT", "bool": "BOOLEAN", "list<item: float>": "FLOAT[]",
    "list<item: uint8>": "UTINYINT[]",
    "list<item: struct<start: float, end: float>>": 'STRUCT("start" FLOAT, "end" FLOAT)[]',
}  # fmt: skip


def _quote(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"
