"""`bandscribe catalogue find`, `similar`, `stats` and `export`: queries of a catalogue."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bandscribe.cli.arguments import TableFile, TableFormat, choose_table
from bandscribe.cli.batch import deliver
from bandscribe.cli.report import align, clock, count, require, usage_errors, visible
from bandscribe.files import to_csv, to_json, write_text
from bandscribe.names import INSTRUMENTS, list_names

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

Folder = Annotated[Path, typer.Argument(metavar="CATALOGUE", help="The folder of a catalogue.")]
Expression = Annotated[
    str | None,
    typer.Argument(
        metavar="EXPRESSION",
        help='Such as "violin > .8 and tempo between 90 and 110 and not voice". Numbers: tempo, '
        "duration, loudness, note_count, sample_rate, channels, bytes, copies, and the probability "
        f"of {list_names(INSTRUMENTS)}. Texts: path, title, artist, album, genre, date, metre, "
        "format, as \"'blue' in title\". Default: all recordings.",
    ),
]
Sql = Annotated[
    str | None,
    typer.Option(
        "--sql",
        metavar="QUERY",
        help="Instead of an expression, SQL over recordings, notes, beats, instruments, activity "
        "and files.",
    ),
]


def find(
    folder: Folder,
    expression: Expression = None,
    sql: Sql = None,
    limit: Annotated[
        int | None, typer.Option(metavar="N", min=1, help="Print the first N. Default: all.")
    ] = None,
    output: TableFile = None,
    format: TableFormat = None,
) -> None:
    """Print the recordings that meet a condition."""
    kind = choose_table(format, output)
    database = _open(folder)
    from bandscribe.catalogue import selection

    if sql is not None:
        if expression is not None:
            raise typer.BadParameter("--sql: takes the place of an expression; give one of them")
        with usage_errors():
            rows = selection.query(database, sql)
        shown = list(rows[0]) if rows else []
        rows = rows[:limit]
    else:
        with usage_errors():
            shown = selection.find(database, expression)
        columns = ", ".join(shown)
        rows = _round(
            selection.query(database, f"SELECT {columns} FROM selected LIMIT {limit or 'NULL'}")
        )
    _give(rows, shown, kind, output)


def similar(
    folder: Folder,
    sound: Annotated[str, typer.Argument(metavar="FILE", help="Any recording.")],
    by: Annotated[
        str, typer.Option(metavar="pattern,line-up", help="What to compare.")
    ] = "pattern,line-up",
    limit: Annotated[int, typer.Option(metavar="N", min=1, help="Print the first N.")] = 10,
    output: TableFile = None,
    format: TableFormat = None,
) -> None:
    """Print the recordings that are most similar to another one."""
    kind = choose_table(format, output)
    database = _open(folder)
    from bandscribe.catalogue.similarity import KINDS
    from bandscribe.catalogue.similarity import similar as find_similar

    chosen = [part.strip() for part in by.split(",")]
    if unknown := [part for part in chosen if part not in KINDS]:
        raise typer.BadParameter(f"--by: expected some of {', '.join(KINDS)}, got {unknown[0]!r}")
    rows = _round(find_similar(database, sound, by=chosen, limit=limit))
    _give(rows, list(rows[0]) if rows else [], kind, output)


def stats(
    folder: Folder,
    output: TableFile = None,
    format: TableFormat = None,
    picture: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Plot tempi, lengths, loudness and instruments."),
    ] = None,
) -> None:
    """Print counts of recordings, formats, metres, instruments, errors."""
    kind = choose_table(format, output)
    if picture is not None:
        require("plot", "matplotlib")
    database = _open(folder)
    from bandscribe.catalogue.statistics import describe

    found = describe(database)
    if kind == "json":
        text = to_json(found)
    else:
        rows = [
            (name, key, value)
            for name, part in found.items()
            for key, value in (part.items() if isinstance(part, dict) else _pairs(part))
        ]
        text = to_csv(("figure", "value", "count"), rows) if kind == "csv" else _tabulate(found)
    _print(text, output)
    if picture is not None:
        from bandscribe.display.catalogue import plot

        plot(picture, found, names=INSTRUMENTS, title=count(found["recordings"], "recording"))


def export(
    folder: Folder,
    output: Annotated[
        Path,
        typer.Option("-o", "--output", metavar="PATH", help="File to write; for MIDI, a folder."),
    ],
    expression: Expression = None,
    sql: Sql = None,
    format: Annotated[
        str | None,
        typer.Option(metavar="midi|csv|m3u|json", help="Default: by the suffix of -o, or midi."),
    ] = None,
) -> None:
    """Write recordings that meet a condition as MIDI, CSV, M3U or JSON."""
    database = _open(folder)
    from bandscribe.catalogue import selection
    from bandscribe.catalogue.export import FORMATS, write_selected

    kind = format or output.suffix[1:].lower().replace("m3u8", "m3u") or "midi"
    if kind not in FORMATS:
        raise typer.BadParameter(f"--format: expected one of {', '.join(FORMATS)}, got {kind!r}")
    if sql is not None and expression is not None:
        raise typer.BadParameter("--sql: takes the place of an expression; give one of them")
    with usage_errors():
        if sql is None:
            selection.find(database, expression)
        else:
            selection.find_by_sql(database, sql)
    print(f"{output}: {count(write_selected(database, kind, output), 'recording')}")


def _open(folder: Path) -> DuckDBPyConnection:
    require("catalogue", "pyarrow", "duckdb")
    from bandscribe.catalogue import connect

    return connect(folder)


def _give(
    rows: Sequence[dict[str, Any]], columns: Sequence[str], kind: str, output: Path | None
) -> None:
    if kind == "json":
        _print(to_json(rows), output)
    elif kind == "csv":
        _print(to_csv(columns, rows), output)
    else:
        cells = [list(columns), *([_spell(name, row[name]) for name in columns] for row in rows)]
        _print(f"{align(cells)}\n", output)


def _round(rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Numbers to 7 significant digits, which is what columns of 32 bits hold."""
    return [
        {
            name: float(f"{value:.7g}") if isinstance(value, float) else value
            for name, value in row.items()
        }
        for row in rows
    ]


def _spell(name: str, value: Any) -> str:
    if value is None:
        return ""
    if name == "duration":
        return clock(value)
    digits = 1 if name == "tempo" else 2
    return visible(f"{value:.{digits}f}" if isinstance(value, float) else str(value))


def _pairs(part: Any) -> list[tuple[Any, Any]]:
    """A histogram as it is; a single figure by itself."""
    return [(low, count) for low, count in part] if isinstance(part, list) else [("", part)]


def _tabulate(found: dict[str, Any]) -> str:
    hours = found["hours"]
    length = f"{hours:,.1f} h" if hours >= 1 else f"{60 * hours:.0f} min"
    recordings, notes = count(found["recordings"], "recording"), count(found["notes"], "drum note")
    lines = [
        f"{recordings} in {count(found['files'], 'file')}, {length}",
        f"{notes}; {count(found['with_drums'], 'recording')} with a drum pattern",
    ]
    if found["failed"]:
        lines.append(f"{count(found['failed'], 'recording')} could not be decoded or analysed")
    if found["unreadable"]:
        lines.append(f"{count(found['unreadable'], 'file')} could not be opened")
    for name in ("format", "metre", "instrument"):
        counts = found[f"by_{name}"]
        if counts:
            lines += ["", f"{name:<40} recordings"]
            lines += [
                f"{visible(INSTRUMENTS.get(key, key)):<40} {count:>10,}"
                for key, count in counts.items()
            ]
    if found["by_error"]:
        lines += ["", "     count  error"]
        lines += [f"{often:>10,}  {visible(error)}" for error, often in found["by_error"].items()]
    return "".join(f"{line}\n" for line in lines)


def _print(text: str, output: Path | None) -> None:
    if output is None or output == Path("-"):
        deliver(text.removesuffix("\n"))
    else:
        write_text(output, text)
