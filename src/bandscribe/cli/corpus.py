"""`bandscribe corpus`: whether a copy of a corpus is whole, and what it holds."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bandscribe.cli.addresses import AudioOption, read_address
from bandscribe.cli.report import align, complain, count, progress, require
from bandscribe.files import to_csv, write_json
from bandscribe.splits import order

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from bandscribe.datasets.corpus import Corpus, Inspection
    from bandscribe.datasets.statistics import CorpusStatistics

#: The keys of `datasets.corpora.CORPORA`, which is imported when the command runs.
NAMES = (
    "egmd gmd enst mdb mdb_subclass enst_mdb idmt rbma rbma_full slakh tmidt adtof sadtp "
    "folder folder_5 folder_3 hits "
    "irmas audioset openmic medley_solos medleydb musdb stems clips"
)


def corpus(
    name: Annotated[
        str,
        typer.Argument(
            metavar="CORPUS", help=f"NAME/AUDIO=ROOT, or NAME, followed by ROOT. Names: {NAMES}."
        ),
    ],
    root: Annotated[
        Path | None,
        typer.Argument(
            metavar="[ROOT]",
            help="The folder of the corpus. Without it: how to obtain the corpus, and the expected "
            "folder structure.",
        ),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "-o", "--output", metavar="DIR", help="Write CORPUS.png and CORPUS.json here."
        ),
    ] = None,
    audio: AudioOption = None,
    thorough: Annotated[
        bool, typer.Option("--thorough", help="Decode every file completely, not only its header.")
    ] = False,
    missing: Annotated[
        bool,
        typer.Option("--missing", help="List the clips that are not in ROOT as CSV (audioset)."),
    ] = False,
) -> int:
    """Check a copy of a corpus, and show its contents.

    Each file with a problem is reported on standard error. The exit code is 1 if there are any, or
    if the copy is incomplete; the rest remains usable.
    """
    from bandscribe.datasets import corpora, statistics
    from bandscribe.datasets.corpus import TASKS, inspect

    if root is None and "=" not in name:
        if name not in corpora.CORPORA:
            raise typer.BadParameter(f"CORPUS: expected one of {NAMES}, got {name!r}")
        print(_about(corpora.CORPORA[name]))
        return 0
    address = read_address(name, root, *TASKS, audio=audio)
    chosen, root = address.corpus, address.root
    if address.split:
        raise typer.BadParameter(f"{name}: a copy is checked as a whole; leave out the split")
    if missing and chosen.name != "audioset":
        raise typer.BadParameter("--missing: only audioset has clips that are obtained one by one")
    if missing:
        _list_missing(root)
        return 0
    if output is not None:
        require("plot", "matplotlib")
        output.mkdir(parents=True, exist_ok=True)

    with ExitStack() as stack:
        bars: list[Any] = []

        def show(done: int, total: int, track: str) -> None:
            if not bars:
                bars.append(stack.enter_context(progress(total)))
            bars[0](done, track)

        found = inspect(chosen, root, address.variant, thorough=thorough, progress=show)
    for problem in [*found.problems, *found.shortfalls]:
        complain(problem)
    if chosen.name == "audioset":
        _name_dropped(root)
    if not found.tracks:
        complain(f"{root}: no usable track; bandscribe corpus {chosen.name} shows what is expected")
        return 1
    numbers = statistics.count(chosen, found)
    title = _title(chosen, address.variant, numbers)
    print(title if chosen.licence == "own" else f"{title}; {chosen.licence}", end="\n\n")
    print(_tables(numbers))
    if output is not None:
        _write(output, chosen, title, numbers, found)
    return 1 if found.problems or found.shortfalls else 0


def _about(chosen: Corpus[Any]) -> str:
    lines = [
        f"{chosen.name}: {chosen.task}",
        f"cite:     {chosen.citation}",
        f"licence:  {chosen.licence}",
        f"obtain:   {chosen.obtain}",
    ]
    if any(chosen.variants):
        lines.append(f"audio:    {', '.join(chosen.variants)}")
    lines.append(f"classes:  {' '.join(chosen.classes)}")
    if chosen.unscored:
        lines.append(f"unscored: {' '.join(chosen.unscored)}")
    for part in chosen.complete:
        where = " ".join(word for word in (part.variant, part.split) if word)
        minutes = "" if part.minutes is None else f", {part.minutes:g} min"
        lines.append(
            f"complete: {where + ': ' if where else ''}{part.tracks:,} tracks{minutes} "
            f"({part.source})"
        )
    return "\n".join([*lines, "", chosen.tree.rstrip()])


def _list_missing(root: Path) -> None:
    from bandscribe.datasets import audioset

    rows = (
        (clip.id, clip.start, clip.end, " ".join(sorted(clip.classes)), f"audio/{clip.id}.wav")
        for clip in audioset.list_missing(root)
    )
    columns = ("YTID", "start_seconds", "end_seconds", "classes", "file")
    print(to_csv(columns, rows), end="")


def _name_dropped(root: Path) -> None:
    """Clips that the corpus goes without are no damage."""
    from bandscribe.datasets import audioset

    for path in audioset.dropped(root):
        complain(f"{path}: more than {audioset.TOLERANCE:g} s off {audioset.SECONDS:g} s, dropped")


def _title(chosen: Corpus[Any], variant: str, numbers: CorpusStatistics) -> str:
    name = f"{chosen.name} ({variant})" if variant else chosen.name
    hours = numbers.seconds.sum() / 3600
    return f"{name}: {count(len(numbers.seconds), 'track')}, {hours:,.2f} h"


def _tables(numbers: CorpusStatistics) -> str:
    """Counts and hours, classes, labels, and which labels go together."""
    lengths = ("shortest", "median", "longest (s)")
    splits = [("split", "tracks", "hours")]
    for split in order(numbers.splits):
        seconds = numbers.seconds[[each == split for each in numbers.splits]]
        splits.append((split, f"{len(seconds):,}", f"{seconds.sum() / 3600:,.2f}"))
    classes = [("class", numbers.unit, "tracks", "share", *lengths)]
    totals = numbers.amounts.sum(axis=0)
    for i, name in enumerate(numbers.classes):
        here = numbers.present[:, i]
        amount = f"{totals[i]:,.3f}" if numbers.unit == "hours" else f"{totals[i]:,.0f}"
        share = f"{here.mean():.1%}"
        classes.append((name, amount, f"{here.sum():,}", share, *_lengths(numbers.seconds[here])))
    labels = [("labels", "tracks", "share", *lengths)]
    for n in sorted(set(numbers.labels.tolist())):
        here = numbers.labels == n
        share = f"{here.mean():.1%}"
        labels.append((str(n), f"{here.sum():,}", share, *_lengths(numbers.seconds[here])))
    together = [("both in", *numbers.classes)]
    for name, row in zip(numbers.classes, numbers.together.tolist(), strict=True):
        together.append((name, *(f"{both:,}" for both in row)))
    return "\n\n".join(align(rows, numbers=True) for rows in (splits, classes, labels, together))


def _lengths(seconds: NDArray[np.float64]) -> tuple[str, str, str]:
    if not len(seconds):
        return ("-", "-", "-")
    ordered = sorted(seconds.tolist())
    middle = (ordered[(len(ordered) - 1) // 2] + ordered[len(ordered) // 2]) / 2
    return (f"{ordered[0]:.1f}", f"{middle:.1f}", f"{ordered[-1]:.1f}")


def _write(
    folder: Path,
    chosen: Corpus[Any],
    title: str,
    numbers: CorpusStatistics,
    found: Inspection[Any],
) -> None:
    from bandscribe.display import corpus as picture

    picture.plot(
        folder / f"{chosen.name}.png",
        splits=numbers.splits,
        seconds=numbers.seconds,
        classes=numbers.classes,
        amounts=numbers.amounts,
        unit=numbers.unit,
        title=title,
    )
    tracks = [
        {"id": track.id, "split": track.split, "group": track.group, "seconds": seconds}
        | {numbers.unit: {name: row[i] for i, name in enumerate(numbers.classes) if row[i]}}
        for track, seconds, row in zip(
            found.tracks, found.seconds, numbers.amounts.tolist(), strict=True
        )
    ]
    content = {
        "corpus": chosen.name,
        "classes": numbers.classes,
        "unit": numbers.unit,
        "tracks_with_both": numbers.together.tolist(),
        "problems": found.problems,
        "shortfalls": found.shortfalls,
        "tracks": tracks,
    }
    write_json(folder / f"{chosen.name}.json", content)
