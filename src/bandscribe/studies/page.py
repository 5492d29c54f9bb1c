"""The report of a study of drum networks: F1 by row and test set, as a page and as tables.

The page is self-contained. NAME.csv has a line per row and test set, NAME_corpora.csv describes the
corpora.
"""

from __future__ import annotations

import base64
import html
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from typing import Any, NamedTuple

from bandscribe.display import groups
from bandscribe.display.page import compose
from bandscribe.files import write_csv, write_text
from bandscribe.studies import drum_corpora
from bandscribe.studies.drum_chance import CHANCE, Chance
from bandscribe.studies.drum_corpora import Figure
from bandscribe.studies.tables import align

_STYLE = """
td b { font-weight: 750; }
td.known { color: var(--quiet); opacity: 0.75; }
td small, td .quiet { font-size: 11px; color: var(--quiet); }
td .quiet { margin: 0; }
td { vertical-align: top; }
tr.chance td { border-top-style: dashed; color: var(--quiet); }
th.label, td.label { text-align: left; white-space: normal; }
img { max-width: 100%; background: white; border-radius: 8px; }
"""
#: Marks zero-shot results, on a corpus that was not trained on.
UNSEEN = "○"


class PageSection(NamedTuple):
    """A section of a page: its heading, a sentence below it, and its content, as HTML."""

    heading: str
    text: str
    content: str


@dataclass(frozen=True)
class Grid:
    """F1 by (row, test set) and name, and of baselines; `seeds` are the runs of each.

    Pairs in `trained` are tested on a corpus that was trained on.
    """

    figures: Mapping[tuple[str, str], Mapping[str, Figure]]
    chance: Chance
    seeds: Mapping[tuple[str, str], int]
    trained: frozenset[tuple[str, str]] = frozenset()
    zero_shot: bool = False

    @property
    def rows(self) -> list[str]:
        """Their names."""
        return list(dict.fromkeys(row for row, _ in self.figures))

    @property
    def tests(self) -> list[str]:
        """The labels of the test sets."""
        return list(dict.fromkeys(test for _, test in self.figures))

    def best(self, test: str, name: str = "micro") -> str | None:
        """The row with the highest F1 on a test set among those not trained on its corpus."""
        known = {
            row: figures[name].mean
            for (row, of), figures in self.figures.items()
            if of == test and (row, of) not in self.trained
        }
        return max(known, key=lambda row: (known[row] == known[row], known[row]), default=None)

    def tabulate(self) -> list[str]:
        """Lines for a terminal."""
        lines = [["", *self.tests]]
        for row in self.rows:
            cells = [
                f"{self._mark(row, test)}{self.figures[row, test]['micro'].mean:.3f}"
                if (row, test) in self.figures
                else "-"
                for test in self.tests
            ]
            lines.append([row, *cells])
        for kind, found in self.chance.items():
            cells = [f"{found[test]['micro'].mean:.3f}" for test in self.tests]
            lines.append([f"chance: {kind}", *cells])
        return align(lines)

    def show_micro(self, more: Mapping[str, Callable[[str], str]]) -> str:
        """Micro F1 as a table; the best of a column is bold. `more` are further columns."""
        lines = []
        for row in self.rows:
            cells = []
            for test in self.tests:
                shown = "–"
                if (row, test) in self.figures:
                    shown = self._mark(row, test) + show(
                        self.figures[row, test]["micro"],
                        best=self.best(test) == row,
                        seeds=self.seeds[row, test],
                    )
                known = (row, test) in self.trained
                cells.append(f"<td class=known>{shown}" if known else shown)
            cells += [column(row) for column in more.values()]
            lines.append(("", [html.escape(row), *cells]))
        for kind, text in CHANCE.items():
            cells = [show(self.chance[kind][test]["micro"]) for test in self.tests]
            lines.append(("chance", [html.escape(text), *cells, *[""] * len(more)]))
        return table(["", *self.tests, *more], lines)

    def show_classes(self, classes: Sequence[str]) -> str:
        """F1 of each class as a table."""
        lines = []
        for test in self.tests:
            rows = [row for row in self.rows if (row, test) in self.figures]
            for i, row in enumerate(rows):
                figures = self.figures[row, test]
                cells = [show(figures[c], best=self.best(test, c) == row) for c in classes]
                first = html.escape(test) if i == 0 else ""
                lines.append(("", [first, html.escape(row), *cells]))
        return table(["tested on", "", *classes], lines, 2)

    def draw(self, path: Path) -> None:
        """Micro F1 as bars, the better baseline as a line. Raises as `display.groups.plot`."""
        spans = {
            row: {
                test: groups.Interval(*self.figures[row, test]["micro"][:3])
                for test in self.tests
                if (row, test) in self.figures
            }
            for row in self.rows
        }
        floors = {
            test: max(found[test]["micro"].mean for found in self.chance.values())
            for test in self.tests
        }
        groups.plot(path, self.tests, spans, floors, axis="micro F1 on the test set")

    def _mark(self, row: str, test: str) -> str:
        return f"{UNSEEN} " if self.zero_shot and (row, test) not in self.trained else ""


@dataclass(frozen=True)
class StudyReport:
    """A grid and its context: `lines` of the CSV file, by (row, test set).

    `corpora` are the rows of `drum_corpora.describe`, `columns` further columns of the first table.
    """

    name: str
    title: str
    about: str
    grid: Grid
    corpora: Sequence[Mapping[str, Any]]
    classes: Sequence[str]
    lines: Mapping[tuple[str, str], Mapping[str, Any]]
    note: str = ""
    columns: Mapping[str, Callable[[str], str]] = field(default_factory=dict)
    sections: Sequence[PageSection] = ()

    def write(self, folder: Path) -> None:
        """Write NAME.html, NAME.csv, NAME.png and NAME_corpora.csv into an existing folder.

        Raises OSError as `bandscribe.files.whole`; ModuleNotFoundError without matplotlib.
        """
        image = folder / f"{self.name}.png"
        self.grid.draw(image)
        sections = [
            _show_corpora(self.corpora, self.classes),
            PageSection(
                "Micro F1 on each test set",
                f"±50 ms. The best of a column is bold{self.note}; in brackets the 95 % bootstrap "
                "interval over tracks, below it the lowest and the highest seed. Baselines know "
                "how often each class sounds.",
                self.grid.show_micro(self.columns),
            ),
            PageSection(
                "The same, drawn",
                "Lines: the 95 % interval; dotted: the better of two baselines.",
                show_image(image, "micro F1 by row and test set"),
            ),
            PageSection(
                "Class by class",
                "F1 of each class, mean over seeds; the best of a test set is bold.",
                self.grid.show_classes(self.classes),
            ),
            *self.sections,
        ]
        write_text(folder / f"{self.name}.html", compose_page(self.title, self.about, sections))
        columns = list(self.corpora[0])
        write_csv(folder / f"{self.name}_corpora.csv", columns, self.corpora, digits=6)
        rows = [
            {"row": row, "tested_on": test, **line, **flatten(self.grid.figures[row, test])}
            for (row, test), line in self.lines.items()
        ]
        rows += [
            {"row": f"chance: {kind}", "tested_on": test, **flatten(found[test])}
            for kind, found in self.grid.chance.items()
            for test in self.grid.tests
        ]
        write_csv(folder / f"{self.name}.csv", list(rows[0]), rows, digits=6)


def compose_page(title: str, about: str, sections: Iterable[PageSection]) -> str:
    """The page of a study."""
    style = (files("bandscribe.evaluation") / "assets" / "page.css").read_text(encoding="utf-8")
    body = "".join(
        f"<section><h2>{html.escape(each.heading)}</h2>"
        f"<p class='quiet'>{html.escape(each.text)}</p>{each.content}</section>\n"
        for each in sections
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


def show(figure: Figure, *, best: bool = False, seeds: int = 1) -> str:
    """An F1 with its interval and its range over seeds."""
    if figure.mean != figure.mean:
        return "–"
    value = f"<b>{figure.mean:.3f}</b>" if best else f"{figure.mean:.3f}"
    spread = f"<br>{figure.least:.3f} to {figure.most:.3f}" if seeds > 1 else ""
    return f"{value}<br><small>[{figure.low:.3f}, {figure.high:.3f}]{spread}</small>"


def show_thresholds(
    head: Sequence[str], runs: Mapping[tuple[str, ...], Path], count: int
) -> PageSection:
    """A table of the thresholds of runs, by their labels below `head`, for `count` classes."""
    lines = [
        ("", [*labels, drum_corpora.show_thresholds(run, count)]) for labels, run in runs.items()
    ]
    return PageSection(
        "Thresholds",
        "What a peak exceeds the mean around it by (δ), chosen for each class in validation; of "
        "the run with the first seed. The thesis gives δ = 0.1 for all.",
        table([*head, "thresholds"], lines, len(head) + 1),
    )


def show_image(path: Path, text: str) -> str:
    """A PNG, embedded in the page."""
    data = base64.b64encode(path.read_bytes()).decode("ascii")
    return f"<img alt='{html.escape(text)}' src='data:image/png;base64,{data}'>"


def flatten(figures: Mapping[str, Figure]) -> dict[str, float]:
    """Figures as columns: `micro_f1`, `micro_low` and so on, and the F1 of each class."""
    micro = figures["micro"]
    columns = {f"micro_{key}": value for key, value in micro._asdict().items() if key != "mean"}
    return {
        "micro_f1": micro.mean,
        **columns,
        **{f"{name}_f1": figure.mean for name, figure in figures.items() if name != "micro"},
    }


def _show_corpora(rows: Sequence[Mapping[str, Any]], classes: Sequence[str]) -> PageSection:
    lines = []
    before = None
    for row in rows:
        names = [row["corpus"], row["layout"]] if row["corpus"] != before else ["", ""]
        before = row["corpus"]
        counts = [f"{row[name]:,}" for name in ("tracks", *classes)]
        texts = [html.escape(text) for text in (*names, row["split"])]
        lines.append(("", [*texts, f"{row['hours']:.2f}", *counts]))
    return PageSection(
        "Corpora",
        "Hours and tracks of each split, and onsets of each class.",
        table(["corpus", "layout", "split", "hours", "tracks", *classes], lines, 3),
    )
