"""Medley-solos-DB: three-second clips of eight instruments, alone.

Citation: Lostanlen and Cella 2016, "Deep convolutional networks on the pitch spiral for musical
instrument recognition", ISMIR. Training and validation clips are of MedleyDB, test clips of
solosDB. Splits are the official ones, groups the songs; mirdata's loader has the same splits,
under the name of `training` for `train`. Neuroment 2022, section 4.1, trains on it.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path

from bandscribe import splits
from bandscribe.datasets.corpus import Complete, Corpus
from bandscribe.datasets.track import Track
from bandscribe.readers import read_csv
from bandscribe.vocabulary import INSTRUMENTS
from bandscribe.vocabulary.instruments import MEDLEY_SOLOS as LABELS
from bandscribe.vocabulary.instruments import classes_of

_TABLE = "Medley-solos-DB_metadata.csv"
_COLUMNS = ("subset", "instrument", "instrument_id", "song_id", "uuid4")
_FOLDERS = ("audio", "Medley-solos-DB", ".")


def index(root: Path, variant: str = "") -> list[Track[frozenset[str]]]:
    """The clips of the table, in its order; raises ValueError when it is missing or damaged."""
    table = root / "annotation" / _TABLE
    table = table if table.is_file() else root / _TABLE
    folder = next(
        (root / name for name in _FOLDERS if any((root / name).glob("Medley-solos-DB_*-*.*"))),
        root / _FOLDERS[0],
    )
    return [_track(table, folder, row) for row in read_csv(table, *_COLUMNS)]


def _track(table: Path, folder: Path, row: dict[str, str]) -> Track[frozenset[str]]:
    name = f"Medley-solos-DB_{row['subset']}-{row['instrument_id']}_{row['uuid4']}"
    return Track(
        name,
        splits.normalize(row["subset"]),
        f"song {row['song_id']}",
        folder / f"{name}.wav",
        partial(classes_of, [row["instrument"]], LABELS, f"{table}: {row['uuid4']}"),
        (table,),
    )


CORPUS: Corpus[frozenset[str]] = Corpus(
    name="medley_solos",
    task="recognition",
    citation="Lostanlen and Cella 2016, Deep convolutional networks on the pitch spiral for "
    "musical instrument recognition, ISMIR",
    licence="CC BY 4.0",
    obtain="https://zenodo.org/records/3464194 (Medley-solos-DB.tar.gz and its metadata)",
    tree="""\
annotation/Medley-solos-DB_metadata.csv             subset, instrument, its id, song, uuid4
audio/Medley-solos-DB_training-0_UUID4.wav          subset, instrument's id, uuid4
""",
    complete=(
        Complete(5841, None, "metadata of version 1.2", split="train"),
        Complete(3494, None, "metadata of version 1.2", split="validation"),
        Complete(12236, None, "metadata of version 1.2", split="test"),
        Complete(21571, 1068.5, "metadata of version 1.2: 2.97 s each"),
    ),
    index=index,
    # One instrument plays at a time: the others of our thirteen are known to be silent.
    classes=INSTRUMENTS,
)
