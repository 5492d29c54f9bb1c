"""Passages of a recording in which something holds of its instruments, as `vio > -30 dB`.

    expression   what holds
    vio          the violin plays
    vio > -30 dB its level is above -30 dB; also <, >= and <=, and "dB" may be left out
    not A        A does not hold
    A and B      both hold; binds more than `or`
    A or B       one of them holds, or both
    ( A )        what binds more than all else

Levels are those of `instruments.Activity`, in dB below the loudest moment of the recording.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from bandscribe.instruments import DURATION, GAP, Activity

#: Of who plays (frame, class) and levels (frame, class) the frames (frame,) in which it holds.
Condition = Callable[[NDArray[np.bool_], NDArray[np.float32]], NDArray[np.bool_]]

_WORD = re.compile(r"\s*([<>]=?|[()]|[-−+]?\d+(?:\.\d*)?|[^\W\d]\w*|\S)")
_COMPARE: dict[str, Callable[..., NDArray[np.bool_]]] = {
    "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge,
}  # fmt: skip


class Passage(NamedTuple):
    """From when to when, in seconds."""

    start: float
    end: float


def find(
    activity: Activity, condition: Condition, *, duration: float = DURATION, gap: float = GAP
) -> list[Passage]:
    """Where the condition holds; passages are joined and left out as `Activity.segments` does it.

    A class plays where it does in those segments.
    """
    plays = activity.plays(duration=duration, gap=gap)
    holds = condition(plays, activity.level.values)
    runs = activity.stretches(holds, duration=duration, gap=gap)
    return [Passage(*activity.seconds(*run)) for run in runs]


def parse(text: str, classes: Sequence[str]) -> Condition:
    """The condition that an expression states.

    Raises ValueError, quoting the expression, where it is none.
    """
    reader = _Reader(text, classes)
    condition = reader.any_of()
    if reader.words:
        raise reader.error("'and' or 'or'")
    return condition


class _Reader:
    """Reads one thing after another off the front of `words`."""

    def __init__(self, text: str, classes: Sequence[str]) -> None:
        self.text = text
        self.classes = {name.lower(): column for column, name in enumerate(classes)}
        self.words = _WORD.findall(text)

    def any_of(self) -> Condition:
        """A or B or …"""
        one = self.all_of()
        while self.take("or"):
            one = _either(one, self.all_of())
        return one

    def all_of(self) -> Condition:
        """A and B and …"""
        one = self.single()
        while self.take("and"):
            one = _both(one, self.single())
        return one

    def single(self) -> Condition:
        """Not A, ( A ), or what is said of one class."""
        if self.take("not"):
            return _negated(self.single())
        if self.take("("):
            inner = self.any_of()
            if not self.take(")"):
                raise self.error("')'")
            return inner
        return self.statement()

    def statement(self) -> Condition:
        """A class, or its level compared with a number."""
        column = self.classes.get(self.next.lower())
        if column is None:
            raise self.error(f"'not', '(' or one of {', '.join(self.classes)}")
        self.words.pop(0)
        if self.next not in _COMPARE:
            return lambda plays, level: plays[:, column]
        compare = _COMPARE[self.words.pop(0)]
        try:
            limit = float(self.next.replace("−", "-"))
        except ValueError:
            raise self.error("a number of dB") from None
        self.words.pop(0)
        self.take("dB")
        return lambda plays, level: compare(level[:, column], limit)

    @property
    def next(self) -> str:
        """The word at the front; nothing at the end."""
        return self.words[0] if self.words else ""

    def take(self, word: str) -> bool:
        """Whether the next word is this one, in capitals or not; if so it is read."""
        taken = self.next.lower() == word.lower()
        if taken:
            self.words.pop(0)
        return taken

    def error(self, expected: str) -> ValueError:
        """What was expected in place of the next word."""
        got = repr(self.next) if self.words else "the end"
        return ValueError(f"{self.text!r}: expected {expected}, got {got}")


def _either(one: Condition, other: Condition) -> Condition:
    return lambda plays, level: one(plays, level) | other(plays, level)


def _both(one: Condition, other: Condition) -> Condition:
    return lambda plays, level: one(plays, level) & other(plays, level)


def _negated(one: Condition) -> Condition:
    return lambda plays, level: ~one(plays, level)
