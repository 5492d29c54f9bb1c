"""What each network costs: parameters, time of a training step, time to recognize a recording.

Source: Harmony Is All You Need 2023, section 5.7 and table 4.1. Nothing is trained to the end.
Times are those that processor cores spent, whatever else they had to do, and carry to another
machine only as ratios.
"""

from __future__ import annotations

import csv
import io
import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from bandscribe import __version__
from bandscribe.display import comparison as picture
from bandscribe.files import whole
from bandscribe.studies.recognition_report import align
from bandscribe.studies.recognition_rows import Row
from bandscribe.training.recognition import corpora, validation
from bandscribe.training.recognition import recipe as recipes
from bandscribe.training.recognition.described import describe
from bandscribe.training.recognition.examples import cross_entropy
from bandscribe.training.recognition.front_end import KINDS, FrontEnd
from bandscribe.training.recognition.normalisation import measure

_STEPS = 2
_RECORDINGS = 3


@dataclass(frozen=True)
class Cost:
    """Of a network: seconds of a `step`, and per recording to `describe` and to `recognize` it.

    Seconds are those of one core.

    `origin` says where the weights are from; `paper` is the number of parameters that it gives.
    """

    label: str
    parameters: int
    step: float
    describe: float
    recognize: float
    origin: str
    paper: float


def measure_cost(
    row: Row, given: Mapping[str, str], training: Sequence[str], test: Sequence[str]
) -> Cost:
    """Time a row's network on one batch of `training`, and on some recordings of `test`.

    `given` are fields of its recipe as text; without `threads` there is one.

    Raises ValueError as `recipe.resolve` and `corpora.load`.
    """
    recipe = recipes.resolve(None, {**given, **row.members[0]})
    torch.set_num_threads(recipe.threads or 1)
    classes = recipe.classes or corpora.classes_of(training)
    rate = KINDS[recipe.features].sample_rate
    some = corpora.load(training, "train", classes)[: recipe.batch]
    windows = corpora.cut(some, recipe.window_seconds, rate)
    plain = FrontEnd(recipe.features, measure(windows.read(i) for i in range(len(windows))))
    batch = [index % len(windows) for index in range(recipe.batch)]
    features = torch.from_numpy(np.stack([plain(windows.read(index)) for index in batch]))
    targets = torch.from_numpy(windows.targets[batch])

    network = recipes.build(recipe, len(classes))
    optimiser = recipes.make_optimiser(recipe, network)
    network.train()
    began = 0.0
    for number in range(1 + _STEPS):  # the first one is slower than all others
        began = time.process_time() if number == 1 else began
        optimiser.zero_grad()
        cross_entropy(network(features), targets).backward()  # type: ignore[no-untyped-call]
        optimiser.step()
    step = (time.process_time() - began) / _STEPS

    heard = corpora.load(test, "test", classes)[:_RECORDINGS]
    windows = corpora.cut(heard, recipe.window_seconds, rate)
    began = time.process_time()
    judged = validation.prepare(windows, tuple(classes), describe(windows, plain))
    described = time.process_time()
    validation.infer_windows(network.eval(), judged)
    ended = time.process_time()
    return Cost(
        row.label,
        sum(weight.numel() for weight in network.parameters()),
        step,
        (described - began) / len(heard),
        (ended - described) / len(heard),
        str(getattr(network, "origin", "random weights")),
        row.paper["parameters"],
    )


def tabulate(costs: Sequence[Cost]) -> list[str]:
    """A line per network."""
    rows = [["", "parameters", "in the paper", "s a step", "s to describe", "s to recognize"]]
    rows += [
        [
            cost.label, f"{cost.parameters:,}", f"{cost.paper:,.0f}", f"{cost.step:.3g}",
            f"{cost.describe:.3g}", f"{cost.recognize:.3g}",
        ]
        for cost in costs
    ]  # fmt: skip
    told = "Seconds of a core of this machine. Per recording: its features, then the network."
    return ["What does each network cost? (section 5.7)", "", *align(rows), "", told]


def write(folder: Path, costs: Sequence[Cost], described: Mapping[str, Any]) -> None:
    """Write cost.csv, cost.json and cost.png into an existing folder.

    Raises OSError as `bandscribe.files.whole`; ModuleNotFoundError without matplotlib.
    """
    rows = [asdict(cost) for cost in costs]
    table = io.StringIO()
    writer = csv.DictWriter(table, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(
        {name: f"{value:.4g}" if isinstance(value, float) else value for name, value in row.items()}
        for row in rows
    )
    told = {"study": "cost", **described, "rows": rows, "version": __version__}
    bars = [
        picture.Bar(cost.label, {
            "parameters": np.array([cost.parameters], dtype=np.float64),
            "step": np.array([cost.step]),
            "recognize": np.array([cost.describe + cost.recognize]),
        })
        for cost in costs
    ]  # fmt: skip
    panels = [
        picture.Panel("parameters", "parameters", logarithmic=True),
        picture.Panel("step", "core seconds of a training step", logarithmic=True),
        picture.Panel("recognize", "core seconds of a recording", logarithmic=True),
    ]
    picture.draw(folder / "cost.png", bars, panels, title="What does each network cost?")
    for suffix, text in (
        ("csv", table.getvalue()),
        ("json", json.dumps(told, indent=1, ensure_ascii=False) + "\n"),
    ):
        with whole(folder / f"cost.{suffix}") as temporary:
            temporary.write_text(text, encoding="utf-8")
