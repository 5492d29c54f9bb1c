"""Find the recordings most similar to another, by drum pattern, by line-up, or by both.

The similarity of drum patterns (`pattern`) is their product, that of line-ups (the probability of
each instrument) the cosine of their angle; both are 0 to 1, and their mean is taken. The search is
exhaustive, and fast enough for some millions (docs/catalogue.md has the speed).
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import duckdb

from bandscribe.catalogue.analysis import Analyser
from bandscribe.catalogue.pattern import SIZE
from bandscribe.catalogue.read import fetch_rows
from bandscribe.catalogue.work import Job, fetch

KINDS = ("pattern", "line-up")


def similar(
    database: duckdb.DuckDBPyConnection,
    sound: str,
    *,
    by: Sequence[str] = KINDS,
    limit: int = 10,
    analyser: Analyser = Analyser(),  # noqa: B008 (it is frozen)
) -> list[dict[str, Any]]:
    """The most similar recordings, best first: `path`, `similarity` and its components.

    A `sound` that is in the catalogue is not analysed again, and not among the results.

    Raises ValueError for a file that cannot be analysed, or has none of the properties in `by`.
    """
    if unknown := sorted(set(by) - set(KINDS)):
        raise ValueError(f"by: expected some of {', '.join(KINDS)}, got {', '.join(unknown)}")
    with fetch(Job(sound, 0, "")) as fetched:
        if fetched.sound is None:
            raise ValueError(f"{sound}: {fetched.error}")
        known = database.execute(
            "SELECT pattern, line_up FROM recordings WHERE recording = ? AND error IS NULL",
            [fetched.recording],
        ).fetchone()
        if known is None:
            record = analyser(Path(fetched.sound), ("drums", "instruments")).record
            if "error" in record:
                raise ValueError(f"{sound}: {record['error']}")
            known = record["pattern"], record["line_up"]
    pattern, line_up = known
    scores: dict[str, str] = {}
    given: list[Any] = []
    if "pattern" in by and pattern is not None:
        scores["pattern"] = f"array_inner_product(pattern::FLOAT[{SIZE}], ?::FLOAT[{SIZE}])"
        given.append(pattern)
    if "line-up" in by and line_up is not None:
        size = len(line_up)
        same = f"CASE WHEN len(line_up) = {size} THEN line_up::FLOAT[{size}] END"
        scores["line_up"] = f"array_cosine_similarity({same}, ?::FLOAT[{size}])"
        given.append(line_up)
    if not scores:
        raise ValueError(f"{sound}: no {' and no '.join(by)}; there are no bars, or no drums in it")
    cells = ", ".join(f"{score} AS {name}_similarity" for name, score in scores.items())
    mean = " + ".join(f"{name}_similarity" for name in scores)
    inner = (
        f"SELECT recording, ({mean}) / {len(scores)} AS similarity, * EXCLUDE recording FROM "
        f"(SELECT recording, {cells} FROM latest_recordings WHERE error IS NULL "
        "AND recording <> ?) ORDER BY similarity DESC NULLS LAST LIMIT ?"
    )
    # More than `limit`, since recordings whose files are gone have no path.
    cursor = database.execute(
        f"SELECT path, near.* EXCLUDE recording FROM ({inner}) AS near "
        "JOIN (SELECT recording, min(path) AS path FROM files GROUP BY recording) "
        "USING (recording) WHERE similarity IS NOT NULL ORDER BY similarity DESC, path LIMIT ?",
        [*given, fetched.recording, 2 * limit + 10, limit],
    )
    return fetch_rows(cursor)
