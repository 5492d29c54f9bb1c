"""Passages of a recording in which something holds of its instruments, as `vio > -30 dB`.

    expression   what holds
    vio          the violin plays; also its name, in whatever spelling: Violins
    vio > -30 dB it plays, and its level is above -30 dB; also <, >= and <=; "dB" may be left out
    not A        A does not hold
    A and B      both hold; binds more than `or`
    A or B       one of them holds, or both
    ( A )        what binds more than all else

Levels are those of `instruments.Activity`, in dB below the loudest moment of the recording.
"""

from __future__ import annotations

import ast
import operator
import re
import warnings
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from bandscribe import names
from bandscribe.instruments import DURATION, GAP, Activity

#: Of who plays (frame, class) and levels (frame, class) the frames (frame,) in which it holds.
Condition = Callable[[NDArray[np.bool_], NDArray[np.float32]], NDArray[np.bool_]]

_COMPARE: dict[type[ast.cmpop], Callable[..., NDArray[np.bool_]]] = {
    ast.Lt: operator.lt, ast.LtE: operator.le, ast.Gt: operator.gt, ast.GtE: operator.ge,
}  # fmt: skip
_HIGHEST = 1e6  # dB; a number is no larger


class Passage(NamedTuple):
    """The start and end of a passage, in seconds."""

    start: float
    end: float


def find(
    activity: Activity, condition: Condition, *, duration: float = DURATION, gap: float = GAP
) -> list[Passage]:
    """The passages in which a condition holds, joined and dropped as by `Activity.segments`.

    A class plays where it does in those segments.
    """
    plays = activity.plays(duration=duration, gap=gap)
    holds = condition(plays, activity.level.values)
    runs = activity.stretches(holds, duration=duration, gap=gap)
    return [Passage(*activity.seconds(*run)) for run in runs]


def parse(text: str, classes: Sequence[str]) -> Condition:
    """The condition that an expression states, in capitals or not, with classes or their names.

    Raises ValueError, quoting the expression and what is wrong in it, where it is none.
    """
    columns = {name.lower(): column for column, name in enumerate(classes)}
    # The grammar is Python's, but for the unit and the typographer's minus.
    plain = " ".join(names.encode(text, classes).lower().split()).replace("−", "-")
    plain = re.sub(r"([\d.])\s*db\b", r"\1 ", plain)

    example = names.INSTRUMENTS.get(classes[0], classes[0])

    def refuse(problem: str) -> ValueError:
        return ValueError(
            f"{names.shorten(text)!r}: {problem}; write such as '{example} > -30 dB and not drums'"
        )

    def build(node: ast.expr) -> Condition:
        match node:
            case ast.BoolOp(op, parts):
                join = np.logical_and if isinstance(op, ast.And) else np.logical_or
                conditions = [build(part) for part in parts]
                return lambda plays, level: np.asarray(
                    join.reduce([condition(plays, level) for condition in conditions])
                )
            case ast.UnaryOp(ast.Not(), part):
                condition = build(part)
                return lambda plays, level: ~condition(plays, level)
            case ast.Name(name) if name in columns:
                column = columns[name]
                return lambda plays, level: plays[:, column]
            case ast.Compare(ast.Name(name), [op], [limit]) if name in columns:
                value, compare = _read_number(limit), _COMPARE.get(type(op))
                if value is not None and compare is not None:
                    column = columns[name]
                    return lambda plays, level: plays[:, column] & compare(level[:, column], value)
        raise refuse(f"cannot read {names.shorten(ast.get_source_segment(plain, node) or '')!r}")

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of numbers that touch a word
            return build(ast.parse(plain, mode="eval").body)
    except SyntaxError as error:
        rest = plain[(error.offset or len(plain) + 1) - 1 :]
        raise refuse(names.describe_rest(rest)) from None
    except (RecursionError, MemoryError):
        raise refuse("too deeply nested") from None


def _read_number(node: ast.expr) -> float | None:
    """A number with its sign, None for anything else."""
    match node:
        case ast.UnaryOp(ast.USub(), ast.Constant(int() | float() as value)):
            value = -value
        case ast.Constant(int() | float() as value):
            pass
        case _:
            return None
    return float(value) if abs(value) < _HIGHEST else None
