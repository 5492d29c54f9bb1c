from pathlib import Path

import pytest

pytest.importorskip("duckdb", reason="needs the extra catalogue")
pytest.importorskip("pyarrow", reason="needs the extra catalogue")

from bandscribe.catalogue.build import build
from bandscribe.catalogue.expressions import parse
from bandscribe.catalogue.read import connect
from bandscribe.catalogue.selection import find, find_by_sql, query
from bandscribe.names import INSTRUMENTS
from tiny_catalogue import Run, write_sounds

ALL = {"Blue Monday", "duo", "trio", "solo", "drone"}


def select(small: Path, expression: str | None) -> set[str]:
    database = connect(small)
    find(database, expression)
    return {Path(path).stem for (path,) in database.execute("SELECT path FROM selected").fetchall()}


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        (None, ALL),
        ("vio", {"duo", "trio", "solo"}),
        ("Violins", {"duo", "trio", "solo"}),
        ("violin and not voice", {"duo", "solo"}),
        ("vio > .8 and tempo between 90 and 110 and not voi", {"duo"}),
        ("vio and voi or drums", {"trio"}),
        ("vio and (voi or tempo < 61)", {"trio", "solo"}),
        ("not (vio or voi)", {"drone"}),
        ("90 <= tempo < 104", {"drone", "duo"}),
        ("104 = tempo", {"trio"}),
        ("tempo != 104 and tempo > 100", {"Blue Monday"}),
        ("metre == 4/4 AND NOT VIO", {"Blue Monday", "drone"}),
        ("metre = '3/4'", set()),
        ("'blue' in path", {"Blue Monday"}),
        ("copies > 1", {"Blue Monday"}),
        ("loudness < -19.5 and duration == 60 and note_count = 3", ALL),
        ("loudness > −20.5 and vio <= 0.2", {"Blue Monday", "drone"}),
        # Nothing holds of what is not known.
        ("not title == 'x'", set()),
        ("artist != 'x'", set()),
    ],
)
def test_expressions(small: Path, expression: str | None, expected: set[str]) -> None:
    assert select(small, expression) == expected


@pytest.mark.parametrize(
    ("expression", "got"),
    [
        ("", "something is missing at its end"),
        ("vio and", "something is missing at its end"),
        ("viola", "'viola'"),
        ("tempo", "'tempo'"),
        ("tempo > fast", "'fast'"),
        ("tempo > '90'", "'tempo'"),
        ("1 < 2", "'1'"),
        ("vio > voi", "'vio'"),
        ("tempo in 90", "'tempo'"),
        ("90 in title", "'90'"),
        ("'x' in tempo", "\"'x' in tempo\""),
        ("vio; drop", "'; drop'"),
        ("exit()", "'exit()'"),
        ("tempo > True", "'true'"),
        ("(" * 3000 + "vio" + ")" * 3000, ""),
    ],
)
def test_what_is_no_expression_is_refused(expression: str, got: str) -> None:
    with pytest.raises(ValueError, match="; write such as ") as raised:
        parse(expression, tuple(INSTRUMENTS))
    problem = str(raised.value).partition("; write such as ")[0]
    assert problem.endswith(got)
    assert len(str(raised.value)) < 200


def test_a_tempo_is_compared_as_it_is_printed(tmp_path: Path) -> None:
    """In 32 bits 97.4 is 97.400002, which is not <= 97.4."""
    write_sounds(tmp_path, {"a.wav": "97.4"})
    build(tmp_path / "out", [str(tmp_path)], Run())
    for expression in ("tempo between 90 and 97.4", "tempo == 97.4", "tempo >= 97.4"):
        assert select(tmp_path / "out", expression) == {"a"}


def test_values_are_parameters() -> None:
    found = parse('artist == "x\'; DROP TABLE files" and vio >= .5', tuple(INSTRUMENTS))
    assert found.sql == "((lower(artist) = ?) AND (vio >= ?))"
    assert found.parameters == ("x'; drop table files", 0.5)
    assert found.classes == ("vio",)


def test_probabilities_are_shown(small: Path) -> None:
    database = connect(small)
    assert find(database, "vio and not voi")[-2:] == ["vio", "voi"]
    rows = query(database, "SELECT round(vio, 2) AS vio, round(voi, 2) AS voi FROM selected")
    for row in rows:
        assert tuple(row.values()) == pytest.approx((0.9, 0.1))
    assert len(rows) == 2


def test_sql(small: Path) -> None:
    database = connect(small)
    rows = query(database, "SELECT class, count(*) AS n FROM notes GROUP BY class ORDER BY class;")
    assert rows == [{"class": name, "n": 5} for name in ("CHH", "KD", "SD")]
    find_by_sql(database, "SELECT recording FROM recordings WHERE tempo > 95 ORDER BY tempo DESC")
    rows = query(database, "SELECT tempo FROM selected")
    assert [row["tempo"] for row in rows] == [130, 104, 96]
    for wrong in ("SELECT", "SELECT tempo FROM recordings", "DROP VIEW files"):
        with pytest.raises(ValueError, match=r"--sql: .*must give a column recording"):
            find_by_sql(database, wrong)
    for wrong in ("SELECT 1; SELECT 2", f"COPY notes TO '{small}/n.csv'", "SET threads = 1", ""):
        with pytest.raises(ValueError, match=r"--sql: expected one query"):
            query(database, wrong)
    assert not (small / "n.csv").exists()
    classes = "SELECT DISTINCT class FROM notes"
    [row] = query(database, f"PIVOT ({classes}) ON class USING count(*);")
    assert {"class": sorted(row)} == query(
        database, f"SELECT list_sort(list(class)) class FROM ({classes})"
    )[0]
    with pytest.raises(ValueError, match=r"--sql: .*nothing"):
        query(database, "SELECT * FROM nothing")
