"""Which architecture transcribes drums best? A search for each on each corpus, and its test.

Source: Fosse 2025, Automatic Drum Transcription using Deep Learning, section 5.3 and chapter 6: the
best of several trials by micro F1 in validation, tested on the test split, overall and class by
class. What is added: intervals, further seeds of the best, what each costs, and chance.

architectures.html, .csv, .png    a row for each corpus and network, with NAME_corpora.csv
trials.csv                        every trial
"""

from __future__ import annotations

import html
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bandscribe.studies import drum_corpora, runs
from bandscribe.studies.drum_chance import Chance
from bandscribe.studies.drum_corpora import Figure, StudyCorpus
from bandscribe.studies.page import Grid, PageSection, StudyReport, show_thresholds, table
from bandscribe.studies.runs import StudyRow, Train, TrainingJob
from bandscribe.training import search
from bandscribe.training.drums.recipe import Recipe
from bandscribe.training.search import TrialOutcome
from bandscribe.vocabulary import DRUMS

#: Names of the networks in the thesis.
NAMES: Mapping[str, str] = {
    "rnn": "Recurrent",
    "cnn": "Convolutional",
    "crnn": "Convolutional recurrent",
    "transformer": "Convolutional transformer",
    "vit": "Vision transformer",
}
#: Section 6.1: micro F1 by network, of the corpora for which it is given (not ENST+MDB).
THESIS_CORPORA = {"enst_mdb": "ENST+MDB", "egmd": "E-GMD", "slakh": "Slakh", "adtof": "ADTOF-YT"}
THESIS: Mapping[str, Mapping[str, float]] = {
    "rnn": {"egmd": 0.8892, "slakh": 0.8502, "adtof": 0.9498},
    "cnn": {"egmd": 0.8657, "slakh": 0.8305, "adtof": 0.8290},
    "crnn": {"egmd": 0.8911, "slakh": 0.8914, "adtof": 0.9455},
    "transformer": {"egmd": 0.8852, "slakh": 0.8828, "adtof": 0.9533},
    "vit": {"egmd": 0.8818, "slakh": 0.8755, "adtof": 0.9560},
}


@dataclass(frozen=True)
class ArchitectureResult:
    """A network on a corpus: the `trials` of its search, and the `best` of them.

    `runs` are those of its recipe, one per seed, whose F1 by name are `figures`. `real_time` is how
    many seconds of audio the first processes in one of a core.
    """

    corpus: str
    model: str
    trials: tuple[TrialOutcome, ...]
    best: TrialOutcome
    runs: tuple[Path, ...]
    parameters: int
    real_time: float
    figures: Mapping[str, Figure]


#: The trials, by corpus and network.
Planned = Mapping[tuple[str, str], Sequence[TrainingJob[Recipe]]]


def plan(
    sources: Sequence[StudyCorpus],
    models: Sequence[str],
    given: Mapping[str, str],
    *,
    path: Path | None,
    spaces: Mapping[str, str],
    trials: int | None,
    epochs: int,
    seed: int,
    folder: Path,
) -> Planned:
    """The trials of each network on each corpus: the same points of its space on all.

    Raises ValueError for a field, a space or a corpus that cannot be.
    """
    planned = {}
    for source in sources:
        for model in models:
            base = search.resolve(path, {**given, "model": model}, [source.text], epochs)
            space = search.space_of(model, spaces.get(model))
            points = search.propose(space, trials=trials, seed=seed)
            planned[source.label, model] = [
                runs.plan(model, search.apply(base, point), folder / "trials") for point in points
            ]
    return planned


def study(
    sources: Sequence[StudyCorpus],
    planned: Planned,
    seeds: Sequence[int],
    folder: Path,
    train: Train[Recipe],
    repeat: Train[Recipe],
    problems: list[str],
) -> Iterator[ArchitectureResult]:
    """Search, train the best with each seed, and evaluate; a network on a corpus at a time.

    `train` runs trials, `repeat` the best with other seeds. Tracks that cannot be evaluated have a
    line in `problems`. Raises ValueError where a trial fails or was stopped.
    """
    known = {source.label: source for source in sources}
    count = drum_corpora.count_classes(sources)
    for (label, model), jobs in planned.items():
        runs.finish(jobs, train)
        trials = tuple(search.read(job.run, job.recipe) for job in jobs)
        best = search.choose(trials)

        def evaluate(
            row: StudyRow, run: tuple[Path, ...], source: StudyCorpus = known[label]
        ) -> Any:
            return drum_corpora.evaluate(run[0], source, count, folder, problems)

        outcome = runs.compare(
            StudyRow(model), [best.recipe], seeds, folder / "trials", repeat, evaluate
        )
        own = tuple(run for (run,) in outcome.runs)
        yield ArchitectureResult(
            label, model, trials, best, own,
            search.count_parameters(best.recipe), drum_corpora.measure_speed(own[0]),
            drum_corpora.score(outcome.scores, DRUMS[count]),
        )  # fmt: skip


def choose(planned: Planned) -> Recipe:
    """The network, with its options, of the highest validation micro F1, mean over the corpora.

    All trials of a point are of the same place in each corpus's plan.
    """
    points: dict[tuple[str, int], list[TrialOutcome]] = {}
    for (_, model), jobs in planned.items():
        for place, job in enumerate(jobs):
            points.setdefault((model, place), []).append(search.read(job.run, job.recipe))

    def mean(outcomes: Sequence[TrialOutcome]) -> float:
        value = sum(each.best for each in outcomes) / len(outcomes)
        return -math.inf if math.isnan(value) else value

    return max(points.values(), key=mean)[0].recipe


def report(
    results: Sequence[ArchitectureResult],
    corpora: Sequence[Mapping[str, Any]],
    chance: Chance,
    classes: Sequence[str],
    about: str,
) -> StudyReport:
    """The report of all results; `corpora` are the rows of `drum_corpora.describe`."""
    # A row per network, in the order of the thesis.
    ordered = sorted(results, key=lambda each: list(NAMES).index(each.model))
    at = {(NAMES[each.model], each.corpus): each for each in ordered}
    labels = list(dict.fromkeys(each.corpus for each in results))
    chance = {kind: {label: found[label] for label in labels} for kind, found in chance.items()}
    grid = Grid(
        {place: each.figures for place, each in at.items()},
        chance,
        {place: len(each.runs) for place, each in at.items()},
    )
    return StudyReport(
        "architectures", "Which architecture transcribes drums best?", about, grid, corpora,
        classes, {place: _flatten(each, len(classes)) for place, each in at.items()},
        sections=(
            PageSection(
                "What each took", "Trials searched, in brackets those ended early, and the hours "
                "of all; options and size of the best, what its training took, and how many "
                "seconds of audio it processes in one of a processor core.",
                _show_costs(results, len(classes)),
            ),
            show_thresholds(
                ["corpus", "network"],
                {(each.corpus, NAMES[each.model]): each.runs[0] for each in results},
                len(classes),
            ),
            PageSection(
                "In the thesis", "Micro F1 of Fosse 2025, section 6.1: other data and other means, "
                "as a reference and no target.", _show_thesis(),
            ),
        ),
    )  # fmt: skip


def _flatten(result: ArchitectureResult, count: int) -> dict[str, Any]:
    return {
        "network": result.model,
        "options": _options(result),
        "parameters": result.parameters,
        "trials": len(result.trials),
        "trials_ended": _ended(result),
        "hours": sum(each.minutes for each in result.trials) / 60,
        "seeds": len(result.runs),
        "epochs": result.best.epochs,
        "minutes": result.best.minutes,
        "validation_micro_f1": result.best.best,
        "real_time": result.real_time,
        "thresholds": drum_corpora.show_thresholds(result.runs[0], count),
        "runs": " ".join(run.name for run in result.runs),
    }


def _show_costs(results: Sequence[ArchitectureResult], count: int) -> str:
    lines = []
    for result in results:
        line = _flatten(result, count)
        cells = [
            result.corpus, NAMES[result.model], line["options"], f"{line['parameters']:,}",
            f"{line['trials']} ({line['trials_ended']})", f"{line['hours']:.2f}",
            f"{line['epochs']}", f"{line['minutes']:.1f}", f"{line['validation_micro_f1']:.3f}",
            f"{line['seeds']}", f"{line['real_time']:.0f}",
        ]  # fmt: skip
        lines.append(("", [html.escape(cell) for cell in cells]))
    head = ["corpus", "network", "options", "parameters", "trials", "hours of all",
            "epochs", "minutes", "micro F1 in validation", "seeds", "× real time"]  # fmt: skip
    return table(head, lines, 3)


def _show_thesis() -> str:
    lines = []
    for model, found in THESIS.items():
        cells = [f"{found[c]:.4f}" if c in found else "–" for c in THESIS_CORPORA]
        lines.append(("", [NAMES[model], *cells]))
    return table(["", *THESIS_CORPORA.values()], lines)


def _options(result: ArchitectureResult) -> str:
    return ", ".join(f"{name} {value}" for name, value in result.best.recipe.options.items())


def _ended(result: ArchitectureResult) -> int:
    return sum(each.state == "stopped" for each in result.trials)
