"""Drum maps: which MIDI note each drum class is written as, for samplers and electronic kits.

A map of one's own is a CSV file with the header `class,note`, or a JSON object of classes and
numbers; classes that it lacks are those of General MIDI.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from bandscribe.readers import read_csv, read_json, refused
from bandscribe.vocabulary import GM_NOTES

#: Toms of kits that have three on a rack: the first, the second, and the first on the floor.
_RACK = {"HT": 48, "MT": 47, "LT": 43, "TT": 47}

MAPS: Mapping[str, Mapping[str, int]] = {
    "general-midi": GM_NOTES,
    # Toontrack's layout is General MIDI's with more hi-hats; its rack toms are 48, 47 and 45.
    "ezdrummer": {**GM_NOTES, **_RACK},
    # 42 is the closed hat struck with the tip, 26 the hat three quarters open, 55 the first crash.
    "superior-drummer": {**GM_NOTES, **_RACK, "OHH": 26, "CR": 55, "CY": 55},
    # The keymap of Addictive Drums 2, which has little in common with General MIDI.
    "addictive-drums": {
        "KD": 36, "SD": 38, "SS": 42, "CHH": 49, "OHH": 56, "HT": 71, "MT": 69, "LT": 65,
        "CR": 77, "RD": 60, "TT": 69, "HH": 49, "CY": 77,
    },
    # Drum Kit Designer: General MIDI.
    "logic": GM_NOTES,
    # The factory map of the module; the heads of its three toms, bows of hats and cymbals.
    "td-17": {**GM_NOTES, "HT": 48, "MT": 45, "LT": 43, "TT": 45},
}  # fmt: skip


def load(name: str) -> Mapping[str, int]:
    """One of `MAPS` by its name, or the map in a file.

    Raises ValueError, naming the file, for what is no map, or an unknown name; OSError where the
    file cannot be read.
    """
    if name in MAPS:
        return MAPS[name]
    path = Path(name)
    match path.suffix.lower():
        case ".csv":
            rows = [(row["class"], row["note"]) for row in read_csv(path, "class", "note")]
        case ".json":
            tree = read_json(path)
            with refused(f"{path}: expected an object of classes and MIDI notes"):
                rows = list(tree.items())
        case _:
            raise ValueError(
                f"map: expected one of {', '.join(MAPS)}, or a .csv or .json file, got {name!r}"
            )
    return {**GM_NOTES, **dict(_check(path, *row) for row in rows)}


def _check(path: Path, drum: str, note: object) -> tuple[str, int]:
    if drum not in GM_NOTES:
        raise ValueError(f"{path}: expected some of {', '.join(GM_NOTES)}, got {drum!r}")
    text = str(note).strip()
    if not text.isdigit() or int(text) > 127:
        raise ValueError(f"{path}: {drum}: expected a MIDI note from 0 to 127, got {note!r}")
    return drum, int(text)
