"""The ablations of DrummerNet, with sizes that train in a moment."""

import csv
from pathlib import Path

import pytest

from bandscribe.studies import drummernet
from bandscribe.training.drummernet.recipe import Recipe
from bandscribe.training.recipes import override

SMALL = Recipe(first=2, channels=2, batch=1, excerpt_seconds=0.512, threads=1)


def test_every_row_is_a_recipe_of_its_own() -> None:
    made = {name: override(SMALL, own) for name, own in drummernet.ROWS.items()}
    assert (made["SOFT"].sparsity, made["MEL"].spectrum) == ("softmax", "mel")
    assert (made["STFT"].spectrum, made["NOE"].enhanced) == ("stft", False)
    assert made["shaped"].shaped
    assert drummernet.differ(SMALL) == [
        "DFL", "SOFT", "MEL", "STFT", "NOE", "CONV", "shaped",
    ]  # fmt: skip
    assert drummernet.differ(made["CONV"])[-2:] == ["GRU", "shaped"]
    with pytest.raises(ValueError, match="names: expected some of DFL"):
        drummernet.run(["NONE"], SMALL, Path())


def test_rows_that_are_judged_are_told(tmp_path: Path) -> None:
    figures = dict.fromkeys(drummernet.COLUMNS, 0.5) | {"weights": 1234}
    for name in ("DFL", "SOFT"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "study.json").write_text(str(figures).replace("'", '"'))
    told = drummernet.run(["DFL", "SOFT"], SMALL, tmp_path)
    assert told == {"DFL": figures, "SOFT": figures}
    assert drummernet.tabulate(told)[1].split() == ["DFL", "1234", *["0.5"] * 7]
    drummernet.write(tmp_path, told)
    rows = list(csv.DictReader((tmp_path / "drummernet.csv").read_text().splitlines()))
    assert [row["row"] for row in rows] == ["DFL", "SOFT"]
    assert float(rows[1]["level_mean_f1"]) == 0.5
    assert (tmp_path / "drummernet.png").read_bytes()[:4] == b"\x89PNG"
