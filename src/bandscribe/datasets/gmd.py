"""Groove MIDI Dataset: ten drummers on a Roland TD-11, as MIDI and audio; and E-GMD.

The official split divides performances, not players: most drummers, and most of their sessions, are
in all three. Groups are therefore drummers, to be kept together. Of the 1,150 performances
1,090 have audio; the others are no tracks here. mirdata's loader takes split and tracks from the
same table.

Pads become classes by `vocabulary.ROLAND_TO_ARTICULATION`, after the table "Drum Mapping" of the
data set's page; side stick is a class of its own here, and part of the snare there.

E-GMD (`EXPANDED`) has every performance of a split on the 43 kits of a TD-17. Corpora that
`bandscribe synthesize` renders have this layout too, and a table of beats beside each recording,
which E-GMD lacks. Its authors warn of unusable tracks: some sound files do not follow their MIDI.
mirdata has no loader for it.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path

from bandscribe.datasets.annotations import home, read_beats, read_midi
from bandscribe.datasets.corpus import Complete, Corpus
from bandscribe.datasets.track import Track
from bandscribe.readers import read_csv
from bandscribe.types import Transcription
from bandscribe.vocabulary import DRUMS_10, ROLAND_TO_ARTICULATION

LICENCE = "CC BY 4.0"
COLUMNS = ("drummer", "split", "midi_filename", "audio_filename")


def index(root: Path, variant: str = "") -> list[Track[Transcription]]:
    """The performances with audio that `info.csv` lists."""
    return tracks_of(home(root, "groove") / "info.csv")


def index_expanded(root: Path, variant: str = "") -> list[Track[Transcription]]:
    """The recordings that `e-gmd-v1.0.0.csv` lists."""
    return tracks_of(home(root, "e-gmd-v1.0.0") / "e-gmd-v1.0.0.csv")


def tracks_of(table: Path) -> list[Track[Transcription]]:
    """The rows of a table of Groove MIDI or E-GMD that name a sound file.

    Raises ValueError when the table is not there, lacks a column, or breaks off.
    """
    tracks = []
    for row in read_csv(table, *COLUMNS):
        sound, notes = row["audio_filename"], table.parent / row["midi_filename"]
        if sound:
            # The table's own id is shared by the kits that play a performance.
            name, audio = sound.removesuffix(".wav"), table.parent / sound
            load = partial(read_performance, notes)
            tracks.append(Track(name, row["split"], row["drummer"], audio, load, (notes,)))
    return tracks


def read_performance(path: Path) -> Transcription:
    """The notes of a MIDI file, and the beats of the table `NAME.beats.csv` beside it.

    The data sets lack such tables; corpora that `bandscribe synthesize` renders have them.

    Raises ValueError when a file is damaged, OSError when it cannot be read.
    """
    beats = read_beats(path.with_suffix(".beats.csv"))
    return replace(read_midi((path,), ROLAND_TO_ARTICULATION), beats=beats)


_TABLE = "info.csv of version 1.0.0: rows with a sound file"
CORPUS: Corpus[Transcription] = Corpus(
    name="gmd",
    task="drums",
    citation="Gillick, Roberts, Engel, Eck and Bamman 2019, Learning to Groove with Inverse "
    "Sequence Transformations, ICML",
    licence=LICENCE,
    obtain="https://magenta.tensorflow.org/datasets/groove (groove-v1.0.0.zip)",
    tree="""\
groove/info.csv                                              one row per performance
groove/drummer1/session1/1_funk_80_beat_4-4.wav              of 1,090 of them
groove/drummer1/session1/1_funk_80_beat_4-4.mid
""",
    complete=(
        Complete(1090, 645.5, _TABLE),
        Complete(846, 501.9, _TABLE, split="train"),
        Complete(120, 72.7, _TABLE, split="validation"),
        Complete(124, 70.9, _TABLE, split="test"),
    ),
    index=index,
    classes=DRUMS_10,
    counts=(10, 5, 3),
)

_PAGE = "the data set's page: 444.5 hours, 43 kits, 1,059 performances"
EXPANDED: Corpus[Transcription] = Corpus(
    name="egmd",
    task="drums",
    citation="Callender, Hawthorne and Engel 2020, Improving Perceptual Quality of Drum "
    "Transcription with the Expanded Groove MIDI Dataset, arXiv:2004.00188",
    licence=LICENCE,
    obtain="https://magenta.tensorflow.org/datasets/e-gmd (e-gmd-v1.0.0.zip, 90 GB)",
    tree="""\
e-gmd-v1.0.0/e-gmd-v1.0.0.csv                                    one row per recording
e-gmd-v1.0.0/drummer1/session1/1_funk_80_beat_4-4_1.wav          performance 1 on kit 1
e-gmd-v1.0.0/drummer1/session1/1_funk_80_beat_4-4_1.midi
""",
    complete=(
        Complete(45537, 444.5 * 60, _PAGE),
        Complete(35217, 341.4 * 60, _PAGE, split="train"),
        Complete(5031, 52.2 * 60, _PAGE, split="validation"),
        Complete(5289, 50.9 * 60, _PAGE, split="test"),
    ),
    index=index_expanded,
    classes=DRUMS_10,
    counts=(10, 5, 3),
)
