"""`bandscribe segment`: single drum hits out of recorded performances."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bandscribe.cli.report import complain, explain, progress, require

if TYPE_CHECKING:
    from bandscribe.datasets.segments import Cut, Performance
    from bandscribe.types import Transcription


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
    playable: list[Performance] = []
    with progress(len(recordings)) as show:
        counts = segments.count(read_notes(recordings, playable, show))
    failures = len(recordings) - len(playable)
    if not counts:
        raise ValueError(f"{root}: no recording there has notes; is it laid out as E-GMD?")
    names = tuple(counts)[:classes]
    segments.begin(output, classes=names, seconds=seconds, align=align)
    found: list[Cut] = []
    with progress(len(playable)) as show:
        for done, recording in enumerate(playable):
            show(done, recording.id)
            try:
                found.append(segments.cut(recording, names, output, seconds=seconds, align=align))
            except (ValueError, OSError) as error:
                complain(explain(error))
                failures += 1
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
    if failures:
        raise typer.Exit(1)


def read_notes(
    recordings: Sequence[Performance], readable: list[Performance], show: Callable[[int, str], None]
) -> Iterator[Transcription]:
    """The notes of each recording that can be read, which is added to `readable`."""
    from bandscribe.datasets import segments

    for done, recording in enumerate(recordings):
        show(done, recording.id)
        try:
            notes = segments.read_notes(recording)
        except (ValueError, OSError) as error:
            complain(explain(error))
            continue
        readable.append(recording)
        yield notes
