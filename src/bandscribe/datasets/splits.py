"""Splits of our own, for corpora that come with none, or with too few."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping


def assign(group: str, shares: Mapping[str, float]) -> str:
    """The split that a group of tracks belongs to.

    It follows from the group's name alone (SHA-256, read as a number in [0, 1)), so that a partial
    copy is split as a complete one, and a group is never on both sides. Over many groups of equal
    size the splits have these `shares`, which add up to 1.
    """
    digest = hashlib.sha256(group.encode("utf-8", "surrogateescape")).digest()
    place = int.from_bytes(digest[:8], "big") / 2**64
    reached = 0.0
    for split, share in shares.items():
        reached += share
        if place < reached:
            return split
    return split
