"""A plain folder of clips, with a table `labels.csv` that says what is heard in each.

The table has the columns `file` (a path below the folder) and `label`, or `instrument`; several
labels are parted by semicolons. `split` (`training` is `train`, and so on) and `group` are read
where they are there; else all of it is `test`, and every clip a group.

Labels are our classes, or the names that other corpora have for them: instruments for `CORPUS`,
drum hits for `HITS`. Case does not matter, nor whether words are parted by spaces or underscores.
A label that is known, but no class of ours, leaves a clip without classes; an unknown one is an
error.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path

from bandscribe.datasets import splits
from bandscribe.datasets.corpus import Corpus
from bandscribe.datasets.track import Track
from bandscribe.readers import read_csv
from bandscribe.vocabulary import ARTICULATION_TO_10, DRUMS_10, INSTRUMENTS, instruments

#: Columns that may hold the labels.
LABELS = ("label", "instrument")
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
#: Name of a drum hit to its class. A hi-hat that does not say whether it is open is none.
HIT_NAMES: Mapping[str, str | None] = {
    **ARTICULATION_TO_10,
    **{label.lower(): label for label in DRUMS_10},
    "kick drum": "KD", "bass drum": "KD", "snare drum": "SD", "side stick": "SS", "hi hat": None,
    "closed hi hat": "CHH", "pedal hi hat": "CHH", "open hi hat": "OHH", "high tom": "HT",
    "mid tom": "MT", "low tom": "LT", "floor tom": "LT", "crash cymbal": "CR",
    "china cymbal": "CR", "splash cymbal": "CR", "ride cymbal": "RD", "ride bell": "RD",
    "cymbal": None, "cowbell": None, "tambourine": None,
}  # fmt: skip


def index(
    root: Path, variant: str = "", *, names: Mapping[str, str | None] = NAMES
) -> list[Track[frozenset[str]]]:
    """The rows of `labels.csv`, in its order.

    Raises ValueError when the table is not there, or has not the columns, or breaks off.
    """
    table = root / "labels.csv"
    found = read_csv(table, "file")
    column = next((name for name in LABELS if found and name in found[0]), LABELS[0])
    if any(row.get(column) is None for row in found):
        raise ValueError(f"{table}: expected the columns file and label in each line")
    return [_track(root, row, column, names) for row in found]


def _track(
    root: Path, row: dict[str, str], column: str, names: Mapping[str, str | None]
) -> Track[frozenset[str]]:
    path = root / row["file"]
    return Track(
        Path(row["file"]).with_suffix("").as_posix(),
        splits.name(row.get("split") or "test"),
        row.get("group") or row["file"],
        path,
        partial(classes_of, path, row[column], names),
        "own",
        (root / "labels.csv",),
    )


def classes_of(path: Path, labels: str, names: Mapping[str, str | None]) -> frozenset[str]:
    """The classes of a clip whose labels, parted by semicolons, are these.

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
        citation="",
        licence="own",
        obtain="",
        tree="labels.csv   file,label (and split, group)\nclips, as labels.csv names them\n",
        complete=(),
        index=partial(index, names=names),
        classes=classes,
    )


CORPUS = _corpus("clips", "recognition", NAMES, INSTRUMENTS)
HITS = _corpus("hits", "hits", HIT_NAMES, DRUMS_10)
