"""What drum networks score on corpora that they were not trained on, or on their test splits.

A study names its corpora by `LABEL=ADDRESS`, or by the address alone: see `datasets.address`.
One that is parted into train, validation and test is trained on, any is tested on. What is judged
is kept below a folder: a study that was stopped goes on.

    trials/MODEL-DIGEST           runs of `bandscribe train drums`, with network.onnx, speed.json
    judged/LABEL/MODEL-DIGEST/    what each scores on each test set, track by track
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from bandscribe import drums, runtime
from bandscribe.datasets.address import CorpusAddress
from bandscribe.datasets.corpora import CORPORA
from bandscribe.datasets.corpus import inspect
from bandscribe.datasets.track import Track
from bandscribe.evaluation import figures
from bandscribe.evaluation.run import Settings, run
from bandscribe.evaluation.systems import Network
from bandscribe.features.spectrogram import LogSpectrogram
from bandscribe.metrics import bootstrap, counts, onsets
from bandscribe.training import record, search
from bandscribe.training.drums.recipe import Recipe
from bandscribe.training.search import Outcome
from bandscribe.training.task import ship
from bandscribe.types import Audio, Transcription
from bandscribe.vocabulary import DRUMS, reduce

Counts = NDArray[np.int64]
#: Runs recipes in their folders and tells what they came to; raises ValueError where one failed.
Run = Callable[[Mapping[Path, Recipe]], Sequence[Outcome]]


@dataclass(frozen=True)
class Source:
    """A corpus of a study."""

    label: str
    text: str

    @classmethod
    def parse(cls, text: str) -> Source:
        """Read `LABEL=ADDRESS` or an address. Raises ValueError as `CorpusAddress.parse`."""
        label, _, rest = text.partition("=")
        if "=" in rest and rest.partition("=")[0].partition(":")[0] in CORPORA:
            CorpusAddress.parse(rest, "drums")
            return cls(label, rest)
        return cls(CorpusAddress.parse(text, "drums").corpus.name, text)

    @cached_property
    def address(self) -> CorpusAddress:
        """Where it lies."""
        return CorpusAddress.parse(self.text, "drums")

    @cached_property
    def splits(self) -> set[str]:
        """Those of its tracks."""
        found = self.address.corpus.tracks(self.address.root, self.address.variant)
        return {track.split for track in found}

    @property
    def trainable(self) -> bool:
        """Whether it is trained on: parted in three, and no split is named."""
        return not self.address.split and {"train", "validation", "test"} <= self.splits

    @property
    def test(self) -> list[Track[Transcription]]:
        """What is tested on."""
        return self.address.tracks("test")


class Figure(NamedTuple):
    """The mean over seeds, its interval when tracks are drawn anew, and the lowest and highest."""

    mean: float
    low: float
    high: float
    least: float
    most: float


def count_classes(sources: Sequence[Source]) -> int:
    """The number of classes that all can be scored in: five, as in the thesis, or three."""
    return min(5, *(max(source.address.corpus.counts) for source in sources))


def describe(source: Source, count: int) -> list[dict[str, Any]]:
    """A line per split: hours, tracks, and onsets of each class.

    Raises ValueError where a file of it is missing or damaged.
    """
    address = source.address
    found = inspect(address.corpus, address.root, address.variant)
    if found.problems:
        raise ValueError(found.problems[0])
    rows: dict[str, dict[str, Any]] = {}
    for track, target, seconds in zip(found.tracks, found.targets, found.seconds, strict=True):
        if address.split not in ("", "all", track.split):
            continue
        split = track.split if source.trainable else "test only"
        row = rows.setdefault(
            split,
            {"corpus": source.label, "layout": address.corpus.name, "split": split, "hours": 0.0,
             "tracks": 0, **dict.fromkeys(DRUMS[count], 0)},
        )  # fmt: skip
        row["hours"] += seconds / 3600
        row["tracks"] += 1
        labels = reduce(target, count).labels
        for name in DRUMS[count]:
            row[name] += int(np.count_nonzero(labels == name))
    order = ("train", "validation", "test", "test only")
    return [rows[split] for split in order if split in rows]


def judge(trial: Path, source: Source, count: int, folder: Path) -> Counts:
    """True and false positives and negatives (track, class, 3) of a run on a test set.

    Its best weights become `network.onnx` in its folder, if they are not yet.

    Raises ValueError where a track cannot be judged.
    """
    model = trial / "network.onnx"
    if not model.is_file():
        ship(trial, model, name=trial.name)
    found = run(
        source.test,
        Network.load(str(model), (count,)),
        Settings((count,), source.address.corpus.unscored, onsets.TOLERANCE),
        store=folder / "judged" / source.label / trial.name,
    )
    if found.problems:
        raise ValueError(": ".join(found.problems[0]))
    return figures.stack(found.verdicts, count)


def score(found: Sequence[Counts], classes: Sequence[str]) -> dict[str, Figure]:
    """F1 by name (`micro`, and each class) of what runs of several seeds score on the same tracks.

    An interval is that of the mean over seeds.
    """

    def each(index: NDArray[np.int64]) -> list[dict[str, float]]:
        return [counts.figures(one[index], classes) for one in found]

    def mean(index: NDArray[np.int64]) -> dict[str, float]:
        rows = each(index)
        return {f"{n}.f1": float(np.mean([row[f"{n}.f1"] for row in rows])) for n in names}

    names = ("micro", *classes)
    every = np.arange(len(found[0]))
    spans = bootstrap.intervals(mean, len(every), np.random.default_rng(0))
    rows, means = each(every), mean(every)
    return {
        name: Figure(
            means[f"{name}.f1"], *spans[f"{name}.f1"],
            min(row[f"{name}.f1"] for row in rows), max(row[f"{name}.f1"] for row in rows),
        )
        for name in names
    }  # fmt: skip


def measure_speed(trial: Path) -> float:
    """Seconds of audio that front end and network hear in a second of one core; measured once."""
    path = trial / "speed.json"
    if not path.is_file():
        model = runtime.load(trial / "network.onnx", threads=1)
        rate = LogSpectrogram(**model.card.features).sample_rate
        noise = 0.1 * np.random.default_rng(0).standard_normal((1, 30 * rate), dtype=np.float32)
        drums.hear(Audio(noise[:, : 5 * rate], rate), model)  # the first time is slower
        began = time.process_time()
        drums.hear(Audio(noise, rate), model)
        record.write_json(path, {"real_time": 30 / (time.process_time() - began)})
    return float(json.loads(path.read_text(encoding="utf-8"))["real_time"])


def reseed(recipe: Recipe, seeds: Sequence[int], folder: Path) -> dict[Path, Recipe]:
    """The recipe once for each seed, by the folders of the runs."""
    recipes = [replace(recipe, seed=seed) for seed in seeds]
    return {search.place(each, folder / "trials"): each for each in recipes}


def finish(run: Run, trials: Mapping[Path, Recipe]) -> tuple[Outcome, ...]:
    """What trials came to. Raises ValueError where some are not over."""
    outcomes = tuple(run(trials))
    if not all(map(search.is_over, outcomes)):
        raise ValueError("stopped; run the same command again to go on")
    return outcomes
