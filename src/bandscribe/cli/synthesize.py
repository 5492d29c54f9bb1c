"""`bandscribe synthesize`: labelled audio of our own, as a corpus on disk."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any

import typer

from bandscribe.cli.arguments import make_group
from bandscribe.cli.inputs import complain_of_others, find_all
from bandscribe.cli.report import clock, complain, explain, progress, require, usage_errors
from bandscribe.splits import SPLITS

#: Where Debian's package hydrogen-drumkits puts its kits.
HYDROGEN_KITS = "/usr/share/hydrogen/data/drumkits"

synthesize = make_group(
    "synthesize",
    "Render a corpus of labelled audio (extra: train). An interrupted run resumes when the "
    "command is repeated.",
)


def _check_hours(hours: float) -> float:
    if not hours > 0:
        raise typer.BadParameter(f"expected a positive number, got {hours}")
    return hours


def _check_split(split: str) -> str:
    if split not in SPLITS:
        raise typer.BadParameter(f"expected one of {', '.join(SPLITS)}, got {split!r}")
    return split


Output = Annotated[Path, typer.Option("-o", "--output", metavar="DIR", help="The folder to write.")]
Hours = Annotated[
    float, typer.Option(metavar="H", callback=_check_hours, help="Hours of audio to render.")
]
Seed = Annotated[
    int, typer.Option(metavar="S", min=0, help="Seed; the same seed renders the same corpus.")
]
Split = Annotated[
    str,
    typer.Option(metavar="|".join(SPLITS), callback=_check_split, help="The split to write."),
]
Kits = Annotated[
    list[str] | None,
    typer.Option(
        metavar="PATH",
        help="A drum kit, a folder of kits, or FILE.sf2#PROGRAM; may be repeated. "
        f"Default: {HYDROGEN_KITS}",
    ),
]
Soundfont = Annotated[
    list[Path],
    typer.Option(metavar="SF2", help="SoundFont for the instruments; may be repeated."),
]
Notes = Annotated[
    Path | None,
    typer.Option(metavar="DIR", help="Folder of recorded notes, with notes.json, to play as well."),
]
Voices = Annotated[
    Path | None, typer.Option(metavar="DIR", help="Folder of speech, which is turned into singing.")
]
BandShare = Annotated[
    float, typer.Option(metavar="X", min=0, max=1, help="Share of tracks with a band, 0 to 1.")
]


@synthesize.command()
def drums(
    output: Output,
    hours: Hours = 1.0,
    seed: Seed = 0,
    split: Split = "train",
    kits: Kits = None,
    groove: Annotated[
        str | None,
        typer.Option(
            metavar="PATH", help="Zip or folder of the Groove MIDI data set, as further material."
        ),
    ] = None,
    band: Annotated[
        list[str] | None,
        typer.Option(
            metavar="DIR", help="Folder of songs without drums to mix in; may be repeated."
        ),
    ] = None,
    band_share: BandShare = 0.5,
) -> None:
    """Drum performances, each on a new drum set in a new room.

    The folder has the layout of E-GMD.
    """
    require("train", "scipy")
    from bandscribe.synthesis.corpus import TRACK_SECONDS, write_corpus
    from bandscribe.synthesis.source import SyntheticSource

    source = SyntheticSource.load(
        find_kits(kits), groove=groove, split=split, band=band or (), band_share=band_share
    )
    total = max(1, round(hours * 3600 / TRACK_SECONDS))
    rows = write_corpus(source, output, hours=hours, seed=seed, split=split)
    show_progress(((row["audio_filename"], 0.0) for row in rows), files=total)
    print(f"{output}: {total} tracks, {clock(hours * 3600)}, {len(source.kits)} kits")


@synthesize.command()
def performances(
    output: Output,
    groove: Annotated[
        str, typer.Option(metavar="PATH", help="Zip or folder of the Groove MIDI data set.")
    ],
    hours: Hours = 1.0,
    seed: Seed = 0,
    split: Split = "train",
    kits: Kits = None,
    misaligned: Annotated[
        float,
        typer.Option(metavar="X", min=0, max=1, help="Share of MIDI files early or late."),
    ] = 0.0,
    drifting: Annotated[
        float,
        typer.Option(metavar="X", min=0, max=1, help="Share of MIDI files too fast or slow."),
    ] = 0.0,
    wrong: Annotated[
        float,
        typer.Option(metavar="X", min=0, max=1, help="Share of MIDI files of other performances."),
    ] = 0.0,
) -> None:
    """Performances of Groove MIDI, unchanged, on unchanged kits.

    The folder has the layout of E-GMD.
    """
    require("train", "scipy")
    from bandscribe.synthesis.performances import write_performances
    from bandscribe.synthesis.source import SyntheticSource

    source = SyntheticSource.load(find_kits(kits), groove=groove, split=split)
    rows = write_performances(
        source.grooves, source.kits, output, hours=hours, seed=seed, split=split,
        misaligned=misaligned, drifting=drifting, wrong=wrong,
    )  # fmt: skip
    count, done = show_progress(((row["audio_filename"], done) for row, done in rows), hours=hours)
    print(f"{output}: {count} recordings, {clock(done * 3600)}")


@synthesize.command()
def band(
    output: Output,
    soundfont: Soundfont,
    hours: Hours = 1.0,
    seed: Seed = 0,
    split: Split = "train",
    songs: Annotated[
        Path | None,
        typer.Option(
            metavar="ZIP",
            help="Zip file of MIDI songs, such as POP909; half of the songs are arranged from it.",
        ),
    ] = None,
    midi: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR", help="General MIDI songs with drums, to arrange all songs from."
        ),
    ] = None,
    notes: Notes = None,
    voices: Voices = None,
    locked_share: Annotated[
        float,
        typer.Option(
            metavar="X",
            min=0,
            max=1,
            help="Share of sections whose bass and guitars follow the drums, 0 to 1.",
        ),
    ] = 0.75,
) -> None:
    """Songs without drums, each with the drum part that fits it."""
    require("train", "scipy")
    from bandscribe.synthesis.band.recordings import write_band

    written = write_band(
        soundfont, output, hours=hours, seed=seed, split=split, locked_share=locked_share,
        songs=songs, midi=midi, notes=notes, voices=voices,
    )  # fmt: skip
    report_written(output, "songs", written, hours=hours)


@synthesize.command()
def modules(
    output: Output,
    modules: Annotated[
        Path,
        typer.Option(
            metavar="DIR",
            help="A folder of tracker modules, with modules.csv and instruments.csv.",
        ),
    ],
    seed: Seed = 0,
    split: Split = "train",
) -> None:
    """Tracker modules, each with its drums on a separate track."""
    require("train", "scipy")
    from bandscribe.synthesis.modules import corpus, labels

    total = sum(listed.split == split for listed in labels.read_tables(modules))
    written = corpus.write_modules(modules, output, split=split, seed=seed)
    report_written(output, "songs", written, files=total)


@synthesize.command()
def loops(
    recordings: Annotated[
        list[Path],
        typer.Argument(
            metavar="PATH...",
            help="Recordings of drums alone or, without --band, of songs; or folders of them.",
        ),
    ],
    output: Output,
    band: Annotated[
        list[str] | None,
        typer.Option(
            metavar="DIR[,DIR…]",
            help="Folders of recordings without drums. Repeated, each recording is written over a "
            "passage from each of them.",
        ),
    ] = None,
    model: Annotated[
        list[str] | None,
        typer.Option(
            metavar="MODEL",
            help="A drum network that labels the recordings; may be repeated, for the mean of "
            "several. Default: drums",
        ),
    ] = None,
    agreement: Annotated[
        float,
        typer.Option(
            metavar="F1",
            min=0,
            max=1,
            help="Skip recordings in which single networks, at other equalisations or with noise, "
            "agree less with the labels.",
        ),
    ] = 0.95,
    minimum_rate: Annotated[
        float,
        typer.Option(
            metavar="N", min=0, help="Skip recordings in which fewer notes per second are found."
        ),
    ] = 0.0,
    seed: Seed = 0,
) -> None:
    """Drum recordings or songs labelled by trained networks."""
    require("train", "scipy")
    from bandscribe import drums
    from bandscribe.training.drums.loops import write_loops

    with usage_errors():
        models = [drums.load(name) for name in model or ["drums"]]
    sources, failed, others = find_all(recordings)
    found: dict[str, Path] = {}
    for source in sources:
        name = "_".join(source.relative.with_suffix("").parts)
        if name in found:
            raise ValueError(
                f"{source.path}: would be written as {name}, as {found[name]} is; rename one"
            )
        found[name] = source.path
    groups = [[Path(folder) for folder in group.split(",")] for group in band or []]

    def report(path: Path, error: ValueError | OSError) -> None:
        nonlocal failed
        failed += 1
        complain(explain(error, path))

    if found:
        written = write_loops(
            found, output, models, groups, agreement=agreement, minimum_rate=minimum_rate,
            seed=seed, unreadable=report,
        )  # fmt: skip
        count, done = show_progress(written, files=len(found))
        if count:
            print(f"{output}: {clock(done * 3600)} of {count} recordings")
        else:
            complain(f"{output}: nothing is written, since no recording can be read")
    complain_of_others(others)
    if failed:
        raise typer.Exit(1)


def show_progress(
    written: Iterable[tuple[str, float]], *, files: int = 0, hours: float = 0.0
) -> tuple[int, float]:
    """Show the progress of files that are written, by their number or by the hours so far.

    Each comes with its name and the hours of all so far. Gives their number and hours.
    """
    count, done = 0, 0.0
    with progress(files or round(hours * 3600)) as show:
        show(0, "")
        for count, (name, done) in enumerate(written, start=1):
            show(count if files else round(done * 3600), name)
    return count, done


def report_written(
    output: Path, noun: str, written: Iterable[tuple[Path, float]], **length: Any
) -> None:
    """Show the progress of files that are written, as `show_progress`, and sum them up."""
    count, done = show_progress(((path.name, done) for path, done in written), **length)
    print(f"{output}: {count} {noun}, {clock(done * 3600)}")


def find_kits(places: list[str] | None) -> list[str]:
    """The addresses of the kits at some places, by default those of Hydrogen.

    Raises ValueError where there are none, and a usage error where the default is not installed.
    """
    from bandscribe.synthesis.kits import find

    if not places and not Path(HYDROGEN_KITS).is_dir():
        raise typer.BadParameter(
            "--kits: name a folder of drum kits, or install the package hydrogen-drumkits"
        )
    places = places or [HYDROGEN_KITS]
    addresses = []
    for place in places:
        addresses += find(place) if Path(place).is_dir() else [place]
    if not addresses:
        raise ValueError(f"{', '.join(places)}: no drum kit there; name another with --kits")
    return addresses
