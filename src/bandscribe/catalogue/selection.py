"""A selection of the recordings of a catalogue: by a condition, by SQL, or all of them."""

from __future__ import annotations

from typing import Any

import duckdb

from bandscribe.catalogue.expressions import parse
from bandscribe.names import INSTRUMENTS

#: The columns that are shown of a recording, beside the instruments that were asked for.
SHOWN = ("path", "duration", "tempo", "metre", "note_count", "loudness")


def find(database: duckdb.DuckDBPyConnection, expression: str | None = None) -> list[str]:
    """Make `selected`, a table of the recordings that meet a condition, by path.

    It has the columns of `recordings`, and the probability of each instrument that the expression
    names; without one it has all that were analysed. Returns the columns to be shown.

    Raises ValueError for what is no expression.
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
    """Make `selected` of the recordings whose column `recording` a query gives, in its order.

    Raises ValueError for what is no query, or gives no such column.
    """
    try:
        database.execute(f"CREATE OR REPLACE TEMP TABLE asked AS SELECT * FROM ({_whole(query)})")
        database.execute(
            "CREATE OR REPLACE TEMP TABLE selected AS SELECT recordings.* FROM recordings "
            "JOIN (SELECT asked.recording, min(rowid) AS place FROM asked "
            "GROUP BY asked.recording) USING (recording) ORDER BY place"
        )
    except duckdb.Error as error:
        raise _refuse(error, "; to export, it must give a column recording") from None


def query(database: duckdb.DuckDBPyConnection, query: str) -> list[dict[str, Any]]:
    """The rows that a query gives. Raises ValueError for what is none, or would write."""
    try:
        kinds = [each.type.name for each in duckdb.extract_statements(query)]
        if kinds not in (["SELECT"], ["EXPLAIN"], ["MULTI"]):  # the last one is a PIVOT
            raise ValueError("--sql: expected one query, such as SELECT * FROM recordings")
        asked = database.execute(_whole(query))
        columns = [each[0] for each in asked.description or ()]
        return [dict(zip(columns, row, strict=True)) for row in asked.fetchall()]
    except duckdb.Error as error:
        raise _refuse(error) from None


def _whole(query: str) -> str:
    return query.strip().rstrip(";")


def _refuse(error: duckdb.Error, more: str = "") -> ValueError:
    reason = " ".join(str(error).split())
    return ValueError(f"--sql: {reason[:300]}{more}")


def _classes(database: duckdb.DuckDBPyConnection) -> tuple[str, ...]:
    """The instruments that the catalogue knows, or those of the shipped model where it has none."""
    found = database.execute(
        "SELECT class FROM instruments WHERE recording = (SELECT min(recording) FROM instruments)"
    ).fetchall()
    return tuple(name for (name,) in found) or tuple(INSTRUMENTS)
