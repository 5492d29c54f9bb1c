"""Comparisons of recognition runs on test recordings, with chance as the baseline.

Source: Ferković and Smoljan 2023, Harmony Is All You Need, chapter 5. The rows are those of
`recognition_rows`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from bandscribe.metrics import tags
from bandscribe.readers import read_json
from bandscribe.studies.recognition_rows import COMPARISONS, NUMBERS, RecognitionRow
from bandscribe.studies.runs import Fields, RowOutcome, Study, check, plot_losses, resolve_member
from bandscribe.studies.runs import StudyRow as AnyRow
from bandscribe.studies.tables import column
from bandscribe.training import search
from bandscribe.training.recognition import corpora
from bandscribe.training.recognition.ensemble import evaluate
from bandscribe.training.recognition.recipe import Recipe, trace_weights
from bandscribe.training.recognition.train import read_front_end, train

COLUMNS = (
    column("parameters", "parameters"),
    column("seconds", "seconds"),
    column("hamming", "Hamming", drawn=True),
    column("macro.precision", "precision", drawn=True),
    column("macro.recall", "recall", drawn=True),
    column("macro.f1", "macro F1", drawn=True),
    column("exact_match", "exact match", drawn=True),
    column("micro.f1", "micro F1", drawn=True),
    column("lrap", "LRAP"),
)
#: The scores of section 5.1, and two that reveal more than the accuracy of decisions.
FIGURES = tuple(each.score for each in COLUMNS[2:])
#: A row is above chance if all of these are.
COMPARED = ("macro.f1", "micro.f1", "lrap")
_DRAWS = 20  # of random guesses


@dataclass(frozen=True)
class StudyCorpora:
    """Addresses of the corpora to train, to validate and to test on."""

    training: tuple[str, ...]
    validation: tuple[str, ...]
    test: tuple[str, ...]

    def choose(self, row: RecognitionRow) -> StudyCorpora:
        """The corpora of a row. Raises ValueError if it needs more than are given."""
        return StudyCorpora(
            _choose("corpora", self.training, row.trained),
            _choose("validation-corpora", self.validation, row.trained),
            _choose("test-corpora", self.test, row.tested),
        )


def plan(name: str, given: Fields, sources: StudyCorpora, folder: Path) -> Study[Recipe]:
    """The study of a comparison; `given` are fields of all recipes.

    Raises ValueError for a comparison or a field that is none, and for too few corpora.
    """
    if name not in COMPARISONS:
        raise ValueError(f"NAME: expected one of {', '.join(COMPARISONS)}, got {name!r}")
    comparison = COMPARISONS[name]
    check(given, comparison.rows, ("corpora", "validation_corpora", "cache"))
    planned: dict[AnyRow, list[Recipe]] = {}
    tests: dict[AnyRow, tuple[str, ...]] = {}
    decided: dict[AnyRow, str] = {}
    chance: dict[tuple[str, ...], list[RowOutcome]] = {}
    for row in comparison.rows:
        own = sources.choose(row)
        shared = {
            **given,
            "corpora": ",".join(own.training),
            "validation_corpora": ",".join(own.validation),
            "cache": str(folder / "cache"),
        }
        planned[row] = [
            resolve_member("recognition", comparison.base, shared, member) for member in row.members
        ]
        tests[row], decided[row] = own.test, row.decided

    def baselines(outcomes: Sequence[RowOutcome]) -> list[RowOutcome]:
        classes = read_front_end(outcomes[0].runs[0][0])[1]
        several = len(set(tests.values())) > 1
        for number, test in zip(NUMBERS, dict.fromkeys(tests.values()), strict=False):
            chance[test] = score_chance(test, classes, f", {number}" if several else "")
        return [each for found in chance.values() for each in found]

    def finish(stem: Path, outcomes: Sequence[RowOutcome]) -> list[str]:
        low = [
            outcome.label
            for outcome, test in zip(outcomes, tests.values(), strict=False)
            if not beats_chance(outcome, chance[test])
        ]
        plot_losses(stem.with_name(f"{stem.name}_losses.png"), outcomes, "s1_loss")
        return remark(outcomes, low, set(decided.values()))

    return Study(
        name,
        comparison.question,
        COLUMNS,
        planned,
        train,
        lambda row, runs: score(runs, tests[row], decided[row]),
        tested=lambda row: [tests[row], decided[row]],
        origin=trace_weights,
        baselines=baselines,
        finish=finish,
        described={**vars(sources), "fields": {**comparison.base, **given}},
    )


def score(runs: tuple[Path, ...], test: tuple[str, ...], decided: str) -> dict[str, Any]:
    """Scores of the mean of `runs`, by one kind of decision, and by all kinds as `KIND.NAME`."""
    found = _evaluate_members(runs, test)
    kinds = {kind: scores for kind, scores in found.items() if isinstance(scores, dict)}
    metrics = [read_json(run / "metrics.json") for run in runs]
    counts = [each.get("parameters") for each in metrics]
    return {
        "origin": ", ".join(dict.fromkeys(each.get("origin", "") for each in metrics)),
        "parameters": None if None in counts else sum(counts),
        "seconds": sum(map(seconds_of, runs)),
        **{name: kinds[decided][name] for name in FIGURES},
        **{f"{kind}.{name}": kinds[kind][name] for kind in kinds for name in FIGURES},
    }


def score_chance(test: Sequence[str], classes: Sequence[str], suffix: str = "") -> list[RowOutcome]:
    """Three baselines that know only the frequency of each class in the test recordings.

    One always predicts the most frequent class. One predicts every class, which no threshold is too
    low for. One predicts each class as often as it is there, at random: the mean of many draws.
    """
    recordings = corpora.load(test, "test", tuple(classes))
    targets = np.stack([recording.target for recording in recordings])
    known = ~np.isnan(targets)
    present = targets == 1
    shares = present.sum(axis=0) / np.maximum(known.sum(axis=0), 1)
    rng = np.random.default_rng(0)
    predicted = {
        "always the most frequent": [np.eye(len(classes))[[int(np.argmax(shares))]]],
        "always all": [np.ones((1, len(classes)))],
        "at random by frequency": [
            (rng.random(present.shape) < shares) * 1.0 for _ in range(_DRAWS)
        ],
    }
    outcomes = []
    for how, draws in predicted.items():
        figures = [
            tags.figures(present, np.broadcast_to(draw, present.shape), classes, known=known)
            for draw in draws
        ]
        means = {name: float(np.mean([each[name] for each in figures])) for name in FIGURES}
        outcomes.append(RowOutcome(f"chance: {how}{suffix}", (means,), baseline=True))
    return outcomes


def beats_chance(outcome: RowOutcome, chance: Sequence[RowOutcome]) -> bool:
    """Whether the means of a row are above all baselines."""
    return all(
        outcome.values(name).mean() > each.scores[0][name] for name in COMPARED for each in chance
    )


def remark(outcomes: Sequence[RowOutcome], low: Sequence[str], decided: set[str]) -> list[str]:
    """Lines on the kind of decision, and on the rows, `low`, that are not above chance."""
    seeds = len(outcomes[0].scores)
    spread = f"mean ± deviation over {seeds} seeds" if seeds > 1 else "one seed"
    how = "S2, threshold 0.5" if decided == {"s2"} else "thresholds as the rows say, else 0.5"
    remarks = [f"Precision and recall are macro means; {how}; {spread}; seconds of training."]
    origins = {outcome.label: outcome.scores[0].get("origin") for outcome in outcomes}
    for origin in dict.fromkeys(filter(None, origins.values())):
        labels = [label for label, own in origins.items() if own == origin]
        remarks.append(f"Began with {origin}: {'; '.join(labels)}.")
    if any(outcome.about for outcome in outcomes):
        remarks.append("In brackets what the paper's text gives.")
    names = "macro F1, micro F1 and LRAP"
    remarks.append(
        f"Not above chance in all of {names}: {'; '.join(low)}."
        if low
        else f"Every row is above chance in {names}."
    )
    return remarks


def seconds_of(run: Path) -> float:
    """The duration of a training run, including validation."""
    if history := search.read_history(run):
        return 60 * history[-1]["minutes"]
    return float(read_json(run / "metrics.json")["seconds"])


@lru_cache(maxsize=4)  # rows may differ in how the same runs decide
def _evaluate_members(runs: tuple[Path, ...], test: tuple[str, ...]) -> Mapping[str, Any]:
    return evaluate(runs, test)


def _choose(name: str, sources: tuple[str, ...], number: int | None) -> tuple[str, ...]:
    if number is None:
        return sources
    if len(sources) != 2:
        raise ValueError(f"--{name}: expected two corpora, A=ROOT,B=ROOT, got {len(sources)}")
    return (sources[number],)
