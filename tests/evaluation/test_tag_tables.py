from pathlib import Path

import pytest

from bandscribe.evaluation.instrument_systems import read_tags


@pytest.mark.parametrize("name", ["", ".", "./"])
def test_a_row_that_names_no_recording(name: str, tmp_path: Path) -> None:
    table = tmp_path / "tags.csv"
    table.write_text(f"file,class,probability\n{name},voi,0.5\n")
    with pytest.raises(ValueError, match=r"tags\.csv: .*recording"):
        read_tags(table)
