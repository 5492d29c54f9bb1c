"""Splits by one name each, and splits of our own for corpora that come with none, or too few."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

#: What others call them.
_NAMES: Mapping[str, str] = {
    "training": "train", "valid": "validation", "val": "validation", "dev": "validation",
    "testing": "test", "evaluation": "test", "eval": "test",
}  # fmt: skip


def name(split: str) -> str:
    """`train`, `validation` or `test` for the usual other names; what is none of them stays."""
    plain = split.strip().lower()
    return _NAMES.get(plain, plain)


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
