"""What the study of data writes: data.html, data.csv and data.png, and corpora.csv."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from bandscribe.display import groups
from bandscribe.files import whole
from bandscribe.studies import page as pages
from bandscribe.studies.drum_architectures import NAMES
from bandscribe.studies.drum_chance import Guesses
from bandscribe.studies.drum_data import Row


def write(
    folder: Path,
    rows: Sequence[Row],
    corpora: Sequence[Mapping[str, Any]],
    guesses: Guesses,
    classes: Sequence[str],
    about: str,
) -> None:
    """Write all of it into an existing folder.

    `corpora` are the lines of `drum_corpora.describe`; `guesses` are figures by kind, corpus and
    name.

    Raises OSError as `bandscribe.files.whole`; ModuleNotFoundError without matplotlib.
    """
    labels = list(rows[0].figures)
    micro = {kind: {c: found[c]["micro"] for c in labels} for kind, found in guesses.items()}
    path = folder / "data.png"
    spans = {_name(row): {c: pages.span(row.figures[c]["micro"]) for c in labels} for row in rows}
    floors = {c: max(found[c].mean for found in micro.values()) for c in labels}
    groups.draw(path, labels, spans, floors, axis="micro F1 on the test set")
    recipe = rows[0].runs[0].recipe
    options = ", ".join(f"{name} {value}" for name, value in recipe.options.items())
    sections = [
        pages.corpora(corpora, classes),
        (
            "Micro F1 of each training set on each test set",
            f"±50 ms. {pages.UNSEEN}: nothing of the corpus was trained on (zero-shot); the best "
            "of these in a column is bold. Grey: the corpus was trained on. In brackets the 95 % "
            "interval when tracks are drawn anew, below it the seeds apart.",
            pages.table(
                ["trained on", *labels, "mean of ○", "seeds", "hours"],
                [*_main(rows, labels), *pages.guess_rows(micro, labels, 3)],
            ),
        ),
        ("The same, drawn", "Lines: the 95 % interval; dotted: the better of two guesses.",
         pages.picture(path, "micro F1 by test set and training set")),
        ("Class by class", "F1 of each class, mean over seeds.", _by_class(rows, labels, classes)),
        ("How it was trained", f"{NAMES[recipe.model]} network: {options}; {recipe.steps:,} steps "
         f"of {recipe.batch} excerpts of {recipe.excerpt_seconds:g} s for every row, at most.",
         ""),
    ]  # fmt: skip
    told = pages.page("Which training data generalizes?", about, sections)
    with whole(folder / "data.html") as temporary:
        temporary.write_text(told, encoding="utf-8")
    pages.write_csv(folder / "corpora.csv", corpora)
    plain = [_plain(row, c) for row in rows for c in labels]
    guessed = pages.guess_lines(guesses, labels, plain[0], corpus="tested_on", row="trained_on")
    pages.write_csv(folder / "data.csv", [*plain, *guessed])


def tabulate(rows: Sequence[Row], guesses: Guesses) -> list[str]:
    """Lines for a terminal; a zero-shot test has a sign before it."""
    labels = list(rows[0].figures)
    width = max(24, *(len(_name(row)) for row in rows))
    lines = ["  ".join([" " * width, *(f"{label:>14}" for label in labels)])]
    for row in rows:
        cells = (
            f"{'' if c in row.trained else pages.UNSEEN} {row.figures[c]['micro'].mean:.3f}"
            for c in labels
        )
        lines.append("  ".join([f"{_name(row):<{width}}", *(f"{each:>14}" for each in cells)]))
    for kind, found in guesses.items():
        numbers = (f"{found[c]['micro'].mean:>14.3f}" for c in labels)
        lines.append("  ".join([f"{f'guess: {kind}':<{width}}", *numbers]))
    return lines


def best_unseen(rows: Sequence[Row], label: str) -> Row | None:
    """The row that is best on a test set without having trained on its corpus."""
    unseen = [row for row in rows if label not in row.trained]
    return max(unseen, key=lambda row: row.figures[label]["micro"].mean, default=None)


def _main(rows: Sequence[Row], labels: Sequence[str]) -> list[tuple[str, list[str]]]:
    best = {label: best_unseen(rows, label) for label in labels}
    lines = []
    for row in rows:
        cells = []
        for label in labels:
            shown = pages.cell(
                row.figures[label]["micro"], best=row is best[label], seeds=len(row.runs)
            )
            known = label in row.trained
            cells.append(f"<td class=known>{shown}" if known else f"{pages.UNSEEN} {shown}")
        unseen = [figure.mean for figure in row.unseen.values()]
        lines.append(
            (
                "",
                [
                    html.escape(_name(row)), *cells,
                    f"{np.mean(unseen):.3f}" if unseen else "–",
                    f"{len(row.runs)}", f"{row.hours:.2f}",
                ],
            )
        )  # fmt: skip
    return lines


def _by_class(rows: Sequence[Row], labels: Sequence[str], classes: Sequence[str]) -> str:
    lines = [
        (
            "",
            [
                html.escape(label) if i == 0 else "",
                html.escape(_name(row)),
                *(pages.cell(row.figures[label][name]) for name in classes),
            ],
        )
        for label in labels
        for i, row in enumerate(rows)
    ]
    return pages.table(["tested on", "trained on", *classes], lines, 2)


def _name(row: Row) -> str:
    return " + ".join(row.trained)


def _plain(row: Row, label: str) -> dict[str, Any]:
    return {
        "trained_on": "+".join(row.trained),
        "tested_on": label,
        "zero_shot": int(label not in row.trained),
        "seeds": len(row.runs),
        "hours": row.hours,
        **pages.flat(row.figures[label]),
        "runs": " ".join(each.run.name for each in row.runs),
    }
