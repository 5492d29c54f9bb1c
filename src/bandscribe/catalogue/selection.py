"""Select recordings of a catalogue: by a condition, by SQL, or all of them."""

from __future__ import annotations

from typing import Any

import duckdb

from bandscribe.catalogue.expressions import parse
from bandscribe.catalogue.read import fetch_rows
from bandscribe.names import INSTRUMENTS

#: The columns that are shown for a recording, beside the instruments of the expression.
SHOWN = ("path", "duration", "tempo", "metre", "note_count", "loudness")


def find(database: duckdb.DuckDBPyConnection, expression: str | None = None) -> list[str]:
    """Create the table `selected` of the recordings that meet a condition, sorted by path.

    It has the columns of `recordings`, and the probability of each instrument in the expression.
    Without an expression it has all analysed recordings. Returns the columns to show.

    Raises ValueError for a malformed expression.
    """
    classes = _classes(database)
    query, parameters, used = "SELECT * FROM recordings", (), ()  # type: tuple[str, Any, Any]
    where = "error IS NULL"
    if expression is not None:
        condition = parse(expression, classes)
        where += f" AND {condition.sql}"
        parameters, used = condition.parameters, condition.classes
    if used:
        cells = ", ".join(
            f"max(probability) FILTER (class = '{name}') AS {name}, "
            f"bool_or(present) FILTER (class = '{name}') AS {name}_present"
            for name in used
        )
        listed = ", ".join(f"'{name}'" for name in used)
        query += (
            f" LEFT JOIN (SELECT recording, {cells} FROM instruments WHERE class IN ({listed}) "
            "GROUP BY recording) USING (recording)"
        )
    database.execute(
        f"CREATE OR REPLACE TEMP TABLE selected AS {query} WHERE {where} ORDER BY path", parameters
    )
    return [*SHOWN, *used]


def find_by_sql(database: duckdb.DuckDBPyConnection, query: str) -> None:
    """Create the table `selected` of the recordings in the column `recording` of a query.

    They keep its order. Raises ValueError for a malformed query, or one without this column.
    """
    try:
        database.execute(f"CREATE OR REPLACE TEMP TABLE queried AS SELECT * FROM ({_strip(query)})")
        database.execute(
            "CREATE OR REPLACE TEMP TABLE selected AS SELECT recordings.* FROM recordings "
            "JOIN (SELECT queried.recording, min(rowid) AS place FROM queried "
            "GROUP BY queried.recording) USING (recording) ORDER BY place"
        )
    except duckdb.Error as error:
        raise _refuse(error, "; to export, it must give a column recording") from None


def query(database: duckdb.DuckDBPyConnection, query: str) -> list[dict[str, Any]]:
    """The rows of a query. Raises ValueError for a malformed one, or one that would write."""
    try:
        kinds = [each.type.name for each in duckdb.extract_statements(query)]
        if kinds not in (["SELECT"], ["EXPLAIN"], ["MULTI"]):  # the last one is a PIVOT
            raise ValueError("--sql: expected one query, such as SELECT * FROM recordings")
        return fetch_rows(database.execute(_strip(query)))
    except duckdb.Error as error:
        raise _refuse(error) from None


def _strip(query: str) -> str:
    return query.strip().rstrip(";")


def _refuse(error: duckdb.Error, more: str = "") -> ValueError:
    reason = " ".join(str(error).split())
    return ValueError(f"--sql: {reason[:300]}{more}")


def _classes(database: duckdb.DuckDBPyConnection) -> tuple[str, ...]:
    """The instrument classes of the catalogue, or of the shipped model if it has none."""
    found = database.execute(
        "SELECT class FROM instruments WHERE recording = (SELECT min(recording) FROM instruments)"
    ).fetchall()
    return tuple(name for (name,) in found) or tuple(INSTRUMENTS)
