"""`bandscribe study hits` and `bandscribe study segments`: single hits out of performances."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bandscribe.cli.report import complain, explain, progress, require, usage_errors
from bandscribe.cli.segment import read_notes
from bandscribe.files import write_csv


def hits(
    context: typer.Context,
    name: Annotated[
        str,
        typer.Argument(
            metavar="NAME",
            help="report, layers, length, rates, spectrogram, clean_up, amount, learning_rate, "
            "balance, all.",
        ),
    ],
    clips: Annotated[
        Path, typer.Option(metavar="DIR", help="What bandscribe segment wrote, with --seconds 1.")
    ],
    output: Annotated[
        Path, typer.Option("-o", "--output", metavar="DIR", help="The runs, tables and pictures.")
    ],
    seeds: Annotated[str, typer.Option(metavar="A,B,…", help="A run of each row for each.")] = "0",
) -> None:
    """Compare ways to train a classifier of single hits, as Hiner 2024 does (extra: train).

    Every row of the comparison is trained, and judged on the test clips; a study that was stopped
    goes on when it is started again, and studies in one folder share their rows. Further options
    --FIELD VALUE are fields of the recipe for all rows: see bandscribe train hits --help.
    """
    require("train", "torch", "matplotlib")
    from bandscribe.cli.train import parse
    from bandscribe.studies import hits as comparing
    from bandscribe.studies import hits_report

    with usage_errors():
        given = parse(context.args)
        names = comparing.choose(name)
        classes = comparing.read_classes(clips)
        for row in names:
            comparing.resolve_row(row, given, classes, output, 0)
    if not all(seed.isdecimal() for seed in seeds.split(",")):
        raise typer.BadParameter(f"--seeds: expected whole numbers, got {seeds!r}")
    numbers = [int(seed) for seed in seeds.split(",")]
    output.mkdir(parents=True, exist_ok=True)
    for text in comparing.run(names, given, clips, output, numbers):
        print(text, flush=True)
    print("\n".join(["", *hits_report.write(output)]))


def segments(
    root: Annotated[
        Path,
        typer.Argument(metavar="ROOT", help="What bandscribe synthesize performances wrote."),
    ],
    output: Annotated[
        Path, typer.Option("-o", "--output", metavar="DIR", help="The clips, and precision.csv.")
    ],
) -> None:
    """Judge how well single hits are found where MIDI files are early or late.

    By the MIDI files as they are, as Hiner 2024 does, and aligned with the sound first; each before
    and after the clean-up.
    """
    from bandscribe.datasets import segments as cutting
    from bandscribe.studies import hit_segments

    recordings = cutting.find_recordings(root)
    playable: list[cutting.Recording] = []
    with progress(len(recordings)) as show:
        counts = cutting.count(read_notes(recordings, playable, show))
    failures = len(recordings) - len(playable)
    if not counts:
        raise ValueError(f"{root}: no recording there has notes; is it laid out as E-GMD?")
    names = tuple(counts)[: cutting.CLASSES]
    rows = []
    for label, align in (("by the MIDI files", False), ("aligned with the sound", True)):
        folder = output / ("aligned" if align else "plain")
        cutting.begin(folder, classes=names, seconds=cutting.SECONDS, align=align)
        cuts = []
        with progress(len(playable)) as show:
            for done, recording in enumerate(playable):
                show(done, recording.id)
                try:
                    cuts.append(cutting.cut(recording, names, folder, align=align))
                except (ValueError, OSError) as error:
                    complain(explain(error))
                    failures += 1
        rows += hit_segments.tabulate(label, cuts)
    write_csv(output / "precision.csv", list(rows[0]), rows)
    print("\n".join(hit_segments.format_lines(rows)))
    if failures:
        raise typer.Exit(1)
