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
from bandscribe.datasets.annotations import read_notes
from bandscribe.datasets.corpus import Complete, Corpus
from bandscribe.datasets.track import Track
from bandscribe.types import Transcription
from bandscribe.vocabulary import ADTOF_TO_5, DRUMS_5

FOLDERS: Mapping[str, str] = {"yt": "ADTOF-YT", "rgw": "ADTOF-RGW"}


def index(root: Path, variant: str = "yt") -> list[Track[Transcription]]:
    """The songs of a set that have audio or an annotation."""
    folder = root / FOLDERS[variant]
    audio, notes, beats = (
        folder / name
        for name in ("audio/audio", "annotations/aligned_drum", "annotations/aligned_beats")
    )
    sounds = {path.stem: path for path in audio.glob("*") if path.suffix.lower() in EXTENSIONS}
    tracks = []
    for name in sorted(sounds.keys() | {path.stem for path in notes.glob("*.txt")}):
        sound, text = sounds.get(name, audio / f"{name}.ogg"), notes / f"{name}.txt"
        load = partial(read_notes, text, ADTOF_TO_5, DRUMS_5, beats=(beats / text.name,))
        tracks.append(Track(name, "test", name.partition(" - ")[0], sound, load, (text,)))
    return tracks


CORPUS: Corpus[Transcription] = Corpus(
    name="adtof",
    task="drums",
    citation="Zehren, Alunno and Bientinesi 2021, ADTOF: a large dataset of non-synthetic music "
    "for automatic drum transcription, ISMIR; and 2023, High-quality and reproducible automatic "
    "drum transcription from crowdsourced data, Signals 4(4) (YT)",
    licence="CC BY-NC-SA 4.0 (annotations)",
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
