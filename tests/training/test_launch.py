"""Two processes on the CPU train what one does: what several GPUs do, over gloo and not NCCL."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch

from bandscribe.cli import main
from bandscribe.training import device
from bandscribe.training.batches import stream
from bandscribe.training.launch import launch
from bandscribe.training.settings import Settings
from tiny_hits import SAMPLE_RATE, strike

#: A network without batch statistics or dropout, which processes would not share.
FIELDS = {
    "model": "report", "options": json.dumps({"channels": [2, 2], "hidden": 4, "dropout": 0}),
    "features": json.dumps(
        {"sample_rate": SAMPLE_RATE, "n_fft": 512, "hop_length": 160, "n_mels": 32}
    ),
    "classes": "KD,SD", "seconds": "0.3", "batch": "4", "steps": "3", "validate_every": "1",
    "learning_rate": "0.01", "average": "0.9", "workers": "0", "threads": "1", "device": "cpu",
}  # fmt: skip


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("clips")
    rows = ["file,label,split,group"]
    for split in ("train", "validation"):
        for number, label in enumerate(["KD", "SD"] * 2):
            file = f"{split}{number}.wav"
            soundfile.write(root / file, strike(label, duration=0.3), SAMPLE_RATE)
            rows.append(f"{file},{label},{split},{split}{number}")
    (root / "labels.csv").write_text("\n".join(rows) + "\n")
    return root


def arguments(clips: Path, run: Path) -> list[str]:
    fields = [part for name, value in FIELDS.items() for part in (f"--{name}", value)]
    return ["train", "hits", "--clips", str(clips), *fields, "-o", str(run)]


def test_two_processes_train_as_one_which_resumes_them(clips: Path, tmp_path: Path) -> None:
    assert main(arguments(clips, tmp_path / "alone")) == 0
    command = [sys.executable, "-m", "bandscribe", *arguments(clips, tmp_path / "both")]
    together = subprocess.run(
        [*command, "--gpus", "2", "--max_minutes", "1e-9"], capture_output=True, text=True
    )
    assert together.returncode == 0, together.stderr
    assert together.stdout.count("step 1, stopped") == 1
    assert main(arguments(clips, tmp_path / "both")) == 0
    starts = json.loads((tmp_path / "both/versions.json").read_text())["starts"]
    assert [(start["step"], start["processes"]) for start in starts] == [(0, 2), (1, 1)]
    one, two = (torch.load(tmp_path / name / "last.pt") for name in ("alone", "both"))
    for part in ("model", "average"):
        for name, weights in one[part].items():
            torch.testing.assert_close(two[part][name], weights, atol=1e-5, rtol=1e-4)
    for row, other in zip(one["state"]["history"], two["state"]["history"], strict=True):
        assert other["validation_loss"] == pytest.approx(row["validation_loss"], rel=1e-4)


def test_a_run_is_resumed_by_its_folder_alone(
    clips: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = tmp_path / "run"
    assert main([*arguments(clips, run), "--max-minutes", "1e-9"]) == 0
    assert f"step 1, stopped; bandscribe train hits -o {run} resumes it" in capsys.readouterr().out
    assert main(["train", "hits", "--max-minutes", "0", "--steps", "4", "-o", str(run)]) == 0
    assert f"{run}: step 4, finished" in capsys.readouterr().out


def test_what_cannot_be_trained_together(
    clips: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    with pytest.raises(ValueError, match=r"gpus: expected at most 1, the CUDA GPUs .*, got 2"):
        launch(2, "auto", ["train", "hits"])
    monkeypatch.setattr(device, "world", lambda: 3)
    draw = stream(lambda rng: (np.zeros(1), np.zeros(1)), Settings(batch=4))
    with pytest.raises(ValueError, match="batch: expected a multiple of 3, the number of GPUs"):
        draw(0)
