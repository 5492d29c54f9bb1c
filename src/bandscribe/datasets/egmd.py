"""Expanded Groove MIDI Dataset (E-GMD): Groove MIDI's performances on the 43 kits of a TD-17.

Every performance of a split is played on every kit, and the official split parts performances as
that of Groove MIDI does: see `bandscribe.datasets.gmd`, whose table, notes and groups these are.
Corpora that `bandscribe synthesize` renders have this layout too, and a table of beats beside each
recording, which E-GMD lacks. Its authors warn of unusable tracks: some sound files do not follow
their MIDI. mirdata has no loader for it.
"""

from __future__ import annotations

from pathlib import Path

from bandscribe.datasets.annotations import home
from bandscribe.datasets.corpus import Complete, Corpus
from bandscribe.datasets.gmd import LICENCE, tracks_of
from bandscribe.datasets.track import Track
from bandscribe.types import Transcription
from bandscribe.vocabulary import DRUMS_10


def index(root: Path, variant: str = "") -> list[Track[Transcription]]:
    """The recordings that `e-gmd-v1.0.0.csv` lists."""
    return tracks_of(home(root, "e-gmd-v1.0.0") / "e-gmd-v1.0.0.csv")


_PAGE = "the data set's page: 444.5 hours, 43 kits, 1,059 performances"
CORPUS: Corpus[Transcription] = Corpus(
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
    index=index,
    classes=DRUMS_10,
    counts=(10, 5, 3),
)
