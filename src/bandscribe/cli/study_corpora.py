"""The drum corpora of a study: read from options, and opened before anything is trained."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from bandscribe.cli.report import complain, count

if TYPE_CHECKING:
    from bandscribe.studies.drum_corpora import StudyCorpus


def read_corpora(texts: Sequence[str], option: str) -> list[StudyCorpus]:
    """The corpora of an option. Raises ValueError for one that is none, or two of one label."""
    from bandscribe.studies.drum_corpora import StudyCorpus

    sources = [StudyCorpus.parse(text) for text in ",".join(texts).split(",") if text]
    labels = [source.label for source in sources]
    if twice := [label for label in labels if labels.count(label) > 1]:
        raise ValueError(f"{option}: two are called {twice[0]!r}; name them LABEL=NAME=ROOT")
    return sources


def open_corpora(sources: Sequence[StudyCorpus]) -> list[dict[str, Any]]:
    """The contents of the corpora; each file is opened.

    Raises ValueError, with a line per file, where some cannot be used.
    """
    from bandscribe.studies import drum_corpora

    rows, problems = drum_corpora.describe(sources, drum_corpora.count_classes(sources))
    for problem in problems:
        complain(problem)
    if problems:
        number = count(len(problems), "file")
        raise ValueError(f"{number} cannot be used; replace what is named before training")
    return rows
