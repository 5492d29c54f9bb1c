"""ADTOF: songs with drum charts of rhythm games, cleaned; RGW from Rhythm Gaming World, YT newer.

The authors hand out spectrograms and targets alone (TensorFlow data sets, with a split), which
networks can be trained on (`training.drums.spectra`) and nothing else can be evaluated on. This
reads the folders that their tools make of charts and audio, one per set.

Files are named `ARTIST - TITLE`; groups are artists, as the authors part them. Their split is not
in the folders: all of it is `test`. mirdata has no loader for it.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path

from bandscribe.audio import EXTENSIONS
from bandscribe.datasets.annotations import notes, read_beats, rows
from bandscribe.datasets.corpus import Complete, Corpus
from bandscribe.datasets.track import Track
from bandscribe.types import Transcription
from bandscribe.vocabulary import ADTOF_TO_5, DRUMS_5

LICENCE = "CC BY-NC-SA 4.0 (annotations)"
FOLDERS: Mapping[str, str] = {"yt": "ADTOF-YT", "rgw": "ADTOF-RGW"}


def index(root: Path, variant: str = "yt") -> list[Track[Transcription]]:
    """The songs of a set that have audio or an annotation."""
    folder = root / FOLDERS[variant]
    sounds = {
        path.stem: path
        for path in (folder / "audio" / "audio").glob("*")
        if path.suffix.lower() in EXTENSIONS
    }
    drums = folder / "annotations" / "aligned_drum"
    names = sounds.keys() | {path.stem for path in drums.glob("*.txt")}
    return [
        Track(
            name,
            "test",
            name.partition(" - ")[0],
            sounds.get(name, folder / "audio" / "audio" / f"{name}.ogg"),
            partial(load, drums / f"{name}.txt"),
            LICENCE,
            (drums / f"{name}.txt",),
        )
        for name in sorted(names)
    ]


def load(path: Path) -> Transcription:
    """An annotation in five classes, with the beats in the folder beside it.

    Raises ValueError when a line is not as it should be, OSError when the file cannot be read.
    """
    beats = read_beats(path.parents[1] / "aligned_beats" / path.name)
    return notes(path, rows(path), ADTOF_TO_5, DRUMS_5, beats)


CORPUS: Corpus[Transcription] = Corpus(
    name="adtof",
    task="drums",
    citation="Zehren, Alunno and Bientinesi 2021, ADTOF: a large dataset of non-synthetic music "
    "for automatic drum transcription, ISMIR; and 2023, High-quality and reproducible automatic "
    "drum transcription from crowdsourced data, Signals 4(4) (YT)",
    licence=LICENCE,
    obtain="https://github.com/MZehren/ADTOF: automaticGrooming.py makes the folders of charts",
    tree="""\
ADTOF-RGW/audio/audio/ARTIST - TITLE.ogg                      and ADTOF-YT
ADTOF-RGW/annotations/aligned_drum/ARTIST - TITLE.txt         onset, MIDI note 35 38 47 42 49
ADTOF-RGW/annotations/aligned_beats/ARTIST - TITLE.txt        beat, position in the bar
""",
    complete=(
        Complete(1739, 114 * 60, "Zehren et al. 2021", variant="rgw"),
        Complete(2924, 245 * 60, "Zehren et al. 2023", variant="yt"),
    ),
    index=index,
    classes=DRUMS_5,
    variants=tuple(FOLDERS),
    counts=(5, 3),
    melodic=tuple(FOLDERS),
)
