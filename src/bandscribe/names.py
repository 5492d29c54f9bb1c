"""Names of the instrument classes, and their usual spellings.

Apart from `vocabulary`, so that the help of a command can list them without loading NumPy.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

INSTRUMENTS: Mapping[str, str] = {
    "cel": "cello", "cla": "clarinet", "flu": "flute", "gac": "acoustic guitar",
    "gel": "electric guitar", "org": "organ", "pia": "piano", "sax": "saxophone",
    "tru": "trumpet", "vio": "violin", "voi": "voice", "bas": "bass", "dru": "drums",
}  # fmt: skip
_SYNONYMS: Mapping[str, tuple[str, ...]] = {
    "voi": ("vocal", "singer", "singing"),
    "bas": ("bass guitar", "double bass"),
    "dru": ("drum", "drum kit", "drum set"),
}
_QUOTED = 40  # letters of what is wrong


def spellings(classes: Iterable[str]) -> dict[str, str]:
    """Every spelling of these classes, in small letters, and the class that it means.

    Code, name and synonyms, each in the plural too.
    """
    found: dict[str, str] = {}
    for name in classes:
        words = [name, *([INSTRUMENTS[name]] if name in INSTRUMENTS else [])]
        for word in (*words, *_SYNONYMS.get(name, ())):
            plural = word if word.endswith("ms") else word + ("es" if word[-1] in "sx" else "s")
            for spelling in (word, plural):
                # A class's own name comes first.
                found.setdefault(_plain(spelling), name)
    return found


def find(text: str, classes: Iterable[str]) -> str | None:
    """The class that is meant, however it is spelled; None where it is none of these."""
    return spellings(classes).get(_plain(text))


def find_all(
    texts: str | Sequence[str], classes: Sequence[str], option: str = "among"
) -> tuple[str, ...]:
    """The classes that several names mean, as in `find`; in one text, commas separate names.

    Raises ValueError, naming the `option`, for a name of none of the `classes`.
    """
    words = texts.split(",") if isinstance(texts, str) else texts
    found = {word: find(word, classes) for word in words}
    if unknown := [name for name, meant in found.items() if meant is None]:
        raise ValueError(f"{option}: expected some of {', '.join(classes)}, got {unknown[0]!r}")
    return tuple(meant for meant in found.values() if meant is not None)


def encode(text: str, classes: Iterable[str]) -> str:
    """The text in small letters, with classes' names in it replaced by the classes."""
    known = spellings(classes)
    longest = sorted(known, key=len, reverse=True)
    any_of = "|".join(re.escape(word).replace(r"\ ", r"[\s_-]+") for word in longest)
    return re.sub(rf"(?<!\w)({any_of})(?!\w)", lambda m: known[_plain(m[0])], text.lower())


def list_names(classes: Iterable[str]) -> str:
    """For people: `cel (cello), cla (clarinet)`."""
    words = (f"{name} ({INSTRUMENTS[name]})" if name in INSTRUMENTS else name for name in classes)
    return ", ".join(words)


def shorten(text: str) -> str:
    """The beginning of a text that is quoted in a message."""
    return text if len(text) <= _QUOTED else f"{text[:_QUOTED]}…"


def describe_rest(rest: str) -> str:
    """The problem of an expression that cannot be read any further, before its `rest`."""
    return f"cannot read {shorten(rest)!r}" if rest else "something is missing at its end"


def _plain(text: str) -> str:
    return " ".join(re.split(r"[\s_-]+", text.strip().lower()))
