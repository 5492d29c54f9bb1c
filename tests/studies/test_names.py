"""The names of comparisons: the same in the code, in the help texts and in the documents."""

import inspect
import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import get_type_hints

import pytest

from bandscribe.cli import study_training
from bandscribe.studies import drummernet, hits, neuroment, recognition_rows

DOCS = Path(__file__).parents[2] / "docs"


@pytest.mark.parametrize(
    ("command", "known", "page", "heading"),
    [
        (study_training.recognition, recognition_rows.COMPARISONS, "study.md", "Recognition"),
        (study_training.activity, neuroment.QUESTIONS, "study.md", "Activity"),
        (study_training.drummernet, drummernet.QUESTIONS, "study.md", "DrummerNet"),
        (study_training.hits, hits.QUESTIONS, "hits.md", "Comparing classifiers"),
    ],
)
def test_names_of_comparisons(
    command: Callable[..., None], known: Iterable[str], page: str, heading: str
) -> None:
    # Costs are measured, not trained; `all` and the report itself need no row in the documents.
    names = {*known, "cost"} if command is study_training.recognition else set(known)
    argument = get_type_hints(command, include_extras=True)["name"].__metadata__[0]
    listed = re.split(r"[;.]", argument.help)[0].split(", ")
    assert inspect.signature(command).parameters["name"].default is inspect.Parameter.empty
    assert sorted(listed) == sorted(names)
    _, _, section = (DOCS / page).read_text().partition(f"# {heading}\n")
    rows = re.findall(r"^\| `(\w+)`", section.partition("\n#")[0], re.MULTILINE)
    assert sorted(rows) == sorted(names - {"all", "report"})
