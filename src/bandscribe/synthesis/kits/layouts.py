"""Drum kits from any of three layouts: a Hydrogen folder (`drumkit.xml`), a folder with a
`kit.json`, and a drum preset of a SoundFont (`FILE.sf2#PROGRAM`).

`kit.json` is a list of `{"file", "class", "piece", "rank"}`: `class` is an articulation, `rank`
counts the strokes of a piece from soft (1) to loud. `"mix"` (`close`, `oh` or `amb`) marks aligned
recordings of the same stroke.
"""

from __future__ import annotations

import warnings
from collections import defaultdict
from pathlib import Path

import numpy as np

from bandscribe.readers import read_json, refused
from bandscribe.synthesis.kits import hydrogen, naming, soundfont
from bandscribe.synthesis.kits.pieces import Kit, KitPiece, cut, group, read, stack
from bandscribe.synthesis.sound import SAMPLE_RATE, Samples
from bandscribe.vocabulary import ARTICULATIONS

MIXES = ("close", "oh", "amb")
MOST_LAYERS = 6


def load(address: str | Path, *, sample_rate: int = SAMPLE_RATE) -> Kit:
    """The kit at an address, which is a folder or `FILE.sf2#PROGRAM` (program 0 if left out).

    Sounds that cannot be read are left out with a warning. Raises FileNotFoundError for a missing
    path, ValueError for what is no kit, a damaged one, and a SoundFont without FluidSynth.
    """
    file, program = _split(address)
    if not file.exists():
        raise FileNotFoundError(f"{file}: no such kit; expected a folder or a SoundFont")
    if file.suffix.lower() == ".sf2":
        kit = soundfont.load(file, program, sample_rate)
    elif (file / "drumkit.xml").is_file():
        kit = hydrogen.load(file, sample_rate)
    elif (file / "kit.json").is_file():
        kit = _load_folder(file, sample_rate)
    else:
        raise ValueError(f"{file}: expected a folder with drumkit.xml or kit.json, or a .sf2 file")
    if not kit.pieces:
        raise ValueError(f"{address}: none of its sounds can be used; is it a drum kit?")
    return kit


def find(folder: str | Path) -> list[str]:
    """Addresses of the kits in a folder, down to its grandchildren, sorted; links count once."""
    root = Path(folder)
    if not root.is_dir():
        raise FileNotFoundError(f"{root}: no such folder")
    addresses: dict[Path, list[str]] = {}
    for path in sorted([root, *root.glob("*"), *root.glob("*/*")]):
        if path.suffix.lower() == ".sf2" and path.is_file():
            programs = soundfont.presets(path)
            addresses.setdefault(path.resolve(), [f"{path}#{program}" for program in programs])
        elif (path / "drumkit.xml").is_file() or (path / "kit.json").is_file():
            addresses.setdefault(path.resolve(), [str(path)])
    return [address for found in addresses.values() for address in found]


def _split(address: str | Path) -> tuple[Path, int]:
    name, mark, program = str(address).rpartition("#")
    if not mark or not name.lower().endswith(".sf2"):
        return Path(address), 0
    if not program.isdecimal():
        raise ValueError(f"{address}: expected FILE.sf2#PROGRAM, got program {program!r}")
    return Path(name), int(program)


def _load_folder(folder: Path, sample_rate: int) -> Kit:
    path = folder / "kit.json"
    strokes: dict[tuple[str, str], dict[int, dict[str, Path]]] = defaultdict(
        lambda: defaultdict(dict)
    )
    rows = read_json(path)
    with refused(f"{path}: expected a list of objects with file, class, piece and rank"):
        for row in rows:
            files = strokes[row["class"], row["piece"]][int(row["rank"])]
            files[row.get("mix", MIXES[0])] = folder / row["file"]
    unknown = sorted({articulation for articulation, _ in strokes} - set(ARTICULATIONS))
    if unknown:
        raise ValueError(f"{path}: unknown classes {unknown}; expected {ARTICULATIONS}")
    pieces = [
        piece
        for (articulation, name), ranks in strokes.items()
        # A choked crash filed under `other` is still a crash: only what is clearly percussion.
        if articulation != "other" or naming.articulation(name) == "other"
        if (piece := _load_piece(name, articulation, ranks, sample_rate))
    ]
    return Kit(folder.name, "", "", sample_rate, group(pieces))


def _load_piece(
    name: str, articulation: str, ranks: dict[int, dict[str, Path]], sample_rate: int
) -> KitPiece | None:
    """Ranks become layers of equal width; where there are many, neighbours share a layer.

    Mixes that not every stroke of the piece has are left out.
    """
    shared = set(MIXES).intersection(*ranks.values())
    if not shared:
        raise ValueError(f"{articulation}/{name}: expected a mix that all of its strokes have")
    hits = []
    for _, files in sorted(ranks.items()):
        try:
            microphones = _align([read(files[mix], sample_rate) for mix in MIXES if mix in shared])
        except ValueError as error:
            warnings.warn(f"{error}; left out of the kit", stacklevel=2)
            continue
        hit = cut(microphones, sample_rate, articulation)
        if hit:
            hits.append(hit)
    count = min(len(hits), MOST_LAYERS)
    edges = [len(hits) * i // count for i in range(count + 1)] if count else []
    layers = [((i + 1) / count, hits[edges[i] : edges[i + 1]]) for i in range(count)]
    return stack(name, articulation, layers)


def _align(rows: list[Samples]) -> Samples:
    """Rows that begin together as (mic, sample), padded to the longest."""
    out = np.zeros((len(rows), max(map(len, rows), default=0)), dtype=np.float32)
    for target, row in zip(out, rows, strict=True):
        target[: len(row)] = row
    return out
