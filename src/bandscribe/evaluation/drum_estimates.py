"""What other systems wrote: files that `bandscribe.formats.notes` reads, found by name.

Beats are in a second file beside, of the same name: `NAME.beats.csv` with the header
`time,position`, or `NAME.beats` with rows of a time and a position in the bar.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path, PurePath
from typing import Any

import numpy as np

from bandscribe.datasets.annotations import read_beats
from bandscribe.datasets.track import Track
from bandscribe.formats import notes
from bandscribe.formats.notes import SUFFIXES
from bandscribe.types import Beats, Transcription
from bandscribe.vocabulary import DRUMS_3, DRUMS_10

BEATS = (".beats.csv", ".beats")
#: Name of a file without its suffix → relative paths of the files of that name.
Index = Mapping[str, tuple[str, ...]]


def index(folder: Path, suffixes: tuple[str, ...] = SUFFIXES) -> Index:
    """The files below `folder` that can be estimates, by their names without the suffix.

    Raises ValueError when there are none.
    """
    found: dict[str, list[str]] = defaultdict(list)
    for path in sorted(folder.rglob("*")):
        hidden = path.name.startswith(".") or path.name.endswith(BEATS)
        suffix = _suffix(path, suffixes)
        if suffix is not None and not hidden:
            name = path.name[: -len(suffix)]
            found[name].append(path.relative_to(folder).as_posix())
    if not found:
        raise ValueError(f"{folder}: no estimates there; expected files {', '.join(suffixes)}")
    return {name: tuple(paths) for name, paths in found.items()}


def find(files: Index, track: Track[Any], suffixes: tuple[str, ...] = SUFFIXES) -> str:
    """The relative path of the track's estimate.

    Its name is that of the audio file, or the (last part of the) track's id; where several folders
    hold such a file, the one whose folders agree with those of the audio or the id.

    Raises ValueError when there is none, or when several fit equally well.
    """
    own = (track.audio.with_suffix("").parts, PurePath(track.id).parts)
    candidates = {path for parts in own for path in files.get(parts[-1], ())}
    if not candidates:
        raise ValueError(
            f"{track.id}: no estimate of this name; a system that heard nothing writes a file "
            "without notes"
        )
    suffix = {path: _suffix(PurePath(path), suffixes) or "" for path in candidates}
    bare = {path: PurePath(path[: -len(suffix[path])]) for path in candidates}
    rank = {path: max(_agreement(bare[path], parts) for parts in own) for path in candidates}
    best = [path for path in candidates if rank[path] == max(rank.values())]
    if len({bare[path] for path in best}) > 1:
        raise ValueError(f"{track.id}: several estimates, {', '.join(sorted(best))}; keep one")
    return min(best, key=lambda path: suffixes.index(suffix[path]))


def _suffix(path: PurePath, suffixes: tuple[str, ...]) -> str | None:
    """The first of `suffixes` in which a name ends."""
    name = path.name.lower()
    return next((end for end in suffixes if name.endswith(end) and name != end), None)


def _agreement(path: PurePath, parts: tuple[str, ...]) -> int:
    """Number of names, from the last one on, that a path has in common with `parts`."""
    pairs = zip(reversed(path.parts), reversed(parts), strict=False)
    count = 0
    for given, wanted in pairs:
        if given != wanted:
            break
        count += 1
    return count


def parts_of(path: Path) -> tuple[Path, ...]:
    """The file of an estimate, and that of its beats where there is one."""
    beside = (path.with_suffix(suffix) for suffix in BEATS)
    return (path, *[file for file in beside if file.is_file()][:1])


def read(path: Path) -> Transcription:
    """The notes of an estimate, with its beats where they are known.

    Raises ValueError or OSError as `bandscribe.formats.notes.read`.
    """
    found = notes.read(path)
    for beside in parts_of(path)[1:]:
        nothing = Beats(np.zeros(0), np.zeros(0, dtype=np.int64))
        found = replace(found, beats=read_beats(beside) or nothing)
    return found


def counts_of(labels: Iterable[str]) -> tuple[int, ...]:
    """The class counts that a system can be scored in, which used these labels in a corpus.

    Ten only where every label is one of the ten; three alone where `HH` occurs and neither toms
    nor cymbals do, for such a system was not made to look for them.
    """
    found = set(labels)
    if found <= set(DRUMS_10):
        return (10, 5, 3)
    if found <= set(DRUMS_3):
        return (3,)
    return (5, 3)
