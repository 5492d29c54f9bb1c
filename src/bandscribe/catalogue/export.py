"""A selection of recordings as files: MIDI, CSV, a playlist, JSON."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path, PurePosixPath
from typing import Any

import duckdb
import numpy as np

from bandscribe.files import inside, write_csv, write_json, write_text
from bandscribe.formats import midi
from bandscribe.types import Beats, Transcription
from bandscribe.vocabulary import DRUMS_10

_AT_ONCE = 1000  # recordings whose notes are in memory


def write_selected(database: duckdb.DuckDBPyConnection, kind: str, output: Path) -> int:
    """Write `selected` (see `selection`) as one of `FORMATS`; returns the number of recordings.

    Raises ValueError for another format, OSError as `bandscribe.files.whole`.
    """
    if kind not in FORMATS:
        raise ValueError(f"format: expected one of {', '.join(FORMATS)}, got {kind!r}")
    FORMATS[kind](database, output)
    [[count]] = database.execute("SELECT count(*) FROM selected").fetchall()
    return int(count)


def _write_csv(database: duckdb.DuckDBPyConnection, output: Path) -> None:
    """All that is known of each recording but its lists, in one table."""
    asked = database.execute("SELECT * EXCLUDE (pattern, line_up) FROM selected")
    columns = [each[0] for each in asked.description or ()]
    write_csv(output, columns, asked.fetchall(), digits=7)


def _write_playlist(database: duckdb.DuckDBPyConnection, output: Path) -> None:
    lines = ["#EXTM3U"]
    query = "SELECT path, duration, artist, title FROM selected"
    for path, duration, artist, title in database.execute(query).fetchall():
        name = " - ".join(part for part in (artist, title or PurePosixPath(path).stem) if part)
        lines += [f"#EXTINF:{round(duration or -1)},{' '.join(name.split())}", path]
    write_text(output, "".join(f"{line}\n" for line in lines))


def _write_json(database: duckdb.DuckDBPyConnection, output: Path) -> None:
    """A list of recordings, each with its `instruments` and its `notes`."""
    rows = _read(database, "SELECT * EXCLUDE (pattern, line_up) FROM selected")
    entries: list[dict[str, Any]] = [{**row, "instruments": [], "notes": []} for row in rows]
    by_recording = {entry["recording"]: entry for entry in entries}
    for table, order in (("instruments", "class"), ("notes", "onset, class")):
        query = f"SELECT * FROM {table} SEMI JOIN selected USING (recording) ORDER BY {order}"
        for row in _read(database, query):
            by_recording[row.pop("recording")][table].append(row)
    write_json(output, entries)


def _write_midi(database: duckdb.DuckDBPyConnection, output: Path) -> None:
    """The drum part of each recording that has one, in a folder, named by its file."""
    output.mkdir(parents=True, exist_ok=True)
    query = "SELECT recording, path, duration, quarters FROM selected WHERE drums IS NOT NULL"
    chosen = database.execute(query).fetchall()
    for begin in range(0, len(chosen), _AT_ONCE):
        part = chosen[begin : begin + _AT_ONCE]
        keys = [row[0] for row in part]
        notes = _group(
            database, "SELECT recording, onset, class, velocity FROM notes", "onset, class", keys
        )
        beats = _group(database, "SELECT recording, time, position FROM beats", "time", keys)
        for recording, path, duration, quarters in part:
            onsets, labels, velocities = _columns(notes.get(recording, []), 3)
            times, positions = _columns(beats.get(recording, []), 2)
            grid = Beats(
                np.array(times, np.float64), np.array(positions, np.int64), quarters or 1.0
            )
            part_of = Transcription(
                np.array(onsets, np.float64),
                np.array(labels, np.str_),
                np.array(velocities, np.float64),
                duration,
                DRUMS_10,
                grid if times else None,
            )
            # Two files of one name are two recordings.
            stem = re.sub(r"[^\w .()-]", "_", PurePosixPath(path).stem).lstrip(".")[:100]
            midi.write(inside(output, f"{stem}-{recording[:8]}.mid"), part_of)


def _group(
    database: duckdb.DuckDBPyConnection, query: str, order: str, recordings: list[str]
) -> dict[str, list[tuple[Any, ...]]]:
    """The rows of each of these recordings, without the first column."""
    found: dict[str, list[tuple[Any, ...]]] = {}
    asked = database.execute(
        f"{query} WHERE recording IN (SELECT unnest(?)) ORDER BY recording, {order}", [recordings]
    )
    for recording, *cells in asked.fetchall():
        found.setdefault(recording, []).append(tuple(cells))
    return found


def _columns(rows: list[tuple[Any, ...]], count: int) -> list[tuple[Any, ...]]:
    return [*zip(*rows, strict=True)] if rows else [()] * count


def _read(database: duckdb.DuckDBPyConnection, query: str) -> list[dict[str, Any]]:
    asked = database.execute(query)
    columns = [each[0] for each in asked.description or ()]
    return [dict(zip(columns, row, strict=True)) for row in asked.fetchall()]


#: What writes each format: MIDI into a folder, the others into a file.
FORMATS: Mapping[str, Callable[[duckdb.DuckDBPyConnection, Path], None]] = {
    "midi": _write_midi, "csv": _write_csv, "m3u": _write_playlist, "json": _write_json,
}  # fmt: skip
