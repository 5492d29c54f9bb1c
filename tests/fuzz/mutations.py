"""Damage: what becomes of a sound file, or of one that other programs wrote, by a seed."""

from __future__ import annotations

import json
import random
from typing import Any

#: Numbers on which readers stumble, as bytes in either order.
_NUMBERS = (0, 1, 0x7F, 0x80, 0xFF, 0x7FFF, 0x8000, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)
#: Words in the place of a word, and values in the place of one in JSON.
_WORDS = (
    "", "nan", "inf", "-inf", "1e999", "1e30", "-1", "0", "9" * 400, "x" * 140_000, "\0", "\n", '"',
    "../../x", "/etc/x", ".", "..", "<script>", "@DATA@", "é" * 200, "\x1b[31m", "KD;SD", ",",
    "\ufeff", "null", "true",
)  # fmt: skip
_VALUES: tuple[Any, ...] = (
    None, True, False, 0, -1, 1.5, 1e30, -1e300, 1e-300, 10**400, float("nan"), float("inf"), "",
    "x", "../../x", "x" * 100_000, [], {}, [[]], {"a": 1}, [None],
)  # fmt: skip


def damage(data: bytes, name: str, rng: random.Random) -> bytes:
    """The content of a file of this name, damaged in one way or several."""
    ways = [_flip, _overwrite, _cut, _insert, _delete, _repeat, _swap, _clear]
    suffix = name.rpartition(".")[2]
    if suffix in ("csv", "txt", "xml"):
        ways = [_digit, _digit, _digit, _reword, _reword, _relines, _flip]
    elif suffix in ("json", "jams"):
        ways = [_digit, _digit, _retree, _retree, _deepen, _reword, _flip]
    for _ in range(rng.choice((1, 1, 1, 2, 4))):
        data = rng.choice(ways)(data, rng)
    return data


def _place(data: bytes, rng: random.Random) -> int:
    """Anywhere, but oftener near the beginning, where headers are."""
    length = max(1, len(data))
    return rng.randrange(min(length, 200) if rng.random() < 0.4 else length)


def _flip(data: bytes, rng: random.Random) -> bytes:
    out = bytearray(data or b"\0")
    for _ in range(rng.choice((1, 1, 8, 64))):
        out[_place(out, rng)] ^= 1 << rng.randrange(8)
    return bytes(out)


def _overwrite(data: bytes, rng: random.Random) -> bytes:
    start, size = _place(data, rng), rng.choice((1, 2, 4, 8))
    number = rng.choice(_NUMBERS) & (1 << 8 * size) - 1
    order = rng.choice(("little", "big"))
    return data[:start] + number.to_bytes(size, order) + data[start + size :]


def _cut(data: bytes, rng: random.Random) -> bytes:
    return data[: _place(data, rng)]


def _insert(data: bytes, rng: random.Random) -> bytes:
    start, size = _place(data, rng), rng.choice((1, 4, 100, 5000))
    more = rng.choice((bytes(size), b"\xff" * size, rng.randbytes(size)))
    return data[:start] + more + data[start:]


def _delete(data: bytes, rng: random.Random) -> bytes:
    start = _place(data, rng)
    return data[:start] + data[start + rng.choice((1, 4, 100, 5000)) :]


def _repeat(data: bytes, rng: random.Random) -> bytes:
    start = _place(data, rng)
    part = data[start : start + rng.choice((10, 1000, 100_000))]
    return data[:start] + part * rng.choice((2, 3, 20)) + data[start:]


def _swap(data: bytes, rng: random.Random) -> bytes:
    """One half after the other."""
    start = _place(data, rng)
    return data[start:] + data[:start]


def _clear(data: bytes, rng: random.Random) -> bytes:
    start, size = _place(data, rng), rng.choice((4, 100, 10_000))
    return data[:start] + bytes(min(size, len(data) - start)) + data[start + size :]


def _reword(data: bytes, rng: random.Random) -> bytes:
    """A word or number of a text becomes another."""
    marks = [i for i, byte in enumerate(data) if byte in b',;:<>"[]{} \n\t='] or [0]
    start = rng.choice(marks) + 1
    stop = next((mark for mark in marks if mark > start), len(data))
    return data[:start] + rng.choice(_WORDS).encode() + data[stop:]


def _digit(data: bytes, rng: random.Random) -> bytes:
    """A digit or a letter becomes another, or a few of them."""
    marks = [i for i, byte in enumerate(data) if chr(byte).isalnum()] or [0]
    start = rng.choice(marks)
    more = rng.choice((b"0", b"9", b"-", b".", b"e9", b"a", b"00000000", b"", b"-1"))
    return data[:start] + more + data[start + rng.choice((0, 1)) :]


def _relines(data: bytes, rng: random.Random) -> bytes:
    lines = data.split(b"\n")
    way, place = rng.randrange(4), rng.randrange(len(lines))
    if way == 0:
        del lines[place]
    elif way == 1:
        lines.insert(place, rng.choice(lines))
    elif way == 2:
        rng.shuffle(lines)
    else:
        lines[place] = lines[place][: rng.randrange(len(lines[place]) + 1)]
    return b"\n".join(lines)


def _retree(data: bytes, rng: random.Random) -> bytes:
    """Something in the tree is another thing, or is gone."""
    try:
        tree = json.loads(data)
    except (ValueError, RecursionError):
        return _flip(data, rng)
    inner: Any = tree
    while isinstance(inner, dict | list) and inner:
        key = rng.choice(list(inner) if isinstance(inner, dict) else range(len(inner)))
        if rng.random() < 0.35 or not isinstance(inner[key], dict | list):
            if rng.random() < 0.2:
                del inner[key]
            else:
                inner[key] = rng.choice(_VALUES)
            break
        inner = inner[key]
    return json.dumps(tree).encode()


def _deepen(data: bytes, rng: random.Random) -> bytes:
    depth, start = rng.choice((50, 200, 2000, 100_000)), _place(data, rng)
    return data[:start] + b"[" * depth + data[start:] + b"]" * rng.choice((0, depth))
