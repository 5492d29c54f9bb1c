"""Arguments, checks and file names shared by the commands that analyse recordings."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated

import typer

from bandscribe.cli.inputs import STANDARD, Input

#: Formats of a table about all inputs, and the suffix of their files.
TABLES = {"table": ".txt", "json": ".json", "csv": ".csv"}


def make_group(name: str, text: str) -> typer.Typer:
    """A command with commands of its own; `text` is its help."""
    return typer.Typer(name=name, help=text, pretty_exceptions_enable=False, rich_markup_mode=None)


def parse_input(text: str) -> Path:
    """A name on the command line; an empty one, as of an unset shell variable, is no name."""
    if not text:
        raise typer.BadParameter("an empty name; name a file, or . for this folder")
    return Path(text)


Inputs = Annotated[
    list[Path],
    # What cannot be read is complained about in its turn, and the others are done.
    typer.Argument(
        metavar="INPUT", help="Sound files or folders, or - for standard input.", parser=parse_input
    ),
]
Output = Annotated[
    str | None,
    typer.Option(
        "-o",
        "--output",
        metavar="PATH",
        help="A file, if the name has the suffix of a format (for one input); - for standard "
        "output; else a folder, which is created. Default: the working directory.",
    ),
]
TableFile = Annotated[
    Path | None,
    typer.Option(
        "-o",
        "--output",
        metavar="FILE",
        help=f"Write the table of all results to this file ({', '.join(TABLES.values())}) instead "
        "of printing it.",
    ),
]
TableFormat = Annotated[
    str | None,
    typer.Option(
        "--format", metavar="|".join(TABLES), help="Default: by the suffix of -o, else a table."
    ),
]
ModelName = Annotated[
    str | None,
    typer.Option(metavar="NAME", help="A shipped model, or the path of an ONNX file."),
]
Sensitivity = Annotated[
    float | None,
    typer.Option(metavar="X", help="0 to 1; higher: more notes, more false alarms. Default: 0.5."),
]
StreamNumber = Annotated[
    int | None,
    typer.Option(
        "--stream",
        metavar="N",
        min=1,
        help="The audio stream to read, counted from 1, if a file contains several. Default: the "
        "one marked as default, or the longest.",
    ),
]
SkipExisting = Annotated[
    bool, typer.Option("--skip-existing", help="Skip outputs that already exist.")
]


def choose_table(given: str | None, output: Path | None) -> str:
    """One of `TABLES`: the requested one, or that of the file's suffix, or a table.

    Raises a usage error for an unknown format, for the suffix of another format, and for a name
    without a suffix, which is a folder.
    """
    from bandscribe.audio import EXTENSIONS

    if output is not None and names_folder(output):
        raise typer.BadParameter(
            f"-o {output}: names a folder, but one table is written; end the name with "
            f"{', '.join(TABLES.values())}"
        )
    if given is None:
        suffix = "" if output is None else output.suffix.lower()
        if suffix and suffix not in (*TABLES.values(), *EXTENSIONS):
            raise typer.BadParameter(
                f"-o {output}: no format has this suffix; expected one of "
                f"{', '.join(TABLES.values())}, or --format"
            )
        return next((name for name, known in TABLES.items() if known == suffix), "table")
    if given not in TABLES:
        raise typer.BadParameter(f"--format: expected one of {', '.join(TABLES)}, got {given!r}")
    known = {TABLES["json"], TABLES["csv"]}  # any other text may be in a .txt
    if output is not None and output.suffix.lower() in known - {TABLES[given]}:
        raise typer.BadParameter(
            f"-o {output}: is not the suffix of --format {given}; name a file that ends with "
            f"{TABLES[given]}, or leave out --format"
        )
    return given


def names_folder(output: str | Path) -> bool:
    """Whether an output is a folder: an existing one, or a name that does not end with a suffix.

    Neither `-` nor a pipe or a device, such as /dev/stdout, is one.
    """
    path = Path(output)
    if path.is_dir() or str(output).endswith("/"):
        return True
    return path != STANDARD and not path.suffix and not (path.exists() and not path.is_file())


def prepare_file(output: Path, sources: Sequence[Input]) -> None:
    """Make the folder of a file that is going to be written.

    Raises a usage error for one that should not be, and OSError for one that cannot be: before
    any audio is processed.
    """
    from bandscribe.audio import EXTENSIONS

    if output.suffix.lower() in EXTENSIONS:
        raise typer.BadParameter(f"-o {output}: has the name of a sound file; choose another")
    if output.exists() and any(
        output.samefile(source.path) for source in sources if source.path.exists()
    ):
        raise typer.BadParameter(f"-o {output}: would overwrite an input; choose another")
    output.parent.mkdir(parents=True, exist_ok=True)
    if not os.access(output.parent, os.W_OK):
        raise PermissionError(f"{output}: no permission to write there; choose another -o")


def spell(path: str | Path) -> str:
    """A name need not be text on every system; what is written about it has to be."""
    return os.fsencode(path).decode(errors="replace")


def list_paths(outputs: Mapping[str, Path]) -> str:
    """The files of all formats, with commas between them."""
    return ", ".join(str(path) for path in outputs.values())
