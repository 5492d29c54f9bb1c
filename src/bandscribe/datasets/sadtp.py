"""SADTP: sixteen contemporary songs, their drums played along on a Roland TD-11.

Fosse 2025, Automatic Drum Transcription using Deep Learning, section 4.5 (the personal data set),
made for evaluation alone: all of it is `test`, and every song is a group. Notes are those of the
TD-11; the thesis counts clap as snare, tambourine as hi-hat and cowbell as cymbal, which are no
class here. mirdata has no loader for it.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path

from bandscribe.datasets.annotations import home, read_midi
from bandscribe.datasets.corpus import Complete, Corpus
from bandscribe.datasets.track import Track
from bandscribe.types import Transcription
from bandscribe.vocabulary import DRUMS_10, ROLAND_TO_ARTICULATION


def index(root: Path, variant: str = "") -> list[Track[Transcription]]:
    """The folders, one per song, that hold a mix or an annotation."""
    folder = home(root, "SADTP")
    songs = {
        path.parent for name in ("mix.wav", "annotation.mid") for path in folder.glob(f"*/{name}")
    }
    tracks = []
    for song in sorted(songs):
        notes = song / "annotation.mid"
        load = partial(read_midi, (notes,), ROLAND_TO_ARTICULATION)
        tracks.append(Track(song.name, "test", song.name, song / "mix.wav", load, (notes,)))
    return tracks


CORPUS: Corpus[Transcription] = Corpus(
    name="sadtp",
    task="drums",
    citation="Fosse 2025, Automatic Drum Transcription using Deep Learning, section 4.5",
    licence="the songs belong to their owners; see the data set's page",
    obtain="https://github.com/RunarFosse/master-thesis-dataset",
    tree="""\
SADTP/SONG/mix.wav
SADTP/SONG/annotation.mid
""",
    complete=(Complete(16, 65, "Fosse 2025: 16 songs, 1.08 hours"),),
    index=index,
    classes=DRUMS_10,
    counts=(10, 5, 3),
    melodic=("",),
)
