"""MDB Drums: drum annotations of 23 songs of MedleyDB.

The audio exists as drums alone (`drum_only`), as mixed (`full_mix`), or, where it was made,
as the sum of their stems (`remix`). There is no official split: all of it is `test`; every song is
a group. mirdata has no loader for it.

Annotations are in classes (`CORPUS`, scored in five and three) and in subclasses
(`SUBCLASSES`, scored in ten; of one song the two differ by some milliseconds). The corpus files
side stick and tambourine under `OT`, other, which is not scored. Estimates that are scored on
`CORPUS` leave out the classes in `UNSCORED`, which are annotated nowhere.

The corpus has no velocities. Where a folder `velocity_midi` lies beside
`MDB Drums`, with MIDI files that others transcribed, each annotated onset takes the velocity of the
note of its class that is the same stroke; of onsets without such a note it is 0, for unknown.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path

from bandscribe.datasets.annotations import home, lend_velocities, read_midi, read_notes
from bandscribe.datasets.corpus import Complete, Corpus
from bandscribe.datasets.track import Track
from bandscribe.types import Transcription
from bandscribe.vocabulary import (
    DRUMS_5,
    DRUMS_10,
    MDB_CLASS_TO_5,
    MDB_SUBCLASS_TO_10,
    REDUCTIONS,
    relabel,
)

UNSCORED = ("SS",)
#: The audio versions of a track: folder, and end of the file's name.
AUDIO: Mapping[str, tuple[str, str]] = {
    "drum_only": ("MDB Drums/audio/drum_only", "_Drum.wav"),
    "full_mix": ("MDB Drums/audio/full_mix", "_MIX.wav"),
    "remix": ("remix", "_remix.flac"),
}
#: Kinds of annotation: folder and end of the name, map and classes.
KINDS: Mapping[str, tuple[Mapping[str, str | None], tuple[str, ...]]] = {
    "class": (MDB_CLASS_TO_5, DRUMS_5),
    "subclass": (MDB_SUBCLASS_TO_10, DRUMS_10),
}


def index(
    root: Path, variant: str = "drum_only", *, kind: str = "class"
) -> list[Track[Transcription]]:
    """The songs that have this kind of annotation, or audio of this variant."""
    root = home(root, "MDBDrums-master")
    folder, end = AUDIO[variant]
    annotations = root / "MDB Drums" / "annotations" / kind
    names = {path.name.removesuffix(end) for path in (root / folder).glob(f"*{end}")}
    names |= {path.name.removesuffix(f"_{kind}.txt") for path in annotations.glob("*.txt")}
    tracks = []
    for name in sorted(names):
        audio, text = root / folder / f"{name}{end}", annotations / f"{name}_{kind}.txt"
        tracks.append(Track(name, "test", name, audio, partial(load, root, name, kind), (text,)))
    return tracks


def load(root: Path, name: str, kind: str = "class") -> Transcription:
    """The annotation of the track `name`, with its beats and velocities where they are known.

    `kind` `"class"` is in five classes, `"subclass"` in ten.

    Raises ValueError when a line is not as it should be, OSError when a file cannot be read.
    """
    annotations = root / "MDB Drums" / "annotations"
    path = annotations / kind / f"{name}_{kind}.txt"
    mapping, classes = KINDS[kind]
    beats = annotations / "beats" / f"{name}_MIX.beats"
    annotated = read_notes(path, mapping, classes, beats=(beats,))
    played = root / "velocity_midi" / f"{name}_Drum.mid"
    if not played.is_file():
        return annotated
    # In five classes, side stick is no snare here.
    other = dict.fromkeys(UNSCORED if kind == "class" else ())
    performed = relabel(read_midi((played,)), {**REDUCTIONS[len(classes)], **other}, classes)
    return lend_velocities(annotated, performed)


CORPUS: Corpus[Transcription] = Corpus(
    name="mdb",
    task="drums",
    citation="Southall, Wu, Lerch and Hockman 2017, MDB Drums: an annotated subset of MedleyDB for "
    "automatic drum transcription, ISMIR late-breaking session",
    licence="CC BY-NC-SA 4.0",
    obtain="https://github.com/CarlSouthall/MDBDrums",
    tree="""\
MDB Drums/audio/drum_only/MusicDelta_NAME_Drum.wav             the drums alone
MDB Drums/audio/full_mix/MusicDelta_NAME_MIX.wav               the song
MDB Drums/annotations/class/MusicDelta_NAME_class.txt          onset in seconds, class
MDB Drums/annotations/subclass/MusicDelta_NAME_subclass.txt    onset in seconds, subclass
MDB Drums/annotations/beats/MusicDelta_NAME_MIX.beats          beat, position in the bar
remix/MusicDelta_NAME_remix.flac                               the sum of the stems, if made
velocity_midi/MusicDelta_NAME_Drum.mid                         notes with velocities, if known
""",
    complete=tuple(
        Complete(23, 20, "Deep Unsupervised Drum Transcription 2019, section 4.1", variant=variant)
        for variant in ("drum_only", "full_mix")
    ),
    index=index,
    classes=DRUMS_5,
    variants=tuple(AUDIO),
    unscored=UNSCORED,
    counts=(5, 3),
    melodic=("full_mix", "remix"),
    percussion=True,
)

SUBCLASSES = replace(
    CORPUS,
    name="mdb_subclass",
    index=partial(index, kind="subclass"),
    classes=DRUMS_10,
    unscored=(),
    counts=(10,),
)
