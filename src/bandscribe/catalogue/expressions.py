"""Conditions such as `vio > .8 and tempo between 90 and 110 and not voi`, translated to SQL.

    expression              is true if
    vio                     a violin is present; also by name, in any spelling: violins
    vio > .8                its probability is above 0.8; also <, >=, <=
    tempo between 90 and 110  a number is in this range; also 90 <= tempo < 110
    metre == 3/4            a text is this one, in upper or lower case; also !=
    'blue' in title         a text contains another
    not A, A and B, A or B, ( A )

As in SQL, conditions on unknown values are never true: neither `voi` nor `not voi` for a recording
whose instruments were not analysed, neither `tempo > 100` nor `not tempo > 100` without beats.
"""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Sequence
from typing import NamedTuple

from bandscribe import names

#: Columns of `recordings` that can be used.
NUMBERS = (
    "tempo", "duration", "loudness", "note_count", "sample_rate", "channels", "bytes", "copies",
)  # fmt: skip
TEXTS = ("path", "title", "artist", "album", "genre", "date", "metre", "format")

_COMPARE: dict[type[ast.cmpop], str] = {
    ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">=", ast.Eq: "=", ast.NotEq: "<>",
}  # fmt: skip
_NUMBER = r"(-?(?:\d+\.?\d*|\.\d+))"


class Condition(NamedTuple):
    """An SQL condition, its parameters, and the instrument classes that it uses.

    Its columns are those of `recordings` and, for each of these classes, its probability (`vio`)
    and whether it is present (`vio_present`).
    """

    sql: str
    parameters: tuple[float | str, ...]
    classes: tuple[str, ...]


def parse(text: str, classes: Sequence[str]) -> Condition:
    """Translate an expression, in upper or lower case, with codes or names of `classes`.

    Raises ValueError for a malformed expression, quoting it and what is wrong.
    """
    plain = _simplify(text, classes)
    parameters: list[float | str] = []
    used: dict[str, None] = {}

    def refuse(problem: str) -> ValueError:
        return ValueError(
            f"{names.shorten(text)!r}: {problem}; write such as "
            "\"violin > .8 and tempo > 100 and 'blue' in title\""
        )

    def unread(node: ast.expr) -> ValueError:
        return refuse(f"cannot read {names.shorten(ast.get_source_segment(plain, node) or '')!r}")

    def parameter(value: float | str) -> str:
        parameters.append(value)
        return "?"

    def build(node: ast.expr) -> str:
        match node:
            case ast.BoolOp(op, parts):
                join = " AND " if isinstance(op, ast.And) else " OR "
                return "(" + join.join([build(part) for part in parts]) + ")"
            case ast.UnaryOp(ast.Not(), part):
                return f"(NOT {build(part)})"
            case ast.Name(name) if name in classes:
                used[name] = None
                return f"{name}_present"
            case ast.Compare(ast.Constant(str(part)), [ast.In()], [ast.Name(name)]):
                if name in TEXTS:
                    return f"contains(lower({name}), {parameter(part.lower())})"
            case ast.Compare(first, operators, others):
                return chain([first, *others], operators)
        raise unread(node)

    def chain(parts: Sequence[ast.expr], operators: Sequence[ast.cmpop]) -> str:
        """A comparison in which one of each two sides is a name; `a < b < c` is two of them."""
        found = []
        for left, operator, right in zip(parts, operators, parts[1:], strict=False):
            words = [side.id for side in (left, right) if isinstance(side, ast.Name)]
            if len(words) == 2 and len(set(words) & set(TEXTS)) == 1:
                raise refuse("a text to compare with stands in quotes")
            sides = [compare(side) for side in (left, right)]
            kinds = {kind for kind, _ in sides}
            sign = _COMPARE.get(type(operator))
            named = [side for side in (left, right) if isinstance(side, ast.Name)]
            if sign is None or len(kinds) > 1 or len(named) != 1:
                raise unread(left)
            found.append(f"{write(sides[0][1])} {sign} {write(sides[1][1])}")
        return "(" + " AND ".join(found) + ")"

    def compare(node: ast.expr) -> tuple[type, ast.Name | float | str]:
        """The type of a side of a comparison, number or text, and its value."""
        match node:
            case ast.Name(name) if name in classes or name in NUMBERS:
                return float, node
            case ast.Name(name) if name in TEXTS:
                return str, node
            case ast.Constant(str(value)):
                return str, value
            case ast.BinOp(ast.Constant(int(above)), ast.Div(), ast.Constant(int(below))):
                return str, f"{above}/{below}"
            case ast.UnaryOp(ast.USub(), ast.Constant(int() | float() as value)):
                return float, -float(value)
            case ast.Constant(int() | float() as value) if not isinstance(value, bool):
                return float, float(value)
        raise unread(node)

    def write(side: ast.Name | float | str) -> str:
        if isinstance(side, ast.Name):
            if side.id in classes:
                used[side.id] = None
            if side.id == "tempo":  # as it is printed: FLOAT stores 97.4 as 97.400002
                return "round(tempo::DOUBLE, 1)"
            return f"lower({side.id})" if side.id in TEXTS else side.id
        return parameter(side.lower() if isinstance(side, str) else side)

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of numbers that touch a word
            sql = build(ast.parse(plain, mode="eval").body)
    except SyntaxError as error:
        rest = plain[(error.offset or len(plain) + 1) - 1 :]
        raise refuse(names.describe_rest(rest)) from None
    except (RecursionError, MemoryError, OverflowError):
        raise refuse("too deeply nested") from None
    return Condition(sql, tuple(parameters), tuple(used))


def _simplify(text: str, classes: Sequence[str]) -> str:
    """The expression in Python's grammar: codes of classes, `between` as two comparisons."""
    parts = re.split(r"('[^']*'|\"[^\"]*\")", text)
    for index in range(0, len(parts), 2):  # outside of quotes
        part = names.encode(parts[index], classes).replace("−", "-")
        part = re.sub(rf"(\w+)\s+between\s+{_NUMBER}\s+and\s+{_NUMBER}", r"(\2 <= \1 <= \3)", part)
        parts[index] = re.sub(r"(?<![<>=!])=(?!=)", "==", part)
    return " ".join("".join(parts).split())
