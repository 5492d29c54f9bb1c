"""The corpus that a command reads: `NAME:SPLIT/AUDIO=ROOT`, or NAME and ROOT with options."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bandscribe.cli.report import usage_errors

if TYPE_CHECKING:
    from bandscribe.datasets.address import CorpusAddress

CorpusArgument = Annotated[
    str,
    typer.Argument(
        metavar="CORPUS",
        help="NAME:SPLIT/AUDIO=ROOT, where SPLIT and AUDIO may be left out; or NAME, followed by "
        "ROOT. bandscribe corpus --help lists the names.",
    ),
]
RootArgument = Annotated[
    Path | None, typer.Argument(metavar="ROOT", help="The folder of the corpus.")
]
AudioOption = Annotated[
    str | None,
    typer.Option(metavar="AUDIO", help="Audio variant of the corpus. Default: the usual one."),
]
SplitOption = Annotated[
    str | None,
    typer.Option(metavar="SPLIT", help="A split, or all. Default: test where there is one."),
]


def read_address(
    corpus: str,
    root: Path | None,
    *tasks: str,
    audio: str | None = None,
    split: str | None = None,
) -> CorpusAddress:
    """The address of a corpus of one of `tasks`. Raises a usage error where it is malformed."""
    from bandscribe.datasets.address import CorpusAddress, describe_variants

    if root is None and "=" not in corpus:
        with usage_errors():
            # Of a folder alone, or an unknown name, the error lists the corpora there are.
            CorpusAddress.parse(f"{corpus}=ROOT", *tasks)
        raise typer.BadParameter(f"ROOT: expected the folder of {corpus}: {corpus}=ROOT")
    if root is not None and "=" in corpus:
        raise typer.BadParameter(f"ROOT: {corpus} names a folder already, got {root} as well")
    with usage_errors():
        address = CorpusAddress.parse(corpus if root is None else f"{corpus}={root}", *tasks)
    given = (("--audio", audio, address.audio), ("--split", split, address.split))
    for option, value, named in given:
        if value and named:
            raise typer.BadParameter(f"{option}: {corpus} has {named}, got {value} as well")
    if audio is not None and audio not in address.corpus.variants:
        expected = describe_variants(address.corpus)
        raise typer.BadParameter(f"--audio: expected {expected}, got {audio!r}")
    return replace(address, audio=audio or address.audio, split=split or address.split)
