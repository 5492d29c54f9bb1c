"""What a network costs, of one that costs little."""

import csv
import json
from pathlib import Path

import pytest

from tiny_clips import CLASSES, write_clips

pytest.importorskip("torch")

from bandscribe.studies import recognition_cost
from bandscribe.studies.recognition_rows import COSTS


def test_costs_are_measured_and_told(tmp_path: Path) -> None:
    source = [f"clips={write_clips(tmp_path)}"]
    given = {"classes": ",".join(CLASSES), "window_seconds": "0.5", "batch": "4"}
    made = [
        recognition_cost.measure_cost(row, given, source, source) for row in (COSTS[1], COSTS[2])
    ]
    # Of 11 classes the last layer has 64 weights and a bias each; here there are three.
    assert [each.parameters for each in made] == [879275 - 8 * 65, 114859 - 8 * 65]
    assert all(each.step > 0 and each.describe > 0 and each.recognize > 0 for each in made)
    lines = recognition_cost.tabulate(made)
    assert lines[3].split()[2:5] == ["CNN", "878,755", "879,000"]
    recognition_cost.write(tmp_path, made, {"fields": given})
    rows = list(csv.DictReader((tmp_path / "cost.csv").read_text().splitlines()))
    assert [row["parameters"] for row in rows] == ["878755", "114339"]
    told = json.loads((tmp_path / "cost.json").read_text())
    assert told["rows"][1]["step"] == made[1].step and told["fields"] == given
    assert (tmp_path / "cost.png").stat().st_size > 5_000
