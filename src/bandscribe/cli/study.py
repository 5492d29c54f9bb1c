"""`bandscribe study`: questions asked of corpora, each with a table and a picture."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any

import typer

from bandscribe.cli.report import complain, progress, require, usage_errors

Start = Annotated[float, typer.Option(metavar="S", help="Where to begin, in seconds.")]

study = typer.Typer(
    name="study",
    help="Ask a question of a corpus or a clip, and show the answer.",
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


@study.command()
def features(
    corpus: Annotated[
        str, typer.Argument(metavar="CORPUS", help="Its name; see bandscribe corpus --help.")
    ],
    root: Annotated[Path, typer.Argument(metavar="ROOT", help="Where the corpus lies.")],
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
        typer.Option(metavar="NAME", help="Clips of one split, or all. Default: train, or all."),
    ] = None,
    only: Annotated[
        str | None,
        typer.Option(metavar="A,B,…", help="These features alone. Default: all of them."),
    ] = None,
    by_group: Annotated[
        bool,
        typer.Option(
            "--by-group",
            help="Count a recording once, by the mean of its clips, which are not independent.",
        ),
    ] = False,
) -> None:
    """Test which features differ between instruments (extra: train).

    A one-way analysis of variance of every feature's mean over time, per dimension, over the clips
    of one label, with effect sizes and with tests that do without equal variances.
    """
    require("train", "scipy", "matplotlib")
    chosen = _corpus(corpus)

    from bandscribe.features.clip import FEATURES
    from bandscribe.studies import features as significance
    from bandscribe.studies import features_report

    names = significance.STUDIED if only is None else tuple(dict.fromkeys(only.split(",")))
    if unknown := [name for name in names if name not in FEATURES]:
        known = ", ".join(FEATURES)
        raise typer.BadParameter(f"--only: expected some of {known}, got {unknown[0]!r}")
    if output is not None:
        output.mkdir(parents=True, exist_ok=True)
    # Where there is nothing at all, the corpus says what it expects.
    tracks, part = significance.choose(chosen.named(root) or chosen.tracks(root), split)
    with progress(len(tracks)) as show:
        heard = significance.hear(tracks, names, progress=show)
    for problem in heard.problems:
        complain(problem)
    clips = significance.merge(heard.clips) if by_group else heard.clips
    found = significance.compare(clips, chosen.classes)
    if found.dropped:
        complain(f"left out, with a single clip: {', '.join(found.dropped)}")
    title = (
        f"{chosen.name}{'' if part == 'all' else f' ({part})'}: {sum(found.counts)} "
        f"{'recordings' if by_group else 'clips'} of {len(found.classes)} classes"
    )
    told = [f"{name} {n}" for name, n in zip(found.classes, found.counts, strict=True)]
    print(f"{title}: {', '.join(told)}")
    if heard.several:
        print(f"{heard.several} clips of several labels, or none, are left out")
    print()
    print("\n".join(features_report.tabulate(found)))
    if output is not None:
        described = {
            "corpus": chosen.name,
            "split": part,
            "by_group": by_group,
            "recordings": found.recordings,
            "clips_left_out_for_their_labels": heard.several,
            "problems": heard.problems,
        }
        features_report.write(output, found, described, title=title)
    if heard.problems:
        raise typer.Exit(1)


def _corpus(name: str) -> Any:
    """A corpus of labelled clips; a usage error for another."""
    from bandscribe.datasets.corpora import CORPORA

    known = [key for key, corpus in CORPORA.items() if corpus.task in ("recognition", "hits")]
    if name not in known:
        raise typer.BadParameter(f"CORPUS: expected one of {', '.join(known)}, got {name!r}")
    return CORPORA[name]


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
    """Draw every feature of a sound file over its time, one under the other (extra: train)."""
    require("train", "scipy", "matplotlib")
    from bandscribe.studies import features as significance
    from bandscribe.studies import features_report

    _check_span(start, duration, significance.LONGEST)
    heard = significance.load(file, start=start, duration=duration)
    target = output or Path(f"{file.stem}.features.png")
    features_report.draw_clip(target, heard, title=file.name)
    print(target)


@study.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def recognition(
    context: typer.Context,
    name: Annotated[
        str,
        typer.Argument(
            metavar="NAME",
            help="windows, networks, sampling, corpora, regularisation, ast, coefficients, stack, "
            "schedules, ensemble, cost.",
        ),
    ],
    output: Annotated[
        Path,
        typer.Option(
            "-o", "--output", metavar="DIR", help="The runs, and NAME.csv, .json and .png."
        ),
    ],
    training: Annotated[
        str,
        typer.Option(
            metavar="CORPUS,…",
            help="Corpora to train on, each NAME:SPLIT/AUDIO=ROOT. Default split: train.",
        ),
    ],
    test: Annotated[
        str, typer.Option(metavar="CORPUS,…", help="The same, to test on. Default split: test.")
    ],
    validation: Annotated[
        str,
        typer.Option(
            metavar="CORPUS,…",
            help="The same, to choose the best weights by. Default: those of --training; "
            "default split: validation.",
        ),
    ] = "",
    seeds: Annotated[str, typer.Option(metavar="A,B,…", help="A run for each.")] = "0",
) -> None:
    """Compare ways to train a recognizer (extra: recognition).

    Every row of the comparison is trained and judged; a study that was stopped goes on when it is
    started again. Further options --FIELD VALUE are fields of the recipe for all rows: see
    bandscribe train recognition --help.
    """
    require("train", "torch", "matplotlib")
    from bandscribe.cli.train import parse
    from bandscribe.studies import recognition as comparing
    from bandscribe.studies import recognition_cost, recognition_report
    from bandscribe.studies.recognition_rows import COMPARISONS, COSTS

    _check_name(name, (*COMPARISONS, "cost"))
    sources = comparing.Sources(_part(training), _part(validation or training), _part(test))
    if not all(seed.isdecimal() for seed in seeds.split(",")):
        raise typer.BadParameter(f"--seeds: expected whole numbers, got {seeds!r}")
    numbers = [int(seed) for seed in seeds.split(",")]
    with usage_errors():
        given = parse(context.args)
        if name != "cost":
            comparing.resolve(COMPARISONS[name], given, sources, output)
    output.mkdir(parents=True, exist_ok=True)
    described = {
        "training": sources.training,
        "validation": sources.validation,
        "test": sources.test,
        "fields": given if name == "cost" else {**COMPARISONS[name].base, **given},
    }
    if name == "cost":
        costs = [
            recognition_cost.measure_cost(row, given, sources.training, sources.test)
            for row in COSTS
        ]
        recognition_cost.write(output, costs, described)
        print("\n".join(recognition_cost.tabulate(costs)))
        return
    found = comparing.study(name, COMPARISONS[name], given, sources, numbers, output)
    recognition_report.write(output, found, described)
    print("\n".join(["", *recognition_report.tabulate(found)]))


@study.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def activity(
    context: typer.Context,
    name: Annotated[
        str,
        typer.Argument(
            metavar="NAME", help="features, losses, collapse, frames, networks, slices."
        ),
    ],
    output: Annotated[
        Path,
        typer.Option(
            "-o", "--output", metavar="DIR", help="The runs, and neuroment.csv and neuroment.png."
        ),
    ],
) -> None:
    """Compare choices of the activity network of Neuroment (extra: train).

    Every row of the comparison is trained and judged; a study that was stopped goes on when it is
    started again, and studies in one folder share their rows. Further options --FIELD VALUE are
    fields of the recipe for all rows, such as --solos and --validation-solos, which a study needs:
    see bandscribe train activity --help. Rows are judged on the split test of --validation-solos.
    """
    require("train", "torch", "scipy", "matplotlib")
    from bandscribe.cli.train import parse
    from bandscribe.studies import neuroment as comparing
    from bandscribe.studies import neuroment_report

    _check_name(name, comparing.QUESTIONS)
    with usage_errors():
        given = parse(context.args)
        comparing.resolve_row(comparing.QUESTIONS[name][0], given)
    output.mkdir(parents=True, exist_ok=True)
    comparing.run(comparing.QUESTIONS[name], given, output)
    told = neuroment_report.summarise(output, comparing.ROWS)
    neuroment_report.write(output, told)
    print("\n".join(neuroment_report.tabulate(told)))


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
    """Draw a sound file before and after each augmentation (extra: recognition)."""
    require("recognition", "torch", "matplotlib", "python_stretch")
    import numpy as np

    from bandscribe.studies import augmentation as changes

    _check_span(start, duration, 30)
    target = output or Path(f"{file.stem}.augmentation.png")
    changes.draw(file, target, np.random.default_rng(seed), start=start, duration=duration)
    print(target)


def _part(text: str) -> tuple[str, ...]:
    return tuple(part for part in text.split(",") if part)


def _check_name(name: str, known: Iterable[str]) -> None:
    """Raise a usage error for a comparison that there is not."""
    if name not in known:
        raise typer.BadParameter(f"NAME: expected one of {', '.join(known)}, got {name!r}")


def _check_span(start: float, duration: float, longest: float) -> None:
    """Raise a usage error for seconds of a file that cannot be drawn."""
    if not 0 < duration <= longest:
        raise typer.BadParameter(f"--duration: expected 0 to {longest:g}, got {duration:g}")
    if not start >= 0:
        raise typer.BadParameter(f"--start: expected 0 or more, got {start:g}")
