"""Statistics of a catalogue."""

from __future__ import annotations

from typing import Any

import duckdb

from bandscribe.catalogue.read import fetch_rows

#: Widths of the bins of the histograms.
_TEMPO, _LOUDNESS, _MINUTES = 5, 2, 0.5


def describe(database: duckdb.DuckDBPyConnection) -> dict[str, Any]:
    """Counts and hours; the number of recordings of each format, metre and instrument.

    `failed` recordings could not be decoded or analysed, `unreadable` files could not be opened;
    `by_error` counts the reasons of both. Histograms of `tempo` (beats per minute), `loudness`
    (LUFS) and `minutes` have the lower edge of each bin and the recordings in it.
    """
    columns = (
        "count(*) AS recordings, count(error) AS failed, coalesce(sum(duration), 0) / 3600 AS "
        "hours, coalesce(sum(note_count), 0)::BIGINT AS notes, count(pattern) AS with_drums, "
        "coalesce(sum(copies), 0)::BIGINT AS files"
    )
    [found] = fetch_rows(database.execute(f"SELECT {columns} FROM recordings"))
    [[unreadable]] = database.execute("SELECT count(error) FROM files").fetchall()
    found["unreadable"] = unreadable
    found["by_error"] = _count(
        database,
        "SELECT error AS value FROM recordings WHERE error IS NOT NULL UNION ALL "
        "SELECT error FROM files WHERE error IS NOT NULL",
    )
    for name in ("format", "metre"):
        found[f"by_{name}"] = _count(
            database, f"SELECT {name} AS value FROM recordings WHERE {name} IS NOT NULL"
        )
    found["by_instrument"] = _count(
        database, "SELECT class AS value FROM instruments WHERE present"
    )
    for name, value, step in (
        ("tempo", "tempo", _TEMPO),
        ("loudness", "loudness", _LOUDNESS),
        ("minutes", "duration / 60", _MINUTES),
    ):
        rows = database.execute(
            f"SELECT floor({value} / {step}) * {step} AS value, count(*) FROM recordings "
            "WHERE value IS NOT NULL GROUP BY value ORDER BY value"
        ).fetchall()
        found[f"{name}_histogram"] = [[float(low), count] for low, count in rows]
    return found


def _count(database: duckdb.DuckDBPyConnection, query: str) -> dict[str, int]:
    """Counts of the twenty most frequent values, the most frequent first."""
    rows = database.execute(
        f"SELECT value, count(*) AS often FROM ({query}) GROUP BY value "
        "ORDER BY often DESC, value LIMIT 20"
    ).fetchall()
    return dict(rows)
