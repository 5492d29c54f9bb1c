"""`bandscribe synthesize`: labelled audio of our own, as a corpus on disk."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bandscribe.cli.report import clock, progress, require

if TYPE_CHECKING:
    from bandscribe.synthesis.source import Source

KINDS = ("drums", "band")
SPLITS = ("train", "validation", "test")
#: Where Debian's package hydrogen-drumkits puts its kits.
HYDROGEN_KITS = "/usr/share/hydrogen/data/drumkits"


def synthesize(
    kind: Annotated[str, typer.Argument(metavar="KIND", help="drums or band")],
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
    split: Annotated[
        str, typer.Option(metavar="train|validation|test", help="Which of its performances.")
    ] = "train",
    band: Annotated[
        list[str] | None,
        typer.Option(metavar="DIR", help="A folder of bands without drums; may be repeated."),
    ] = None,
    band_share: Annotated[
        float, typer.Option(metavar="X", help="Share of tracks with a band, 0 to 1.")
    ] = 0.5,
    songs: Annotated[
        Path | None,
        typer.Option(metavar="ZIP", help="For a band: MIDI songs, such as POP909, for half of it."),
    ] = None,
    soundfont: Annotated[
        list[Path] | None,
        typer.Option(metavar="SF2", help="For a band: a SoundFont that plays it; may be repeated."),
    ] = None,
    notes: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="For a band: folders of single notes, with notes.json."),
    ] = None,
    voices: Annotated[
        Path | None, typer.Option(metavar="DIR", help="For a band: a folder of speech, to sing.")
    ] = None,
) -> None:
    """Write a labelled corpus in the layout of E-GMD, or a band without drums (extra: train).

    A call that was stopped goes on where it was.
    """
    if kind not in KINDS:
        raise typer.BadParameter(f"KIND: expected one of {', '.join(KINDS)}, got {kind!r}")
    if not hours > 0:
        raise typer.BadParameter(f"--hours: expected a positive number, got {hours}")
    if seed < 0:
        raise typer.BadParameter(f"--seed: expected 0 or more, got {seed}")
    if split not in SPLITS:
        raise typer.BadParameter(f"--split: expected one of {', '.join(SPLITS)}, got {split!r}")
    if not 0 <= band_share <= 1:
        raise typer.BadParameter(f"--band-share: expected 0 to 1, got {band_share}")
    require("train", "scipy")
    if kind == "drums":
        source = load_source(
            kits, groove=groove, split=split, band=band or (), band_share=band_share
        )
        write_drums(output, hours, seed, split, source)
    elif not soundfont:
        raise typer.BadParameter("a band needs --soundfont")
    else:
        write_songs(output, hours, seed, soundfont, songs=songs, notes=notes, voices=voices)


def load_source(kits: list[str] | None, **options: Any) -> Source:
    """The source that the options name. Raises a usage error where there are no kits."""
    if not kits and not Path(HYDROGEN_KITS).is_dir():
        raise typer.BadParameter(
            "--kits: name a folder of drum kits, or install the package hydrogen-drumkits"
        )
    from bandscribe.synthesis.kits import find
    from bandscribe.synthesis.source import Source

    addresses = []
    for place in kits or [HYDROGEN_KITS]:
        addresses += find(place) if Path(place).is_dir() else [place]
    if not addresses:
        raise ValueError(f"{', '.join(kits or [])}: no drum kit there; name another with --kits")
    return Source.load(addresses, **options)


def write_drums(output: Path, hours: float, seed: int, split: str, source: Source) -> None:
    """Render a corpus of drum performances."""
    from bandscribe.synthesis.corpus import TRACK_SECONDS, write_corpus

    total = max(1, round(hours * 3600 / TRACK_SECONDS))
    with progress(total) as show:
        show(0, "")
        rows = write_corpus(source, output, hours=hours, seed=seed, split=split)
        for done, row in enumerate(rows, start=1):
            show(done, row["audio_filename"])
    print(f"{output}: {total} tracks, {clock(hours * 3600)}, {len(source.kits)} kits")


def write_songs(
    output: Path, hours: float, seed: int, soundfonts: list[Path], **sources: Path | None
) -> None:
    """Render songs without drums."""
    from bandscribe.synthesis.band.recordings import write_band

    count = 0
    with progress(round(hours * 60)) as show:
        show(0, "")
        for path, done in write_band(soundfonts, output, hours=hours, seed=seed, **sources):
            count += 1
            show(round(done * 60), path.name)
    print(f"{output}: {count} songs, {clock(done * 3600)}")
