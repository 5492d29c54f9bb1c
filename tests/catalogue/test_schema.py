import re
from pathlib import Path

import pytest

pytest.importorskip("pyarrow", reason="needs the extra catalogue")

import pyarrow.parquet as pq

from bandscribe.catalogue.build import build
from bandscribe.catalogue.read import connect
from bandscribe.catalogue.schema import SCHEMA, TABLE_OF, TABLES, TASKS, describe
from tiny_catalogue import Run, write_sounds

DOCUMENT = Path(__file__).parents[2] / "docs" / "catalogue.md"


@pytest.mark.parametrize("name", TABLES)
def test_the_document_lists_the_columns(name: str) -> None:
    sections = re.split(r"^### ", DOCUMENT.read_text(), flags=re.MULTILINE)
    [section] = [each for each in sections if each.startswith(f"`{name}`")]
    assert describe(name) in section
    assert f"`{name}/{TABLES[name].partition}=" in section


def test_the_document_names_the_version() -> None:
    assert f"schema {SCHEMA}" in DOCUMENT.read_text()


def test_files_have_the_columns(tmp_path: Path) -> None:
    write_sounds(tmp_path / "music", {"a.wav": "100 vio", "b.wav": "bad"})
    build(tmp_path / "out", [str(tmp_path / "music")], Run(), tasks=list(TASKS))
    for name, table in TABLES.items():
        [path] = (tmp_path / "out" / name).glob("*/*.parquet")
        assert path.parent.name.startswith(f"{table.partition}=")
        written = pq.ParquetFile(path).schema_arrow
        assert written.names == table.arrow.names
        assert [field.nullable for field in written] == [field.nullable for field in table.arrow]
        for field, column in zip(written, table.columns, strict=True):
            # The name of a list's element is Parquet's own.
            assert str(field.type).replace("element:", "item:") == str(column.type)
    database = connect(tmp_path / "out")
    for name, table in TABLES.items():
        found = database.sql(f"SELECT * FROM {name}").columns
        assert {column.name for column in table.columns} <= set(found)
    assert set(TABLE_OF) == set(TASKS)
