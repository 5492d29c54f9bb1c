"""The systems that are evaluated on instruments: a model, or the tables of any other system.

Tables of recognition are what `bandscribe recognize` writes, as `.json` or `.csv`: one, or a folder
of them. For each file and class they have a `probability`, and perhaps whether it is `present`;
without that, or with a threshold that is not the system's own, a class is present where its
probability is at least the threshold.

Tables of activity are what `bandscribe track` writes, a file per track. As CSV: `time`, then
`CLASS_probability` and, where the system has levels, `CLASS_level_db`. Classes without a column
never play. As npz a table holds the system's own thresholds too.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path, PurePath
from typing import Any, NamedTuple, cast

import numpy as np
from numpy.typing import NDArray

from bandscribe import instruments, runtime
from bandscribe.audio import EXTENSIONS
from bandscribe.chunks import Strategy
from bandscribe.datasets.track import Track
from bandscribe.evaluation.estimates import NameIndex, Parts, index_folder
from bandscribe.evaluation.networks import Tracker, describe_sources, digest_of, load_once
from bandscribe.evaluation.page import encode_curves
from bandscribe.evaluation.store import identify
from bandscribe.instruments import Activity
from bandscribe.metrics.frames import ACTIVE
from bandscribe.metrics.tags import THRESHOLD
from bandscribe.readers import read_csv, read_json, read_npz, read_text, refused
from bandscribe.types import LEVEL_FLOOR_DB, Activations
from bandscribe.vocabulary import INSTRUMENTS

TAG_SUFFIXES = (".json", ".csv")
#: Ends of the names of tables; what stands before is the name of a track.
ACTIVITY_SUFFIXES = (".activity.npz", ".npz", ".activity.csv", ".csv")
_PROBABILITY, _LEVEL = "_probability", "_level_db"
_FLAGS = {"true": True, "false": False, "1": True, "0": False}


class Tag(NamedTuple):
    """The probability of a class in a recording, in [0, 1], and whether it is predicted."""

    probability: float
    present: bool


#: Of each class; those that are left out are absent.
Tags = Mapping[str, Tag]


class TagPrediction(NamedTuple):
    """The tags of a track, and what the page draws of them: see `page.encode_curves`.

    `duration` in seconds is None where it is not known.
    """

    tags: Tags
    shown: dict[str, Any]
    duration: float | None = None


@dataclass(frozen=True)
class InstrumentNetwork(Tracker):
    """A recognizer, perhaps a tracker too, and how clips are aggregated and thresholded."""

    aggregate: str = "s1"
    threshold: float | None = None
    #: The only classes that may occur; all where it is empty.
    among: tuple[str, ...] = ()

    @classmethod
    def load(
        cls, model: str, task: str, aggregate: str = "s1", threshold: float | None = None
    ) -> InstrumentNetwork:
        """Check that the model can be run for `task`: recognition or activity.

        Raises ValueError when it cannot.
        """
        card = runtime.load(model).card
        if task == "activity":
            instruments.check_tracker(card)
        else:
            instruments.check(card, aggregate, threshold)
        digest, sources = digest_of(runtime.read_bytes(model)), describe_sources(card)
        return cls(model, digest, card.commit, sources, card.classes, aggregate, threshold)

    def identity(self, track: Track[Any]) -> list[object]:
        """The model with its options, and the audio file."""
        options = [self.aggregate, self.threshold, self.among]
        return [self.digest, *options, *identify(track.audio)]

    def restrict(self, among: tuple[str, ...]) -> InstrumentNetwork:
        """The same, where only these classes may occur. Raises ValueError where it cannot."""
        instruments.check(runtime.load(self.model).card, self.aggregate, self.threshold, among)
        return replace(self, among=among)

    def recognize(self, track: Track[Any]) -> TagPrediction:
        """The instruments in the audio."""
        found = instruments.recognize(
            track.audio,
            model=load_once(self.model),
            aggregate=cast("Strategy", self.aggregate),
            threshold=self.threshold,
            among=self.among,
        )
        rows = zip(found.tags.classes, found.tags.scores, found.present, strict=True)
        tags = {name: Tag(float(score), bool(present)) for name, score, present in rows}
        curves = encode_curves(found.probability, found.frame_thresholds)
        return TagPrediction(tags, curves, found.duration)

    def track(self, track: Track[Any]) -> Activity:
        """The activity of every instrument over time."""
        return instruments.track(track.audio, model=load_once(self.model))


@dataclass(frozen=True, eq=False)
class TagEstimates:
    """Tables that another system wrote: see `read_tags`."""

    path: Path
    table: NameIndex[Tags]

    @classmethod
    def load(cls, path: Path, threshold: float | None) -> TagEstimates:
        """Raises ValueError or OSError as `read_tags`."""
        return cls(path, read_tags(path, threshold))

    @property
    def classes(self) -> tuple[str, ...]:
        """The classes that the system knows: a table need not name absent ones."""
        return INSTRUMENTS

    def missing(self, track: Track[Any]) -> tuple[Path, ...]:
        """Files without which the track cannot be evaluated: not the audio, which is not read."""
        return tuple(path for path in track.missing if path != track.audio)

    def identity(self, track: Track[Any]) -> list[object]:
        """The tags of the track."""
        return [self.table.find(track)]

    def recognize(self, track: Track[Any]) -> TagPrediction:
        """The tags in the table."""
        return TagPrediction(self.table.find(track), {})


@dataclass(frozen=True)
class ActivityEstimates:
    """A folder of tables, one per track; a class plays from a probability of `threshold` up.

    Without it, at least that of the table, or 0.5.
    """

    path: Path
    files: NameIndex[str]
    threshold: float | None

    @classmethod
    def load(cls, folder: Path, threshold: float | None) -> ActivityEstimates:
        """List the folder. Raises ValueError when it holds no tables."""
        return cls(folder, index_folder(folder, ACTIVITY_SUFFIXES), threshold)

    @property
    def classes(self) -> tuple[str, ...]:
        """The classes that the system knows: a table need not name those that never play."""
        return INSTRUMENTS

    def missing(self, track: Track[Any]) -> tuple[Path, ...]:
        """Files without which the track cannot be evaluated."""
        return track.missing

    def identity(self, track: Track[Any]) -> list[object]:
        """Name and content of the table."""
        name = self.files.find(track)
        return [
            name, digest_of((self.path / name).read_bytes()), self.threshold
        ]  # fmt: skip

    def track(self, track: Track[Any]) -> Activity:
        """The activity in the table; levels that it lacks are those of silence."""
        return read_activity(self.path / self.files.find(track), self.threshold)


def read_tags(path: Path, threshold: float | None = None) -> NameIndex[Tags]:
    """The table at `path`, or all below the folder; `threshold` takes the place of `present`.

    Raises ValueError, naming the file, when there is none, or one does not hold what it should, or
    has a class twice; OSError when it cannot be read.
    """
    paths = [path]
    if path.is_dir():
        paths = [file for file in sorted(path.rglob("*")) if file.suffix.lower() in TAG_SUFFIXES]
    if not paths:
        raise ValueError(f"{path}: no tables there; expected files {', '.join(TAG_SUFFIXES)}")
    found: dict[Parts, dict[str, Tag]] = defaultdict(dict)
    for file in paths:
        with refused(f"{file}: not what bandscribe recognize writes"):
            for name, row in _rows(file):
                if not (parts := _parts(PurePath(name))):
                    raise ValueError("a row names no recording")
                tags = found[parts]
                if row is None:
                    continue
                if row["class"] not in INSTRUMENTS:
                    raise ValueError(f"class: expected one of {', '.join(INSTRUMENTS)}")
                if row["class"] in tags:
                    raise ValueError(f"{name} has {row['class']!r} twice")
                tags[row["class"]] = _tag(row, threshold)
    return NameIndex.build(found)


def _rows(path: Path) -> Iterable[tuple[str, Mapping[str, Any] | None]]:
    """Name of each file, and a row of it for each class; None for a file that has no rows."""
    if path.suffix.lower() == ".csv":
        for row in read_csv(path, "file", "class", "probability"):
            yield row["file"], row
        return
    for entry in read_json(path):
        yield entry["file"], None
        for row in entry["instruments"]:
            yield entry["file"], row


def _tag(row: Mapping[str, Any], threshold: float | None) -> Tag:
    probability = float(row["probability"])
    if not 0 <= probability <= 1:
        raise ValueError(f"probability: expected 0 to 1, got {probability}")
    given = row.get("present")
    if threshold is None and given not in (None, ""):
        return Tag(probability, _FLAGS[str(given).lower()])
    return Tag(probability, probability >= (THRESHOLD if threshold is None else threshold))


def _parts(path: PurePath) -> Parts:
    """Without the suffix of a sound file; other dots belong to the name."""
    return (path.with_suffix("") if path.suffix.lower() in EXTENSIONS else path).parts


def read_activity(path: Path, threshold: float | None = None) -> Activity:
    """A table of the thirteen classes.

    Raises ValueError, naming the file, when it is not such a table; OSError when it cannot be read.
    """
    with (
        refused(f"{path}: not what bandscribe track writes"),
        np.errstate(over="ignore", invalid="ignore"),
    ):
        content = _read_npz(path) if path.suffix.lower() == ".npz" else _read_csv(path)
        if unknown := sorted(set(content.classes) - set(INSTRUMENTS)):
            raise ValueError(f"no such class: {unknown[0]}")
        shape = (len(content.probability), len(INSTRUMENTS))
        thresholds = np.full(len(INSTRUMENTS), ACTIVE if threshold is None else threshold)
        probability = np.zeros(shape, dtype=np.float32)
        level = np.full(shape, LEVEL_FLOOR_DB, dtype=np.float32)
        for column, name in enumerate(content.classes):
            place = INSTRUMENTS.index(name)
            probability[:, place] = content.probability[:, column]
            level[:, place] = content.level_db[:, column]
            if threshold is None:
                thresholds[place] = content.thresholds[column]
        rate, start = content.frame_rate, content.start
        return Activity(
            Activations(probability, rate, start, INSTRUMENTS),
            Activations(level, rate, start, INSTRUMENTS, "level_db"),
            thresholds,
            start + len(probability) / rate,
        )


class _Activity(NamedTuple):
    classes: tuple[str, ...]
    probability: NDArray[Any]
    level_db: NDArray[Any]
    thresholds: NDArray[Any]
    frame_rate: float
    start: float


def _read_npz(path: Path) -> _Activity:
    found = read_npz(path)
    return _Activity(
        tuple(found["classes"].tolist()), found["probability"], found["level_db"],
        found["thresholds"], float(found["frame_rate"]), float(found["start"]),
    )  # fmt: skip


def _read_csv(path: Path) -> _Activity:
    head, _, rest = read_text(path).partition("\n")
    names = head.strip().split(",")
    table = np.loadtxt(rest.splitlines() or ["0"], delimiter=",", ndmin=2)
    if names[0] != "time" or len(table) < 2 or table.shape[1] != len(names):
        raise ValueError("expected a line of names, time first, then two lines or more")
    columns = dict(zip(names, table.T, strict=True))
    times = columns.pop("time")
    named = (name.removesuffix(_PROBABILITY).removesuffix(_LEVEL) for name in columns)
    classes = tuple(dict.fromkeys(named))
    silence = {_PROBABILITY: np.zeros(len(times)), _LEVEL: np.full(len(times), LEVEL_FLOOR_DB)}
    probability, level = (
        np.stack([columns.get(name + end, silence[end]) for name in classes], axis=1)
        for end in (_PROBABILITY, _LEVEL)
    )
    rate = (len(times) - 1) / float(times[-1] - times[0])
    thresholds = np.full(len(classes), ACTIVE)
    return _Activity(classes, probability, level, thresholds, rate, float(times[0]))
