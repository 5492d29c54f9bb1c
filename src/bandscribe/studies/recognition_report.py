"""What a comparison of recognition runs prints and writes: NAME.csv, NAME.json, NAME.png."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bandscribe import __version__
from bandscribe.display import comparison as picture
from bandscribe.files import whole
from bandscribe.studies.recognition import FIGURES, Outcome, Study
from bandscribe.studies.recognition_rows import NUMBERS

#: Kinds of decision beside that of the row.
_KINDS = ("s1", "s2", "s1_learned", "s2_learned")
_HEAD = ("", "parameters", "seconds", "Hamming", "precision", "recall", "macro F1", "exact",
         "micro F1", "LRAP")  # fmt: skip
_PANELS = {"macro.f1": "macro F1", "micro.f1": "micro F1", "hamming": "Hamming score",
           "exact_match": "exact match"}  # fmt: skip


def tabulate(study: Study) -> list[str]:
    """A line per row and per way of guessing, and what to make of them."""
    rows = [list(_HEAD)]
    for outcome in study.outcomes:
        parameters = "-" if outcome.parameters is None else f"{outcome.parameters:,}"
        if told := outcome.paper.get("parameters"):
            parameters += f" ({told:,.0f})"
        cells = [_spread(outcome.values(name)) for name in FIGURES]
        rows.append([outcome.label, parameters, f"{np.mean(outcome.seconds):.0f}", *cells])
    for label, figures in _guesses(study):
        rows.append([label, "", "", *(f"{figures[name]:.3f}" for name in FIGURES)])
    return [study.question, "", *align(rows), "", *remark(study)]


def align(rows: Sequence[Sequence[str]]) -> list[str]:
    """Lines of a table: the first column to the left, the others to the right."""
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    return [
        "  ".join(
            [row[0].ljust(widths[0])]
            + [cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True)]
        ).rstrip()
        for row in rows
    ]


def remark(study: Study) -> list[str]:
    """How the rows were judged, and which are no better than guessing."""
    several = len(study.seeds) > 1
    spread = f"mean ± deviation over {len(study.seeds)} seeds" if several else "one seed"
    judged = {outcome.judged for outcome in study.outcomes}
    how = "S2, threshold 0.5" if judged == {"s2"} else "thresholds as the rows say, else 0.5"
    remarks = [f"Precision and recall are macro means; {how}; {spread}; seconds of training."]
    if any(outcome.paper for outcome in study.outcomes):
        remarks.append("In brackets what the paper's text gives.")
    low = [outcome.label for outcome in study.outcomes if not study.beats_chance(outcome)]
    names = "macro F1, micro F1 and LRAP"
    remarks.append(
        f"Not above chance in all of {names}: {'; '.join(low)}."
        if low
        else f"Every row is above chance in {names}."
    )
    return remarks


def columns(study: Study) -> list[dict[str, Any]]:
    """A row per outcome and per way of guessing, as NAME.csv has them."""
    rows: list[dict[str, Any]] = []
    for outcome in study.outcomes:
        row: dict[str, Any] = {
            "row": outcome.label,
            "judged": outcome.judged,
            "seeds": len(outcome.figures),
            "parameters": outcome.parameters,
            "seconds": round(float(np.mean(outcome.seconds)), 1),
            **{f"paper.{name}": value for name, value in outcome.paper.items()},
        }
        for name in FIGURES:
            row |= {name: _mean(outcome.values(name)), f"{name}.spread": _sd(outcome.values(name))}
        for kind in _KINDS:
            row |= {f"{kind}.{name}": _mean(outcome.values(name, kind)) for name in FIGURES}
        rows.append(row)
    for label, figures in _guesses(study):
        rows.append({"row": label, **{name: round(value, 5) for name, value in figures.items()}})
    return rows


def write(folder: Path, study: Study, described: Mapping[str, Any]) -> None:
    """Write NAME.csv, .json and .png into an existing folder.

    `described` is what NAME.json says first: what was trained on, and how.

    Raises OSError as `bandscribe.files.whole`; ModuleNotFoundError without matplotlib.
    """
    rows = columns(study)
    table = io.StringIO()
    names = list(dict.fromkeys(name for row in rows for name in row))
    writer = csv.DictWriter(table, names, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    told = {
        "study": study.name,
        "question": study.question,
        **described,
        "seeds": study.seeds,
        "rows": [_tell(study, outcome) for outcome in study.outcomes],
        "chance": study.chance,
        "notes": remark(study),
        "version": __version__,
    }
    draw(folder / f"{study.name}.png", study)
    for suffix, text in (
        ("csv", table.getvalue()),
        ("json", json.dumps(told, indent=1, ensure_ascii=False) + "\n"),
    ):
        with whole(folder / f"{study.name}.{suffix}") as temporary:
            temporary.write_text(text, encoding="utf-8")


def draw(path: Path, study: Study) -> None:
    """Draw four figures per row. Raises as `bandscribe.display.comparison.draw`."""
    bars = [
        picture.Bar(outcome.label, {name: outcome.values(name) for name in _PANELS})
        for outcome in study.outcomes
    ]
    for label, figures in _guesses(study):
        values = {name: np.array([figures[name]]) for name in _PANELS}
        bars.append(picture.Bar(label, values, beside=True))
    panels = [picture.Panel(name, title) for name, title in _PANELS.items()]
    picture.draw(path, bars, panels, title=study.question)


def _guesses(study: Study) -> list[tuple[str, Mapping[str, float]]]:
    """What ways of guessing score, each under a name that tells the test set."""
    several = len(study.chance) > 1
    return [
        (f"{label}, {number}" if several else label, figures)
        for number, guesses in zip(NUMBERS, study.chance.values(), strict=False)
        for label, figures in guesses.items()
    ]


def _tell(study: Study, outcome: Outcome) -> dict[str, Any]:
    return {
        "label": outcome.label,
        "judged": outcome.judged,
        "runs": outcome.runs,
        "tested_on": outcome.chance,
        "parameters": outcome.parameters,
        "seconds": outcome.seconds,
        "above_chance": study.beats_chance(outcome),
        "paper": outcome.paper,
        "figures": {
            kind: {
                name: {
                    "mean": _mean(values), "spread": _sd(values), "seeds": values.tolist(),
                }
                for name in FIGURES
                for values in [outcome.values(name, kind)]
            }
            for kind in _KINDS
            if any(kind in each for each in outcome.figures)
        },
    }  # fmt: skip


def _spread(values: NDArray[np.float64]) -> str:
    mean = f"{values.mean():.3f}"
    return mean if len(values) == 1 else f"{mean} ±{values.std(ddof=1):.3f}"


def _mean(values: NDArray[np.float64]) -> float | None:
    """nan, which JSON lacks, is None."""
    return None if np.isnan(values).any() else round(float(values.mean()), 5)


def _sd(values: NDArray[np.float64]) -> float | None:
    """Over seeds, as from a sample of them."""
    if len(values) < 2 or np.isnan(values).any():
        return None
    return round(float(values.std(ddof=1)), 5)
