"""Which parts of DrummerNet matter: the ablations of Choi and Cho 2019, section 4.5, and ours.

Each row is a training run with one choice of its own; all begin with the same weights, hear the
same excerpts and are judged alike: F1 of kick, snare and hi-hat (±50 ms) on the recipe's validation
kits, for both ways to pick peaks. Training time is what steps of one batch cost a processor core,
whatever else it has to do. The paper's figures are means over three corpora of real drums, after
training that is some thousand times as long.
"""

from __future__ import annotations

import csv
import io
import json
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import torch

from bandscribe.display import comparison
from bandscribe.display.comparison import Bar, Panel
from bandscribe.files import whole
from bandscribe.training import export, recipes, record
from bandscribe.training.drummernet.components import COMPONENTS, SECONDS
from bandscribe.training.drummernet.loss import SAMPLE_RATE
from bandscribe.training.drummernet.network import DrummerNet
from bandscribe.training.drummernet.recipe import Recipe, build, make_loss
from bandscribe.training.drummernet.train import train

#: What each row has of its own; the names are those of figure 8, but for the last two.
ROWS: Mapping[str, Mapping[str, str]] = {
    "DFL": {},
    "SOFT": {"sparsity": "softmax"},
    "MEL": {"spectrum": "mel"},
    "STFT": {"spectrum": "stft"},
    "NOE": {"enhanced": "false"},
    "CONV": {"memory": "conv"},
    "GRU": {"memory": "gru"},
    "shaped": {"shaped": "true"},
}
#: What a table shows of a row, and what it is called there.
COLUMNS: Mapping[str, str] = {
    "weights": "weights", "cpu_minutes": "minutes of a core", "validation_loss": "loss",
    "paper_mean_f1": "F1, paper", "level_mean_f1": "F1, level", "level_kd_f1": "KD",
    "level_sd_f1": "SD", "level_hh_f1": "HH",
}  # fmt: skip
_PANELS = ("cpu_minutes", "paper_mean_f1", "level_mean_f1", "level_kd_f1", "level_sd_f1",
           "level_hh_f1")  # fmt: skip
_STEPS = 3


def run(names: Sequence[str], base: Recipe, folder: Path) -> dict[str, dict[str, float]]:
    """Train and judge rows, each in a folder of its name; one that is judged is left as it is.

    Returns the figures of the rows that are judged, which leaves out one that was stopped. Raises
    ValueError for a row that is none, and as `train`.
    """
    if unknown := [name for name in names if name not in ROWS]:
        raise ValueError(f"names: expected some of {', '.join(ROWS)}, got {unknown[0]!r}")
    told: dict[str, dict[str, float]] = {}
    for name in names:
        path = folder / name / "study.json"
        if not path.is_file():
            recipe = recipes.override(base, ROWS[name])
            if not train(recipe, path.parent).finished:
                break
            best = export.read_metrics(path.parent)["best"]
            minutes = measure_step(recipe) * recipe.steps / 60
            weights = sum(weight.numel() for weight in build(recipe).parameters())
            record.write_json(path, {"weights": weights, "cpu_minutes": minutes, **best})
        told[name] = json.loads(path.read_text(encoding="utf-8"))
    return told


def differ(base: Recipe) -> list[str]:
    """The first row, and those that differ from it where it is `base`."""
    return ["DFL", *(name for name, own in ROWS.items() if recipes.override(base, own) != base)]


def measure_step(recipe: Recipe) -> float:
    """Seconds of processor time that a step of training takes, the middle one of three."""
    waveforms = torch.zeros(1, len(COMPONENTS), round(SECONDS * SAMPLE_RATE))
    model = DrummerNet(build(recipe), waveforms, shaped=recipe.shaped).train()
    loss = make_loss(recipe)
    noise = torch.rand(recipe.batch, round(recipe.excerpt_seconds * SAMPLE_RATE)) - 0.5
    optimiser = torch.optim.AdamW(model.parameters(), fused=True)
    spent = []
    for _ in range(1 + _STEPS):  # the first one is slower than all others
        began = time.process_time()
        optimiser.zero_grad()
        loss(model(noise), noise).backward()
        optimiser.step()
        spent.append(time.process_time() - began)
    return float(np.median(spent[1:]))


def tabulate(told: Mapping[str, Mapping[str, float]]) -> list[str]:
    """A line per row."""
    width = max(map(len, told))
    lines = [" ".join([" " * width, *COLUMNS.values()])]
    for name, figures in told.items():
        cells = [
            f"{figures[key]:.3g}" if key != "weights" else str(figures[key]) for key in COLUMNS
        ]
        row = [cell.rjust(len(head)) for cell, head in zip(cells, COLUMNS.values(), strict=True)]
        lines.append(" ".join([name.ljust(width), *row]))
    return lines


def write(folder: Path, told: Mapping[str, Mapping[str, float]]) -> None:
    """Write drummernet.csv and drummernet.png. Raises ValueError where there is no row."""
    if not told:
        raise ValueError(f"{folder}: no row of the study is judged")
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(["row", *COLUMNS])
    table.writerows(
        [name, *(f"{figures[key]:.5g}" for key in COLUMNS)] for name, figures in told.items()
    )
    with whole(folder / "drummernet.csv") as temporary:
        temporary.write_text(text.getvalue(), encoding="utf-8")
    bars = [
        Bar(name, {key: np.array([figures[key]]) for key in _PANELS})
        for name, figures in told.items()
    ]
    panels = [Panel(key, COLUMNS[key]) for key in _PANELS]
    comparison.draw(folder / "drummernet.png", bars, panels, title="DrummerNet: what matters")
