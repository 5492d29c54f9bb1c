"""Write a selection of recordings as MIDI, CSV, a playlist or JSON."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path, PurePosixPath
from typing import Any

import duckdb
import numpy as np

from bandscribe.catalogue.read import fetch_rows
from bandscribe.files import inside, write_csv, write_json, write_text
from bandscribe.formats import midi
from bandscribe.types import Beats, Transcription
from bandscribe.vocabulary import DRUMS_10

_BATCH = 1000  # recordings whose notes are in memory


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
    """One table with all columns of the recordings but lists."""
    cursor = database.execute("SELECT * EXCLUDE (pattern, line_up) FROM selected")
    columns = [each[0] for each in cursor.description or ()]
    write_csv(output, columns, cursor.fetchall(), digits=7)


def _write_playlist(database: duckdb.DuckDBPyConnection, output: Path) -> None:
    lines = ["#EXTM3U"]
    query = "SELECT path, duration, artist, title FROM selected"
    for path, duration, artist, title in database.execute(query).fetchall():
        name = " - ".join(part for part in (artist, title or PurePosixPath(path).stem) if part)
        lines += [f"#EXTINF:{round(duration or -1)},{' '.join(name.split())}", path]
    write_text(output, "".join(f"{line}\n" for line in lines))


def _write_json(database: duckdb.DuckDBPyConnection, output: Path) -> None:
    """A list of recordings, each with its `instruments` and its `notes`."""
    rows = fetch_rows(database.execute("SELECT * EXCLUDE (pattern, line_up) FROM selected"))
    entries: list[dict[str, Any]] = [{**row, "instruments": [], "notes": []} for row in rows]
    by_recording = {entry["recording"]: entry for entry in entries}
    for table, order in (("instruments", "class"), ("notes", "onset, class")):
        query = f"SELECT * FROM {table} SEMI JOIN selected USING (recording) ORDER BY {order}"
        for row in fetch_rows(database.execute(query)):
            by_recording[row.pop("recording")][table].append(row)
    write_json(output, entries)


def _write_midi(database: duckdb.DuckDBPyConnection, output: Path) -> None:
    """A MIDI file for each recording with a drum part, named after its file."""
    output.mkdir(parents=True, exist_ok=True)
    query = "SELECT recording, path, duration, quarters FROM selected WHERE drums IS NOT NULL"
    chosen = database.execute(query).fetchall()
    for begin in range(0, len(chosen), _BATCH):
        part = chosen[begin : begin + _BATCH]
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
            # Recordings may have files of the same name.
            stem = re.sub(r"[^\w .()-]", "_", PurePosixPath(path).stem).lstrip(".")[:100]
            midi.write(inside(output, f"{stem}-{recording[:8]}.mid"), part_of)


def _group(
    database: duckdb.DuckDBPyConnection, query: str, order: str, recordings: list[str]
) -> dict[str, list[tuple[Any, ...]]]:
    """The rows of each of these recordings, without the first column."""
    found: dict[str, list[tuple[Any, ...]]] = {}
    cursor = database.execute(
        f"{query} WHERE recording IN (SELECT unnest(?)) ORDER BY recording, {order}", [recordings]
    )
    for recording, *cells in cursor.fetchall():
        found.setdefault(recording, []).append(tuple(cells))
    return found


def _columns(rows: list[tuple[Any, ...]], count: int) -> list[tuple[Any, ...]]:
    return [*zip(*rows, strict=True)] if rows else [()] * count


#: The writer of each format; MIDI is written into a folder, the others into a file.
FORMATS: Mapping[str, Callable[[duckdb.DuckDBPyConnection, Path], None]] = {
    "midi": _write_midi, "csv": _write_csv, "m3u": _write_playlist, "json": _write_json,
}  # fmt: skip
