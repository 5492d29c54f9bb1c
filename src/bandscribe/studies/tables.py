"""The tables of a comparison: NAME.csv, NAME.json and NAME.png, with a row per outcome."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit

from bandscribe import __version__
from bandscribe.display import comparison
from bandscribe.files import write_csv, write_json

if TYPE_CHECKING:
    from bandscribe.studies.runs import RowOutcome

_DIGITS = 6
#: Seeds from which on intervals are plotted: for two, they are nine deviations wide.
_SEEDS = 3


@dataclass(frozen=True)
class ScoreColumn:
    """A column of the table: a score and its title; `panel` if it is plotted."""

    score: str
    title: str
    panel: comparison.Panel | None = None


def column(score: str, title: str, *, drawn: bool = False, **options: Any) -> ScoreColumn:
    """A column, with `options` of its panel if `drawn`."""
    return ScoreColumn(score, title, comparison.Panel(score, title, **options) if drawn else None)


def tabulate(outcomes: Sequence[RowOutcome], columns: Sequence[ScoreColumn]) -> list[str]:
    """A line per outcome: means and deviations over seeds; known scores (`about`) in brackets.

    Numbers that all seeds share, such as those of weights, are without deviations.
    """
    rows = [["", *(each.title for each in columns)]]
    for outcome in outcomes:
        cells = []
        for name in (each.score for each in columns):
            values, known = outcome.values(name), outcome.about.get(name)
            counted = values.min() == values.max() and float(values[0]).is_integer()
            spread = f" ±{_show(values.std(ddof=1))}" if len(values) > 1 and not counted else ""
            cells.append(
                ("" if np.isnan(values).any() else _show(values.mean()) + spread)
                + (f" ({_show(known)})" if isinstance(known, int | float) else "")
            )
        rows.append([outcome.label, *cells])
    return align(rows)


def enclose_mean(values: NDArray[np.float64]) -> tuple[float, float]:
    """The 95 % interval of the mean of two or more seeds (seed,), by Student's t distribution."""
    half = stdtrit(len(values) - 1, 0.975) * values.std(ddof=1) / np.sqrt(len(values))
    return float(values.mean() - half), float(values.mean() + half)


def align(rows: Sequence[Sequence[str]], left: int = 1) -> list[str]:
    """Lines of a table: the first `left` columns to the left, the others to the right."""
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    return [
        "  ".join(
            cell.ljust(width) if i < left else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]


def write(
    folder: Path,
    name: str,
    outcomes: Sequence[RowOutcome],
    columns: Sequence[ScoreColumn],
    title: str,
    described: Mapping[str, Any],
) -> None:
    """Write NAME.csv (means), NAME.json (every seed) and NAME.png into an existing folder.

    Means of what is plotted have intervals, by `enclose_mean`. `described` are further entries of
    NAME.json.

    Raises OSError as `bandscribe.files.whole`; ModuleNotFoundError without matplotlib.
    """
    panels = [each.panel for each in columns if each.panel]
    drawn = {panel.figure for panel in panels}
    rows = [_flatten(outcome, drawn) for outcome in outcomes]
    names = list(dict.fromkeys(name for row in rows for name in row))
    write_csv(folder / f"{name}.csv", names, rows, digits=_DIGITS)
    tree = {
        "study": name,
        "title": title,
        **described,
        "rows": [
            {
                "label": outcome.label,
                "about": outcome.about,
                "baseline": outcome.baseline,
                "runs": [[run.name for run in each] for each in outcome.runs],
                "scores": outcome.scores,
            }
            for outcome in outcomes
        ],
        "version": __version__,
    }
    write_json(folder / f"{name}.json", tree)
    bars = [
        comparison.Bar(
            outcome.label,
            {score: outcome.values(score) for score in drawn},
            {
                score: enclose_mean(outcome.values(score))
                for score in drawn
                if len(outcome.scores) >= _SEEDS
            },
            beside=outcome.baseline,
        )
        for outcome in outcomes
    ]
    comparison.plot(folder / f"{name}.png", bars, panels, title=title)


def _flatten(outcome: RowOutcome, drawn: Collection[str]) -> dict[str, Any]:
    """The cells of a CSV row: means, deviations of several seeds, and intervals of the `drawn`."""
    cells: dict[str, Any] = {"row": outcome.label}
    cells |= {f"paper.{name}": value for name, value in outcome.about.items()}
    cells["seeds"] = None if outcome.baseline else len(outcome.scores)
    cells |= {k: text for k, text in outcome.scores[0].items() if isinstance(text, str)}
    for name in outcome.names:
        values = outcome.values(name)
        mean = float(values.mean())
        cells[name] = int(mean) if mean.is_integer() else None if np.isnan(mean) else mean
        if len(values) > 1:
            cells[f"{name}.spread"] = float(values.std(ddof=1))
            if name in drawn:
                cells[f"{name}.low"], cells[f"{name}.high"] = enclose_mean(values)
    cells["runs"] = " ".join(run.name for each in outcome.runs for run in each)
    return cells


def _show(value: float) -> str:
    """A number: whole and large ones without decimals, others with three digits or more."""
    if abs(value) >= 100 or (abs(value) > 1 and float(value).is_integer()):
        return f"{value:,.0f}"
    return f"{value:.3g}" if 0 < abs(value) < 0.1 else f"{value:.3f}"
