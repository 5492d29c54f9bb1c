"""What any system says is heard in files: one table, or a folder of them.

Tables are what `bandscribe recognize` writes, as `.json` or `.csv`. Of each file and class they
tell a `probability`, and `present` where they know it: otherwise, or where another threshold than
the system's own is asked for, a class is heard where its probability is at least that.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import Any, NamedTuple

from bandscribe.audio import EXTENSIONS
from bandscribe.datasets.track import Track
from bandscribe.metrics.tags import THRESHOLD
from bandscribe.readers import read_csv, read_json, refused
from bandscribe.vocabulary import INSTRUMENTS

SUFFIXES = (".json", ".csv")
_FLAGS = {"true": True, "false": False, "1": True, "0": False}


class Said(NamedTuple):
    """Of one class: how sure, in [0, 1], and whether it is heard."""

    probability: float
    present: bool


#: What is said of each class of a file; classes that are not there are not heard.
Tagged = Mapping[str, Said]
#: Parts of a file's path without its suffix, to what is said of it.
Table = Mapping[tuple[str, ...], Tagged]


class Heard(NamedTuple):
    """What a system says of a track, and what a page shows of it: see `evaluation.lanes`.

    `duration` in seconds is None where the system does not tell.
    """

    tagged: Tagged
    shown: dict[str, Any]
    duration: float | None = None


@dataclass(frozen=True, eq=False)
class Tables:
    """Tables of what another system heard: see `read`."""

    path: Path
    table: Table

    @classmethod
    def load(cls, path: Path, threshold: float | None) -> Tables:
        """Raise ValueError or OSError as `read`."""
        return cls(path, read(path, threshold))

    @property
    def classes(self) -> tuple[str, ...]:
        """The classes that the system knows: a table need not name those that it did not hear."""
        return INSTRUMENTS

    def missing(self, track: Track[Any]) -> tuple[Path, ...]:
        """Files without which the track cannot be evaluated: not the audio, which nobody hears."""
        return tuple(path for path in track.missing if path != track.audio)

    def identity(self, track: Track[Any]) -> list[object]:
        """What is said of the track."""
        return [find(self.table, track)]

    def recognize(self, track: Track[Any]) -> Heard:
        """What the table says."""
        return Heard(find(self.table, track), {})


def read(path: Path, threshold: float | None = None) -> Table:
    """The table at `path`, or all below the folder; `threshold` takes the place of `present`.

    Raises ValueError, naming the file, when there is none, or one does not hold what it should, or
    says something twice; OSError when it cannot be read.
    """
    paths = [path]
    if path.is_dir():
        paths = [file for file in sorted(path.rglob("*")) if file.suffix.lower() in SUFFIXES]
    if not paths:
        raise ValueError(f"{path}: no tables there; expected files {', '.join(SUFFIXES)}")
    found: dict[tuple[str, ...], dict[str, Said]] = defaultdict(dict)
    for file in paths:
        with refused(f"{file}: not what bandscribe recognize writes"):
            for name, row in _rows(file):
                tagged = found[_parts(PurePath(name))]
                if row is None:
                    continue
                if row["class"] not in INSTRUMENTS:
                    raise ValueError(f"class: expected one of {', '.join(INSTRUMENTS)}")
                if row["class"] in tagged:
                    raise ValueError(f"{name} has {row['class']!r} twice")
                tagged[row["class"]] = _said(row, threshold)
    return dict(found)


def find(table: Table, track: Track[Any]) -> Tagged:
    """What the table says of a track.

    The file's name is that of the track's audio, or the (last part of the) track's id; where there
    are several, the one whose folders agree with those of the audio or the id.

    Raises ValueError when there is none, or when several fit equally well.
    """
    own = (_parts(track.audio), PurePath(track.id).parts)
    last = {names[-1] for names in own}
    rank = {
        parts: max(_agreement(parts, names) for names in own)
        for parts in table
        if parts[-1] in last
    }
    if not rank:
        raise ValueError(f"{track.id}: nothing is said of a file of this name")
    best = [parts for parts in rank if rank[parts] == max(rank.values())]
    if len(best) > 1:
        names = ", ".join(sorted("/".join(parts) for parts in best))
        raise ValueError(f"{track.id}: several files of this name, {names}; keep one")
    return table[best[0]]


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


def _said(row: Mapping[str, Any], threshold: float | None) -> Said:
    probability = float(row["probability"])
    if not 0 <= probability <= 1:
        raise ValueError(f"probability: expected 0 to 1, got {probability}")
    given = row.get("present")
    if threshold is None and given not in (None, ""):
        return Said(probability, _FLAGS[str(given).lower()])
    return Said(probability, probability >= (THRESHOLD if threshold is None else threshold))


def _parts(path: PurePath) -> tuple[str, ...]:
    """Without the suffix of a sound file; other dots belong to the name."""
    return (path.with_suffix("") if path.suffix.lower() in EXTENSIONS else path).parts


def _agreement(one: tuple[str, ...], other: tuple[str, ...]) -> int:
    """Number of names, from the last one on, that two paths have in common."""
    count = 0
    for a, b in zip(reversed(one), reversed(other), strict=False):
        if a != b:
            break
        count += 1
    return count
