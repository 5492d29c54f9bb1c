"""Scores of drum networks on the test sets of a study's corpora.

Corpora are named `LABEL=ADDRESS` or by their address (see `datasets.address`). Those with the
splits train, validation and test are trained on, all are tested on. Below the folder of a study lie

    trials/MODEL-DIGEST           runs of `bandscribe train drums`, with network.onnx, speed.json
    judged/LABEL/MODEL-DIGEST/    the scores of each on each test set, track by track
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
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
from bandscribe.evaluation import drums as evaluation
from bandscribe.evaluation.drum_metrics import stack
from bandscribe.evaluation.drum_systems import DrumNetwork
from bandscribe.features.spectrogram import LogSpectrogram
from bandscribe.files import write_json
from bandscribe.metrics import bootstrap, counts, onsets
from bandscribe.readers import read_json, refused
from bandscribe.training.drums.spectra import are_spectra
from bandscribe.training.ship import ship
from bandscribe.types import Audio, Transcription
from bandscribe.vocabulary import DRUMS, reduce

#: True and false positives and negatives of each class (class, 3), by the track's id.
Counts = Mapping[str, NDArray[np.int64]]


@dataclass(frozen=True)
class StudyCorpus:
    """A corpus of a study."""

    label: str
    text: str

    @classmethod
    def parse(cls, text: str) -> StudyCorpus:
        """Read `LABEL=ADDRESS` or an address.

        Raises ValueError as `CorpusAddress.parse`, and for spectrograms without audio.
        """
        label, _, rest = text.partition("=")
        if "=" in rest and rest.partition("=")[0].partition(":")[0] in CORPORA:
            text = rest
        else:
            label = CorpusAddress.parse(text, "drums").corpus.name
        if are_spectra(text):
            raise ValueError(
                f"{text}: no audio to test networks on; tune drums and train drums take "
                "spectrograms, and test on theirs"
            )
        return cls(label, text)

    @cached_property
    def address(self) -> CorpusAddress:
        """Its folder."""
        return CorpusAddress.parse(self.text, "drums")

    @cached_property
    def splits(self) -> set[str]:
        """The classes of its tracks."""
        found = self.address.corpus.tracks(self.address.root, self.address.variant)
        return {track.split for track in found}

    @property
    def trainable(self) -> bool:
        """Whether it is trained on: it has all three splits, and its address names none."""
        return not self.address.split and {"train", "validation", "test"} <= self.splits

    @property
    def test(self) -> list[Track[Transcription]]:
        """The tracks that are tested on."""
        return self.address.tracks("test")


class Figure(NamedTuple):
    """The mean over seeds, its bootstrap interval over tracks, and the lowest and highest seed."""

    mean: float
    low: float
    high: float
    least: float
    most: float


def count_classes(sources: Sequence[StudyCorpus]) -> int:
    """The number of classes in which all can be scored: five, as in the thesis, or three."""
    return min(5, *(max(source.address.corpus.counts) for source in sources))


class Description(NamedTuple):
    """A row per split (hours, tracks, and onsets of each class), and a line per unusable file."""

    rows: list[dict[str, Any]]
    problems: list[str]


def describe(sources: Iterable[StudyCorpus], count: int) -> Description:
    """The contents of corpora; each file is opened. Raises ValueError as `Corpus.named`."""
    rows: list[dict[str, Any]] = []
    problems: list[str] = []
    for source in sources:
        address = source.address
        found = inspect(address.corpus, address.root, address.variant)
        problems += found.problems
        splits: dict[str, dict[str, Any]] = {}
        for track, target, seconds in zip(found.tracks, found.targets, found.seconds, strict=True):
            if address.split not in ("", "all", track.split):
                continue
            split = track.split if source.trainable else "test only"
            row = splits.setdefault(
                split,
                {"corpus": source.label, "layout": address.corpus.name, "split": split,
                 "hours": 0.0, "tracks": 0, **dict.fromkeys(DRUMS[count], 0)},
            )  # fmt: skip
            row["hours"] += seconds / 3600
            row["tracks"] += 1
            labels = reduce(target, count).labels
            for name in DRUMS[count]:
                row[name] += int(np.count_nonzero(labels == name))
        order = ("train", "validation", "test", "test only")
        rows += [splits[split] for split in order if split in splits]
    return Description(rows, problems)


def evaluate(
    trial: Path, source: StudyCorpus, count: int, folder: Path, problems: list[str]
) -> Counts:
    """The counts of a run on a test set, without tracks that cannot be evaluated.

    These get a line in `problems`. The run's best weights become `network.onnx` in its folder, if
    they are not yet.
    """
    model = trial / "network.onnx"
    if not model.is_file():
        ship(trial, model, name=trial.name)
    found = evaluation.evaluate(
        source.test,
        DrumNetwork.load(str(model), (count,)),
        evaluation.ScoringOptions((count,), source.address.corpus.unscored, onsets.TOLERANCE),
        store=folder / "judged" / source.label / trial.name,
    )
    problems += [": ".join(problem) for problem in found.failed]
    names = [track.track for track in found.scores]
    return dict(zip(names, stack(found.scores, count), strict=True))


def show_thresholds(trial: Path, count: int) -> str:
    """The thresholds of peaks of each class, chosen on the validation split, as text.

    Raises ValueError where the run has none.
    """
    path = trial / "metrics.json"
    with refused(f"{path}: no thresholds for {count} classes"):
        learned = read_json(path)["thresholds"][str(count)]
        return ", ".join(f"{name} {learned[name]:.2f}" for name in DRUMS[count])


def score(seeds: Sequence[Counts], classes: Sequence[str]) -> dict[str, Figure]:
    """F1 by name (`micro`, and each class) of runs of several seeds, on the tracks of all of them.

    An interval is that of the mean over seeds. Raises ValueError where there is no track.
    """
    shared = [track for track in seeds[0] if all(track in each for each in seeds)]
    if not shared:
        raise ValueError("tracks: expected at least one that can be evaluated, got none")
    found = [np.stack([each[track] for track in shared]) for each in seeds]
    names = ("micro", *classes)

    def each_seed(index: NDArray[np.int64]) -> list[dict[str, float]]:
        return [counts.figures(one[index], classes) for one in found]

    def mean(index: NDArray[np.int64]) -> dict[str, float]:
        rows = each_seed(index)
        return {f"{n}.f1": float(np.mean([row[f"{n}.f1"] for row in rows])) for n in names}

    every = np.arange(len(shared))
    spans = bootstrap.intervals(mean, len(every), np.random.default_rng(0))
    rows, means = each_seed(every), mean(every)
    return {
        name: Figure(
            means[f"{name}.f1"], *spans[f"{name}.f1"],
            min(row[f"{name}.f1"] for row in rows), max(row[f"{name}.f1"] for row in rows),
        )
        for name in names
    }  # fmt: skip


def measure_speed(trial: Path) -> float:
    """Seconds of audio that front end and network process per second of one core, measured once."""
    path = trial / "speed.json"
    if not path.is_file():
        model = runtime.load(trial / "network.onnx", threads=1)
        rate = LogSpectrogram(**model.card.features).sample_rate
        noise = 0.1 * np.random.default_rng(0).standard_normal((1, 30 * rate), dtype=np.float32)
        drums.infer(Audio(noise[:, : 5 * rate], rate), model)  # the first time is slower
        began = time.process_time()
        drums.infer(Audio(noise, rate), model)
        write_json(path, {"real_time": 30 / (time.process_time() - began)})
    return float(read_json(path)["real_time"])
