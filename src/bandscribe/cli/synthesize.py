"""`bandscribe synthesize`: labelled audio of our own, as a corpus on disk."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bandscribe.cli.report import clock, progress, require

KINDS = ("drums",)
#: Where Debian's package hydrogen-drumkits puts its kits.
HYDROGEN_KITS = "/usr/share/hydrogen/data/drumkits"


def synthesize(
    kind: Annotated[str, typer.Argument(metavar="KIND", help="drums")],
    output: Annotated[Path, typer.Option("-o", metavar="DIR", help="The folder to write.")],
    hours: Annotated[float, typer.Option(metavar="H", help="How much audio.")] = 1.0,
    seed: Annotated[int, typer.Option(metavar="S", help="The same seed, the same corpus.")] = 0,
    kits: Annotated[
        list[str] | None,
        typer.Option(
            metavar="PATH",
            help="A kit, a folder of kits, or FILE.sf2#PROGRAM; may be repeated. "
            f"Default: {HYDROGEN_KITS}",
        ),
    ] = None,
    groove: Annotated[
        str | None, typer.Option(metavar="PATH", help="Zip or folder of the Groove MIDI data set.")
    ] = None,
    band: Annotated[
        list[str] | None,
        typer.Option(metavar="DIR", help="A folder of bands without drums; may be repeated."),
    ] = None,
) -> None:
    """Write a labelled corpus in the layout of E-GMD (extra: train).

    A call that was stopped goes on where it was.
    """
    if kind not in KINDS:
        raise typer.BadParameter(f"KIND: expected one of {', '.join(KINDS)}, got {kind!r}")
    if not hours > 0:
        raise typer.BadParameter(f"--hours: expected a positive number, got {hours}")
    if seed < 0:
        raise typer.BadParameter(f"--seed: expected 0 or more, got {seed}")
    if not kits and not Path(HYDROGEN_KITS).is_dir():
        raise typer.BadParameter(
            "--kits: name a folder of drum kits, or install the package hydrogen-drumkits"
        )
    require("train", "scipy")
    from bandscribe.synthesis.corpus import TRACK_SECONDS, write_corpus
    from bandscribe.synthesis.kits import find
    from bandscribe.synthesis.source import Source

    addresses = []
    for place in kits or [HYDROGEN_KITS]:
        addresses += find(place) if Path(place).is_dir() else [place]
    if not addresses:
        raise ValueError(f"{', '.join(kits or [])}: no drum kit there; name another with --kits")
    source = Source.load(addresses, groove=groove, band=band or ())
    total = max(1, round(hours * 3600 / TRACK_SECONDS))
    with progress(total) as show:
        show(0, "")
        for done, row in enumerate(write_corpus(source, output, hours=hours, seed=seed), start=1):
            show(done, row["audio_filename"])
    print(f"{output}: {total} tracks, {clock(hours * 3600)}, {len(addresses)} kits")
