"""TMIDT: MIDI songs whose drums are synthesized, alone or with the other instruments.

Deep Unsupervised Drum Transcription 2019, section 4.1, names it as a training set that anyone can
have. The authors' page lists the eighteen labels; the folders are as loaders of others read them.

It was made to train on, and its folders have no split: all of it is `train`. Files are named
`NUMBER_ARTIST_-_TITLE`, with `_accomp` where the other instruments sound. Groups are artists.
mirdata has no loader for it.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path

from bandscribe.datasets.annotations import drop_decimals, home, read_notes
from bandscribe.datasets.corpus import Complete, Corpus
from bandscribe.datasets.track import Track
from bandscribe.types import Transcription
from bandscribe.vocabulary import DRUMS_10, TMIDT_TO_10

ACCOMPANIED = "_accomp"


def index(root: Path, variant: str = "drums") -> list[Track[Transcription]]:
    """The songs that have audio or an annotation."""
    folder = home(root, "midi")
    sounds, notes = folder / "mp3", folder / "annotations" / "drums_l"
    names = {path.stem for path in (*sounds.glob("*.mp3"), *notes.glob("*.txt"))}
    tracks = []
    for name in sorted(names):
        if name.endswith(ACCOMPANIED) != (variant == "mix"):
            continue
        text = notes / f"{name}.txt"
        song = name.removesuffix(ACCOMPANIED).partition("_")[2] or name
        load = partial(
            read_notes, text, TMIDT_TO_10, DRUMS_10,
            beats=(folder / "annotations" / "beats" / text.name,), clean=drop_decimals,
        )  # fmt: skip
        artist = song.partition("_-_")[0]
        tracks.append(Track(name, "train", artist, sounds / f"{name}.mp3", load, (text,)))
    return tracks


_SOURCE = "Deep Unsupervised Drum Transcription 2019, section 4.1"
CORPUS: Corpus[Transcription] = Corpus(
    name="tmidt",
    task="drums",
    citation="Vogl, Widmer and Knees 2018, Towards multi-instrument drum transcription, DAFx",
    licence="see the data set's page",
    obtain="http://ifs.tuwien.ac.at/~vogl/dafx2018/",
    tree="""\
midi/mp3/1_ARTIST_-_TITLE.mp3                       and 1_ARTIST_-_TITLE_accomp.mp3
midi/annotations/drums_l/1_ARTIST_-_TITLE.txt       onset, one of 18 labels
midi/annotations/beats/1_ARTIST_-_TITLE.txt         beat, position in the bar
""",
    complete=(Complete(4197, 259 * 60, _SOURCE, variant="drums"),),
    index=index,
    classes=DRUMS_10,
    variants=("drums", "mix"),
    counts=(10, 5, 3),
    melodic=("mix",),
    percussion=True,
)
