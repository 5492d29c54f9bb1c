"""Files that another system wrote, found by the name of the track."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import Any, Generic, TypeVar

from bandscribe.datasets.track import Track

#: Folders and name of a file, the name without its suffix.
Parts = tuple[str, ...]
T = TypeVar("T")


@dataclass(frozen=True)
class NameIndex(Generic[T]):
    """A value for each file; `by_name` has the files of one name, by the parts of their paths."""

    by_name: Mapping[str, Mapping[Parts, T]]

    @classmethod
    def build(cls, files: Mapping[Parts, T]) -> NameIndex[T]:
        """The index of these files."""
        found: dict[str, dict[Parts, T]] = defaultdict(dict)
        for parts, value in files.items():
            found[parts[-1]][parts] = value
        return cls(dict(found))

    def find(self, track: Track[Any]) -> T:
        """That of the track's file.

        Its name is that of the audio file, or the (last part of the) track's id; where several
        folders hold such a file, the one whose folders agree with those of the audio or the id.

        Raises ValueError when there is none, or when several fit equally well.
        """
        own = (track.audio.with_suffix("").parts, PurePath(track.id).parts)
        files = {k: v for parts in own for k, v in self.by_name.get(parts[-1], {}).items()}
        if not files:
            raise ValueError(
                f"{track.id}: no estimate of this name; a system that finds nothing in a track "
                "writes a file without entries"
            )
        rank = {parts: max(_agreement(parts, each) for each in own) for parts in files}
        best = [parts for parts in files if rank[parts] == max(rank.values())]
        if len(best) > 1:
            names = ", ".join(sorted("/".join(parts) for parts in best))
            raise ValueError(f"{track.id}: several estimates, {names}; keep one")
        return files[best[0]]


def index_folder(
    folder: Path, suffixes: tuple[str, ...], ignored: tuple[str, ...] = ()
) -> NameIndex[str]:
    """The relative paths of the files below `folder` with one of these suffixes.

    Of files that differ in their suffix alone, the one whose suffix comes first in `suffixes`.
    Hidden files, and those whose names end as one of `ignored`, are left out.

    Raises ValueError when there are none.
    """
    found: dict[Parts, tuple[int, str]] = {}
    for path in sorted(folder.rglob("*")):
        name = path.name.lower()
        suffix = next((end for end in suffixes if name.endswith(end) and name != end), None)
        if suffix is None or name.startswith(".") or path.name.endswith(ignored):
            continue
        relative = path.relative_to(folder).as_posix()
        parts = PurePath(relative[: -len(suffix)]).parts
        found[parts] = min((suffixes.index(suffix), relative), found.get(parts, (99, "")))
    if not found:
        raise ValueError(f"{folder}: no estimates there; expected files {', '.join(suffixes)}")
    return NameIndex.build({parts: relative for parts, (_, relative) in found.items()})


def _agreement(one: Parts, other: Parts) -> int:
    """The number of parts that two paths have in common, counted from their ends."""
    count = 0
    for a, b in zip(reversed(one), reversed(other), strict=False):
        if a != b:
            break
        count += 1
    return count
