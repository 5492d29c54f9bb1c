"""Which part of a corpus a group of recordings belongs to, for ever, by its name alone.

Whatever shares an author, a player or a song is one group, so that nothing of it is in two parts.
"""

from __future__ import annotations

import hashlib

SPLITS = ("train", "validation", "test")


def split_of(group: str) -> str:
    """Seven tenths of all groups are to train on, the others to validate and to test."""
    place = int.from_bytes(hashlib.sha256(group.encode()).digest()[:8], "big") / 2**64
    return "train" if place < 0.7 else "validation" if place < 0.85 else "test"
