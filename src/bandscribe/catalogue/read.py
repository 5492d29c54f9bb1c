"""A catalogue as a DuckDB database: a view for each table, of the latest results."""

from __future__ import annotations

from pathlib import Path

import duckdb

from bandscribe.catalogue.schema import TABLE_OF, TABLES
from bandscribe.catalogue.store import MANIFEST, RESULTS, Store

_TASK_OF = {table: task for task, table in TABLE_OF.items()}


def connect(folder: str | Path) -> duckdb.DuckDBPyConnection:
    """A connection with a view for each table of `schema.TABLES`, in which

    - `files` has the paths that are there, and the recording that each holds;
    - `recordings` has the latest row of each recording that one of these holds, with its first
      `path` and the number of `copies`;
    - the others have what was made by the version that this row names.

    Parquet is read when something is asked for; a build at the same time does not disturb.

    Raises ValueError for a folder without a catalogue, or with one of another schema.
    """
    store = Store(Path(folder))
    if not (store.folder / MANIFEST).is_file():
        raise ValueError(f"{folder}: no catalogue; make one with bandscribe catalogue build")
    store.read_manifest()
    return open_store(store)


def open_store(store: Store) -> duckdb.DuckDBPyConnection:
    """As `connect`, also of a catalogue that has no manifest yet."""
    database = duckdb.connect()
    database.execute("SET enable_progress_bar = false")
    # Rows of files and results come in the order of neither.
    database.execute("SET preserve_insertion_order = false")
    for table in ("files", "recordings", *RESULTS):
        parts = store.parts(table)
        every = _select(table, parts)
        columns = ", ".join(_quote(c.name) for c in TABLES[table].columns)
        if table in RESULTS:
            query = f"SELECT {columns} FROM ({every})"
            if len(parts) > 1:
                # Of several versions of its rows, a recording's latest row names which one counts.
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


def _select(table: str, parts: dict[str, list[str]]) -> str:
    """All rows of the files of a table, with the column of its partition; none without files."""
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
