"""Which architecture transcribes drums best? Each is searched on each corpus, and tested there.

Source: Fosse 2025, Automatic Drum Transcription using Deep Learning, section 5.3 and chapter 6: the
best of several trials by micro F1 in validation, judged on the test split, overall and class by
class. What is added: intervals, further seeds of the best, what each costs, and what guessing
scores.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bandscribe.studies import drum_corpora
from bandscribe.studies.drum_corpora import Figure, Run, Source, finish
from bandscribe.training import search
from bandscribe.training.drums.recipe import Recipe
from bandscribe.training.search import Outcome
from bandscribe.vocabulary import DRUMS

#: What the thesis calls the networks.
NAMES: Mapping[str, str] = {
    "rnn": "Recurrent",
    "cnn": "Convolutional",
    "crnn": "Convolutional recurrent",
    "transformer": "Convolutional transformer",
    "vit": "Vision transformer",
}
#: Section 6.1: micro F1 by network, of corpora of which it gives any (none for ENST+MDB).
THESIS_CORPORA = {"enst_mdb": "ENST+MDB", "egmd": "E-GMD", "slakh": "Slakh", "adtof": "ADTOF-YT"}
THESIS: Mapping[str, Mapping[str, float]] = {
    "rnn": {"egmd": 0.8892, "slakh": 0.8502, "adtof": 0.9498},
    "cnn": {"egmd": 0.8657, "slakh": 0.8305, "adtof": 0.8290},
    "crnn": {"egmd": 0.8911, "slakh": 0.8914, "adtof": 0.9455},
    "transformer": {"egmd": 0.8852, "slakh": 0.8828, "adtof": 0.9533},
    "vit": {"egmd": 0.8818, "slakh": 0.8755, "adtof": 0.9560},
}


@dataclass(frozen=True)
class Row:
    """A network on a corpus: `trials` were searched, `best` is the one chosen.

    `runs` are those of its recipe, one per seed, which `figures` judges: F1 by name. `real_time` is
    how many seconds of audio the first hears in one of a core.
    """

    corpus: str
    model: str
    trials: tuple[Outcome, ...]
    best: Outcome
    runs: tuple[Outcome, ...]
    parameters: int
    real_time: float
    figures: Mapping[str, Figure]

    @property
    def hours(self) -> float:
        """Of all trials together."""
        return sum(each.minutes for each in self.trials) / 60


def plan(
    sources: Sequence[Source],
    models: Sequence[str],
    given: Mapping[str, str],
    *,
    path: Path | None,
    spaces: Mapping[str, str],
    trials: int | None,
    epochs: int,
    seed: int,
    folder: Path,
) -> dict[tuple[str, str], dict[Path, Recipe]]:
    """By corpus and network, what is tried; the same points of the space on every corpus.

    Raises ValueError for a field, a space or a corpus that cannot be.
    """
    planned = {}
    for source in sources:
        for model in models:
            base = search.resolve(path, {**given, "model": model}, [source.text], epochs)
            space = search.space_of(model, spaces.get(model))
            points = search.propose(space, trials=trials, seed=seed)
            recipes = [search.apply(base, point) for point in points]
            planned[source.label, model] = {search.place(r, folder / "trials"): r for r in recipes}
    return planned


def study(
    sources: Sequence[Source],
    planned: Mapping[tuple[str, str], Mapping[Path, Recipe]],
    seeds: Sequence[int],
    folder: Path,
    run: Run,
    repeat: Run,
) -> Iterator[Row]:
    """Search, train the best with each seed, and judge; a row at a time.

    `run` runs trials, `repeat` the best with other seeds. Raises ValueError as these, where one was
    stopped, and where a track cannot be judged.
    """
    known = {source.label: source for source in sources}
    count = drum_corpora.count_classes(sources)
    for (label, model), trials in planned.items():
        outcomes = finish(run, trials)
        best = search.choose(outcomes)
        runs = finish(repeat, drum_corpora.reseed(best.recipe, seeds, folder))
        judged = [drum_corpora.judge(each.run, known[label], count, folder) for each in runs]
        yield Row(
            label, model, outcomes, best, runs,
            search.count_parameters(best.recipe), drum_corpora.measure_speed(runs[0].run),
            drum_corpora.score(judged, DRUMS[count]),
        )  # fmt: skip


def choose(planned: Mapping[tuple[str, str], Mapping[Path, Recipe]]) -> Recipe:
    """The network, with its options, of the highest validation micro F1, mean over the corpora.

    All trials of a point are of the same place in each corpus's plan.
    """
    points: dict[tuple[str, int], list[Outcome]] = {}
    for (_, model), trials in planned.items():
        for place, (folder, recipe) in enumerate(trials.items()):
            points.setdefault((model, place), []).append(search.read(folder, recipe))

    def mean(outcomes: Sequence[Outcome]) -> float:
        value = sum(each.best for each in outcomes) / len(outcomes)
        return -math.inf if math.isnan(value) else value

    return max(points.values(), key=mean)[0].recipe
