"""`bandscribe recognize`: recordings in, the instruments that are present in them out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

from bandscribe.cli import inputs
from bandscribe.cli.arguments import (
    Inputs,
    ModelName,
    StreamNumber,
    TableFile,
    TableFormat,
    choose_table,
    prepare_file,
    spell,
)
from bandscribe.cli.batch import Jobs, Table, Work, finish, process_all
from bandscribe.cli.report import clock, reported, usage_errors, visible
from bandscribe.files import to_csv, to_json
from bandscribe.formats.tags import describe_recognition
from bandscribe.names import INSTRUMENTS, find, find_all, list_names

if TYPE_CHECKING:
    from bandscribe.chunks import Strategy

COLUMNS = ("file", "class", "probability", "present", "active_share", "first", "last")
#: The shipped model.
MODEL = "instruments"
_BAR = 20


def recognize(
    named: Inputs,
    output: TableFile = None,
    format: TableFormat = None,
    aggregate: Annotated[
        str,
        typer.Option(
            metavar="s1|s2",
            help="Score: the mean probability over time (s1), or its ratio to that of the most "
            "prominent class (s2).",
        ),
    ] = "s1",
    threshold: Annotated[
        float | None,
        typer.Option(metavar="X", help="0 to 1, for all classes. Default: those of the model."),
    ] = None,
    among: Annotated[
        str | None,
        typer.Option(
            metavar="CLASS,…",
            help="Only these instruments may occur: all others count as absent, and probabilities "
            "are corrected for the smaller choice.",
        ),
    ] = None,
    having: Annotated[
        str | None,
        typer.Option(
            "--with",
            metavar="CLASS",
            help=f"List only files in which it is present: {list_names(INSTRUMENTS)}.",
        ),
    ] = None,
    model: ModelName = None,
    stream: StreamNumber = None,
    jobs: Jobs = None,
) -> None:
    """List the instruments that are present in recordings, and when.

    For each instrument: its probability (or, with --aggregate s2, its prominence), the share of the
    time during which it is present, and its first and last moment. --with prints only the names of
    the matching files, unless --format is given.
    """
    from bandscribe import instruments

    kind = choose_table(format, output)
    output = None if output == inputs.STANDARD else output
    allowed = () if among is None else among
    work = Recognizing(model or MODEL, aggregate, threshold, allowed, stream=stream)
    with usage_errors():
        classes = work.loaded.card.classes
        instruments.check(work.loaded.card, aggregate, threshold, allowed)
        possible = find_all(allowed, classes)
    chosen = None if having is None else find(having, classes)
    if having is not None and chosen is None:
        raise typer.BadParameter(f"--with: expected one of {list_names(classes)}, got {having!r}")
    if chosen is not None and possible and chosen not in possible:
        raise typer.BadParameter(
            f"--with: {having} is none of those that may occur (--among {among}); add it to "
            "--among, or leave out one of the options"
        )
    sources, failed, others = inputs.find_all(named)
    if output is not None:
        prepare_file(output, sources)
    names_alone = chosen is not None and format is None and kind == "table"
    show = (lambda entry: visible(entry["file"])) if names_alone else tabulate
    table = Table(kind, output, partial(_render, show))
    for _, entry in process_all(work, sources, jobs):
        if entry is None:
            failed += 1
        elif chosen is None or chosen in _present(entry):
            table.add(entry, show(entry))
    table.finish()
    finish(failed, others)


@dataclass(frozen=True)
class Recognizing(Work[inputs.Input, dict[str, Any]]):
    """Recognizes the instruments of a recording; the result is that of `describe_recognition`."""

    aggregate: str
    threshold: float | None
    among: str | tuple[str, ...] = ()

    def __call__(
        self, item: inputs.Input, sound: Path, at: Callable[[float], None]
    ) -> dict[str, Any]:
        """As `Work`."""
        from bandscribe import audio, instruments

        rate = instruments.front_end(self.loaded.card).sample_rate
        found = instruments.recognize(
            reported(audio.stream(sound, sample_rate=rate, stream=self.stream), at),
            model=self.loaded,
            aggregate=cast("Strategy", self.aggregate),
            threshold=self.threshold,
            among=self.among,
        )
        return describe_recognition(found, spell(item.path))


def tabulate(entry: Mapping[str, Any]) -> str:
    """Lines for a terminal: the file, and a bar for each instrument that is present."""
    lines = [f"{visible(entry['file'])}  {clock(entry['duration'])}"]
    present = [row for row in entry["instruments"] if row["present"]]
    for row in sorted(present, key=lambda row: -float(row["probability"])):
        name, score = row["class"], row["probability"]
        bar = "█" * round(_BAR * score)
        lines.append(
            f"  {name:<3}  {INSTRUMENTS.get(name, name):<15}  {bar:<{_BAR}}  {score:.2f}"
            f"  {row['active_share']:>4.0%}  {clock(row['first'])} to {clock(row['last'])}"
        )
    return "\n".join(lines if present else [*lines, "  no instrument recognized"])


def _render(
    show: Callable[[Mapping[str, Any]], str], entries: Sequence[Mapping[str, Any]], kind: str
) -> str:
    if kind == "json":
        return to_json(entries)
    if kind == "csv":
        rows = (
            # As in JSON: true and false.
            {"file": entry["file"], **row, "present": str(row["present"]).lower()}
            for entry in entries
            for row in entry["instruments"]
        )
        return to_csv(COLUMNS, rows)
    return "".join(f"{show(entry)}\n" for entry in entries)


def _present(entry: Mapping[str, Any]) -> list[str]:
    return [row["class"] for row in entry["instruments"] if row["present"]]
