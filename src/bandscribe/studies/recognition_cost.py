"""The cost of each network: parameters, time of a training step and of recognizing a recording.

Source: Harmony Is All You Need 2023, section 5.7 and table 4.1. Nothing is trained to the end.
Times are those that processor cores spent, whatever else they had to do, and carry to another
machine only as ratios.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from bandscribe.features.windows import KINDS, RecognitionFrontEnd
from bandscribe.studies import tables
from bandscribe.studies.recognition_rows import COSTS
from bandscribe.studies.runs import Fields, RowOutcome, StudyRow, time_step
from bandscribe.studies.tables import column
from bandscribe.training import task
from bandscribe.training.recognition import corpora, validation
from bandscribe.training.recognition import recipe as recipes
from bandscribe.training.recognition.examples import cross_entropy
from bandscribe.training.recognition.survey import measure

TITLE = "What does each network cost? (section 5.7)"
COLUMNS = (
    column("parameters", "parameters", drawn=True, logarithmic=True),
    column("step", "s a step", drawn=True, logarithmic=True),
    column("describe", "s to describe"),
    column("recognize", "s to recognize"),
    column("recording", "s a recording", drawn=True, logarithmic=True),
)
REMARK = (
    "Seconds of a core of this machine. Per recording: its features, then the network, and both."
)
_RECORDINGS = 3


def run(folder: Path, given: Fields, training: Sequence[str], test: Sequence[str]) -> list[str]:
    """Measure all networks and write cost.csv, .json and .png; returns the table.

    Raises ValueError as `measure_cost`.
    """
    outcomes = [measure_cost(row, given, training, test) for row in COSTS]
    described = {"training": training, "test": test, "fields": given}
    tables.write(folder, "cost", outcomes, COLUMNS, TITLE, described)
    return [TITLE, "", *tables.tabulate(outcomes, COLUMNS), "", REMARK]


def measure_cost(
    row: StudyRow, given: Fields, training: Sequence[str], test: Sequence[str]
) -> RowOutcome:
    """Time a row's network on one batch of `training`, and on some recordings of `test`.

    Scores are seconds of one core: of a `step`, and per recording to `describe` and to `recognize`
    it; `origin` is where the weights are from. `given` are fields of the recipe; without
    `threads` there is one.

    Raises ValueError as `task.resolve` and `corpora.load`.
    """
    recipe = task.resolve("recognition", None, {"pretrained": "no", **given, **row.members[0]})
    torch.set_num_threads(recipe.threads or 1)
    classes = recipe.classes or corpora.classes_of(training)
    rate = KINDS[recipe.features].sample_rate
    some = corpora.load(training, "train", classes)[: recipe.batch]
    windows = corpora.cut(some, recipe.window_seconds, rate)
    plain = RecognitionFrontEnd(
        recipe.features, measure(windows.read(i) for i in range(len(windows)))
    )
    batch = [index % len(windows) for index in range(recipe.batch)]
    features = torch.from_numpy(np.stack([plain(windows.read(index)) for index in batch]))
    targets = torch.from_numpy(windows.targets[batch])

    network = recipes.build(recipe, len(classes))
    optimiser = recipes.make_optimiser(recipe, network)
    step = time_step(network, optimiser, cross_entropy, features, targets)

    tested = corpora.load(test, "test", classes)[:_RECORDINGS]
    windows = corpora.cut(tested, recipe.window_seconds, rate)
    began = time.process_time()
    prepared = validation.prepare(windows, tuple(classes), corpora.describe(windows, plain))
    described = time.process_time()
    validation.infer_windows(network.eval(), prepared)
    ended = time.process_time()
    costs: dict[str, Any] = {
        "parameters": sum(weight.numel() for weight in network.parameters()),
        "step": step,
        "describe": (described - began) / len(tested),
        "recognize": (ended - described) / len(tested),
        "recording": (ended - began) / len(tested),
        "origin": str(getattr(network, "origin", "random weights")),
    }
    return RowOutcome(row.label, (costs,), about=row.about)
