"""What the study of architectures writes: its page, tables and picture.

architectures.html, .csv, .png    a row for each corpus and network
trials.csv                        every trial
corpora.csv                       what the corpora hold
"""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from bandscribe.display import groups
from bandscribe.files import whole
from bandscribe.studies import page as pages
from bandscribe.studies.drum_architectures import NAMES, THESIS, THESIS_CORPORA, Row
from bandscribe.studies.drum_chance import Guesses
from bandscribe.training import search


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
    labels = list(dict.fromkeys(row.corpus for row in rows))
    by_place = {(row.model, row.corpus): row for row in rows}
    models = [model for model in NAMES if any(row.model == model for row in rows)]
    micro = {kind: {c: found[c]["micro"] for c in labels} for kind, found in guesses.items()}
    best = {c: max((r for r in rows if r.corpus == c), key=_micro).model for c in labels}

    main = [
        (
            "",
            [
                NAMES[model],
                *(
                    pages.cell(row.figures["micro"], best=best[c] == model, seeds=len(row.runs))
                    if (row := by_place.get((model, c)))
                    else "–"
                    for c in labels
                ),
            ],
        )
        for model in models
    ]
    path = folder / "architectures.png"
    spans = {
        NAMES[model]: {
            c: pages.span(row.figures["micro"]) for c in labels if (row := by_place.get((model, c)))
        }
        for model in models
    }
    floors = {c: max(found[c].mean for found in micro.values()) for c in labels}
    groups.draw(path, labels, spans, floors, axis="micro F1 on the test split")
    sections = [
        pages.corpora(corpora, classes),
        (
            "Micro F1 on the test split",
            "±50 ms. The best of a column is bold; in brackets the 95 % interval when tracks are "
            "drawn anew, below it the seeds apart. Who guesses knows how often each class sounds.",
            pages.table(["", *labels], [*main, *pages.guess_rows(micro, labels)]),
        ),
        ("The same, drawn", "Lines: the 95 % interval; dotted: the better of two guesses.",
         pages.picture(path, "micro F1 by corpus and network")),
        ("Class by class", "F1 of each class, mean over seeds; the best of a corpus is bold.",
         _by_class(rows, classes)),
        ("What each took", "Trials searched, in brackets those ended early, and the hours of all; "
         "options and size of the best, what its training took, and how many seconds of audio it "
         "hears in one of a processor core.", _costs(rows)),
        ("In the thesis", "Micro F1 of Fosse 2025, section 6.1: other data and other means, as a "
         "reference and no target.", _thesis()),
    ]  # fmt: skip
    told = pages.page("Which architecture transcribes drums best?", about, sections)
    with whole(folder / "architectures.html") as temporary:
        temporary.write_text(told, encoding="utf-8")
    pages.write_csv(folder / "corpora.csv", corpora)
    search.write_table(folder / "trials.csv", [each for row in rows for each in row.trials])
    plain = [_plain(row) for row in rows]
    guessed = pages.guess_lines(guesses, labels, plain[0], corpus="corpus", row="network")
    pages.write_csv(folder / "architectures.csv", [*plain, *guessed])


def tabulate(rows: Sequence[Row], guesses: Guesses) -> list[str]:
    """Lines for a terminal."""
    labels = list(dict.fromkeys(row.corpus for row in rows))
    lines = ["  ".join([" " * 34, *(f"{label:>14}" for label in labels)])]
    for model, name in NAMES.items():
        mine = {row.corpus: f"{_micro(row):.3f}" for row in rows if row.model == model}
        if mine:
            lines.append("  ".join([f"{name:<34}", *(f"{mine.get(c, '-'):>14}" for c in labels)]))
    for kind, found in guesses.items():
        cells = (f"{found[c]['micro'].mean:>14.3f}" for c in labels)
        lines.append("  ".join([f"{f'guess: {kind}':<34}", *cells]))
    return lines


def _micro(row: Row) -> float:
    return row.figures["micro"].mean


def _by_class(rows: Sequence[Row], classes: Sequence[str]) -> str:
    lines = []
    for i, row in enumerate(rows):
        mates = [each for each in rows if each.corpus == row.corpus]
        cells = [
            pages.cell(
                row.figures[name],
                best=row is max(mates, key=lambda each: np.nan_to_num(each.figures[name].mean)),
            )
            for name in classes
        ]
        first = i == 0 or rows[i - 1].corpus != row.corpus
        lines.append(("", [html.escape(row.corpus) if first else "", NAMES[row.model], *cells]))
    return pages.table(["corpus", "network", *classes], lines, 2)


def _costs(rows: Sequence[Row]) -> str:
    lines = [
        (
            "",
            [
                html.escape(row.corpus), NAMES[row.model],
                html.escape(_options(row)), f"{row.parameters:,}",
                f"{len(row.trials)} ({_ended(row)})", f"{row.hours:.2f}",
                f"{row.best.epochs}", f"{row.best.minutes:.1f}", f"{row.best.best:.3f}",
                f"{len(row.runs)}", f"{row.real_time:.0f}",
            ],
        )
        for row in rows
    ]  # fmt: skip
    head = ["corpus", "network", "options", "parameters", "trials", "hours of all",
            "epochs", "minutes", "micro F1 in validation", "seeds", "× real time"]  # fmt: skip
    return pages.table(head, lines, 3)


def _options(row: Row) -> str:
    return ", ".join(f"{name} {value}" for name, value in row.best.recipe.options.items())


def _ended(row: Row) -> int:
    return sum(each.state == "stopped" for each in row.trials)


def _thesis() -> str:
    lines = []
    for model, found in THESIS.items():
        cells = [f"{found[c]:.4f}" if c in found else "–" for c in THESIS_CORPORA]
        lines.append(("", [NAMES[model], *cells]))
    return pages.table(["", *THESIS_CORPORA.values()], lines)


def _plain(row: Row) -> dict[str, Any]:
    return {
        "corpus": row.corpus,
        "network": row.model,
        "options": _options(row),
        "parameters": row.parameters,
        "trials": len(row.trials),
        "trials_ended": _ended(row),
        "hours": row.hours,
        "seeds": len(row.runs),
        "epochs": row.best.epochs,
        "minutes": row.best.minutes,
        "validation_micro_f1": row.best.best,
        "real_time": row.real_time,
        **pages.flat(row.figures),
        "runs": " ".join(each.run.name for each in row.runs),
    }
