"""The articulation of a drum sound, by its name.

Sampled kits have free names: `Hi-Hat Closed (Paiste 14")`, `BassDrum`, `c#3 - stick`. The rules
look at whole words, and prefer no answer to a wrong one: a loop or a roll would put unlabelled
onsets into the audio.
"""

from __future__ import annotations

import re

# fmt: off
#: Several strokes, choked strokes, effects: never used.
_UNFIT = frozenset((
    "roll", "rolls", "loop", "loops", "beat", "beats", "flam", "flams", "drag", "ruff", "choke",
    "choked", "fx", "reverse", "rev", "swirl", "scrape", "empty", "rest", "off",
))
_PERCUSSION = frozenset((
    "conga", "congas", "bongo", "bongos", "shaker", "maraca", "maracas", "clave", "claves",
    "woodblock", "woodblocks", "block", "blocks", "djembe", "sangban", "dununba", "kenkeni",
    "cajon", "cabasa", "guiro", "agogo", "timbale", "timbales", "timbal", "triangle", "vibraslap",
    "castanets", "snap", "snaps", "fingersnap", "gong", "tabla", "udu", "darbuka", "waterglass",
))
# fmt: on
_KICK = frozenset(("kick", "kicks", "kik", "bassdrum", "kd", "bd"))
_SNARE = frozenset(("snare", "snares", "sd", "sn"))
_HAT = frozenset(("hat", "hats", "hihat", "hihats", "hh", "chh", "ohh", "phh"))
_OPEN = frozenset(("open", "opened", "op", "ohh", "semiopen", "half", "swish"))
_CLOSED = frozenset(("closed", "close", "cl", "chh"))
_PEDAL = frozenset(("pedal", "pd", "foot", "phh"))
_TOM = frozenset(("tom", "toms"))
_HIGH = frozenset(("high", "hi", "h"))
_MIDDLE = frozenset(("middle", "mid", "m"))
_LOW = frozenset(("low", "lo", "l", "floor"))

# Longer words first: "tomhi2" is tom, hi, 2.
_COMPOUND = re.compile(r"^(floor|tom|crash|ride|snare|kick)(floor|tom|hi|mid|low|lo|bell|cup)$")
_WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|[0-9]+")
_KEY = re.compile(r"^[a-g]#?[0-9]\s*-\s*")


def words(name: str) -> list[str]:
    """The words of a name in lower case, split at capitals and digits too.

    What stands in brackets (makes and sizes) and the name of a key in front are left out.
    """
    bare = _KEY.sub("", re.sub(r"\(.*?\)", " ", name))
    found: list[str] = []
    for word in _WORD.findall(bare):
        compound = _COMPOUND.match(word.lower())
        found += compound.groups() if compound else [word.lower()]
    return found


def articulation(name: str) -> str | None:
    """The articulation (see `vocabulary.ARTICULATIONS`) that a name stands for, or None."""
    tokens = set(words(name))
    if tokens & _UNFIT:
        return None
    if tokens & _PERCUSSION:
        return "other"
    if tokens & {"tambourine", "tamb"}:
        return "tmb"
    if tokens & {"cowbell", "cow"}:
        return "cb"
    if tokens & {"clap", "claps", "handclap"}:
        return "clap"
    if tokens & _KICK or {"bass", "drum"} <= tokens:
        return "kd"
    if tokens & {"stick", "sticks", "sidestick", "rimclick", "cross"}:
        return "ss"
    if "rim" in tokens and "shot" not in tokens:
        return "ss"
    if tokens & _SNARE or "rimshot" in tokens:
        return "sd"
    if tokens & _HAT or {"hi", "hat"} <= tokens:
        return _hat(tokens)
    if tokens & _TOM:
        return _tom(tokens)
    return _cymbal(tokens)


def _hat(tokens: set[str]) -> str | None:
    """The state must be given: a hat that is neither open nor closed could be either."""
    if tokens & _PEDAL:
        return "phh"
    if tokens & _OPEN:
        return "ohh"
    return "chh" if tokens & _CLOSED else None


def _tom(tokens: set[str]) -> str:
    """By height if it is given, else by number; a tom without either is the middle one."""
    if tokens & _LOW:
        return "lt"
    if tokens & _MIDDLE:
        return "mt"
    if tokens & _HIGH:
        return "ht"
    numbers = {"1": "ht", "2": "mt", "3": "lt", "4": "lt"}
    return next((numbers[number] for number in sorted(tokens & set(numbers))), "mt")


def _cymbal(tokens: set[str]) -> str | None:
    """Cymbals that are both (crash/ride) or neither ("cymbal") are left out."""
    if tokens >= {"crash", "ride"}:
        return None
    if tokens & {"bell", "cup"}:
        return "rb"
    for word, cymbal in (("crash", "cr"), ("china", "ch"), ("splash", "sp"), ("ride", "rd")):
        if word in tokens:
            return cymbal
    return None
