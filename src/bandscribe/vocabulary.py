"""Class lists, and the maps between them: each map complete, each with its source.

A map's value None says that the sound is no class of ours (and is left out). Kit maps speak of
*articulations*, the finer list by which sounds are rendered; models speak of the ten classes.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from bandscribe.types import Labels, Transcription

DRUMS_10 = ("KD", "SD", "SS", "CHH", "OHH", "HT", "MT", "LT", "CR", "RD")
DRUMS_5 = ("KD", "SD", "TT", "HH", "CY")
DRUMS_3 = ("KD", "SD", "HH")
DRUMS: Mapping[int, tuple[str, ...]] = {10: DRUMS_10, 5: DRUMS_5, 3: DRUMS_3}

#: Ten classes to five and three.
TO_5: Mapping[str, str | None] = {
    "KD": "KD", "SD": "SD", "SS": "SD", "CHH": "HH", "OHH": "HH",
    "HT": "TT", "MT": "TT", "LT": "TT", "CR": "CY", "RD": "CY",
}  # fmt: skip
TO_3: Mapping[str, str | None] = {
    label: five if five in DRUMS_3 else None for label, five in TO_5.items()
}
REDUCTIONS: Mapping[int, Mapping[str, str | None]] = {
    10: {label: label for label in DRUMS_10},
    5: TO_5,
    3: TO_3,
}

#: What synthesis plays: the pieces of a kit, then percussion that is no drum class.
ARTICULATIONS = (
    "kd", "sd", "ss", "chh", "phh", "ohh", "ht", "mt", "lt", "cr", "ch", "sp", "rd", "rb",
    "cb", "clap", "tmb", "other",
)  # fmt: skip
ARTICULATION_TO_10: Mapping[str, str | None] = {
    "kd": "KD", "sd": "SD", "ss": "SS", "chh": "CHH", "phh": "CHH", "ohh": "OHH",
    "ht": "HT", "mt": "MT", "lt": "LT", "cr": "CR", "ch": "CR", "sp": "CR", "rd": "RD",
    "rb": "RD", "cb": None, "clap": None, "tmb": None, "other": None,
}  # fmt: skip

#: The General MIDI percussion note written for each class (General MIDI 1, percussion key map).
GM_NOTES: Mapping[str, int] = {
    "KD": 36, "SD": 38, "SS": 37, "CHH": 42, "OHH": 46, "HT": 50, "MT": 47, "LT": 43,
    "CR": 49, "RD": 51, "TT": 47, "HH": 42, "CY": 49,
}  # fmt: skip

#: General MIDI 1 percussion key map to articulations. Every other note is `other`.
GM_TO_ARTICULATION: Mapping[int, str] = {
    35: "kd", 36: "kd", 37: "ss", 38: "sd", 39: "clap", 40: "sd", 41: "lt", 42: "chh",
    43: "lt", 44: "phh", 45: "lt", 46: "ohh", 47: "mt", 48: "ht", 49: "cr", 50: "ht",
    51: "rd", 52: "ch", 53: "rb", 54: "tmb", 55: "sp", 56: "cb", 57: "cr", 59: "rd",
}  # fmt: skip

#: The Roland TD-11 and TD-17 kits of Groove MIDI and E-GMD (table "Drum Mapping" in the data
#: sets' documentation). General MIDI but for these; every one of the 22 notes that occur in
#: Groove MIDI is mapped, and its toms are three: 48, 45 and 43, with 50, 47 and 58 their rims.
ROLAND_TO_ARTICULATION: Mapping[int, str] = {
    **GM_TO_ARTICULATION,
    22: "chh", 26: "ohh",  # edge of the hi-hat, closed and open; 42 and 46 are its bow
    40: "sd",  # rim shot
    48: "ht", 50: "ht", 45: "mt", 47: "mt", 43: "lt", 58: "lt",
    49: "cr", 55: "cr", 57: "cr", 52: "cr",  # two crashes, each bow and edge
    51: "rd", 59: "rd", 53: "rb",  # bow, edge, bell
}  # fmt: skip

#: MDB Drums, class annotations (Southall et al. 2017, table 1). OT, other, holds side stick and
#: tambourine among others; it is not scored.
MDB_CLASS_TO_5: Mapping[str, str | None] = {
    "KD": "KD", "SD": "SD", "HH": "HH", "TT": "TT", "CY": "CY", "OT": None,
}  # fmt: skip

INSTRUMENTS = (
    "cel", "cla", "flu", "gac", "gel", "org", "pia", "sax", "tru", "vio", "voi", "bas", "dru",
)  # fmt: skip


def relabel(
    transcription: Transcription, mapping: Mapping[str, str | None], classes: tuple[str, ...]
) -> Transcription:
    """The same notes under other names; notes that map to None are left out.

    Raises ValueError when a label is missing from the map, or maps outside of `classes`.
    """
    missing = sorted(set(transcription.labels.tolist()) - set(mapping))
    if missing:
        raise ValueError(f"labels: {missing} are missing from the map")
    names = [mapping[str(label)] for label in transcription.labels]
    keep = np.array([name is not None for name in names], dtype=bool)
    labels: Labels = np.array([name for name in names if name is not None], dtype=np.str_)
    velocities = None if transcription.velocities is None else transcription.velocities[keep]
    return Transcription(
        transcription.onsets[keep],
        labels,
        velocities,
        transcription.duration,
        classes,
        transcription.beats,
    )


def reduce(transcription: Transcription, count: int) -> Transcription:
    """Ten-class notes in 10, 5 or 3 classes."""
    if count not in DRUMS:
        raise ValueError(f"classes: expected 3, 5 or 10, got {count}")
    return relabel(transcription, REDUCTIONS[count], DRUMS[count])
