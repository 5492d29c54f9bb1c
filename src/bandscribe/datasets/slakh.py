"""Slakh2100, redux: MIDI songs of Lakh, played by sampled instruments; mix, and stems apart.

The redux version leaves out the duplicates of the first one, in a folder `omitted`, which is not
read here. The split is that of the folders, and every song is a group. mirdata's loader has the
same splits, and `omitted` as a fourth.

Drum notes are taken for General MIDI notes, as Fosse 2025 takes them. Some of the corpus's drum
patches sound otherwise at some notes; where exact classes matter, leave them out by the
`plugin_name` of `stems`.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from pathlib import Path

from bandscribe.datasets.annotations import home, read_midi
from bandscribe.datasets.corpus import Complete, Corpus
from bandscribe.datasets.track import Track
from bandscribe.readers import read_text
from bandscribe.splits import SPLITS
from bandscribe.types import Transcription
from bandscribe.vocabulary import DRUMS_10


@dataclass(frozen=True)
class Stem:
    """One instrument of a song. `program` is its General MIDI program, 0 to 127; 128 for drums."""

    name: str
    instrument: str
    program: int
    is_drum: bool
    plugin_name: str
    audio: Path
    midi: Path


def stems(song: Path) -> list[Stem]:
    """The stems of a song that were rendered, by its metadata.yaml.

    Raises ValueError when the table is damaged, OSError when it cannot be read.
    """
    path = song / "metadata.yaml"
    found = []
    for name, fields in _tables(path).items():
        try:
            if fields["audio_rendered"] == "true" and fields["midi_saved"] == "true":
                found.append(
                    Stem(
                        name,
                        fields["inst_class"],
                        int(fields["program_num"]),
                        fields["is_drum"] == "true",
                        fields["plugin_name"],
                        song / "stems" / f"{name}.flac",
                        song / "MIDI" / f"{name}.mid",
                    )
                )
        except (KeyError, ValueError) as error:
            raise ValueError(f"{path}: stem {name}: {error}; copy it again") from error
    return found


def _tables(path: Path) -> dict[str, dict[str, str]]:
    """The block `stems` of a metadata.yaml: two levels of `key: value`, by indentation."""
    found: dict[str, dict[str, str]] = {}
    inside = False
    for line in read_text(path).splitlines():
        depth = len(line) - len(line.lstrip())
        key, colon, value = line.strip().partition(":")
        if not colon:
            continue
        if depth == 0:
            inside = key == "stems"
        elif inside and not value:
            found[key] = {}
        elif inside and found:
            found[next(reversed(found))][key] = value.strip().strip("'\"")
    if not found:
        raise ValueError(f"{path}: lists no stems; copy it again")
    return found


def index(root: Path, variant: str = "mix") -> list[Track[Transcription]]:
    """The songs of the three splits, as `mix`, or as their first drum stem (`drums`)."""
    folder = home(root, "slakh2100_flac_redux")
    return [
        _track(split, song, variant)
        for split in SPLITS
        for song in sorted((folder / split).glob("Track*"))
        if song.is_dir()
    ]


def _track(split: str, song: Path, variant: str) -> Track[Transcription]:
    try:
        drums = [stem for stem in stems(song) if stem.is_drum]
    except (ValueError, OSError):  # reported when the track is loaded
        drums = []
    if variant == "drums":
        drums = drums[:1]
    audio = drums[0].audio if variant == "drums" and drums else song / "mix.flac"
    files = (song / "metadata.yaml", *(stem.midi for stem in drums))
    return Track(song.name, split, song.name, audio, partial(_load, files), files)


def _load(files: tuple[Path, ...]) -> Transcription:
    metadata, *midi = files
    if not midi:
        stems(metadata.parent)
        raise ValueError(f"{metadata}: no drum stem was rendered")
    return read_midi(midi)


_SOURCE = "the data set's page, Slakh2100-redux; 115 hours by Fosse 2025"
CORPUS: Corpus[Transcription] = Corpus(
    name="slakh",
    task="drums",
    citation="Manilow, Wichern, Seetharaman and Le Roux 2019, Cutting music source separation some "
    "Slakh, WASPAA",
    licence="CC BY 4.0",
    obtain="https://zenodo.org/records/4599666 (slakh2100_flac_redux.tar.gz)",
    tree="""\
slakh2100_flac_redux/train/Track00001/metadata.yaml       and validation, test
slakh2100_flac_redux/train/Track00001/mix.flac
slakh2100_flac_redux/train/Track00001/stems/S00.flac
slakh2100_flac_redux/train/Track00001/MIDI/S00.mid
""",
    complete=(
        Complete(1710, 115 * 60, _SOURCE),
        Complete(1289, None, _SOURCE, split="train"),
        Complete(270, None, _SOURCE, split="validation"),
        Complete(151, None, _SOURCE, split="test"),
    ),
    index=index,
    classes=DRUMS_10,
    variants=("mix", "drums"),
    counts=(10, 5, 3),
    melodic=("mix",),
    percussion=True,
)
