"""Genres: who plays, how fast, in which metre, over which chords."""

from __future__ import annotations

import re
from dataclasses import dataclass

from bandscribe.synthesis.band.parts import Chord


@dataclass(frozen=True)
class Genre:
    """Beats per minute, metres, the latest place of a swung off-beat (0.5 = straight), chords.

    In a compound metre the beats are slower by two fifths. `core` players are always there
    ("a|b" is a choice), of `more` half, two at least. `drums` names the usual styles of a drummer.
    """

    bpm: tuple[float, float]
    meters: tuple[str, ...]
    swing: float
    chords: tuple[str, ...]
    core: tuple[str, ...]
    more: tuple[str, ...]
    drums: tuple[str, ...]


POP = (
    "I V vi IV", "vi IV I V", "I vi IV V", "IV I V vi", "I iii IV V", "I IV vi V", "i VI III VII",
)  # fmt: skip
ROCK = ("I bVII IV I", "I IV V IV", "i VII VI VII", "I IV I V", "i bVI bVII i", "I V IV IV")
DARK = ("i i bVI bVII", "i bII i bVII", "i i i bV", "i bIII bVII iv", "i VI iv V", "i iv i bII")
BLUES = (
    "I7 I7 I7 I7 IV7 IV7 I7 I7 V7 IV7 I7 V7",
    "I7 IV7 I7 I7 IV7 IV7 I7 I7 V7 IV7 I7 I7",
)
FUNK = ("I9 I9 I9 I9", "i7 IV7 i7 IV7", "i7 i7 IV9 IV9", "i7 bVII7 i7 V7")
JAZZ = (
    "ii7 V7 Imaj7 vi7", "Imaj7 vi7 ii7 V7", "ii7 V7 Imaj7 Imaj7 iii7 vi7 ii7 V7", "i7 i7 iv7 V7",
    "Imaj7 IV7 iii7 vi7",
)  # fmt: skip
SOUL = ("Imaj7 IVmaj7", "ii7 V7", "i7 iv7 bVII7 bIIImaj7", "I vi7 ii7 V7", "IVmaj7 iii7 vi7 vi7")
REGGAE = ("I IV V IV", "i iv i iv", "I V vi IV", "i bVII i bVII", "I ii I ii")

_COMMON = ("4/4",)

GENRES: dict[str, Genre] = {
    "pop": Genre(
        (80, 132), _COMMON, 0.5, POP,
        ("bass|bass synth|bass slap|bass sub", "piano|e-piano|clean|strum"),
        ("pad", "strings", "pluck", "muted", "chick", "arp", "organ", "power", "noises"),
        ("rock", "rock", "disco", "half time", "ballad", "hip hop"),
    ),
    "rock": Genre(
        (90, 160), ("4/4", "4/4", "4/4", "6/8"), 0.5, ROCK + POP,
        ("bass|bass driving", "power|crunch"),
        ("crunch", "riff", "muted", "clean", "organ", "piano", "strum"),
        ("rock", "rock", "rock", "half time", "toms"),
    ),
    "punk": Genre(
        (140, 190), _COMMON, 0.5, ROCK + POP,
        ("bass driving", "power"),
        ("power", "crunch", "riff"),
        ("double time", "rock", "rock", "blast"),
    ),
    "metal": Genre(
        (90, 185), ("4/4", "4/4", "4/4", "3/4"), 0.5, DARK,
        ("bass driving", "metal", "metal|riff"),
        ("strings", "pad", "riff", "picking"),
        ("metal", "metal", "rock", "half time", "blast", "toms"),
    ),
    "blues": Genre(
        (65, 140), ("12/8", "4/4"), 0.67, BLUES,
        ("bass walking|bass", "crunch|clean|piano"),
        ("organ", "comping", "clean riff", "riff", "brass"),
        ("shuffle", "shuffle", "rock"),
    ),
    "funk": Genre(
        (88, 122), _COMMON, 0.5, FUNK + SOUL,
        ("bass slap|bass|bass octaves", "scratch|chick"),
        ("clavinet", "brass", "e-piano", "organ", "clean riff", "muted"),
        ("funk", "funk", "breakbeat"),
    ),
    "disco": Genre(
        (108, 130), _COMMON, 0.5, SOUL + POP,
        ("bass octaves|bass slap", "chick|scratch"),
        ("strings", "brass", "piano", "spiccato", "e-piano", "arp"),
        ("disco", "disco", "funk"),
    ),
    "reggae": Genre(
        (62, 100), _COMMON, 0.62, REGGAE,
        ("bass dub", "skank"),
        ("bubble", "brass", "muted", "organ", "piano"),
        ("one drop", "one drop", "rock"),
    ),
    "jazz": Genre(
        (80, 190), ("4/4", "4/4", "3/4"), 0.67, JAZZ,
        ("bass walking", "comping"),
        ("brass", "clean", "pluck", "organ"),
        ("jazz", "jazz", "brushes"),
    ),
    "soul": Genre(
        (65, 115), ("4/4", "12/8", "6/8"), 0.58, SOUL + POP,
        ("bass|bass slap", "e-piano|organ|piano"),
        ("clean", "strings", "brass", "skank", "organ"),
        ("motown", "funk", "rock", "ballad"),
    ),
    "hip-hop": Genre(
        (66, 105), _COMMON, 0.6, SOUL + DARK + FUNK,
        ("bass synth|bass dub|bass long|bass sub|bass sub", "e-piano|pluck|clean riff|strings"),
        ("pad", "brass", "scratch", "spiccato", "piano", "noises"),
        ("hip hop", "hip hop", "breakbeat", "half time"),
    ),
    "electronic": Genre(
        (100, 175), _COMMON, 0.5, POP + DARK + SOUL,
        ("bass synth|bass synth|bass sub", "chords|arp"),
        ("pad", "arp", "pluck", "strings", "piano", "noises"),
        ("disco", "disco", "breakbeat", "hip hop", "rock"),
    ),
    "ballad": Genre(
        (60, 90), ("4/4", "4/4", "6/8", "3/4"), 0.5, POP + SOUL,
        ("bass long|bass", "piano|picking|e-piano"),
        ("strings", "pad", "picking", "power", "organ"),
        ("ballad", "ballad", "rock", "half time"),
    ),
    "folk": Genre(
        (75, 140), ("4/4", "3/4", "6/8"), 0.55, POP + ROCK,
        ("bass|bass long|bass walking", "strum|picking"),
        ("picking", "strum", "piano", "strings", "noises"),
        ("train", "rock", "brushes", "ballad", "march"),
    ),
    "latin": Genre(
        (85, 180), _COMMON, 0.5, JAZZ + SOUL,
        ("bass|bass dub", "piano|picking|comping"),
        ("brass", "pluck", "strings", "clean", "strum"),
        ("bossa", "bossa", "funk", "toms"),
    ),
}  # fmt: skip

_SCALE = {"I": 0, "II": 2, "III": 4, "IV": 5, "V": 7, "VI": 9, "VII": 11}


def parse(text: str, key: int) -> list[Chord]:
    """Chords out of Roman numerals, such as "ii7 V7 Imaj7": small ones are minor, b flattens.

    `key` is the pitch class of I. Where the first chord is i, III, VI and VII are those of the
    minor scale. Raises ValueError on anything else.
    """
    minor = re.match(r"i(?![iv])", text) is not None
    chords = []
    for name in text.split():
        match = re.fullmatch(r"(b?)([iv]+|[IV]+)(maj7|7|9|)", name)
        if match is None or match.group(2).upper() not in _SCALE:
            raise ValueError(f"text: expected Roman numerals, got {name!r}")
        flat, numeral, more = match.groups()
        degree = _SCALE[numeral.upper()] - bool(flat)
        if minor and not flat and numeral in ("III", "VI", "VII"):
            degree -= 1
        third = 3 if numeral.islower() else 4
        seventh: dict[str, tuple[int, ...]] = {"7": (10,), "9": (10, 14), "maj7": (11,)}
        chords.append(Chord((key + degree) % 12, (0, third, 7, *seventh.get(more, ()))))
    return chords
