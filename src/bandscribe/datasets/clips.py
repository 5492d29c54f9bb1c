"""A plain folder of clips, with a table `labels.csv` with the labels of each.

The table has the columns `file` (a path below the folder) and `label`, or `instrument`; several
labels are separated by semicolons. `split` (`training` is `train`, and so on) and `group` are read
where they are there; else all of it is `test`, and every clip a group.

Labels are our classes, or the names that other corpora have for them: instruments for `CORPUS`,
drum hits for `HITS`. Case does not matter, nor do spaces or underscores between words.
A label that is known, but no class of ours, leaves a clip without classes; an unknown one is an
error.
"""

from __future__ import annotations

import os
import reprlib
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path, PurePath

from bandscribe import splits
from bandscribe.datasets.corpus import Corpus
from bandscribe.datasets.track import Track
from bandscribe.readers import TableRow, read_csv
from bandscribe.vocabulary import ARTICULATION_TO_10, DRUMS_10, INSTRUMENTS, instruments

#: Columns that may hold the labels; the first of them that a table has does.
LABELS = ("label", "class", "instrument")
#: Bytes of a name, on all usual file systems, and of those of a path together.
_LONGEST_NAME, _LONGEST_PATH = 255, 2000
#: FSDKaggle2018's names that other corpora lack, or use otherwise (Fonseca et al. 2018).
_FSD: Mapping[str, str | None] = {
    "violin or fiddle": "vio", "bass drum": "dru", "snare drum": "dru", "hi hat": "dru",
}  # fmt: skip
#: Name of an instrument, in small letters with spaces, to its class.
NAMES: Mapping[str, str | None] = {
    **{name.lower(): label for name, label in instruments.MEDLEYDB.items()},
    **instruments.OPENMIC,
    **instruments.MEDLEY_SOLOS,
    **_FSD,
    "electric guitar": "gel",
    **{label: label for label in INSTRUMENTS},
}
#: Name of a drum hit to its class. A hi-hat without its state, open or closed, has none.
HIT_NAMES: Mapping[str, str | None] = {
    **ARTICULATION_TO_10,
    **{label.lower(): label for label in DRUMS_10},
    "kick drum": "KD", "bass drum": "KD", "snare drum": "SD", "side stick": "SS", "hi hat": None,
    "closed hi hat": "CHH", "pedal hi hat": "CHH", "open hi hat": "OHH", "high tom": "HT",
    "mid tom": "MT", "low tom": "LT", "floor tom": "LT", "crash cymbal": "CR",
    "china cymbal": "CR", "splash cymbal": "CR", "ride cymbal": "RD", "ride bell": "RD",
    "cymbal": None, "cowbell": None, "tambourine": None,
}  # fmt: skip


def read_labels(
    root: Path, *, skip: Callable[[str], None] | None = None
) -> list[tuple[Path, TableRow]]:
    """The clips that `labels.csv` names, each with its row, whose `label` any of `LABELS` may hold.

    `skip` is called with a line on each row that names no file, or has an invalid velocity.
    Raises ValueError when the table is not there, or has not the columns, or breaks off, and
    without `skip` for such a row.
    """
    table = root / "labels.csv"
    rows = read_csv(table, "file")
    column = next((name for name in LABELS if rows and name in rows[0]), LABELS[0])
    if any(column not in row for row in rows):
        raise ValueError(f"{table}: expected the columns file and label in each line")
    found = []
    for row in rows:
        row["label"] = row[column]
        try:
            if row.get("velocity") and not 0 <= row.number("velocity") <= 1:
                raise ValueError(f"{row.where}: velocity: expected 0 to 1, got {row['velocity']}")
            found.append((_place(root, row), row))
        except ValueError as error:
            if skip is None:
                raise
            skip(str(error))
    return found


def _place(root: Path, row: TableRow) -> Path:
    """The path of the file of a row; raises ValueError for a name that no file can have."""
    path = PurePath(row["file"])
    lengths = [len(os.fsencode(part)) + 1 for part in path.parts]
    long = max(lengths, default=0) > _LONGEST_NAME + 1 or sum(lengths) > _LONGEST_PATH
    if path.name in ("", "..") or "\0" in row["file"] or long:
        given = reprlib.repr(row["file"])
        raise ValueError(f"{row.where}: file: expected the name of a sound file, got {given}")
    return root / path


def index(
    root: Path, variant: str = "", *, names: Mapping[str, str | None] = NAMES
) -> list[Track[frozenset[str]]]:
    """The rows of `labels.csv`, in its order.

    A row that names no file is a track that cannot be loaded. Raises ValueError when the table is
    not there, or has not the columns, or breaks off.
    """
    table = root / "labels.csv"
    lost: list[str] = []
    found = read_labels(root, skip=lost.append)
    tracks = [_track(root, path, row, names) for path, row in found]
    for number, problem in enumerate(lost, start=1):
        refuse = partial(_refuse, problem)
        tracks.append(Track(f"lost {number}", "test", problem, table, refuse, (table,)))
    return tracks


def _refuse(problem: str) -> frozenset[str]:
    raise ValueError(problem)


def _track(
    root: Path, path: Path, row: TableRow, names: Mapping[str, str | None]
) -> Track[frozenset[str]]:
    return Track(
        Path(row["file"]).with_suffix("").as_posix(),
        splits.normalize(row.get("split") or "test"),
        row.get("group") or row["file"],
        path,
        partial(classes_of, path, row["label"], names),
        (root / "labels.csv",),
    )


def classes_of(path: Path, labels: str, names: Mapping[str, str | None]) -> frozenset[str]:
    """The classes of a clip whose labels, separated by semicolons, are these.

    Raises ValueError, naming the clip, for a label that is missing from `names`.
    """
    plain = [" ".join(label.replace("_", " ").lower().split()) for label in labels.split(";")]
    unknown = sorted({label for label in plain if label and label not in names})
    if unknown:
        raise ValueError(f"{path}: unknown labels {unknown} in labels.csv")
    return frozenset(name for label in plain if label and (name := names[label]) is not None)


def _corpus(
    name: str, task: str, names: Mapping[str, str | None], classes: tuple[str, ...]
) -> Corpus[frozenset[str]]:
    return Corpus(
        name=name,
        task=task,
        tree="labels.csv   file,label (and split, group)\nclips, as labels.csv names them\n",
        index=partial(index, names=names),
        classes=classes,
    )


CORPUS = _corpus("clips", "recognition", NAMES, INSTRUMENTS)
HITS = _corpus("hits", "hits", HIT_NAMES, DRUMS_10)
