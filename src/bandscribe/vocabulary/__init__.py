"""Class lists, and the maps between them: each map complete, each with its source.

The drum classes, and the maps of other lists of drums to them. Kits use *articulations*, a finer
list by which sounds are rendered; models use the ten classes. Instruments have a module; time
signatures are at the end. A value of None in a map marks a sound of no class, which is left out.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from bandscribe.types import Labels, Transcription
from bandscribe.vocabulary.instruments import INSTRUMENTS as INSTRUMENTS
from bandscribe.vocabulary.instruments import classes_of as classes_of

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

#: Every MIDI note to the ten classes, played as General MIDI, and as a Roland TD-11 or TD-17.
GM_TO_10: Mapping[int, str | None] = {
    note: ARTICULATION_TO_10[GM_TO_ARTICULATION.get(note, "other")] for note in range(128)
}
ROLAND_TO_10: Mapping[int, str | None] = {
    note: ARTICULATION_TO_10[ROLAND_TO_ARTICULATION.get(note, "other")] for note in range(128)
}

#: MDB Drums, class annotations (Southall et al. 2017, table 1). OT, other, holds side stick and
#: tambourine among others; it is not scored.
MDB_CLASS_TO_5: Mapping[str, str | None] = {
    "KD": "KD", "SD": "SD", "HH": "HH", "TT": "TT", "CY": "CY", "OT": None,
}  # fmt: skip
#: The tree of MDB Drums' classes and subclasses (Deep Unsupervised Drum Transcription 2019,
#: table 2, which leaves out the kinds of snare hit; those are from Southall et al. 2017, table 1:
#: brush, drag, flam, ghost note, no snare).
MDB_TREE: Mapping[str, tuple[str, ...]] = {
    "KD": ("KD",),
    "SD": ("SD", "SDB", "SDD", "SDF", "SDG", "SDNS"),
    "HH": ("CHH", "PHH", "OHH"),
    "TT": ("HIT", "MHT", "HFT", "LFT"),
    "CY": ("RDC", "RDB", "CRC", "CHC", "SPC"),
    "OT": ("SST", "TMB"),
}
#: The eleven subclasses that the synthesizer of the same paper plays.
DRUMMERNET_11 = ("KD", "SD", "CHH", "PHH", "OHH", "HIT", "MHT", "HFT", "RDC", "CRC", "TMB")
#: MDB Drums' subclasses. Floor toms are low toms; high-mid is the tom between.
MDB_SUBCLASS_TO_10: Mapping[str, str | None] = {
    "KD": "KD", **dict.fromkeys(MDB_TREE["SD"], "SD"), "CHH": "CHH", "PHH": "CHH", "OHH": "OHH",
    "HIT": "HT", "MHT": "MT", "HFT": "LT", "LFT": "LT", "RDC": "RD", "RDB": "RD",
    "CRC": "CR", "CHC": "CR", "SPC": "CR", "SST": "SS", "TMB": None,
}  # fmt: skip
#: The same to five as Fosse 2025, Automatic Drum Transcription, has them: tambourine is a hi-hat.
FOSSE_MDB_TO_5: Mapping[str, str | None] = {
    **{label: ten and TO_5[ten] for label, ten in MDB_SUBCLASS_TO_10.items()},
    "TMB": "HH",
}

#: ENST-Drums, without the numbers of single cymbals (Gillet and Richard 2006; toms as Vogl
#: et al. 2018 translate them). `c` is a cymbal of no other kind; tom rims count with their tom.
#: Sticks struck together, cowbell and the sweep of a brush are no drum class.
ENST_TO_10: Mapping[str, str | None] = {
    "bd": "KD", "sd": "SD", "sd-": "SD", "rs": "SD", "cs": "SS", "chh": "CHH", "ohh": "OHH",
    "mt": "HT", "mtr": "HT", "lmt": "MT", "lt": "LT", "ltr": "LT", "lft": "LT",
    "cr": "CR", "ch": "CR", "spl": "CR", "c": "CR", "rc": "RD",
    "cb": None, "sticks": None, "sweep": None,
}  # fmt: skip
#: The same to five as Fosse 2025 has them: sticks and sweep are snare, cowbell is a cymbal.
FOSSE_ENST_TO_5: Mapping[str, str | None] = {
    **{label: ten and TO_5[ten] for label, ten in ENST_TO_10.items()},
    "cb": "CY", "sticks": "SD", "sweep": "SD",
}  # fmt: skip

#: IDMT-SMT-Drums (Dittmar and Gärtner 2014).
IDMT_TO_3: Mapping[str, str | None] = {"KD": "KD", "SD": "SD", "HH": "HH"}

#: RBMA13, annotations/drums (Vogl et al. 2017), and annotations/drums_full (Vogl et al. 2018,
#: the page's mappings.py; there is no 8).
RBMA_TO_3: Mapping[str, str | None] = {"0": "KD", "1": "SD", "2": "HH"}
RBMA_FULL_TO_GM: Mapping[str, int] = {
    "0": 36, "1": 38, "2": 42, "3": 46, "4": 44, "5": 56, "6": 53, "7": 41, "9": 43, "10": 45,
    "11": 47, "12": 48, "13": 50, "14": 37, "15": 39, "16": 51, "17": 49, "18": 55, "19": 52,
    "20": 70, "21": 54, "22": 75, "23": 81,
}  # fmt: skip
RBMA_FULL_TO_10: Mapping[str, str | None] = {
    label: GM_TO_10[note] for label, note in RBMA_FULL_TO_GM.items()
}

#: ADTOF's five notes (Zehren et al. 2021, table 2), and the General MIDI notes they stand for.
ADTOF_TO_5: Mapping[str, str | None] = {"35": "KD", "38": "SD", "47": "TT", "42": "HH", "49": "CY"}

#: TMIDT's eighteen labels, and the first General MIDI note of each (Vogl et al. 2018, Towards
#: multi-instrument drum transcription, table 2, and the page's mappings.py).
TMIDT_TO_GM: Mapping[str, int] = {
    "0": 36, "1": 38, "2": 37, "3": 39, "4": 41, "5": 45, "6": 50, "7": 42, "8": 44, "9": 46,
    "10": 54, "11": 51, "12": 53, "13": 49, "14": 55, "15": 52, "16": 56, "17": 75,
}  # fmt: skip
#: Of its three toms the middle one holds low and low-mid toms: `MT`.
TMIDT_TO_10: Mapping[str, str | None] = {
    label: "MT" if label == "5" else GM_TO_10[note] for label, note in TMIDT_TO_GM.items()
}


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
    return replace(transcription.select(keep), labels=labels, classes=classes)


def reduce(transcription: Transcription, count: int) -> Transcription:
    """Notes of the ten, five or three classes in 10, 5 or 3 classes.

    Raises ValueError when a note's class is wider than that, such as CY among ten.
    """
    if count not in DRUMS:
        raise ValueError(f"classes: expected 3, 5 or 10, got {count}")
    kept = {label: label for label in DRUMS[count]}
    dropped = {label: None for label in DRUMS_5 if count == 3}
    return relabel(transcription, {**dropped, **REDUCTIONS[count], **kept}, DRUMS[count])


#: Quarter notes to the beat, by the lower number of the signature: simple, and compound.
_SIMPLE = {2: 2.0, 4: 1.0, 8: 0.5, 16: 0.25}
_COMPOUND = {8: 1.5, 16: 0.75}


def parse_metre(metre: str) -> tuple[int, float]:
    """Beats to the bar, and quarter notes to the beat, of a signature such as `3/4` or `6/8`.

    6/8, 9/8 and 12/8 (or 16) are counted in dotted beats, others in the note below the line.
    Raises ValueError for what is no signature of at most twelve halves, quarters, eighths or
    sixteenths.
    """
    found = re.fullmatch(r"(\d{1,2})/(2|4|8|16)", metre)
    number, note = (int(found[1]), int(found[2])) if found else (0, 4)
    if not 1 <= number <= 12:
        raise ValueError(f"metre: expected a signature such as 4/4, 3/4 or 6/8, got {metre!r}")
    if note in _COMPOUND and number in (6, 9, 12):
        return number // 3, _COMPOUND[note]
    return number, _SIMPLE[note]


def signature(beats: int, quarters: float) -> tuple[int, int]:
    """The two numbers of a bar of `beats` that are `quarters` long each: 6 and 8 of 2 and 1.5."""
    for note, length in _COMPOUND.items():
        if length == quarters:
            return 3 * beats, note
    return next((beats, note) for note, length in _SIMPLE.items() if length == quarters)
