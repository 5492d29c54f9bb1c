"""The description of a corpus, and how a copy on disk compares with it.

Every corpus is one `Corpus` record, `CORPUS` in the file of its name; `datasets.corpora` lists
them. Copies are often partial or damaged: `Corpus.tracks` gives what is there, `inspect` lists
file by file what is not.
"""

from __future__ import annotations

import warnings
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Generic

from bandscribe.audio import TruncatedAudioWarning
from bandscribe.datasets.track import T_co, Track
from bandscribe.decode import decode, length
from bandscribe.types import Activations, Transcription

TASKS = ("drums", "hits", "recognition", "activity")
#: Seconds by which an annotation may go on after the sound has ended.
SLACK = 1.0
#: Share by which the minutes of a complete copy may differ from what its authors state.
ROUNDING = 0.05


@dataclass(frozen=True)
class Complete:
    """The size of a complete copy, as stated by its authors (`source`).

    `variant` and `split` select what is counted; empty: any variant, all splits.
    `minutes` is None where the source does not state it.
    """

    tracks: int
    minutes: float | None
    source: str
    variant: str = ""
    split: str = ""


@dataclass(frozen=True, eq=False)
class Corpus(Generic[T_co]):
    """A published corpus: where it comes from, how it lies on disk, what is annotated.

    `index(root, variant)` gives every track that the copy names, by its tables, annotations or
    audio, whether or not all its files are there; it reads tables, never audio or annotations.
    `variants` are the choices of audio, the first of them the usual one. `classes` are those of
    the targets. Of them, or of classes they reduce to, `unscored` are annotated nowhere in the
    corpus: an estimate is scored without them. Of a drum corpus, `counts` are the class counts
    (10, 5, 3) that it can be scored in, `melodic` the variants in which other instruments than
    drums and percussion sound, and `percussion` whether percussion occurs that is none of
    `classes` (tambourine, cowbell, claps).
    """

    name: str
    task: str
    tree: str
    index: Callable[[Path, str], list[Track[T_co]]]
    classes: tuple[str, ...]
    citation: str = ""
    licence: str = "own"
    obtain: str = ""
    complete: tuple[Complete, ...] = ()
    variants: tuple[str, ...] = ("",)
    unscored: tuple[str, ...] = ()
    counts: tuple[int, ...] = ()
    melodic: tuple[str, ...] = ()
    percussion: bool = False

    def tracks(self, root: str | Path, variant: str | None = None) -> list[Track[T_co]]:
        """The tracks below `root` whose files are all there; None takes the first variant.

        Raises ValueError when the variant is unknown, or when there are no tracks.
        """
        found = [track for track in self.named(root, variant) if not track.missing]
        if not found:
            kind = f" ({variant})" if variant else ""
            raise ValueError(
                f"{root}: no track of {self.name}{kind} has all its files; expected there "
                f"{' '.join(self.tree.splitlines()[0].split())}"
            )
        return found

    def named(self, root: str | Path, variant: str | None = None) -> list[Track[T_co]]:
        """The tracks that the copy names, those with missing files too.

        Raises ValueError when the variant is unknown, the folder does not exist, or a table of
        the corpus is damaged.
        """
        variant = self.variants[0] if variant is None else variant
        if variant not in self.variants:
            known = ", ".join(self.variants)
            raise ValueError(f"variant: expected one of {known}, got {variant!r}")
        if not Path(root).is_dir():
            raise ValueError(f"{root}: there is no such folder")
        return self.index(Path(root), variant)


@dataclass(frozen=True, eq=False)
class Inspection(Generic[T_co]):
    """The contents of a copy: the `tracks` that can be used, and as many `targets` and `seconds`.

    `problems` are lines that each name a file and what is wrong with it; `shortfalls` compare the
    usable tracks with a complete copy.
    """

    tracks: list[Track[T_co]] = field(default_factory=list)
    targets: list[T_co] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    shortfalls: list[str] = field(default_factory=list)


def inspect(
    corpus: Corpus[T_co],
    root: str | Path,
    variant: str | None = None,
    *,
    thorough: bool = False,
    progress: Callable[[int, int, str], None] | None = None,
) -> Inspection[T_co]:
    """Open every file of a copy: annotations in full, audio by its header; in full if `thorough`.

    A track with a problem is left out, and the rest stays usable. `progress` is called with the
    number of tracks done, their total, and the track at hand.

    Raises ValueError as `Corpus.named`.
    """
    found: Inspection[T_co] = Inspection()
    named = corpus.named(root, variant)
    for done, track in enumerate(named):
        if progress is not None:
            progress(done, len(named), track.id)
        if track.missing:
            found.problems.extend(f"{path}: missing" for path in track.missing)
            continue
        try:
            target = track.load()
            seconds = measure(track.audio, thorough=thorough)
            _compare(track, target, seconds)
        except (ValueError, OSError) as error:
            found.problems.append(str(error))
            continue
        found.tracks.append(track)
        found.targets.append(target)
        found.seconds.append(seconds)
    chosen = corpus.variants[0] if variant is None else variant
    found.shortfalls.extend(_shortfalls(corpus, chosen, found))
    return found


def measure(path: Path, *, thorough: bool = False) -> float:
    """Seconds of sound in a file, by its header, or by decoding it where `thorough`.

    Raises ValueError for a file that breaks off, or as `bandscribe.decode.decode`.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("error", TruncatedAudioWarning)
        try:
            seconds = sum(b.duration for b in decode(path)) if thorough else length(path)
        except TruncatedAudioWarning as error:
            raise ValueError(str(error)) from error
    if not seconds:
        raise ValueError(f"{path}: holds no samples")
    return seconds


def _compare(track: Track[T_co], target: object, seconds: float) -> None:
    """Raise where the annotation does not fit the sound."""
    end = 0.0
    if isinstance(target, Transcription) and len(target.onsets):
        end = float(target.onsets[-1])
    elif isinstance(target, Activations) and len(target.values):
        end = float(target.times[-1])
    if end > seconds + SLACK:
        raise ValueError(
            f"{track.audio}: the sound ends after {seconds:.1f} s, its annotation goes on "
            f"until {end:.1f} s"
        )


def _shortfalls(corpus: Corpus[T_co], variant: str, found: Inspection[T_co]) -> Iterator[str]:
    tracks: dict[str, int] = defaultdict(int)
    minutes: dict[str, float] = defaultdict(float)
    for track, seconds in zip(found.tracks, found.seconds, strict=True):
        for split in ("", track.split):
            tracks[split] += 1
            minutes[split] += seconds / 60
    for expected in corpus.complete:
        if expected.variant not in ("", variant):
            continue
        split = expected.split
        where = " ".join(word for word in (corpus.name, expected.variant, split) if word)
        if tracks[split] != expected.tracks:
            yield (
                f"{where}: {tracks[split]} usable tracks, of a complete {expected.tracks} "
                f"({expected.source})"
            )
        elif (
            expected.minutes is not None
            and abs(minutes[split] - expected.minutes) > ROUNDING * expected.minutes + 0.5
        ):
            yield (
                f"{where}: {minutes[split]:.1f} min, of a complete {expected.minutes:g} min "
                f"({expected.source})"
            )
