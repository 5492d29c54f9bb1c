"""What a network costs, of one that costs little."""

import csv
import json
from pathlib import Path

import pytest

from tiny_clips import CLASSES, write_clips

pytest.importorskip("torch")

from bandscribe.studies import recognition_cost
from bandscribe.studies.recognition_rows import COSTS
from bandscribe.studies.runs import RowOutcome


def test_costs_are_measured_and_told(tmp_path: Path) -> None:
    source = [f"clips={write_clips(tmp_path)}"]
    given = {"classes": ",".join(CLASSES), "window_seconds": "0.5", "batch": "4"}
    made = [
        recognition_cost.measure_cost(row, given, source, source) for row in (COSTS[1], COSTS[2])
    ]
    # Of 11 classes the last layer has 64 weights and a bias each; here there are three.
    assert [each.values("parameters")[0] for each in made] == [879275 - 8 * 65, 114859 - 8 * 65]
    for name in ("step", "describe", "recognize"):
        assert all(each.values(name)[0] > 0 for each in made)
    whole = made[0].values("describe") + made[0].values("recognize")
    assert abs(made[0].values("recording") - whole).max() < 1e-9
    assert made[0].scores[0]["origin"] == "random weights"


def test_costs_are_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    costs = {"parameters": 878755, "step": 0.5, "describe": 0.25, "recognize": 1.0, "recording": 1}
    told = RowOutcome("MFCC", (costs,), about={"parameters": 879e3})
    monkeypatch.setattr(recognition_cost, "measure_cost", lambda *arguments: told)
    lines = recognition_cost.run(tmp_path, {"batch": "4"}, ["a"], ["b"])
    assert lines[3].split()[:4] == ["MFCC", "878,755", "(879,000)", "0.500"]
    rows = list(csv.DictReader((tmp_path / "cost.csv").read_text().splitlines()))
    assert {row["parameters"] for row in rows} == {"878755"}
    tree = json.loads((tmp_path / "cost.json").read_text())
    assert tree["rows"][1]["scores"][0]["step"] == 0.5 and tree["fields"] == {"batch": "4"}
    assert (tmp_path / "cost.png").stat().st_size > 5_000
