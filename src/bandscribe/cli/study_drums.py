"""`bandscribe study architectures` and `bandscribe study data`: the thesis's two questions."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bandscribe.cli import tune as tuning
from bandscribe.cli.report import complain, require, usage_errors
from bandscribe.cli.study_corpora import open_corpora, read_corpora
from bandscribe.cli.study_training import parse_seeds

if TYPE_CHECKING:
    from bandscribe.studies.drum_chance import Chance
    from bandscribe.studies.drum_corpora import StudyCorpus
    from bandscribe.studies.page import StudyReport
    from bandscribe.studies.runs import TrainingJob

Output = Annotated[
    Path,
    typer.Option("-o", "--output", metavar="DIR", help="Folder for trials, tables, page."),
]
Corpora = Annotated[
    list[str],
    typer.Option(
        "--corpora",
        "--corpus",
        metavar="CORPUS,…",
        help="Corpora, each [LABEL=]NAME:SPLIT/AUDIO=ROOT. Those without SPLIT that have train, "
        "validation and test are used for training as well as tests. May be repeated.",
    ),
]
Seeds = Annotated[
    str,
    typer.Option(metavar="A,B,…", help="Train the best recipe per seed; search with the first."),
]
MODELS = "rnn,cnn,crnn,transformer,vit"


def architectures(
    context: typer.Context,
    corpus: Corpora,
    output: Output,
    models: Annotated[str, typer.Option(metavar="A,B,…", help="Networks.")] = MODELS,
    recipe: Annotated[
        Path | None, typer.Option(metavar="FILE", help="A JSON file of fields to start from.")
    ] = None,
    trials: tuning.Trials = tuning.TRIALS,
    grid: tuning.Grid = False,
    space: Annotated[
        list[str] | None,
        typer.Option(
            metavar="MODEL=JSON|later", help="Other values to try, see tune; may be repeated."
        ),
    ] = None,
    seeds: Seeds = "1",
    scheduler: tuning.Scheduler = "asha",
    epochs: tuning.Epochs = tuning.EPOCHS,
    jobs: tuning.Jobs = None,
    gpus: tuning.Gpus = None,
    address: tuning.Cluster = None,
    draw_seed: tuning.Seed = 0,
) -> None:
    """Compare drum networks at their best options (extra: tune).

    As in Fosse 2025: the options of each network are searched on each corpus, and the best trials
    are tested. Further options --FIELD VALUE set fields of the recipe of all trials: see bandscribe
    train drums --help. An interrupted study resumes when the command is repeated; a complete one
    rewrites its report. best.json is the recipe for bandscribe study data.
    """
    require("tune", "torch", "ray", "matplotlib")
    from bandscribe.cli.train import parse
    from bandscribe.files import write_text
    from bandscribe.studies import drum_architectures as comparing
    from bandscribe.training import recipes, search

    with usage_errors():
        sources, numbers = read_corpora(corpus, "--corpora"), parse_seeds(seeds)
        given = _given(parse(context.args), numbers)
        chosen = [name for name in models.split(",") if name]
        if unknown := [name for name in chosen if name not in comparing.NAMES]:
            known = ", ".join(comparing.NAMES)
            raise ValueError(f"--models: expected some of {known}, got {unknown[0]!r}")
        if not (trained := [source for source in sources if source.trainable]):
            raise ValueError("--corpora: none has the splits train, validation and test")
        spaces = {text.partition("=")[0]: text.partition("=")[2] for text in space or ()}
        planned = comparing.plan(
            trained, chosen, given, path=recipe, spaces=spaces,
            trials=None if grid else trials, epochs=epochs, seed=draw_seed, folder=output,
        )  # fmt: skip
    described = open_corpora(trained)
    problems: list[str] = []
    output.mkdir(parents=True, exist_ok=True)
    with tuning.table() as show:
        go = partial(_train, jobs=jobs, gpus=gpus, address=address, show=show)
        searched, again = (partial(go, scheduler=name) for name in (scheduler, "fifo"))
        results = list(
            comparing.study(trained, planned, numbers, output, searched, again, problems)
        )
    write_text(output / "best.json", recipes.to_json(comparing.choose(planned)) + "\n")
    search.write_table(output / "trials.csv", [each for row in results for each in row.trials])
    chance, classes = _evaluate_chance(trained, output, problems)
    about = _about(scheduler, numbers)
    _print_report(comparing.report(results, described, chance, classes, about), output)
    print(f"{output / 'best.json'}: the best on the whole, for bandscribe study data --recipe")
    _end(problems)


def data(
    context: typer.Context,
    corpus: Corpora,
    output: Output,
    recipe: Annotated[
        Path, typer.Option(metavar="FILE", help="The recipe to train: best.json of a search.")
    ],
    train: Annotated[
        list[str] | None,
        typer.Option(
            metavar="LABEL+LABEL",
            help="Set of training corpora; may be repeated. Default: each alone, and all.",
        ),
    ] = None,
    seeds: Seeds = "1",
    jobs: tuning.Jobs = None,
    gpus: tuning.Gpus = None,
    address: tuning.Cluster = None,
) -> None:
    """Compare corpora to train on, tested on all (extra: tune).

    As in Fosse 2025. Further options --FIELD VALUE set fields of the recipe of all runs. An
    interrupted study resumes when the command is repeated, and uses trials of other studies in its
    folder; a complete one rewrites its report.
    """
    require("tune", "torch", "ray", "matplotlib")
    from bandscribe.cli.train import parse
    from bandscribe.studies import drum_data as comparing
    from bandscribe.training import recipes, search
    from bandscribe.training.drums.recipe import Recipe

    with usage_errors():
        sources, numbers = read_corpora(corpus, "--corpora"), parse_seeds(seeds)
        given = _given(parse(context.args), numbers)
        base = recipes.override(recipes.from_file(recipe, Recipe), given)
        planned = comparing.plan(sources, comparing.combine(sources, train or ()), base)
    described = open_corpora(sources)
    for each in planned.values():
        search.prepare(each)
    problems: list[str] = []
    output.mkdir(parents=True, exist_ok=True)
    with tuning.table() as show:
        go = partial(_train, scheduler="fifo", jobs=jobs, gpus=gpus, address=address, show=show)
        results = list(comparing.study(sources, planned, numbers, output, go, problems))
    chance, classes = _evaluate_chance(sources, output, problems)
    about = _about("fifo", numbers)
    _print_report(comparing.report(results, described, chance, classes, about), output)
    _end(problems)


def _train(planned: Sequence[TrainingJob[Any]], **how: Any) -> None:
    """Run what is not finished, in parallel."""
    tuning.run({job.run: job.recipe for job in planned}, **how)


def _evaluate_chance(
    sources: Sequence[StudyCorpus], output: Path, problems: list[str]
) -> tuple[Chance, Sequence[str]]:
    """The baselines, and the classes that all are scored in."""
    from bandscribe.studies import drum_chance, drum_corpora
    from bandscribe.vocabulary import DRUMS

    count = drum_corpora.count_classes(sources)
    return drum_chance.evaluate_all(sources, count, output, problems), DRUMS[count]


def _print_report(report: StudyReport, output: Path) -> None:
    report.write(output)
    print("\n".join(report.grid.tabulate()))
    print(f"\n{output / f'{report.name}.html'}: a page to look at")


def _end(problems: Sequence[str]) -> None:
    """End with exit code 1 where some tracks were left out, and name them."""
    for problem in dict.fromkeys(problems):
        complain(problem)
    if problems:
        raise typer.Exit(1)


def _given(values: dict[str, str], numbers: Sequence[int]) -> dict[str, str]:
    """Fields of the recipe. Raises ValueError for those that a study sets."""
    from bandscribe.studies.runs import check

    check(values, (), ("corpora", "validation_corpora", "kits"))
    return {**values, "seed": str(numbers[0])}


def _about(scheduler: str, numbers: Sequence[int]) -> str:
    ended = (
        "those behind are ended (asha)" if scheduler == "asha" else "each runs to its end (fifo)"
    )
    seeds = "1 seed" if len(numbers) == 1 else f"{len(numbers)} seeds"
    return (
        f"After Fosse 2025, Automatic Drum Transcription using Deep Learning. Trials: {ended}; the "
        "best weights and the best trial are those of the highest micro F1 in validation; "
        f"{seeds} of each recipe that is tested."
    )
