"""Splits: their names, and the fixed assignment of groups to them.

Tracks that share an author, a player or a song are one group, which is in one split alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

SPLITS = ("train", "validation", "test")
#: The shares of our own corpora.
SHARES: Mapping[str, float] = {"train": 0.7, "validation": 0.15, "test": 0.15}
#: What others call them.
_NAMES: Mapping[str, str] = {
    "training": "train", "valid": "validation", "val": "validation", "dev": "validation",
    "testing": "test", "evaluation": "test", "eval": "test",
}  # fmt: skip


def order(names: Iterable[str]) -> list[str]:
    """Each name once: `train`, `validation` and `test` first, then others by the alphabet."""
    known = {name: place for place, name in enumerate(SPLITS)}
    return sorted(set(names), key=lambda name: (known.get(name, len(SPLITS)), name))


def normalize(name: str) -> str:
    """`train`, `validation` or `test` for the usual other names; what is none of them stays."""
    plain = name.strip().lower()
    return _NAMES.get(plain, plain)


def assign(group: str, shares: Mapping[str, float] = SHARES) -> str:
    """The split that a group of tracks belongs to.

    It follows from the group's name alone (SHA-256, read as a number in [0, 1)), so that a partial
    copy is split as a complete one, and a group is never on both sides. Over many groups of equal
    size the splits have these `shares`, which add up to 1.
    """
    import hashlib  # loads OpenSSL, for which `bandscribe --help` need not wait

    digest = hashlib.sha256(group.encode("utf-8", "surrogateescape")).digest()
    place = int.from_bytes(digest[:8], "big") / 2**64
    reached = 0.0
    for split, share in shares.items():
        reached += share
        if place < reached:
            return split
    return split


def check(split: str, known: tuple[str, ...] = SPLITS) -> None:
    """Raise ValueError for a split that is not among those known."""
    if split not in known:
        raise ValueError(f"split: expected one of {', '.join(known)}, got {split!r}")
