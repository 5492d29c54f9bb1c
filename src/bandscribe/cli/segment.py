"""`bandscribe segment`: single drum hits out of recorded performances."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from bandscribe.cli.report import complain, explain, progress, require

if TYPE_CHECKING:
    from bandscribe.datasets.segments import Cut, KitRecording
    from bandscribe.types import Transcription

R = TypeVar("R")


def segment(
    root: Annotated[Path, typer.Argument(metavar="ROOT", help="A corpus in the layout of E-GMD.")],
    output: Annotated[
        Path,
        typer.Option(
            "-o",
            "--output",
            metavar="DIR",
            help="Folder for the clips, labels.csv, segments.csv and segments.png.",
        ),
    ],
    classes: Annotated[
        int, typer.Option(metavar="K", help="Keep the K most frequent instruments.")
    ] = 5,
    seconds: Annotated[float, typer.Option(metavar="S", help="Maximum length of a clip.")] = 0.5,
    clean_up: Annotated[
        bool,
        typer.Option(help="Leave out recordings that do not fit their MIDI file."),
    ] = True,
    align: Annotated[
        bool,
        typer.Option(
            "--align",
            help="First align the notes with the onsets in the audio, and leave out recordings "
            "that do not fit them.",
        ),
    ] = False,
) -> None:
    """Cut isolated drum hits out of performances.

    The clips and their labels.csv form a corpus of the type hits. An interrupted run resumes when
    the command is repeated. Each recording that cannot be read is reported, and the exit code is
    then 1.
    """
    if classes < 2:
        raise typer.BadParameter(f"--classes: expected 2 or more, got {classes}")
    if not seconds >= 0.2:
        raise typer.BadParameter(f"--seconds: expected 0.2 or more, got {seconds:g}")
    require("plot", "matplotlib")
    from bandscribe.datasets import segments
    from bandscribe.display import segments as picture

    recordings = segments.find_recordings(root)
    playable, counts = count_notes(root, recordings)
    names = tuple(counts)[:classes]
    found = cut_all(playable, names, output, seconds=seconds, align=align)
    rows = segments.collect(found, output, clean=clean_up)
    if not rows:
        raise ValueError(f"{root}: no hit of one drum alone was found")
    clips: dict[str, Counter[str]] = {}
    for row in rows:
        clips.setdefault(row["split"], Counter())[row["label"]] += 1
    title = f"{root.name}: {len(rows):,} single hits of {len(found):,} recordings"
    picture.plot(output / "segments.png", counts, clips, names, title=title)
    print(title)
    for name in names:
        each = ", ".join(f"{split} {clips[split][name]:,}" for split in clips)
        print(f"  {name:<4} {counts[name]:>9,} notes; clips: {each}")
    late = [each for each in found if not each.in_step]
    lost = sum(len(each.clips) for each in late)
    print(
        f"out of step with their MIDI files: {len(late):,} recordings, {lost:,} clips"
        f"{'' if clean_up else ', which are kept'}"
    )
    if len(found) < len(recordings):
        raise typer.Exit(1)


def count_notes(
    root: Path, recordings: Sequence[KitRecording]
) -> tuple[list[KitRecording], dict[str, int]]:
    """The recordings whose notes can be read, and how often each articulation is played in them.

    The others are reported. Raises ValueError where there are no notes.
    """
    from bandscribe.datasets import segments

    readable: list[KitRecording] = []

    def notes() -> Iterator[Transcription]:
        for recording, found in _try_each(recordings, segments.read_notes):
            readable.append(recording)
            yield found

    counts = segments.count(notes())
    if not counts:
        raise ValueError(f"{root}: no recording there has notes; is it laid out as E-GMD?")
    return readable, counts


def cut_all(
    recordings: Sequence[KitRecording],
    names: Sequence[str],
    output: Path,
    *,
    seconds: float,
    align: bool,
) -> list[Cut]:
    """The single hits of each recording that can be cut, as `segments.cut`; others are reported."""
    from bandscribe.datasets import segments

    segments.begin(output, classes=names, seconds=seconds, align=align)
    cut = partial(segments.cut, classes=names, out=output, seconds=seconds, align=align)
    return [found for _, found in _try_each(recordings, cut)]


def _try_each(
    recordings: Sequence[KitRecording], work: Callable[[KitRecording], R]
) -> Iterator[tuple[KitRecording, R]]:
    """Each recording with what is made of it; those that cannot be read or written are reported."""
    with progress(len(recordings)) as show:
        for done, recording in enumerate(recordings):
            show(done, recording.id)
            try:
                made = work(recording)
            except (ValueError, OSError) as error:
                complain(explain(error))
            else:
                yield recording, made
