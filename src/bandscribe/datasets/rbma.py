"""RBMA13: songs of the Red Bull Music Academy 2013, drums and beats annotated.

The audio is bought as an album, its files named after the annotations, wav or mp3. `CORPUS` reads
the three-class annotations, `FULL` those of all instruments, which Vogl et al. 2018 added.

Splits are the three folds of Vogl et al. 2017, which later papers keep; every song is a group.
mirdata has no loader for it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path

from bandscribe.datasets.annotations import drop_decimals, home, read_notes
from bandscribe.datasets.corpus import Complete, Corpus
from bandscribe.datasets.track import Track
from bandscribe.types import Transcription
from bandscribe.vocabulary import DRUMS_3, DRUMS_10, RBMA_FULL_TO_10, RBMA_TO_3

FOLDS: Mapping[str, tuple[int, ...]] = {
    "fold1": (2, 4, 8, 11, 13, 21, 22, 25, 30),
    "fold2": (5, 10, 12, 14, 15, 19, 24, 27, 29),
    "fold3": (1, 3, 9, 16, 17, 18, 20, 23, 28),
}
SUFFIXES = (".wav", ".mp3")


def index(root: Path, variant: str = "", *, full: bool = False) -> list[Track[Transcription]]:
    """The songs that have an annotation."""
    folder = home(root, "RBMA13", "rbma_13")
    drums = folder / "annotations" / ("drums_full" if full else "drums")
    paths = sorted(p for p in drums.glob("RBMA-13-Track-*") if p.suffix in (".txt", ".drums"))
    return [_track(folder, path, full) for path in paths]


def _track(folder: Path, path: Path, full: bool) -> Track[Transcription]:
    name = path.stem
    choices = [folder / "audio" / f"{name}{suffix}" for suffix in SUFFIXES]
    audio = next((choice for choice in choices if choice.is_file()), choices[-1])
    number = name.rpartition("-")[2]
    fold = (fold for fold, songs in FOLDS.items() if number.isdigit() and int(number) in songs)
    beats = [
        folder / "annotations" / beats / f"{name}{end}"
        for beats in ("beats_full", "beats")
        for end in (".beats", ".txt")
    ]
    mapping, classes = (RBMA_FULL_TO_10, DRUMS_10) if full else (RBMA_TO_3, DRUMS_3)
    load = partial(read_notes, path, mapping, classes, beats=beats, clean=drop_decimals)
    return Track(name, next(fold, "none"), name, audio, load, (path,))


CORPUS: Corpus[Transcription] = Corpus(
    name="rbma",
    task="drums",
    citation="Vogl, Dorfer, Widmer and Knees 2017, Drum transcription via joint beat and drum "
    "modeling using convolutional recurrent neural networks, ISMIR",
    licence="see the data set's page (annotations); the audio is sold",
    obtain="http://ifs.tuwien.ac.at/~vogl/datasets/ (annotations); the album Various Assets - Not "
    "For Sale: Red Bull Music Academy New York 2013 (audio)",
    tree="""\
RBMA13/audio/RBMA-13-Track-01.mp3               or .wav
RBMA13/annotations/drums/RBMA-13-Track-01.txt   onset, 0 kick, 1 snare, 2 hi-hat
RBMA13/annotations/drums_full/…-01.drums        onset, one of 23 instruments
RBMA13/annotations/beats/RBMA-13-Track-01.txt   beat, position in the bar; or beats_full/….beats
""",
    complete=(
        Complete(27, 103, "Vogl et al. 2018, Towards multi-instrument drum transcription, table 1"),
        *(Complete(9, None, "Vogl et al. 2017, the three folds", split=fold) for fold in FOLDS),
    ),
    index=index,
    classes=DRUMS_3,
    counts=(3,),
    melodic=("",),
)

FULL = replace(
    CORPUS,
    name="rbma_full",
    index=partial(index, full=True),
    classes=DRUMS_10,
    counts=(10, 5, 3),
)
