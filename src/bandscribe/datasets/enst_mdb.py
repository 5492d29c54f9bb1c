"""ENST+MDB: the two small corpora of real recordings as one, as Fosse 2025 combines them.

Fosse 2025, Automatic Drum Transcription using Deep Learning, section 4.1; the split and the maps
to five classes are those of the thesis's code and its appendix A. ENST-Drums' pieces are used
with their accompaniment, MDB's as mixed; tambourine counts as hi-hat, cowbell as cymbal, sticks
as snare.

The thesis's split is kept as `split`: drummers 1 and 2 and fifteen songs for training, the rest
halved. It has drummer 3 in both validation and test. Groups are ENST's drummers and MDB's songs;
split by those to keep validation and test apart.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path

from bandscribe.datasets import enst, mdb
from bandscribe.datasets.annotations import read_notes
from bandscribe.datasets.corpus import Complete, Corpus
from bandscribe.datasets.track import Track
from bandscribe.types import Transcription
from bandscribe.vocabulary import DRUMS_5, FOSSE_ENST_TO_5, FOSSE_MDB_TO_5

#: Appendix A: of ENST-Drums' third drummer, and of MDB Drums; all others are `train`.
VALIDATION = frozenset((
    "drummer_3/126_minus-one_salsa_sticks", "drummer_3/127_minus-one_rock-60s_sticks",
    "drummer_3/128_minus-one_metal_sticks", "drummer_3/129_minus-one_musette_sticks",
    "drummer_3/130_minus-one_funky_sticks", "drummer_3/131_minus-one_funk_sticks",
    "drummer_3/132_minus-one_charleston_sticks", "drummer_3/133_minus-one_celtic-rock_sticks",
    "drummer_3/134_minus-one_bossa_sticks", "drummer_3/140_MIDI-minus-one_bigband_sticks",
    "MusicDelta_Beatles", "MusicDelta_Grunge", "MusicDelta_Zeppelin", "MusicDelta_ModalJazz",
))  # fmt: skip
TEST = frozenset(
    ("MusicDelta_Country1", "MusicDelta_SpeedMetal", "MusicDelta_Rock", "MusicDelta_Hendrix")
)


def split_of(name: str) -> str:
    """`train`, `validation` or `test`, by the id of a track."""
    if name in VALIDATION:
        return "validation"
    return "test" if name in TEST or name.startswith("drummer_3/") else "train"


def index(root: Path, variant: str = "mix") -> list[Track[Transcription]]:
    """The pieces of both; `wet_mix` is the drums alone of both, `mix` the music."""
    drums = {"mix": "full_mix", "wet_mix": "drum_only"}[variant]
    pieces = enst.index(root, variant, mapping=FOSSE_ENST_TO_5, classes=DRUMS_5)
    songs = [
        replace(song, load=partial(_load_song, song.annotations[0]))
        for song in mdb.index(root, drums, kind="subclass")
    ]
    return [replace(track, split=split_of(track.id)) for track in (*pieces, *songs)]


def _load_song(path: Path) -> Transcription:
    beats = path.parents[1] / "beats" / f"{path.name.removesuffix('_subclass.txt')}_MIX.beats"
    return read_notes(path, FOSSE_MDB_TO_5, DRUMS_5, beats=(beats,))


_SOURCE = "Fosse 2025, section 4.1: 1.37 hours, 64 pieces of ENST-Drums and 23 of MDB Drums"
CORPUS: Corpus[Transcription] = Corpus(
    name="enst_mdb",
    task="drums",
    citation="Fosse 2025, Automatic Drum Transcription using Deep Learning, section 4.1, of "
    f"{enst.CORPUS.citation}; and {mdb.CORPUS.citation}",
    licence=f"{enst.CORPUS.licence} (ENST-Drums); {mdb.CORPUS.licence} (MDB Drums)",
    obtain=f"{enst.CORPUS.obtain}; {mdb.CORPUS.obtain}",
    tree=enst.CORPUS.tree + mdb.CORPUS.tree,
    complete=(
        Complete(87, 82, _SOURCE, variant="mix"),
        Complete(58, None, "Fosse 2025, appendix A", variant="mix", split="train"),
        Complete(14, None, "Fosse 2025, appendix A", variant="mix", split="validation"),
        Complete(15, None, "Fosse 2025, appendix A", variant="mix", split="test"),
    ),
    index=index,
    classes=DRUMS_5,
    variants=("mix", "wet_mix"),
    counts=(5, 3),
    melodic=("mix",),
)
