"""The command line: a module for each command, and what they share.

Shared are arguments (`arguments`, `addresses`), input and output files (`inputs`, `outputs`), the
loop over recordings (`batch`) and messages (`report`). Nothing here is meant to be called by
programs. Commands import what they need when they run, so that `bandscribe --help` is fast, and
only training commands load torch.

Exit codes: 0 success; 1 something failed, each with a line on standard error; 2 wrong usage; 130
interrupted with Ctrl-C.
"""

from __future__ import annotations

import re
import sys
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from bandscribe.cli.catalogue import catalogue
from bandscribe.cli.classify import classify
from bandscribe.cli.compare import compare
from bandscribe.cli.corpus import corpus
from bandscribe.cli.evaluate import evaluate
from bandscribe.cli.explore import explore
from bandscribe.cli.export import export
from bandscribe.cli.listen import listen
from bandscribe.cli.models import models
from bandscribe.cli.open import open_page
from bandscribe.cli.recognize import recognize
from bandscribe.cli.report import complain, explain
from bandscribe.cli.segment import segment
from bandscribe.cli.serve import serve
from bandscribe.cli.streams import lasting
from bandscribe.cli.study import study
from bandscribe.cli.study_drums import architectures, data
from bandscribe.cli.study_training import activity, drummernet, hits, recognition
from bandscribe.cli.supercut import supercut
from bandscribe.cli.synthesize import synthesize
from bandscribe.cli.synthesize_instruments import instruments, mixtures, stems
from bandscribe.cli.track import track
from bandscribe.cli.train import train
from bandscribe.cli.transcribe import transcribe
from bandscribe.cli.tune import tune

#: The options of these are fields of a recipe, which they parse by themselves.
RECIPES = {"allow_extra_args": True, "ignore_unknown_options": True}
COMMANDS = (
    open_page, listen, transcribe, recognize, track, classify, segment, explore, supercut, serve,
    models, corpus, compare, export, train, tune,
)  # fmt: skip
GROUPS = (catalogue, evaluate, synthesize, study)
for question in (recognition, activity, hits, drummernet, architectures, data):
    study.command(context_settings=RECIPES)(question)
for rendered in (instruments, stems, mixtures):
    synthesize.command()(rendered)

#: What typer raises for wrong usage; only its descendant is a public name.
UsageError: Any = typer.BadParameter.__base__
#: How typer words an option's value that is no number, or none in its range; and our words.
_TYPER_WORDS = (
    (r"Invalid value for (?:'-\w' / )?'(--[\w-]+)': Input should be ", r"\1: expected "),
    (r"(: expected )greater than or equal to (\S+)$", r"\1\2 or more"),
    (r"(: expected )less than or equal to (\S+)$", r"\1at most \2"),
    (r"(: expected )a valid number, .*", r"\1a number"),
    (r"(: expected )a valid integer, .*", r"\1a whole number"),
)


def _show_version(show: bool) -> None:
    if show:
        from bandscribe import __version__

        print(__version__)
        raise typer.Exit


def make_app(name: str = "") -> typer.Typer:
    """The command of this name alone, since typer takes its time for each; else all of them.

    Of all, groups have no commands of their own: their help is not shown.
    """
    app = typer.Typer(
        name="bandscribe",
        add_completion=False,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
    )
    app.callback()(_bandscribe)
    called = {"open" if each is open_page else each.__name__: each for each in COMMANDS}
    groups = {str(group.info.name): group for group in GROUPS}
    for each in [name] if name in called else called if name not in groups else ():
        settings = RECIPES if each in ("train", "tune") else {}
        # `train --help` is of a task, and explained by the command itself.
        app.command(each, add_help_option=each != "train", context_settings=settings)(called[each])
    for each, group in groups.items():
        if each == name:
            app.add_typer(group)
        elif name not in called and name not in groups:
            app.add_typer(typer.Typer(name=each, help=str(group.info.help)))
    return app


def _bandscribe(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version."),
    ] = False,
) -> None:
    """Analyse music recordings: drum notes, instruments, their activity, single drum hits."""


def main(args: Sequence[str] | None = None) -> int:
    """Run a command line, by default the program's own, and return its exit code."""
    with lasting() as output:
        for stream in (sys.stdout, sys.stderr):
            if hasattr(stream, "reconfigure"):
                # Names of files can hold what a terminal cannot show.
                stream.reconfigure(errors="replace")
        warnings.showwarning = lambda message, *_, **__: complain(str(message))
        code = _run(list(sys.argv[1:] if args is None else args))
        output.flush()
        # A reader that has left, as in `| head`, has had enough; a full disk loses the output.
        if output.error is not None and not isinstance(output.error, BrokenPipeError):
            complain(f"standard output: {explain(output.error)}")
            code = code or 1
    return code


def _name_option(error: Any) -> str:
    """What was wrong, with the option in front as it is typed: `--tempo: expected …`."""
    message: str = error.format_message().removeprefix("Invalid value: ").rstrip(".")
    for theirs, ours in _TYPER_WORDS:
        message = re.sub(theirs, ours, message)
    name, colon, rest = message.partition(": ")
    for parameter in error.ctx.command.params if error.ctx and colon else ():
        if parameter.name == name and parameter.opts[0].startswith("-"):
            return f"{max(parameter.opts, key=len)}: {rest}"
    return message


def _advise(arguments: list[str]) -> str:
    """The cure where a file has the name of an option, which `*.mp3` may expand to."""
    dashed = (
        each for each in arguments if len(each) > 1 and each[0] == "-" and Path(each).exists()
    )
    name = next(dashed, None)
    return "" if name is None else f"write ./{name} for the file of this name; "


def _run(arguments: list[str]) -> int:
    try:
        app = make_app(arguments[0] if arguments else "")
        code = app(arguments or ["--help"], prog_name="bandscribe", standalone_mode=False)
    except UsageError as error:
        # An option without its argument is reported without its command.
        called = error.ctx.command_path if error.ctx else f"bandscribe {arguments[0]}"
        complain(f"{_name_option(error)}; {_advise(arguments)}see {called} --help")
        return 2
    except BrokenPipeError:
        return 1  # the reader of the results has left
    except (ValueError, OSError) as error:
        complain(explain(error))
        return 1
    return code or 0
