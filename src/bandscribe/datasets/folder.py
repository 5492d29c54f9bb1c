"""A user's folder: beside each sound file, its drum notes under the same name.

Notes are in any file that `bandscribe.formats.notes` reads: `.csv`, `.txt`, `.jams`, `.json`,
`.mid`. In `CORPUS` they are in the ten classes; `FIVE` and `THREE` take annotations of no
more than five or three. Folders within the folder are read too. Where a file has several
annotations, the first kind in the order above is taken.

All of it is `test`, and every name is a group. Clips with a label each are `datasets.clips`.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path

from bandscribe.audio import EXTENSIONS
from bandscribe.datasets.corpus import Corpus
from bandscribe.datasets.track import Track
from bandscribe.formats.notes import SUFFIXES, read
from bandscribe.types import Transcription
from bandscribe.vocabulary import DRUMS, reduce


def index(root: Path, variant: str = "", *, count: int = 10) -> list[Track[Transcription]]:
    """The sound files of a folder, by their paths."""
    paths = sorted(
        path
        for path in root.rglob("*")
        if path.suffix.lower() in EXTENSIONS and not path.name.startswith(".")
    )
    names = [path.relative_to(root).with_suffix("").as_posix() for path in paths]
    tracks = []
    for path, name in zip(paths, names, strict=True):
        beside = [path.with_suffix(suffix) for suffix in SUFFIXES]
        notes = next((file for file in beside if file.is_file()), beside[0])
        # Two sound files of one name keep their suffixes, so that ids stay apart.
        own = name if names.count(name) == 1 else path.relative_to(root).as_posix()
        tracks.append(Track(own, "test", name, path, partial(load, notes, count), (notes,)))
    return tracks


def load(path: Path, count: int = 10) -> Transcription:
    """The notes of a file in ten, five or three classes.

    Raises ValueError when the file does not fit, or names a class wider than those, such as CY
    among ten; OSError when it cannot be read.
    """
    try:
        return reduce(read(path), count)
    except ValueError as error:
        if str(path) in str(error):
            raise
        raise ValueError(f"{path}: {error}; expected {', '.join(DRUMS[count])}") from None


def _corpus(name: str, count: int) -> Corpus[Transcription]:
    return Corpus(
        name=name,
        task="drums",
        tree="NAME.wav (or any sound file)\nNAME.mid, NAME.csv, NAME.txt, NAME.jams or NAME.json\n",
        index=partial(index, count=count),
        classes=DRUMS[count],
        counts=tuple(n for n in DRUMS if n <= count),
    )


CORPUS = _corpus("folder", 10)
FIVE = _corpus("folder_5", 5)
THREE = _corpus("folder_3", 3)
