"""What the commands that listen to recordings share: arguments, warnings, names of files."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from bandscribe.cli.report import complain, explain

Inputs = Annotated[
    list[Path],
    # What cannot be read is complained about in its turn, and the others are done.
    typer.Argument(metavar="INPUT", help="Sound files, and folders of them.", readable=False),
]
Output = Annotated[
    str | None,
    typer.Option(
        "-o",
        metavar="PATH",
        help="The file to write for one input and one format; else a folder. "
        "Default: the working directory.",
    ),
]
ModelName = Annotated[
    str | None,
    typer.Option(metavar="NAME", help="A shipped model, or the path of an ONNX file."),
]
SkipExisting = Annotated[
    bool, typer.Option("--skip-existing", help="Leave outputs that exist, and go on.")
]


@contextmanager
def warned(source: Path) -> Iterator[None]:
    """Once a file is heard, a line for each warning that it is cut short; nothing of others."""
    from bandscribe.audio import TruncatedAudioWarning

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("ignore")
        warnings.simplefilter("always", TruncatedAudioWarning)
        yield
    for warning in caught:
        complain(explain(UserWarning(str(warning.message)), source))


def spell(path: str | Path) -> str:
    """A name need not be text on every system; what is written about it has to be."""
    return os.fsencode(path).decode(errors="replace")


def list_paths(outputs: Mapping[str, Path]) -> str:
    """The files of all formats, with commas between them."""
    return ", ".join(str(path) for path in outputs.values())
