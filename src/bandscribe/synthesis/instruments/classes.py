"""The programs, ranges and typical parts of each instrument class."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Profile:
    """One class: General MIDI programs (from 0), lowest and highest pitch, and habits.

    `textures` are some of `textures.TEXTURES`, with weights. `recorded` are parts of the names of
    recorded instruments that belong to the class. `sustained`: its tones can swell and shake.
    """

    programs: tuple[int, ...]
    low: int
    high: int
    textures: Mapping[str, float]
    recorded: tuple[str, ...] = ()
    sustained: bool = False


_TUNE = {"melody": 4, "run": 1.5, "arpeggio": 1, "held": 1.5, "repeated": 0.5, "single": 1}
_BOWED = {**_TUNE, "double": 0.7}
_GUITAR = {"melody": 1.5, "run": 0.7, "arpeggio": 2.5, "strum": 3, "double": 0.5, "repeated": 0.3,
           "single": 1}  # fmt: skip
_ELECTRIC = {"melody": 2, "run": 1, "arpeggio": 1.5, "strum": 2, "power": 2, "double": 0.7,
             "held": 0.7, "repeated": 0.7, "single": 1}  # fmt: skip
_KEYS = {"hands": 4, "chords": 2, "melody": 1.5, "arpeggio": 2, "run": 1, "held": 0.5, "single": 1}
_ORGAN = {"hands": 2, "chords": 2, "pad": 3, "melody": 1.5, "arpeggio": 0.7, "run": 1,
          "single": 0.5}  # fmt: skip

#: Sounding ranges, a little inside what the instruments can reach.
PROFILES: Mapping[str, Profile] = {
    "cel": Profile((42,), 36, 76, _BOWED, ("cello",), True),
    "cla": Profile((71,), 50, 89, _TUNE, ("clarinet",), True),
    "flu": Profile((73,), 60, 95, _TUNE, ("flute",), True),
    "gac": Profile((24, 25), 40, 79, _GUITAR,
                   ("philharmonia_guitar", "acoustic_guitar", "nylon_guitar")),
    "gel": Profile((26, 27, 28, 29, 30), 40, 84, _ELECTRIC, ("emily_guitar", "electric_guitar")),
    "org": Profile((16, 17, 18, 19, 19), 36, 88, _ORGAN, ("organ",), True),
    "pia": Profile((0, 0, 1, 3), 26, 98, _KEYS, ("piano",)),
    "sax": Profile((64, 65, 66, 67), 44, 82, _TUNE, ("sax",), True),
    "tru": Profile((56, 56, 56, 59), 54, 84, _TUNE, ("trumpet",), True),
    "vio": Profile((40, 40, 110), 55, 96, _BOWED, ("violin",), True),
    "voi": Profile((52, 53, 54), 50, 79, {"melody": 4, "held": 2, "run": 0.3, "repeated": 0.7},
                   (), True),
    "bas": Profile((32, 33, 33, 34, 35, 36, 37, 38, 39, 43), 28, 57,
                   {"bass": 4, "melody": 1, "arpeggio": 0.7, "held": 1, "repeated": 1.5,
                    "single": 0.5},
                   ("electric_bass", "double_bass", "contrabass", "meatbass")),
}  # fmt: skip

#: Families of instruments that are none of the classes, to be played beside them. A viola or a
#: piccolo is too near to a class to be distinguished from it, and left out.
OTHERS: tuple[Profile, ...] = (
    Profile((68, 69), 58, 86, _TUNE, ("oboe",), True),
    Profile((70,), 36, 70, _TUNE, ("bassoon",), True),
    Profile((60, 57, 58), 36, 72, _TUNE, ("horn", "trombone", "tuba"), True),
    Profile((61, 62), 45, 80, {"chords": 2, "pad": 1, "melody": 1}, (), True),
    Profile((48, 49, 50, 51), 40, 88, {"pad": 3, "chords": 1, "melody": 1}, (), True),
    Profile((88, 89, 90, 92, 93, 94, 95), 40, 84, {"pad": 1}, (), True),
    Profile((80, 81, 82, 84, 87), 48, 90, _TUNE, (), True),
    Profile((4, 5, 6, 7), 36, 90, _KEYS),
    Profile((8, 9, 11, 12, 13, 14, 108, 114), 60, 96, _TUNE, ("xylophone",)),
    Profile((46, 104, 105, 107), 45, 84, {"arpeggio": 3, "melody": 1, "strum": 1}, ("harp",)),
    Profile((21, 22, 23), 50, 86, {"melody": 2, "chords": 1, "pad": 1}, ("harmonium",), True),
)
