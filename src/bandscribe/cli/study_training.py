"""`bandscribe study recognition`, `activity`, `hits` and `drummernet`: ways to train, compared."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bandscribe.cli.report import require, usage_errors
from bandscribe.cli.study_corpora import open_corpora, read_corpora

if TYPE_CHECKING:
    from bandscribe.studies.runs import Study

Output = Annotated[
    Path,
    typer.Option("-o", "--output", metavar="DIR", help="Folder for runs, NAME.csv, .json, .png."),
]
Seeds = Annotated[str, typer.Option(metavar="A,B,…", help="Train each row once per seed.")]


def name_of(questions: str) -> Any:
    """The argument of a study: which of its comparisons."""
    return typer.Argument(metavar="NAME", help=questions)


def recognition(
    context: typer.Context,
    name: Annotated[
        str,
        name_of(
            "windows, networks, sampling, mixtures, finalists, transformer, corpora, "
            "regularisation, ast, coefficients, stack, schedules, ensemble, cost."
        ),
    ],
    output: Output,
    training: Annotated[
        str,
        typer.Option(
            "--corpora",
            "--training",
            metavar="CORPUS,…",
            help="Corpora to train on, each NAME:SPLIT/AUDIO=ROOT. Default split: train.",
        ),
    ],
    test: Annotated[
        str,
        typer.Option(
            "--test-corpora",
            "--test",
            metavar="CORPUS,…",
            help="The same, to test on. Default split: test.",
        ),
    ],
    validation: Annotated[
        str,
        typer.Option(
            "--validation-corpora",
            "--validation",
            metavar="CORPUS,…",
            help="The same, to choose the best weights by. Default: those of --corpora; "
            "default split: validation.",
        ),
    ] = "",
    seeds: Seeds = "0",
) -> None:
    """Compare ways to train a recognizer (extra: recognition).

    Every row of the comparison is trained, and evaluated on the test recordings. An interrupted
    study resumes when the command is repeated, and studies in one folder share their runs. Further
    options --FIELD VALUE set fields of the recipe for all rows: see bandscribe train recognition
    --help.
    """
    require("train", "torch", "matplotlib")
    from bandscribe.cli.train import parse
    from bandscribe.studies import recognition as comparing

    with usage_errors():
        given = parse(context.args)
        sources = comparing.StudyCorpora(
            _part(training), _part(validation or training), _part(test)
        )
        if name != "cost":
            study = comparing.plan(name, given, sources, output)
    if name == "cost":
        from bandscribe.studies import recognition_cost

        output.mkdir(parents=True, exist_ok=True)
        print("\n".join(recognition_cost.run(output, given, sources.training, sources.test)))
        return
    _run(study, seeds, output)


def activity(
    context: typer.Context,
    name: Annotated[
        str,
        name_of("features, losses, collapse, frames, networks, slices, all; or rows, A,B."),
    ],
    output: Output,
    seeds: Seeds = "1",
) -> None:
    """Compare variants of the Neuroment network (extra: train).

    Every row of the comparison is trained, and evaluated on the test split of --validation-solos.
    An interrupted study resumes when the command is repeated, and studies in one folder share their
    runs. Further options --FIELD VALUE set fields of the recipe for all rows, such as --solos and
    --validation-solos, which a study needs: see bandscribe train activity --help.
    """
    require("train", "torch", "scipy", "matplotlib")
    from bandscribe.cli.train import parse
    from bandscribe.studies import neuroment

    with usage_errors():
        study = neuroment.plan(name, parse(context.args))
    _run(study, seeds, output)


def hits(
    context: typer.Context,
    name: Annotated[
        str,
        name_of(
            "report, layers, length, rates, spectrogram, clean_up, amount, learning_rate, "
            "balance, steps, all; or rows, A,B."
        ),
    ],
    clips: Annotated[
        Path, typer.Option(metavar="DIR", help="What bandscribe segment wrote, with --seconds 1.")
    ],
    output: Output,
    seeds: Seeds = "0",
) -> None:
    """Compare ways to train a hit classifier (extra: train).

    As in Hiner 2024. Every row of the comparison is trained, and evaluated on the test clips. An
    interrupted study resumes when the command is repeated, and studies in one folder share their
    runs. Further options --FIELD VALUE set fields of the recipe for all rows: see bandscribe train
    hits --help.
    """
    require("train", "torch", "matplotlib")
    from bandscribe.cli.train import parse
    from bandscribe.studies import hits as comparing

    with usage_errors():
        study = comparing.plan(name, parse(context.args), clips, output)
    _run(study, seeds, output)


def drummernet(
    context: typer.Context,
    name: Annotated[
        str,
        name_of(
            "sparsity, spectrum, enhancement, memory, synthesizer, cycle, all; or rows, A,B; or "
            "supervised."
        ),
    ],
    output: Output,
    recipe: Annotated[
        Path | None, typer.Option(metavar="FILE", help="A recipe that all rows share.")
    ] = None,
    test: Annotated[
        list[str] | None,
        typer.Option(
            "--test-corpora",
            metavar="CORPUS,…",
            help="Drum corpora to evaluate all rows on, each [LABEL=]NAME:SPLIT/AUDIO=ROOT. "
            "Default split: test. May be repeated.",
        ),
    ] = None,
    models: Annotated[
        str,
        typer.Option(
            metavar="A,B,…",
            help="For supervised: models that are evaluated beside the rows, shipped ones or "
            "files.",
        ),
    ] = "drummernet,nmf,nmfd",
    seeds: Seeds = "1",
) -> None:
    """Train DrummerNet without one part at a time (extra: train).

    As in Choi and Cho 2019. Every row of the comparison is trained and evaluated, on the corpora
    of --test-corpora too; with --trail true, also after each validation. supervised trains
    networks on labelled corpora (--corpora) instead, and compares them with DrummerNet. An
    interrupted study resumes when the command is repeated, and studies in one folder share their
    runs. Further options --FIELD VALUE set fields of the recipe for all rows: see bandscribe train
    drummernet --help, and for supervised, bandscribe train drums --help.
    """
    require("train", "torch", "matplotlib")
    from bandscribe.cli.train import parse
    from bandscribe.studies import drummernet as comparing
    from bandscribe.studies import drummernet_baselines as baselines

    study: Study[Any]
    with usage_errors():
        given, tests = parse(context.args), read_corpora(test or (), "--test-corpora")
        if name == baselines.NAME:
            if recipe is not None:
                raise ValueError("--recipe: is of DrummerNet, which supervised does not train")
            study = baselines.plan(given, tests, _part(models))
        else:
            study = comparing.plan(name, given, recipe, tests)
    if tests:
        open_corpora(tests)
    _run(study, seeds, output)


def parse_seeds(text: str) -> list[int]:
    """Numbers, A,B. Raises ValueError for others."""
    if not all(seed.isdecimal() for seed in text.split(",")):
        raise ValueError(f"--seeds: expected whole numbers, got {text!r}")
    return [int(seed) for seed in text.split(",")]


def _run(study: Study[Any], seeds: str, output: Path) -> None:
    """Train, evaluate, write and print."""
    from bandscribe.studies import runs

    with usage_errors():
        numbers = parse_seeds(seeds)
    output.mkdir(parents=True, exist_ok=True)
    print("\n".join(["", *runs.run(study, numbers, output)]))


def _part(text: str) -> tuple[str, ...]:
    return tuple(part for part in text.split(",") if part)
