"""`bandscribe synthesize`: labelled audio of our own, as a corpus on disk."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bandscribe.cli.report import clock, complain, explain, progress, require

if TYPE_CHECKING:
    from bandscribe.synthesis.source import Source

KINDS = ("drums", "performances", "band", "modules", "instruments", "stems", "mixtures")
SPLITS = ("train", "validation", "test")
#: Where Debian's package hydrogen-drumkits puts its kits.
HYDROGEN_KITS = "/usr/share/hydrogen/data/drumkits"


def synthesize(
    kind: Annotated[str, typer.Argument(metavar="KIND", help=", ".join(KINDS))],
    output: Annotated[
        Path, typer.Option("-o", "--output", metavar="DIR", help="The folder to write.")
    ],
    hours: Annotated[float, typer.Option(metavar="H", help="How much audio.")] = 1.0,
    seed: Annotated[int, typer.Option(metavar="S", help="The same seed, the same corpus.")] = 0,
    kits: Annotated[
        list[str] | None,
        typer.Option(
            metavar="PATH",
            help="A kit, a folder of kits, or FILE.sf2#PROGRAM; may be repeated. "
            f"Default, for drums: {HYDROGEN_KITS}",
        ),
    ] = None,
    groove: Annotated[
        str | None, typer.Option(metavar="PATH", help="Zip or folder of the Groove MIDI data set.")
    ] = None,
    split: Annotated[
        str,
        typer.Option(
            metavar="train|validation|test",
            help="Which part to write; instruments have no validation part.",
        ),
    ] = "train",
    band: Annotated[
        list[str] | None,
        typer.Option(metavar="DIR", help="A folder of bands without drums; may be repeated."),
    ] = None,
    band_share: Annotated[
        float,
        typer.Option(metavar="X", help="Share of drum tracks, or of stems, with a band, 0 to 1."),
    ] = 0.5,
    songs: Annotated[
        Path | None,
        typer.Option(metavar="ZIP", help="For a band: MIDI songs, such as POP909, for half of it."),
    ] = None,
    soundfont: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="SF2", help="For a band or instruments: what they play on; may be repeated."
        ),
    ] = None,
    notes: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="For these: folders of single notes, with notes.json."),
    ] = None,
    voices: Annotated[
        Path | None, typer.Option(metavar="DIR", help="For these: a folder of speech, to sing.")
    ] = None,
    solos: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="For instruments: clips of one instrument each, with labels.csv; its train split. "
            "For mixtures: the clips to mix, of the split that is written.",
        ),
    ] = None,
    count: Annotated[int, typer.Option(metavar="N", help="For mixtures: how many.")] = 300,
    players: Annotated[
        str, typer.Option(metavar="N-N", help="For mixtures: how many clips in each.")
    ] = "2-4",
    classes: Annotated[
        str | None, typer.Option(metavar="CLASS,…", help="For mixtures: of these classes alone.")
    ] = None,
    in_turn: Annotated[
        bool, typer.Option("--in-turn", help="For mixtures: five seconds of each clip in turn.")
    ] = False,
    midi: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="For a band: a folder of General MIDI songs with drums, to play all songs from.",
        ),
    ] = None,
    modules: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="For modules: a folder of tracker modules with modules.csv and instruments.csv.",
        ),
    ] = None,
    locked_share: Annotated[
        float,
        typer.Option(
            metavar="X",
            help="For a band: share of sections whose bass and guitars follow the drums, 0 to 1.",
        ),
    ] = 0.75,
    misaligned: Annotated[
        float,
        typer.Option(metavar="X", help="For performances: share of MIDI files early or late."),
    ] = 0.0,
) -> None:
    """Write drums in the layout of E-GMD, instruments in that of IRMAS, bands, pieces with their
    stems, or mixtures of given clips with theirs (extra: train).

    Drums are excerpts, each on a new drum set in a new room; performances are those of --groove as
    they are, each on the kits as they are.

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
    if not 0 <= locked_share <= 1:
        raise typer.BadParameter(f"--locked-share: expected 0 to 1, got {locked_share}")
    require("train", "scipy")
    if kind == "drums":
        source = load_source(
            kits, groove=groove, split=split, band=band or (), band_share=band_share
        )
        write_drums(output, hours, seed, split, source)
    elif kind == "performances":
        if groove is None:
            raise typer.BadParameter("performances: name what is played with --groove")
        if not 0 <= misaligned <= 1:
            raise typer.BadParameter(f"--misaligned: expected 0 to 1, got {misaligned}")
        source = load_source(kits, groove=groove, split=split)
        write_performances(output, hours, seed, split, source, misaligned)
    elif kind == "modules":
        if modules is None:
            raise typer.BadParameter("modules: name a folder of tracker modules with --modules")
        write_modules(output, seed, split, modules)
    elif kind == "mixtures":
        if solos is None:
            raise typer.BadParameter("mixtures: name a folder of clips with --solos")
        write_mixtures(
            output, solos, split, count=count, seed=seed, players=players, classes=classes,
            in_turn=in_turn,
        )  # fmt: skip
    elif not soundfont:
        raise typer.BadParameter(f"{kind}: name something to play on with --soundfont")
    elif kind in ("instruments", "stems"):
        if kind == "instruments" and split == "validation":
            raise typer.BadParameter("--split: instruments have train and test")
        write_instruments(
            kind, output, hours, seed, split, soundfont, kits=kits, notes=notes, voices=voices,
            solos=solos, bands=band_share,
        )  # fmt: skip
    else:
        write_songs(
            output, hours, seed, soundfont, split=split, locked_share=locked_share, songs=songs,
            midi=midi, notes=notes, voices=voices,
        )  # fmt: skip


def load_source(kits: list[str] | None, **options: Any) -> Source:
    """The source that the options name. Raises a usage error where there are no kits."""
    if not kits and not Path(HYDROGEN_KITS).is_dir():
        raise typer.BadParameter(
            "--kits: name a folder of drum kits, or install the package hydrogen-drumkits"
        )
    from bandscribe.synthesis.source import Source

    return Source.load(find_kits(kits or [HYDROGEN_KITS]), **options)


def find_kits(places: list[str]) -> list[str]:
    """Addresses of the kits at some places. Raises ValueError where there are none."""
    from bandscribe.synthesis.kits import find

    addresses = []
    for place in places:
        addresses += find(place) if Path(place).is_dir() else [place]
    if not addresses:
        raise ValueError(f"{', '.join(places)}: no drum kit there; name another with --kits")
    return addresses


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


def write_performances(
    output: Path, hours: float, seed: int, split: str, source: Source, misaligned: float
) -> None:
    """Render whole performances on kits."""
    from bandscribe.synthesis import performances

    count, done = 0, 0.0
    with progress(round(hours * 3600)) as show:
        show(0, "")
        for row, done in performances.write_performances(
            source.grooves, source.kits, output, hours=hours, seed=seed, split=split,
            misaligned=misaligned,
        ):  # fmt: skip
            count += 1
            show(round(done * 3600), row["audio_filename"])
    print(f"{output}: {count} recordings, {clock(done * 3600)}")


def write_songs(
    output: Path, hours: float, seed: int, soundfonts: list[Path], *,
    split: str, locked_share: float, **sources: Path | None,
) -> None:  # fmt: skip
    """Render songs without drums, and beside each the drum part that belongs to it."""
    from bandscribe.synthesis.band.recordings import write_band

    count = 0
    with progress(round(hours * 60)) as show:
        show(0, "")
        for path, done in write_band(
            soundfonts, output, hours=hours, seed=seed, split=split, locked_share=locked_share,
            **sources,
        ):  # fmt: skip
            count += 1
            show(round(done * 60), path.name)
    print(f"{output}: {count} songs, {clock(done * 3600)}")


def write_modules(output: Path, seed: int, split: str, folder: Path) -> None:
    """Render tracker modules, and their drums by themselves."""
    from bandscribe.synthesis.modules import corpus, labels

    count, done = 0, 0.0
    total = sum(listed.split == split for listed in labels.read_tables(folder))
    with progress(total) as show:
        show(0, "")
        for path, hours in corpus.write_modules(folder, output, split=split, seed=seed):
            count, done = count + 1, hours
            show(count, path.name)
    print(f"{output}: {count} songs, {clock(done * 3600)}")


def write_instruments(
    kind: str, output: Path, hours: float, seed: int, split: str, soundfonts: list[Path], *,
    kits: list[str] | None, notes: Path | None, voices: Path | None, solos: Path | None,
    bands: float,
) -> None:  # fmt: skip
    """Render clips whose instruments are known, or pieces with the sound of each player."""
    from bandscribe.synthesis.instruments.corpus import write_corpus
    from bandscribe.synthesis.instruments.players import Sources
    from bandscribe.synthesis.instruments.stems import write_stems

    sources = Sources.load(
        soundfonts, notes=notes, voices=voices, drum_kits=find_kits(kits) if kits else (),
        solos=find_solos(solos) if solos else None,
    )  # fmt: skip
    count, done = 0, 0.0
    with progress(round(hours * 3600)) as show:
        show(0, "")
        write = partial(write_stems, bands=bands) if kind == "stems" else write_corpus
        for path, done in write(sources, output, hours=hours, seed=seed, split=split):
            count += 1
            show(round(done * 3600), path.name)
    print(f"{output}: {count} {'pieces' if kind == 'stems' else 'clips'}, {clock(done * 3600)}")


def write_mixtures(
    output: Path, solos: Path, split: str, *,
    count: int, seed: int, players: str, classes: str | None, in_turn: bool,
) -> None:  # fmt: skip
    """Mix clips of one instrument each."""
    from bandscribe.synthesis.instruments import clip_mixtures

    least, _, most = players.partition("-")
    if not (least.isdigit() and (most or least).isdigit()) or count < 1:
        raise typer.BadParameter(
            f"--players, --count: expected numbers as 2-4 and 300, got {players!r} and {count}"
        )
    clips = find_solos(solos, split)
    if classes is not None:
        if unknown := [name for name in classes.split(",") if name not in clips]:
            raise typer.BadParameter(
                f"--classes: expected some of {', '.join(sorted(clips))}, got {unknown[0]!r}"
            )
        clips = {name: clips[name] for name in classes.split(",")}
    pieces = clip_mixtures.write_mixtures(
        clips, output, count=count, seed=seed, split=split,
        players=(int(least), int(most or least)), in_turn=in_turn,
    )  # fmt: skip
    with progress(count) as show:
        show(0, "")
        for done, path in enumerate(pieces, start=1):
            show(done, path.name)
    print(f"{output}: {count} mixtures of {sum(map(len, clips.values()))} clips")


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
