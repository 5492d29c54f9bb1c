"""The reports of the two studies of drum networks: one page without any other file, and tables.

corpora.csv        what the corpora hold
architectures.csv  a row for each corpus and network        architectures.html
data.csv           a row for each training and test set     data.html
"""

from __future__ import annotations

import base64
import csv
import html
import io
from collections.abc import Iterable, Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

from bandscribe.display import groups
from bandscribe.display.page import compose
from bandscribe.files import whole
from bandscribe.studies.drum_chance import GUESSES, Guesses
from bandscribe.studies.drum_corpora import Figure

Row = Mapping[str, Any]
_STYLE = """
td b { font-weight: 750; }
td.known { color: var(--quiet); opacity: 0.75; }
td small, td .quiet { font-size: 11px; color: var(--quiet); }
td .quiet { margin: 0; }
td { vertical-align: top; }
tr.guess td { border-top-style: dashed; color: var(--quiet); }
th.label, td.label { text-align: left; white-space: normal; }
img { max-width: 100%; background: white; border-radius: 8px; }
details { margin-top: 12px; }
"""
#: How a cell is marked that was tested on a corpus that was not trained on.
UNSEEN = "○"


def page(title: str, about: str, sections: Iterable[tuple[str, str, str]]) -> str:
    """A page of sections: heading, a sentence under it, and what it shows, as HTML."""
    style = (files("bandscribe.evaluation") / "assets" / "page.css").read_text(encoding="utf-8")
    body = "".join(
        f"<section><h2>{html.escape(head)}</h2><p class='quiet'>{html.escape(told)}</p>{shown}"
        "</section>\n"
        for head, told, shown in sections
    )
    head = (
        f"<p class='kicker'>bandscribe study</p><h1>{html.escape(title)}</h1>"
        f"<p class='quiet'>{html.escape(about)}</p>\n"
    )
    return compose(title, head + body, style=style + _STYLE)


def table(head: Sequence[str], rows: Iterable[tuple[str, Sequence[str]]], labels: int = 1) -> str:
    """A table of cells that are HTML, each row with its class; the first `labels` are text."""
    names = "".join(
        f"<th{' class=label' if i < labels else ''}>{html.escape(name)}</th>"
        for i, name in enumerate(head)
    )
    lines = []
    for kind, cells in rows:
        shown = "".join(
            cell if cell.startswith("<td") else f"<td{' class=label' if i < labels else ''}>{cell}"
            for i, cell in enumerate(cells)
        )
        lines.append(f"<tr class='{kind}'>{shown}</tr>")
    return (
        f"<div class='scroll'><table><thead><tr>{names}</tr></thead>"
        f"<tbody>{''.join(lines)}</tbody></table></div>"
    )


def cell(figure: Figure | None, *, best: bool = False, seeds: int = 1) -> str:
    """An F1 with its interval, and how far seeds are apart."""
    if figure is None or figure.mean != figure.mean:
        return "–"
    value = f"<b>{figure.mean:.3f}</b>" if best else f"{figure.mean:.3f}"
    spread = f"<br>{figure.least:.3f} to {figure.most:.3f}" if seeds > 1 else ""
    return f"{value}<br><small>[{figure.low:.3f}, {figure.high:.3f}]{spread}</small>"


def picture(path: Path, told: str) -> str:
    """A PNG, inside the page."""
    data = base64.b64encode(path.read_bytes()).decode("ascii")
    return f"<img alt='{html.escape(told)}' src='data:image/png;base64,{data}'>"


def corpora(rows: Sequence[Row], classes: Sequence[str]) -> tuple[str, str, str]:
    """The section that opens a report."""
    lines = []
    for i, row in enumerate(rows):
        first = i == 0 or rows[i - 1]["corpus"] != row["corpus"]
        lines.append(
            (
                "",
                [
                    html.escape(row["corpus"]) if first else "",
                    html.escape(row["layout"]) if first else "",
                    html.escape(row["split"]),
                    f"{row['hours']:.2f}",
                    f"{row['tracks']:,}",
                    *(f"{row[name]:,}" for name in classes),
                ],
            )
        )
    head = ["corpus", "layout", "split", "hours", "tracks", *classes]
    return (
        "Corpora",
        "Hours and tracks of each split, and onsets of each class.",
        table(head, lines, 3),
    )


def span(figure: Figure) -> groups.Span:
    """A figure as a bar with its interval."""
    return groups.Span(figure.mean, figure.low, figure.high)


def guess_rows(
    found: Mapping[str, Mapping[str, Figure]], columns: Sequence[str], more: int = 0
) -> list[tuple[str, list[str]]]:
    """Rows of micro F1 of those who guess, by column."""
    return [
        ("guess", [html.escape(told), *(cell(found[kind].get(name)) for name in columns),
                   *[""] * more])
        for kind, told in GUESSES.items()
    ]  # fmt: skip


def guess_lines(
    found: Guesses, labels: Sequence[str], like: Row, *, corpus: str, row: str
) -> list[Row]:
    """The same as lines of a CSV file, of the columns of `like`, most of them empty.

    `corpus` and `row` are the columns of the test set and of who is judged.
    """
    return [
        {
            **dict.fromkeys(like, ""),
            corpus: label,
            row: f"guess: {kind}",
            **flat(figures[label]),
        }
        for kind, figures in found.items()
        for label in labels
    ]


def write_csv(path: Path, rows: Sequence[Row]) -> None:
    """Write rows of the same columns. Raises OSError as `bandscribe.files.whole`."""
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(
        {key: f"{value:.6g}" if isinstance(value, float) else value for key, value in row.items()}
        for row in rows
    )
    with whole(path) as temporary:
        temporary.write_text(text.getvalue(), encoding="utf-8")


def flat(figures: Mapping[str, Figure]) -> dict[str, float]:
    """Figures as columns: `micro_f1`, `micro_low` and so on, and the F1 of each class."""
    micro = figures["micro"]
    columns = {f"micro_{key}": value for key, value in micro._asdict().items() if key != "mean"}
    return {
        "micro_f1": micro.mean,
        **columns,
        **{f"{name}_f1": figure.mean for name, figure in figures.items() if name != "micro"},
    }
