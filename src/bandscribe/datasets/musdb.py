"""MUSDB18: songs with their vocals, drums, bass, and the rest.

Citation: Rafii, Liutkus, Stöter, Mimilakis and Bittner 2017, "The MUSDB18 corpus for music
separation". Variants: `stems`, five streams in one .stem.mp4 (which takes the `formats` extra to
read), and `hq`, a folder of wav files. The target is the level of `voi`, `dru` and `bas` below the
mixture's loudest frame, measured from the stems on demand.

The official 50 songs are `test`; of the other 100, the 14 that the musdb package holds out are
`validation`. The group is the artist: some are on both sides of that split. mirdata has no loader
for it. Forty-six songs are of MedleyDB: leave them out to train on the one corpus and
evaluate on the other.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path

import numpy as np

from bandscribe.datasets.corpus import Complete, Corpus
from bandscribe.datasets.levels import HOP_LENGTH, levels, measure
from bandscribe.datasets.track import Track
from bandscribe.decode import decode
from bandscribe.extras import install
from bandscribe.types import Activations, Audio
from bandscribe.vocabulary.instruments import MUSDB as LABELS

#: Streams of a .stem.mp4, in order; names of the wav files.
STREAMS = ("mixture", "drums", "bass", "other", "vocals")
CLASSES = ("voi", "bas", "dru")
#: Held out of the training songs (musdb package, configs/mus.yaml).
VALIDATION = frozenset((
    "ANiMAL - Rockshow", "Actions - One Minute Smile", "Alexander Ross - Goodbye Bolero",
    "Clara Berry And Wooldog - Waltz For My Victims", "Fergessen - Nos Palpitants",
    "James May - On The Line", "Johnny Lokke - Promises & Lies", "Leaf - Summerghost",
    "Meaxic - Take A Step", "Patrick Talbot - A Reason To Leave", "Skelpolu - Human Mistakes",
    "Traffic Experiment - Sirens", "Triviul - Angelsaint", "Young Griffo - Pennies",
))  # fmt: skip


def index(root: Path, variant: str) -> list[Track[Activations]]:
    """The songs in `train` and `test`: files of stems, or folders for `hq`."""
    tracks = []
    for folder in ("train", "test"):
        for path in sorted((root / folder).glob("*" if variant == "hq" else "*.stem.mp4")):
            if variant == "hq" and not path.is_dir():
                continue
            song = path.name.removesuffix(".stem.mp4")
            artist = song.partition(" - ")[0]
            split = "validation" if folder == "train" and song in VALIDATION else folder
            wavs = [path / f"{name}.wav" for name in STREAMS] if variant == "hq" else []
            sound, *parts = wavs or [path]
            load = partial(load_hq, path) if wavs else partial(load_stems, path)
            tracks.append(Track(song, split, artist, sound, load, tuple(parts)))
    return tracks


def load_hq(folder: Path) -> Activations:
    """The levels of a song, from its folder of wav files; raises as `bandscribe.decode.decode`."""
    return _levels(folder, [decode(folder / f"{name}.wav") for name in STREAMS])


def load_stems(path: Path) -> Activations:
    """The levels of a song, from its file of stems.

    Raises ValueError when it is damaged, has not five streams, or PyAV is missing.
    """
    return _levels(path, [_stream(path, number) for number in range(len(STREAMS))])


def _levels(path: Path, streams: Iterable[Iterator[Audio]]) -> Activations:
    measured = [measure(blocks) for blocks in streams]
    rates = {rate for _, rate in measured if rate}
    if len(rates) != 1:
        raise ValueError(f"{path}: expected stems of one sample rate, got {sorted(rates)}")
    mixture, *parts = [power for power, _ in measured]
    by_class = {LABELS[name]: [part] for name, part in zip(STREAMS[1:], parts, strict=True)}
    named = {label: by_class[label] for label in CLASSES}
    return levels(named, mixture, rates.pop() / HOP_LENGTH)


def _stream(path: Path, number: int) -> Iterator[Audio]:
    """Blocks of one stream of a container."""
    try:
        import av
    except ModuleNotFoundError:
        raise ValueError(
            f"{path}: several streams in one file need PyAV: {install('formats')}, "
            "or use the hq variant"
        ) from None
    try:
        with av.open(f"file:{path}") as container:
            if len(container.streams.audio) != len(STREAMS):
                raise ValueError(
                    f"{path}: expected {len(STREAMS)} streams of sound, "
                    f"got {len(container.streams.audio)}"
                )
            planar = av.AudioResampler(format="fltp")
            for frame in container.decode(container.streams.audio[number]):
                for part in planar.resample(frame):
                    yield Audio(np.asarray(part.to_ndarray(), np.float32), part.sample_rate)
    except (av.FFmpegError, OSError) as error:
        raise ValueError(f"{path}: cannot be read ({error})") from error


CORPUS: Corpus[Activations] = Corpus(
    name="musdb",
    task="activity",
    citation="Rafii et al. 2017, The MUSDB18 corpus for music separation",
    licence="for education only; each song has its own, mostly CC BY-NC-SA 4.0",
    obtain="https://zenodo.org/records/1117372 (stems), https://zenodo.org/records/3338373 (hq)",
    tree="""\
train/ARTIST - TITLE.stem.mp4       and test/   (variant stems: mixture, drums, bass, other, vocals)
train/ARTIST - TITLE/mixture.wav    and drums, bass, other, vocals   (variant hq)
""",
    complete=(
        Complete(86, None, "Rafii et al. 2017 and the musdb package", split="train"),
        Complete(14, None, "the musdb package", split="validation"),
        Complete(50, None, "Rafii et al. 2017", split="test"),
        Complete(150, 600, "Rafii et al. 2017: about 10 h"),
    ),
    index=index,
    variants=("stems", "hq"),
    classes=CLASSES,
)
