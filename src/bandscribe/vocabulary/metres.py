"""Time signatures: how many beats are in a bar, and how long a beat is written."""

from __future__ import annotations

import re

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
