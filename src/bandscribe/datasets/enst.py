"""ENST-Drums: three drummers, each on a kit of their own.

The part that is scored is `minus-one`: 64 pieces played to an accompaniment that is recorded
apart. The audio exists as drums alone (`wet_mix`, with effects, or `dry_mix`), or with the
accompaniment (`mix`, which `mix` makes once: the plain sum of the two, as Fosse 2025 has it).
`all` are all annotated recordings, as `wet_mix`: hits, phrases and solos too.

There is no official split: all of it is `test`. Groups are drummers, as the literature's three
folds are; mind that the three played to the same accompaniments. mirdata has no loader for it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

import numpy as np

from bandscribe import audio
from bandscribe.datasets.annotations import home, read_notes
from bandscribe.datasets.corpus import Complete, Corpus
from bandscribe.datasets.track import Track
from bandscribe.types import Audio, Transcription
from bandscribe.vocabulary import DRUMS_10, ENST_TO_10

DRUMMERS = ("drummer_1", "drummer_2", "drummer_3")
#: Variant to the folder of its audio.
FOLDERS: Mapping[str, str] = {
    "wet_mix": "wet_mix", "dry_mix": "dry_mix", "mix": "mix", "all": "wet_mix",
}  # fmt: skip
_NUMBER = re.compile(r"\d+$")


def index(
    root: Path,
    variant: str = "wet_mix",
    *,
    mapping: Mapping[str, str | None] = ENST_TO_10,
    classes: tuple[str, ...] = DRUMS_10,
) -> list[Track[Transcription]]:
    """The pieces that have an annotation, or audio of this variant."""
    folder = home(root, "ENST-drums-public")
    pattern = "*" if variant == "all" else "*minus-one*"
    tracks = []
    for drummer in DRUMMERS:
        sound = folder / drummer / "audio" / FOLDERS[variant]
        notes = folder / drummer / "annotation"
        paths = (*sound.glob(f"{pattern}.wav"), *notes.glob(f"{pattern}.txt"))
        for name in sorted({path.stem for path in paths}):
            text = notes / f"{name}.txt"
            load = partial(read_notes, text, mapping, classes, clean=_drop_number)
            audio = sound / f"{name}.wav"
            tracks.append(Track(f"{drummer}/{name}", "test", drummer, audio, load, (text,)))
    return tracks


def _drop_number(label: str) -> str:
    """A cymbal's label without the number that it ends in: `cr1` is `cr`."""
    return _NUMBER.sub("", label)


def mix(root: str | Path, progress: Callable[[int, int, str], None] | None = None) -> None:
    """Write `audio/mix` for the pieces that lack it: wet mix plus accompaniment, mono.

    It lasts until both have ended, in 32-bit float, so that no sum clips. Raises ValueError or
    OSError, as `bandscribe.audio`, when one of the two cannot be read.
    """
    missing = [t for t in index(Path(root), "mix") if not t.audio.is_file()]
    for done, track in enumerate(missing):
        if progress is not None:
            progress(done, len(missing), track.id)
        folder, name = track.audio.parent.parent, track.audio.name
        wet = audio.read(folder / "wet_mix" / name, mono=True)
        rate = wet.sample_rate
        other = audio.read(folder / "accompaniment" / name, mono=True, sample_rate=rate)
        both = np.zeros((1, max(wet.samples.shape[1], other.samples.shape[1])), dtype=np.float32)
        for part in (wet, other):
            both[:, : part.samples.shape[1]] += part.samples
        track.audio.parent.mkdir(exist_ok=True)
        audio.write(track.audio, Audio(both, rate), subtype="FLOAT")


_SOURCE = "Deep Unsupervised Drum Transcription 2019, section 4.1 (61 min); 64 pieces"
CORPUS: Corpus[Transcription] = Corpus(
    name="enst",
    task="drums",
    citation="Gillet and Richard 2006, ENST-Drums: an extensive audio-visual database for drum "
    "signals processing, ISMIR",
    licence="for research only; see the terms on the data set's page",
    obtain="https://zenodo.org/records/7432188 (ENST-drums-public); `mix` needs "
    "bandscribe.datasets.enst.mix(ROOT) once",
    tree="""\
ENST-drums-public/drummer_1/audio/wet_mix/107_minus-one_salsa_sticks.wav         and drummer_2, _3
ENST-drums-public/drummer_1/audio/dry_mix/107_minus-one_salsa_sticks.wav
ENST-drums-public/drummer_1/audio/accompaniment/107_minus-one_salsa_sticks.wav
ENST-drums-public/drummer_1/audio/mix/107_minus-one_salsa_sticks.wav             once made
ENST-drums-public/drummer_1/annotation/107_minus-one_salsa_sticks.txt            onset, label
""",
    complete=tuple(Complete(64, 61, _SOURCE, variant=v) for v in ("wet_mix", "dry_mix", "mix")),
    index=index,
    classes=DRUMS_10,
    variants=tuple(FOLDERS),
    counts=(10, 5, 3),
    melodic=("mix",),
    percussion=True,
)
