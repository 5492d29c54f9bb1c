"""Commands of `bandscribe synthesize` that render music with labelled instruments."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from bandscribe.cli.report import complain, explain, require
from bandscribe.cli.synthesize import (
    BandShare,
    Hours,
    Notes,
    Output,
    Seed,
    Soundfont,
    Split,
    Voices,
    find_kits,
    report_written,
    show_progress,
)

Kits = Annotated[
    list[str] | None,
    typer.Option(
        metavar="PATH",
        help="A drum kit, or a folder of kits; may be repeated. Without it there are no drums.",
    ),
]
Solos = Annotated[
    Path | None,
    typer.Option(
        metavar="DIR",
        help="Folder of clips of single instruments, with labels.csv: those of its split train "
        "play some of the parts.",
    ),
]


def instruments(
    output: Output,
    soundfont: Soundfont,
    hours: Hours = 1.0,
    seed: Seed = 0,
    split: Split = "train",
    kits: Kits = None,
    notes: Notes = None,
    voices: Voices = None,
    solos: Solos = None,
) -> None:
    """Clips with labelled instruments.

    The folder has the layout of IRMAS, which has no validation split.
    """
    if split == "validation":
        raise typer.BadParameter("--split: instruments have train and test")
    require("train", "scipy")
    from bandscribe.synthesis.instruments.corpus import write_corpus

    sources = _load_sources(soundfont, kits, notes=notes, voices=voices, solos=solos)
    written = write_corpus(sources, output, hours=hours, seed=seed, split=split)
    report_written(output, "clips", written, hours=hours)


def stems(
    output: Output,
    soundfont: Soundfont,
    hours: Hours = 1.0,
    seed: Seed = 0,
    split: Split = "train",
    kits: Kits = None,
    notes: Notes = None,
    voices: Voices = None,
    solos: Solos = None,
    band_share: BandShare = 0.5,
) -> None:
    """Pieces with a separate track for each player (corpus stems)."""
    require("train", "scipy")
    from bandscribe.synthesis.instruments.stems import write_stems

    sources = _load_sources(soundfont, kits, notes=notes, voices=voices, solos=solos)
    written = write_stems(sources, output, hours=hours, seed=seed, split=split, bands=band_share)
    report_written(output, "pieces", written, hours=hours)


def mixtures(
    output: Output,
    solos: Annotated[
        Path,
        typer.Option(
            metavar="DIR",
            help="Clips of single instruments, with labels.csv; those of --split are used.",
        ),
    ],
    seed: Seed = 0,
    split: Split = "train",
    count: Annotated[int, typer.Option(metavar="N", min=1, help="Mixtures to write.")] = 300,
    players: Annotated[
        str, typer.Option(metavar="N-N", help="Minimum and maximum number of clips in a mixture.")
    ] = "2-4",
    classes: Annotated[
        str | None, typer.Option(metavar="CLASS,…", help="Mix only these classes.")
    ] = None,
    in_turn: Annotated[
        bool, typer.Option("--in-turn", help="Play five seconds of each clip in turn instead.")
    ] = False,
) -> None:
    """Mixtures of given clips (corpora clips and stems)."""
    least, _, most = players.partition("-")
    if not (least.isdigit() and (most or least).isdigit()):
        raise typer.BadParameter(f"--players: expected numbers as 2-4, got {players!r}")
    require("train", "scipy")
    from bandscribe.synthesis.instruments.stems import write_mixtures

    clips = find_solos(solos, split)
    if classes is not None:
        if unknown := [name for name in classes.split(",") if name not in clips]:
            raise typer.BadParameter(
                f"--classes: expected some of {', '.join(sorted(clips))}, got {unknown[0]!r}"
            )
        clips = {name: clips[name] for name in classes.split(",")}
    pieces = write_mixtures(
        clips, output, count=count, seed=seed, split=split,
        players=(int(least), int(most or least)), in_turn=in_turn,
    )  # fmt: skip
    show_progress(((path.name, 0.0) for path in pieces), files=count)
    print(f"{output}: {count} mixtures of {sum(map(len, clips.values()))} clips")


def _load_sources(
    soundfonts: list[Path], kits: list[str] | None, *, solos: Path | None, **sources: Path | None
) -> Any:
    """What plays in clips and stems; drums only where kits are named."""
    from bandscribe.synthesis.instruments.players import PlayerSources

    return PlayerSources.load(
        soundfonts, drum_kits=find_kits(kits) if kits else (),
        solos=find_solos(solos) if solos else None, **sources,
    )  # fmt: skip


def find_solos(folder: Path, split: str = "train") -> dict[str, list[Path]]:
    """The clips of one class alone in a split of a folder, by class.

    A row that is damaged has a line on standard error. Raises ValueError where there are none.
    """
    from bandscribe.datasets.clips import CORPUS

    solos: dict[str, list[Path]] = {}
    for track in CORPUS.tracks(folder):
        try:
            labels = track.load()
        except ValueError as error:
            complain(explain(error))
            continue
        if track.split == split and len(labels) == 1:
            solos.setdefault(min(labels), []).append(track.audio)
    if not solos:
        raise ValueError(f"{folder}: no clip of its {split} split has one instrument alone")
    return solos
