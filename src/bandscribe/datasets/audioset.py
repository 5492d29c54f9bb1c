"""AudioSet: ten-second clips of videos, labelled with the sounds of an ontology.

Citation: Gemmeke et al. 2017, "Audio Set: an ontology and human-labeled dataset for audio events",
ICASSP. Only its segment tables are published: clips are the user's own affair. `list_missing` lists
those that lie nowhere below the root.

As Harmony Is All You Need 2023, section 3.2, uses it: the clips that have a label of its table 3.2
(`vocabulary.instruments.AUDIOSET`); a violin with pizzicato is no `vio`, and a piano with electric
piano no `pia`, so that a clip with no other class is left out. Clips more than 0.5 s off 10 s are
dropped, which takes the length of each file, and the others are padded or cut to it. Divided
70:10:20 into `train`, `validation` and `test` (section 3.6.2), here by the video's id. That
document collected 20,884 clips, without those of eval_segments.csv, and some more disappear each
year: no number identifies a complete copy, but the tables at hand do. mirdata has no loader for it.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path

from bandscribe import audio
from bandscribe.datasets.corpus import Corpus, measure
from bandscribe.datasets.track import Track
from bandscribe.readers import read_text
from bandscribe.splits import assign
from bandscribe.vocabulary.instruments import AUDIOSET as LABELS
from bandscribe.vocabulary.instruments import AUDIOSET_WITHOUT as WITHOUT

SECONDS = 10.0
#: A clip may be this much longer or shorter, in seconds.
TOLERANCE = 0.5
SHARES: Mapping[str, float] = {"train": 0.7, "validation": 0.1, "test": 0.2}
TABLES = ("balanced_train_segments.csv", "unbalanced_train_segments.csv", "eval_segments.csv")
_ID = 11  # characters
_OURS = re.compile("|".join(map(re.escape, LABELS)))


@dataclass(frozen=True)
class AudioSetSegment:
    """A row of a segment `table`: the seconds from `start` to `end` of a video, our classes."""

    id: str
    start: float
    end: float
    classes: frozenset[str]
    table: Path


def clips(root: str | Path) -> list[AudioSetSegment]:
    """The clips with a class of ours that the segment tables below `root` name, by id.

    Raises ValueError when there is no table, or one has a damaged line.
    """
    tables = [path for name in TABLES for path in sorted(Path(root).rglob(name))]
    if not tables:
        raise ValueError(f"{root}: no segment table; expected one of {', '.join(TABLES)}")
    found = {clip.id: clip for path in tables for clip in _rows(path, path.stat().st_mtime_ns)}
    return [found[id] for id in sorted(found)]


def classes(ids: set[str]) -> frozenset[str]:
    """Our classes among the ids of a clip's positive labels."""
    return frozenset(
        label for id, label in LABELS.items() if id in ids and WITHOUT.get(id) not in ids
    )


def list_missing(root: str | Path) -> list[AudioSetSegment]:
    """The clips of the tables that lie nowhere below `root`; raises as `clips`."""
    every = clips(root)
    here = _files(Path(root), {clip.id for clip in every})
    return [clip for clip in every if clip.id not in here]


def dropped(root: str | Path) -> list[Path]:
    """The files of clips that are left out for their length; raises as `clips`."""
    here = _files(Path(root), {clip.id for clip in clips(root)})
    return sorted(path for path in here.values() if not _fits(path))


def index(root: Path, variant: str = "") -> list[Track[frozenset[str]]]:
    """The clips that the tables name, but for those whose file has the wrong length."""
    every = clips(root)
    here = _files(root, {clip.id for clip in every})
    return [
        Track(
            clip.id,
            assign(f"audioset {clip.id}", SHARES),
            clip.id,
            path,
            partial(_classes, clip),
            (clip.table,),
            seconds=SECONDS,
        )
        for clip in every
        if _fits(path := here.get(clip.id, root / "audio" / f"{clip.id}.wav"))
    ]


def _classes(clip: AudioSetSegment) -> frozenset[str]:
    return clip.classes


def _fits(path: Path) -> bool:
    """Whether a file is about ten seconds long; missing and damaged ones are reported later."""
    try:
        return _is_long(path, path.stat().st_mtime_ns)
    except (ValueError, OSError):
        return True


@lru_cache(maxsize=1 << 16)  # training reads each of its splits
def _is_long(path: Path, changed: int) -> bool:
    return abs(measure(path) - SECONDS) <= TOLERANCE


@lru_cache(maxsize=len(TABLES))  # one has two million lines, and each split needs them all
def _rows(path: Path, changed: int) -> tuple[AudioSetSegment, ...]:
    """The clips of a table, of this time of its last change, that have a class of ours."""
    # Fields are separated by a comma and a blank, and labels are quoted; `#` begins a comment.
    found = []
    for row in _read_rows(path):
        if not row or row[0].startswith("#") or row[0] == "YTID":
            continue
        try:
            id, start, end, labels = row
            seconds = float(start), float(end)
        except ValueError:
            raise ValueError(
                f"{path}: expected YTID, start, end, labels; got {', '.join(row)}"
            ) from None
        # Most clips have none, and a pattern is quickly searched for.
        if _OURS.search(labels) and (ours := classes(set(labels.split(",")))):
            found.append(AudioSetSegment(id, *seconds, ours, path))
    return tuple(found)


def _read_rows(path: Path) -> Iterator[list[str]]:
    try:
        yield from csv.reader(read_text(path).splitlines(), skipinitialspace=True)
    except csv.Error as error:
        raise ValueError(f"{path}: no table of segments ({error})") from None


def _files(root: Path, ids: set[str]) -> dict[str, Path]:
    """Sound files by id: its name is the id, maybe after a Y, maybe before _ and anything."""
    found = {}
    for path in sorted(root.rglob("*"), reverse=True):
        if path.suffix.lower() in audio.EXTENSIONS:
            stem = path.stem
            for id, rest in ((stem[:_ID], stem[_ID:]), (stem[1 : 1 + _ID], stem[1 + _ID :])):
                if id in ids and rest[:1] in ("", "_"):
                    found[id] = path
                    break
    return found


CORPUS: Corpus[frozenset[str]] = Corpus(
    name="audioset",
    task="recognition",
    citation="Gemmeke et al. 2017, Audio Set: an ontology and human-labeled dataset for audio "
    "events, ICASSP",
    licence="CC BY 4.0 (labels); each clip has its uploader's terms",
    obtain="https://research.google.com/audioset/download.html for the tables; "
    "`bandscribe corpus audioset ROOT --missing` lists the clips to obtain",
    tree="""\
balanced_train_segments.csv     and unbalanced_train_segments.csv, eval_segments.csv
audio/YTID.wav                  or YYTID.wav, YTID_START.wav; any format, any folder
""",
    index=index,
    classes=tuple(sorted(set(LABELS.values()))),
    unscored=("bas", "dru"),
)
