"""OpenMIC-2018: ten-second clips of the Free Music Archive, in part labelled by annotators.

Citation: Humphrey, Durand and McFee 2018, "OpenMIC-2018: an open dataset for multiple instrument
recognition", ISMIR. Each clip is annotated for some of twenty instruments only:
a track's `unscored` are the classes of ours without annotation. An instrument is there
where its relevance is at least 0.5, as in the authors' baseline.

Splits are the official ones, which part no artist; mirdata's loader has the same. The group is
the artist, where the metadata are at hand. The guitar, of whichever kind, is no class of ours.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path

from bandscribe.datasets.corpus import Complete, Corpus
from bandscribe.datasets.track import Track
from bandscribe.readers import read_csv, read_text
from bandscribe.vocabulary.instruments import OPENMIC as LABELS
from bandscribe.vocabulary.instruments import classes_of

LICENCE = "CC BY 4.0"
PRESENT = 0.5
CLASSES = tuple(sorted({label for label in LABELS.values() if label}))
_LABELS = "openmic-2018-aggregated-labels.csv"
#: The release calls its lists by the first name, its description by the second.
_LISTS = {
    "train": ("split01_train.csv", "train01.txt"),
    "test": ("split01_test.csv", "test01.txt"),
}


def index(root: Path, variant: str = "") -> list[Track[frozenset[str]]]:
    """The clips of the official lists, in their order.

    `root` is `openmic-2018` or the folder that holds it. Raises ValueError when a list or the
    labels are missing.
    """
    root = root / "openmic-2018" if (root / "openmic-2018").is_dir() else root
    rows: dict[str, list[dict[str, str]]] = {}
    for row in read_csv(root / _LABELS, "sample_key", "instrument", "relevance"):
        rows.setdefault(row["sample_key"], []).append(row)
    metadata = root / "openmic-2018-metadata.csv"
    known = (
        {r["sample_key"]: r for r in read_csv(metadata, "sample_key")} if metadata.exists() else {}
    )
    return [
        _track(root, key, split, rows.get(key, []), known.get(key, {}))
        for split in _LISTS
        for key in _keys(root, split)
    ]


def _track(
    root: Path, key: str, split: str, rows: list[dict[str, str]], known: dict[str, str]
) -> Track[frozenset[str]]:
    recording = key.partition("_")[0]
    labelled = {LABELS.get(row["instrument"]) for row in rows}
    return Track(
        key,
        split,
        f"artist {known['artist_id']}" if known.get("artist_id") else f"recording {recording}",
        root / "audio" / key[:3] / f"{key}.ogg",
        partial(_read, root / _LABELS, key, rows),
        (root / _LABELS,),
        unscored=frozenset(CLASSES) - labelled,
    )


def _read(path: Path, key: str, rows: list[dict[str, str]]) -> frozenset[str]:
    try:
        classes_of((row["instrument"] for row in rows), LABELS)
        present = [row["instrument"] for row in rows if float(row["relevance"]) >= PRESENT]
    except ValueError as error:
        raise ValueError(f"{path}: {key}: {error}") from None
    if not rows:
        raise ValueError(f"{path}: has no label for {key}")
    return classes_of(present, LABELS)


def _keys(root: Path, split: str) -> list[str]:
    lists = [root / "partitions" / name for name in _LISTS[split]]
    for path in lists:
        if path.is_file():
            return read_text(path).split()
    raise ValueError(f"{lists[0]}: missing; unpack openmic-2018-v1.0.0.tgz again")


CORPUS: Corpus[frozenset[str]] = Corpus(
    name="openmic",
    task="recognition",
    citation="Humphrey, Durand and McFee 2018, OpenMIC-2018: an open dataset for multiple "
    "instrument recognition, ISMIR",
    licence=f"{LICENCE} (labels); each clip has its own Creative Commons licence",
    obtain="https://zenodo.org/records/1432913 (openmic-2018-v1.0.0.tgz)",
    tree="""\
openmic-2018/audio/000/000046_3840.ogg
openmic-2018/partitions/split01_train.csv              and split01_test.csv: a key per line
openmic-2018/openmic-2018-aggregated-labels.csv        key, instrument, relevance, responses
openmic-2018/openmic-2018-metadata.csv                 the artist of each clip
""",
    complete=(
        Complete(20000, 3333.3, "Humphrey et al. 2018: 10 s each"),
        Complete(14915, None, "official list", split="train"),
        Complete(5085, None, "official list", split="test"),
    ),
    index=index,
    classes=CLASSES,
    unscored=("gac", "gel"),
)
