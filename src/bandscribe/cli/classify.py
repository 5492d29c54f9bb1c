"""`bandscribe classify`: one-shots in, which drum each of them is out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer

from bandscribe.cli import filing, inputs
from bandscribe.cli.arguments import (
    ModelName,
    StreamNumber,
    TableFile,
    TableFormat,
    choose_table,
    parse_input,
    prepare_file,
    spell,
)
from bandscribe.cli.batch import Jobs, Table, Work, deliver, finish, process_all
from bandscribe.cli.report import complain, count, usage_errors, visible
from bandscribe.files import to_csv, to_json
from bandscribe.formats.tags import describe_hit

#: Columns of the CSV before those of the classes.
COLUMNS = ("file", "class", "probability", "classes", "velocity")
#: The shipped model.
MODEL = "hits"
#: What the table calls the classes.
NAMES = {
    "KD": "kick drum", "SD": "snare drum", "SS": "side stick", "CHH": "closed hi-hat",
    "OHH": "open hi-hat", "HT": "high tom", "MT": "mid tom", "LT": "low tom", "CR": "crash",
    "RD": "ride", "CLAP": "clap", "CB": "cowbell", "TMB": "tambourine", "OTHER": "percussion",
}  # fmt: skip


def classify(
    named: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="INPUT",
            help="Sound files or folders, or - for standard input.",
            parser=parse_input,
        ),
    ] = None,
    output: TableFile = None,
    format: TableFormat = None,
    rename: Annotated[
        bool, typer.Option("--rename", help="Prefix each name with its class: KD_sound 12.wav.")
    ] = False,
    sort_into: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR", help="Copy each file into a folder in DIR for its class, or unknown."
        ),
    ] = None,
    move: Annotated[
        bool, typer.Option("--move", help="With --sort-into: move the files instead.")
    ] = False,
    undo: Annotated[
        Path | None,
        typer.Option(metavar="LIST", help="Revert what an earlier call copied or renamed."),
    ] = None,
    model: ModelName = None,
    stream: StreamNumber = None,
    jobs: Jobs = None,
) -> None:
    """Classify drum one-shots.

    The class is "-" for sounds that are no drum. Of a longer file the clearest hits are classified.
    Files are only touched with --rename or --sort-into, which never overwrite anything and write a
    list that --undo can revert.
    """
    from bandscribe import hits

    if (undo is None) == (not named):
        raise typer.BadParameter("INPUT: name sound files or folders, or a list with --undo")
    if undo is not None:
        _undo(undo)
        return
    if (rename or sort_into is not None) and inputs.STANDARD in (named or ()):
        raise typer.BadParameter("INPUT: standard input is no file to rename or to sort")
    if move and sort_into is None:
        raise typer.BadParameter("--move: is for --sort-into")
    kind = choose_table(format, output)
    output = None if output == inputs.STANDARD else output
    work = Classifying(model or MODEL, stream=stream)
    with usage_errors():
        hits.check(work.loaded.card)
    sources, failed, others = inputs.find_all(named or [])
    if sort_into is not None:
        sources = [source for source in sources if not _lies_in(source.path, sort_into)]
    if output is not None:
        prepare_file(output, sources)
    classes = work.loaded.card.classes
    # Files are sorted even if the reader of the results has left.
    show = deliver if sort_into is None and not rename else print
    table = Table(kind, output, partial(_render, classes), show)
    labels: list[tuple[Path, str | None]] = []
    for source, entry in process_all(work, sources, jobs):
        if entry is None:
            failed += 1
            continue
        labels.append((source.path, entry["class"]))
        table.add(entry, tabulate(entry))
    table.finish()
    if rename or sort_into is not None:
        failed += _file(labels, named or [], sort_into, rename=rename, move=move)
    finish(failed, others)


@dataclass(frozen=True)
class Classifying(Work[inputs.Input, dict[str, Any]]):
    """Classifies a one-shot; the result is that of `describe_hit`."""

    def __call__(
        self, item: inputs.Input, sound: Path, at: Callable[[float], None]
    ) -> dict[str, Any]:
        """As `Work`."""
        from bandscribe import hits

        return describe_hit(
            hits.classify(sound, model=self.loaded, stream=self.stream), spell(item.path)
        )


def tabulate(entry: Mapping[str, Any]) -> str:
    """A line for a terminal: class, name, probability, what else is struck with it, file."""
    label = entry["class"]
    name = "no drum" if label is None else NAMES.get(label, label)
    others = "".join(f" +{other}" for other in entry["classes"] if other != label)
    return (
        f"{label or '-':<5}  {name:<13}  {entry['probability']:4.2f}  {visible(entry['file'])}"
        f"{'  ' + others.strip() if others else ''}"
    )


def _file(
    labels: Sequence[tuple[Path, str | None]],
    named: Sequence[Path],
    sort_into: Path | None,
    *,
    rename: bool,
    move: bool,
) -> int:
    """Copy, move or rename; returns how many files could not be."""
    steps = filing.plan(labels, sort_into, rename=rename, move=move)
    if sort_into is not None and len(steps) < len(labels):
        complain(f"{count(len(labels) - len(steps), 'file')} left, copies of which are there")
    elif not steps:
        complain("nothing to rename" if rename else "nothing to sort")
    if not steps:
        return 0
    first = named[0] if named[0].is_dir() else named[0].parent
    undo_list = filing.start_list(first if sort_into is None else sort_into)
    done = {"copy": "copied", "move": "renamed" if sort_into is None else "moved"}[steps[0].kind]
    finished = 0
    try:
        for carried_out in filing.carry_out(steps, undo_list):
            finished += carried_out
    finally:
        # Also of what was done before Ctrl-C, or before the disk was full.
        if undo_list.exists():
            complain(
                f"{count(finished, 'file')} {done}; "
                f"to take it back: bandscribe classify --undo {spell(undo_list)}"
            )
    return len(steps) - finished


def _undo(undo_list: Path) -> None:
    done, failed = filing.undo(undo_list)
    rest = f"; {count(failed, 'file')} could not be, see above" if failed else ""
    complain(f"{count(done, 'file')} taken back{rest}")
    if failed:
        raise typer.Exit(1)


def _lies_in(path: Path, folder: Path) -> bool:
    """Whether a file was sorted into the folder before."""
    return path.resolve().is_relative_to(folder.resolve())


def _render(classes: Sequence[str], entries: Sequence[Mapping[str, Any]], kind: str) -> str:
    if kind == "json":
        return to_json(entries)
    if kind == "csv":
        rows = [
            # Classes as in the labels of a corpus of clips.
            {name: entry[name] for name in COLUMNS}
            | {"classes": ";".join(entry["classes"]), **entry["scores"]}
            for entry in entries
        ]
        return to_csv((*COLUMNS, *classes), rows)
    return "".join(f"{tabulate(entry)}\n" for entry in entries)
