"""Which training data generalizes? One network on several sets of corpora, tested on all of them.

Source: Fosse 2025, Automatic Drum Transcription using Deep Learning, section 1.1 and chapter 7. A
test on a corpus that was not trained on is a zero-shot one. Every set is heard for the same number
of steps, so that a larger one is no longer a study.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from bandscribe.studies import drum_corpora
from bandscribe.studies.drum_corpora import Figure, Run, Source, finish
from bandscribe.training.drums.recipe import Recipe
from bandscribe.training.search import Outcome
from bandscribe.vocabulary import DRUMS


@dataclass(frozen=True)
class Row:
    """The corpora of a training set, its runs (one per seed), and F1 by test set and name."""

    trained: tuple[str, ...]
    runs: tuple[Outcome, ...]
    figures: Mapping[str, Mapping[str, Figure]]

    @property
    def hours(self) -> float:
        """Of training, all seeds together."""
        return sum(each.minutes for each in self.runs) / 60

    @property
    def unseen(self) -> dict[str, Figure]:
        """Micro F1 on the test sets of other corpora."""
        return {
            label: figures["micro"]
            for label, figures in self.figures.items()
            if label not in self.trained
        }


def combine(sources: Sequence[Source], wanted: Sequence[str]) -> list[tuple[str, ...]]:
    """The training sets: those `wanted`, such as `a+b`, else each corpus alone and all together.

    Raises ValueError for a corpus that there is not, or that is no more than a test set.
    """
    known = [source.label for source in sources if source.trainable]
    if not known:
        raise ValueError("corpus: none is parted into train, validation and test")
    if not wanted:
        alone: list[tuple[str, ...]] = [(label,) for label in known]
        return [*alone, tuple(known)] if len(known) > 1 else alone
    sets = [tuple(dict.fromkeys(text.split("+"))) for text in wanted]
    for labels in sets:
        if unknown := [label for label in labels if label not in known]:
            raise ValueError(f"train: expected some of {', '.join(known)}, got {unknown[0]!r}")
    return sets


def plan(
    sources: Sequence[Source],
    sets: Sequence[tuple[str, ...]],
    base: Recipe,
    seeds: Sequence[int],
    folder: Path,
) -> dict[tuple[str, ...], dict[Path, Recipe]]:
    """By training set, a recipe for each seed. Raises ValueError where one cannot be."""
    known = {source.label: source for source in sources}
    planned = {}
    for labels in sets:
        corpora = tuple(known[label].text for label in labels)
        recipe = replace(base, corpora=corpora, validation_corpora=())
        planned[labels] = drum_corpora.reseed(recipe, seeds, folder)
    return planned


def study(
    sources: Sequence[Source],
    planned: Mapping[tuple[str, ...], Mapping[Path, Recipe]],
    folder: Path,
    run: Run,
) -> Iterator[Row]:
    """Train and judge; a row at a time.

    Raises ValueError as `run`, where it was stopped, and where a track cannot be judged.
    """
    count = drum_corpora.count_classes(sources)
    for labels, trials in planned.items():
        runs = finish(run, trials)
        figures = {
            source.label: drum_corpora.score(
                [drum_corpora.judge(each.run, source, count, folder) for each in runs], DRUMS[count]
            )
            for source in sources
        }
        yield Row(labels, runs, figures)
