"""`bandscribe study architectures` and `bandscribe study data`: the thesis's two questions."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bandscribe.cli import tune as tuning
from bandscribe.cli.report import require, usage_errors

if TYPE_CHECKING:
    from bandscribe.studies.drum_corpora import Source

Output = Annotated[
    Path, typer.Option("-o", "--output", metavar="DIR", help="The trials, tables and the page.")
]
Corpora = Annotated[
    list[str],
    typer.Option(
        "--corpus",
        metavar="CORPUS",
        help="[LABEL=]NAME:SPLIT/AUDIO=ROOT. One without SPLIT that has train, validation and test "
        "is trained on as well as tested on. May be repeated.",
    ),
]
Seeds = Annotated[
    str,
    typer.Option(metavar="A,B,…", help="The best recipe is trained with each; searched with A."),
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
        typer.Option(metavar="MODEL=JSON", help="Other values to try; may be repeated."),
    ] = None,
    seeds: Seeds = "1",
    scheduler: tuning.Scheduler = "asha",
    epochs: tuning.Epochs = tuning.EPOCHS,
    jobs: tuning.Jobs = None,
    address: tuning.Cluster = None,
    draw_seed: tuning.Seed = 0,
) -> None:
    """Search each network on each corpus, and test the best ones, as Fosse 2025 (extra: tune).

    Further options --FIELD VALUE are fields of the recipe of all trials: see bandscribe train drums
    --help. A study that was stopped goes on when it is started again; where nothing is left to do,
    it writes its report anew. best.json is the recipe for bandscribe study data.
    """
    require("tune", "torch", "ray", "matplotlib")
    from bandscribe.cli.train import parse
    from bandscribe.files import whole
    from bandscribe.studies import drum_architectures as comparing
    from bandscribe.studies import drum_architectures_report as report
    from bandscribe.training import recipes

    with usage_errors():
        sources, numbers = _sources(corpus), _numbers(seeds)
        given = _given(parse(context.args), numbers)
        chosen = [name for name in models.split(",") if name]
        if unknown := [name for name in chosen if name not in comparing.NAMES]:
            known = ", ".join(comparing.NAMES)
            raise ValueError(f"--models: expected some of {known}, got {unknown[0]!r}")
        if not (trained := [source for source in sources if source.trainable]):
            raise ValueError("--corpus: none is parted into train, validation and test")
        spaces = {text.partition("=")[0]: text.partition("=")[2] for text in space or ()}
        planned = comparing.plan(
            trained, chosen, given, path=recipe, spaces=spaces,
            trials=None if grid else trials, epochs=epochs, seed=draw_seed, folder=output,
        )  # fmt: skip
    output.mkdir(parents=True, exist_ok=True)
    with tuning.table() as show:
        go = partial(tuning.run, jobs=jobs, address=address, show=show)
        searched, again = (partial(go, scheduler=name) for name in (scheduler, "fifo"))
        rows = list(comparing.study(trained, planned, numbers, output, searched, again))
    with whole(output / "best.json") as part:
        part.write_text(recipes.to_json(comparing.choose(planned)) + "\n", encoding="utf-8")
    told = _tell(trained, output)
    report.write(output, rows, about=_about(scheduler, numbers), **told)
    print("\n".join(report.tabulate(rows, told["guesses"])))
    print(f"\n{output / 'architectures.html'}: a page to look at")
    print(f"{output / 'best.json'}: the best on the whole, for bandscribe study data --recipe")


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
            help="A set to train on; may be repeated. Default: each corpus alone, and all.",
        ),
    ] = None,
    seeds: Seeds = "1",
    jobs: tuning.Jobs = None,
    address: tuning.Cluster = None,
) -> None:
    """Train one network on sets of corpora and test each on all, as Fosse 2025 (extra: tune).

    Further options --FIELD VALUE are fields of the recipe of all runs. A study that was stopped
    goes on when it is started again, and takes the trials of other studies in its folder for its
    own; where nothing is left to do, it writes its report anew.
    """
    require("tune", "torch", "ray", "matplotlib")
    from bandscribe.cli.train import parse
    from bandscribe.studies import drum_data as comparing
    from bandscribe.studies import drum_data_report as report
    from bandscribe.training import recipes
    from bandscribe.training.drums.recipe import Recipe

    with usage_errors():
        sources, numbers = _sources(corpus), _numbers(seeds)
        base = recipes.override(
            recipes.from_file(recipe, Recipe), _given(parse(context.args), numbers)
        )
        sets = comparing.combine(sources, train or ())
        planned = comparing.plan(sources, sets, base, numbers, output)
    output.mkdir(parents=True, exist_ok=True)
    with tuning.table() as show:
        go = partial(tuning.run, scheduler="fifo", jobs=jobs, address=address, show=show)
        rows = list(comparing.study(sources, planned, output, go))
    told = _tell(sources, output)
    report.write(output, rows, about=_about("fifo", numbers), **told)
    print("\n".join(report.tabulate(rows, told["guesses"])))
    print(f"\n{output / 'data.html'}: a page to look at")


def _sources(texts: Sequence[str]) -> list[Source]:
    """The corpora. Raises ValueError for one that is none, or two of one label."""
    from bandscribe.studies.drum_corpora import Source

    sources = [Source.parse(text) for text in texts]
    labels = [source.label for source in sources]
    if twice := [label for label in labels if labels.count(label) > 1]:
        raise ValueError(f"--corpus: two are called {twice[0]!r}; name them LABEL=NAME=ROOT")
    return sources


def _numbers(seeds: str) -> list[int]:
    if not all(seed.isdecimal() for seed in seeds.split(",")):
        raise ValueError(f"--seeds: expected whole numbers, got {seeds!r}")
    return [int(seed) for seed in seeds.split(",")]


def _given(values: dict[str, str], numbers: Sequence[int]) -> dict[str, str]:
    """Fields of the recipe. Raises ValueError for those that a study sets."""
    if mine := sorted(values.keys() & {"seed", "corpora", "validation_corpora", "kits"}):
        raise ValueError(f"{mine[0]}: a study sets it; expected other fields of a recipe")
    return {**values, "seed": str(numbers[0])}


def _tell(sources: Sequence[Source], output: Path) -> dict[str, Any]:
    """What a report says of the corpora, and of those who guess."""
    from bandscribe.studies import drum_chance, drum_corpora
    from bandscribe.vocabulary import DRUMS

    count = drum_corpora.count_classes(sources)
    corpora = [row for source in sources for row in drum_corpora.describe(source, count)]
    return {
        "corpora": corpora,
        "guesses": drum_chance.judge(sources, count, output),
        "classes": DRUMS[count],
    }


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
