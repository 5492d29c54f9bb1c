"""MedleyDB: multitrack recordings, with the activity of each stem over time.

Citation: Bittner et al. 2014, "MedleyDB: a multitrack dataset for annotation-intensive MIR
research", ISMIR; version 2.0, Bittner et al. 2016. The target is, for each of our classes, the
greatest confidence of its stems (frames of 46.4 ms, values in [0, 1]; the authors take a stem as
active from 0.5 on). A synthesizer whose stem is marked as bass is `bas`.

There is no official split: all of it is `test`, and the group is the artist. mirdata loads its
melodies only, not its activations. Variant `mix` is the corpus's mix; `remix` are sums of the stems
made by users, as `NAME_remix.flac`, for songs whose mix is not at hand.
"""

from __future__ import annotations

import os
import re
from functools import partial
from pathlib import Path

import numpy as np

from bandscribe.datasets.corpus import Complete, Corpus
from bandscribe.datasets.track import Track
from bandscribe.readers import read_json, read_text
from bandscribe.types import Activations
from bandscribe.vocabulary import INSTRUMENTS
from bandscribe.vocabulary.instruments import MEDLEYDB as LABELS
from bandscribe.vocabulary.instruments import classes_of

SOUND = {"mix": "_MIX.wav", "remix": "_remix.flac"}
_CONFIDENCE = "_ACTIVATION_CONF.lab"
#: Where a song's instruments are listed: the corpus's file, or {stem: instrument} as JSON.
_METADATA = ("_METADATA.yaml", "_stems.json")
_STEMS = "_STEMS"


def index(root: Path, variant: str) -> list[Track[Activations]]:
    """The songs below `root` that have their sound, or a folder (for `remix` a list) of stems.

    The annotations are a repository of their own, and name songs without sound: those are no
    tracks. Files may lie anywhere below `root`.
    """
    found: dict[str, Path] = {}
    for folder, folders, files in os.walk(root, followlinks=True):
        folders.sort()
        for name in [*files, *(f for f in folders if f.endswith(_STEMS))]:
            found.setdefault(name, Path(folder) / name)
    end = SOUND[variant]
    listed = {"mix": _STEMS, "remix": _METADATA[1]}[variant]
    songs = {
        name.removesuffix(suffix)
        for name in found
        for suffix in (end, listed)
        if name.endswith(suffix)
    }
    return [_track(root, found, song, end) for song in sorted(songs) if not song.startswith(".")]


def _track(root: Path, found: dict[str, Path], song: str, end: str) -> Track[Activations]:
    confidence = found.get(song + _CONFIDENCE, root / "Annotations" / (song + _CONFIDENCE))
    usual = root / "Metadata" / (song + _METADATA[0])
    metadata = next((found[song + name] for name in _METADATA if song + name in found), usual)
    sound = found.get(song + end, _expected(root, found, song, end))
    artist = song.partition("_")[0]
    load = partial(read, confidence, metadata)
    return Track(song, "test", artist, sound, load, (confidence, metadata))


def _expected(root: Path, found: dict[str, Path], song: str, end: str) -> Path:
    """The path of the sound: a mix beside its stems, a remix in a folder of its own."""
    beside = found.get(song + _STEMS, root / "Audio" / song / (song + _STEMS)).parent
    return (beside if end == SOUND["mix"] else root / "remix") / (song + end)


def read(confidence: Path, metadata: Path) -> Activations:
    """The activity of our thirteen classes; raises ValueError or OSError, naming the file."""
    roles = stems(metadata)
    lines = read_text(confidence).split()
    names = lines[0].split(",") if lines else []
    try:
        table = np.array([line.split(",") for line in lines[1:]], dtype=np.float64)
    except ValueError:
        raise ValueError(f"{confidence}: a line holds what is no number, or breaks off") from None
    if names[:1] != ["time"] or len(table) < 2 or table.shape[1] != len(names):
        raise ValueError(f"{confidence}: expected a line of names, then times and confidences")
    missing = sorted(set(names[1:]) - set(roles))
    if missing:
        raise ValueError(f"{confidence}: {metadata.name} does not list {missing}")
    frame_rate = (len(table) - 1) / (table[-1, 0] - table[0, 0])
    values = np.zeros((len(table), len(INSTRUMENTS)), dtype=np.float32)
    for name, column in zip(names[1:], table[:, 1:].T, strict=True):
        for label in roles[name]:
            mine = values[:, INSTRUMENTS.index(label)]
            np.maximum(mine, column, out=mine, casting="same_kind")
    try:
        return Activations(values, frame_rate, float(table[0, 0]), INSTRUMENTS)
    except ValueError as error:
        raise ValueError(f"{confidence}: {error}") from None


def stems(path: Path) -> dict[str, frozenset[str]]:
    """The classes of each stem, `S01` and so on.

    Raises ValueError for an instrument that is not in the taxonomy, or when there are no stems.
    """
    found = _from_yaml(read_text(path)) if path.suffix == ".yaml" else _from_json(read_json(path))
    if not found:
        raise ValueError(f"{path}: names no stem")
    return {stem: classes_of(names, LABELS, path) | extra for stem, (names, extra) in found.items()}


def _from_json(content: object) -> dict[str, tuple[list[str], frozenset[str]]]:
    if not isinstance(content, dict):
        return {}
    return {stem: ([str(name)], frozenset()) for stem, name in content.items()}


def _from_yaml(content: str) -> dict[str, tuple[list[str], frozenset[str]]]:
    """The stems' `instrument`, one or a list, and their `component`; not those of raw tracks.

    All the metadata files are written by one program, in block style: a stem's own fields are the
    least indented below its name.
    """
    fields: dict[str, dict[str, list[str]]] = {}
    stem, depth, key = "", 0, ""
    for line in content.splitlines():
        indent = len(line) - len(line.lstrip())
        if match := re.fullmatch(r"\s+(S\d+):\s*", line):
            stem, depth, key = match[1], 0, ""
            fields[stem] = {}
        elif not indent:
            stem = ""
        elif stem and indent == (depth := depth or indent) and ":" in line:
            key, _, value = (part.strip().strip("'\"") for part in line.partition(":"))
            fields[stem][key] = [value] if value else []
        elif stem and key and line.strip().startswith("- ") and indent <= depth + 2:
            fields[stem][key].append(line.strip()[2:].strip("'\""))
    found = {}
    for name, described in fields.items():
        instruments = described.get("instrument", [])
        bass = "synthesizer" in instruments and described.get("component") == ["bass"]
        found[name] = (instruments, frozenset({"bas"} if bass else ()))
    return found


CORPUS: Corpus[Activations] = Corpus(
    name="medleydb",
    task="activity",
    citation="Bittner et al. 2014, MedleyDB: a multitrack dataset for annotation-intensive MIR "
    "research, ISMIR",
    licence="CC BY-NC-SA 4.0",
    obtain="https://medleydb.weebly.com for the sound, https://github.com/marl/medleydb for the "
    "annotations",
    tree="""\
Audio/NAME/NAME_MIX.wav                            and NAME_STEMS/NAME_STEM_01.wav
Metadata/NAME_METADATA.yaml                        or beside the mix
Annotations/…/NAME_ACTIVATION_CONF.lab             time, then the confidence of each stem
remix/NAME_remix.flac                              (variant remix)
""",
    complete=(
        Complete(196, None, "Bittner et al. 2016: 122 and, of version 2.0, 74", variant="mix"),
    ),
    index=index,
    variants=("mix", "remix"),
    classes=INSTRUMENTS,
)
