"""`bandscribe study`: comparisons on corpora, each with a table and a plot."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bandscribe.cli.addresses import CorpusArgument, RootArgument, read_address
from bandscribe.cli.arguments import make_group
from bandscribe.cli.report import complain, progress, require
from bandscribe.cli.segment import count_notes, cut_all

Start = Annotated[float, typer.Option(metavar="S", help="Where to begin, in seconds.")]

study = make_group(
    "study",
    "Compare features, networks or training data on a corpus.",
)


@study.command()
def features(
    corpus: CorpusArgument,
    root: RootArgument = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "-o",
            "--output",
            metavar="DIR",
            help="Write features.csv, features.json and features.png here.",
        ),
    ] = None,
    split: Annotated[
        str | None,
        typer.Option(metavar="SPLIT", help="A split, or all. Default: train where there is one."),
    ] = None,
    only: Annotated[
        str | None,
        typer.Option(metavar="A,B,…", help="Only these features. Default: all."),
    ] = None,
    by_group: Annotated[
        bool,
        typer.Option(
            "--by-group",
            help="Count each recording once, by the mean of its clips, which are not independent.",
        ),
    ] = False,
) -> None:
    """Test which features tell instruments apart (extra: train).

    A one-way analysis of variance of each feature's mean over time, per dimension, over the clips
    with a single label, with effect sizes and with tests that do not assume equal variances.
    """
    require("train", "scipy", "matplotlib")
    address = read_address(corpus, root, "recognition", "hits", split=split)
    chosen = address.corpus

    from bandscribe.features.clip import FEATURES
    from bandscribe.studies import features as significance
    from bandscribe.studies import features_report

    names = significance.STUDIED if only is None else tuple(dict.fromkeys(only.split(",")))
    if unknown := [name for name in names if name not in FEATURES]:
        known = ", ".join(FEATURES)
        raise typer.BadParameter(f"--only: expected some of {known}, got {unknown[0]!r}")
    if output is not None:
        output.mkdir(parents=True, exist_ok=True)
    tracks, part = address.choose("train")
    with progress(len(tracks)) as show:
        measured = significance.measure_all(tracks, names, progress=show)
    for problem in measured.problems:
        complain(problem)
    clips = significance.merge(measured.clips) if by_group else measured.clips
    found = significance.compare(clips, chosen.classes)
    if found.dropped:
        complain(f"left out, with a single clip: {', '.join(found.dropped)}")
    title = (
        f"{chosen.name}{'' if part == 'all' else f' ({part})'}: {sum(found.counts)} "
        f"{'recordings' if by_group else 'clips'} of {len(found.classes)} classes"
    )
    counted = [f"{name} {n}" for name, n in zip(found.classes, found.counts, strict=True)]
    print(f"{title}: {', '.join(counted)}")
    if measured.several:
        print(f"{measured.several} clips of several labels, or none, are left out")
    print()
    print("\n".join(features_report.tabulate(found)))
    if output is not None:
        described = {
            "corpus": chosen.name,
            "split": part,
            "by_group": by_group,
            "recordings": found.recordings,
            "clips_left_out_for_their_labels": measured.several,
            "problems": measured.problems,
        }
        features_report.write(output, found, described, title=title)
    if measured.problems:
        raise typer.Exit(1)


@study.command()
def clip(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A sound file.")],
    output: Annotated[
        Path | None,
        typer.Option(
            "-o", "--output", metavar="PNG", help="The picture. Default: NAME.features.png here."
        ),
    ] = None,
    start: Start = 0.0,
    duration: Annotated[
        float, typer.Option(metavar="S", help="How many seconds to draw, 120 at most.")
    ] = 10.0,
) -> None:
    """Plot all features of a sound file over time (extra: train)."""
    require("train", "scipy", "matplotlib")
    from bandscribe.studies import features as significance
    from bandscribe.studies import features_report

    _check_span(start, duration, significance.LONGEST)
    loaded = significance.load(file, start=start, duration=duration)
    target = output or Path(f"{file.stem}.features.png")
    features_report.plot_clip(target, loaded, title=file.name)
    print(target)


@study.command()
def augmentation(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A sound file.")],
    output: Annotated[
        Path | None,
        typer.Option(
            "-o",
            "--output",
            metavar="PNG",
            help="The picture. Default: NAME.augmentation.png here.",
        ),
    ] = None,
    start: Start = 0.0,
    duration: Annotated[
        float, typer.Option(metavar="S", help="How many seconds to draw, 30 at most.")
    ] = 3.0,
    seed: Annotated[int, typer.Option(metavar="N", help="Of the noise and the masks.")] = 0,
) -> None:
    """Plot the effect of each augmentation (extra: recognition)."""
    require("recognition", "torch", "matplotlib", "python_stretch")
    import numpy as np

    from bandscribe.studies import augmentation as changes

    _check_span(start, duration, 30)
    target = output or Path(f"{file.stem}.augmentation.png")
    changes.plot(file, target, np.random.default_rng(seed), start=start, duration=duration)
    print(target)


def _check_span(start: float, duration: float, longest: float) -> None:
    """Raise a usage error for seconds of a file that cannot be drawn."""
    if not 0 < duration <= longest:
        raise typer.BadParameter(f"--duration: expected 0 to {longest:g}, got {duration:g}")
    if not start >= 0:
        raise typer.BadParameter(f"--start: expected 0 or more, got {start:g}")


@study.command()
def segments(
    root: Annotated[
        Path,
        typer.Argument(metavar="ROOT", help="Output of bandscribe synthesize performances."),
    ],
    output: Annotated[
        Path,
        typer.Option("-o", "--output", metavar="DIR", help="Folder for clips and precision.csv."),
    ],
) -> None:
    """Evaluate hits that are cut out by inaccurate MIDI files.

    The files are early, late, or of another performance. They are used unchanged, as in Hiner 2024,
    and after alignment with the audio; each before and after the clean-up.
    """
    from bandscribe.datasets import segments as cutting
    from bandscribe.files import write_csv
    from bandscribe.studies import hit_segments

    recordings = cutting.find_recordings(root)
    playable, counts = count_notes(root, recordings)
    names = tuple(counts)[: cutting.CLASSES]
    rows, complete = [], True
    for label, align in (("by the MIDI files", False), ("aligned with the sound", True)):
        folder = output / ("aligned" if align else "plain")
        cuts = cut_all(playable, names, folder, seconds=cutting.SECONDS, align=align)
        complete &= len(cuts) == len(recordings)
        rows += hit_segments.tabulate(label, cuts)
    write_csv(output / "precision.csv", list(rows[0]), rows)
    print("\n".join(hit_segments.format_lines(rows)))
    if not complete:
        raise typer.Exit(1)
