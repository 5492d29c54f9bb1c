"""F1 of DrummerNet on test corpora in the course of training: figure 4 of Choi and Cho 2019.

NAME_trail.csv has a line for each row of the study and each validation whose weights the first run
of the row kept (`--trail true`), and NAME_trail.png draws them. Nothing is decided by it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from bandscribe.display import trail
from bandscribe.files import write_csv
from bandscribe.studies.drum_corpora import StudyCorpus
from bandscribe.studies.drum_tests import score_trail
from bandscribe.studies.runs import RowOutcome, keep_scores
from bandscribe.training import recipes
from bandscribe.training.drummernet.recipe import Recipe

_DIGITS = 6


def finish(stem: Path, outcomes: Sequence[RowOutcome], tests: Sequence[StudyCorpus]) -> list[str]:
    """Evaluate the trails, write table and plot, and return a line that names them.

    Nothing where there are no trails or test corpora.
    """
    found = {
        outcome.label: _evaluate(outcome.runs[0][0], stem.parent, tests)
        for outcome in outcomes
        if tests and (outcome.runs[0][0] / "trail").is_dir()
    }
    if not any(found.values()):
        return []
    table, picture = (stem.with_name(f"{stem.name}_trail{end}") for end in (".csv", ".png"))
    rows = [{"row": label, **row} for label, points in found.items() for row in points]
    write_csv(table, list(rows[0]), rows, digits=_DIGITS)
    names = {"paper.f1": "mean", **{f"paper.{test.label}": test.label for test in tests}}
    trail.plot(picture, found, names, title="F1 over the training, by the paper's peaks")
    return [f"{picture}, {table.name}: F1 over the training"]


def _evaluate(run: Path, folder: Path, tests: Sequence[StudyCorpus]) -> list[dict[str, Any]]:
    """`score_trail` of a run with `items`, the excerpts trained on so far; cached in `folder`."""
    recipe = recipes.read(run, Recipe)

    def make() -> Mapping[str, Any]:
        return {"rows": score_trail(run, tests)}

    kept = keep_scores(folder, [run], ["trail", recipe.steps, [test.text for test in tests]], make)
    return [{"items": row["step"] * recipe.batch, **row} for row in kept["rows"]]
