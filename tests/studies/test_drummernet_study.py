"""The ablations of DrummerNet, with sizes that train in a moment."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest
import soundfile

from bandscribe.studies import drummernet, runs
from bandscribe.training.drummernet import recipe as recipes
from bandscribe.training.drummernet.network import COMPONENTS
from bandscribe.training.recipes import read

RATE = 16000
SMALL = {
    "kits": "tones", "audio": "sound", "first": "2", "channels": "2", "batch": "1",
    "excerpt_seconds": "0.512", "chunk_seconds": "1.024", "overlap_seconds": "0.256",
    "validation_minutes": "0.05", "steps": "1", "validate_every": "1", "workers": "0",
    "threads": "1",
}  # fmt: skip


def test_every_row_is_a_recipe_of_its_own(tmp_path: Path) -> None:
    study = drummernet.plan("all", SMALL)
    made = {row.label: recipe for row, (recipe,) in study.rows.items()}
    assert list(made) == ["DFL", "SOFT", "MEL", "STFT", "NOE", "CONV", "shaped"]
    assert {made[label].memory for label in made if label != "CONV"} == {"gru"}
    assert (made["SOFT"].sparsity, made["MEL"].spectrum) == ("softmax", "mel")
    assert (made["STFT"].spectrum, made["NOE"].enhanced) == ("stft", False)
    assert made["shaped"].shaped
    path = tmp_path / "recipe.json"
    path.write_text(json.dumps({"memory": "conv", "batch": 7}))
    rows = drummernet.plan("memory", SMALL, path).rows
    assert [row.label for row in rows] == ["DFL", "CONV"]
    assert [(each.memory, each.batch) for (each,) in rows.values()] == [("gru", 1), ("conv", 1)]
    # Section 4.1: batches of 16, 6,000,000 items.
    assert (recipes.Recipe().batch, recipes.Recipe().steps) == (16, 375_000)
    with pytest.raises(ValueError, match=r"NAME: expected one of sparsity, .* out of DFL"):
        drummernet.plan("NONE", SMALL)


def test_rows_are_trained_and_evaluated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    (tmp_path / "sound").mkdir()
    beats = np.exp(-(np.arange(2 * RATE) % 4000) / 500)
    soundfile.write(tmp_path / "sound" / "a.wav", 0.3 * beats * rng.standard_normal(2 * RATE), RATE)
    tones = rng.standard_normal((1, len(COMPONENTS), RATE // 10)).astype(np.float32)
    monkeypatch.setattr(recipes.kits, "load", lambda kit: kit)
    monkeypatch.setattr(recipes, "draw_waveforms", lambda kits, rng, variants: tones)
    monkeypatch.chdir(tmp_path)
    lines = runs.run(drummernet.plan("DFL,NOE", SMALL), [1, 2], tmp_path)
    rows = list(csv.DictReader((tmp_path / "DFL,NOE.csv").read_text().splitlines()))
    assert [row["row"] for row in rows] == ["DFL", "NOE"]
    tree = json.loads((tmp_path / "DFL,NOE.json").read_text())
    for row, told in zip(rows, tree["rows"], strict=True):
        folders = [tmp_path / "runs" / name for (name,) in told["runs"]]
        best = [json.loads((run / "metrics.json").read_text())["best"] for run in folders]
        losses = [each["validation_loss"] for each in best]
        assert float(row["validation_loss"]) == pytest.approx(np.mean(losses), rel=1e-5)
        assert [each["validation_loss"] for each in told["scores"]] == losses
        assert losses[0] != losses[1]
        assert float(row["cpu_minutes"]) > 0
        model = recipes.build(read(folders[0], recipes.Recipe))
        assert int(row["weights"]) == sum(weight.numel() for weight in model.parameters())
    assert lines[3].startswith("DFL") and lines[4].startswith("NOE")
    assert len(list((tmp_path / "runs").iterdir())) == 4
