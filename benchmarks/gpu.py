"""What a GPU changes in training, for every task: speed, results, and runs that change devices.

    python benchmarks/gpu.py [--device cuda] [--steps 20] [--small] [-o FILE] [TASK ...]

Run it in a checkout, with the extra `train`. Its data are synthetic and tiny, the networks are the
defaults of the tasks. `--small` takes networks of a few weights, to check in some minutes that all
of it runs, with `--device cpu` where there is no GPU.

Prints a row for each task:

- steps per second of the network on a batch that lies ready, on the CPU and on the device;
- the figure of a short run on each (F1, accuracy, mean average precision or validation loss);
- that figure where a run begins on the device and is resumed on the CPU, and the other way round.

The four figures differ by rounding, which training amplifies; with `--device cpu` they are equal.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass, replace
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
import torch

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT / "tests")]

from bandscribe.training import device as devices  # noqa: E402
from bandscribe.training import task as tasks  # noqa: E402
from bandscribe.training.drummernet import validation  # noqa: E402
from bandscribe.training.drummernet.network import COMPONENTS, DrummerNet  # noqa: E402
from bandscribe.training.drummernet.recipe import build  # noqa: E402
from bandscribe.training.drummernet.train import (  # noqa: E402
    Recordings,
    WaveformExamples,
    train_on,
)
from bandscribe.training.fit import FitResult  # noqa: E402
from bandscribe.training.learner import Learner  # noqa: E402
from bandscribe.training.settings import Settings  # noqa: E402
from tiny_clips import write_clips  # noqa: E402
from tiny_corpus import write_corpus  # noqa: E402
from tiny_hits import SAMPLE_RATE, strike  # noqa: E402

RATE = 44100
#: Steps of a short run.
STEPS = 60


@dataclass(frozen=True)
class Row:
    """A task, fields of its recipe, those that make it small, and the figure of a run."""

    task: str
    fields: dict[str, Any]
    small: dict[str, Any]
    figure: str
    module: str = "train"

    def recipe(self, data: Path, small: bool, **more: Any) -> Any:
        """The recipe of a short run on the data in this folder."""
        given = {
            "steps": STEPS, "warmup_steps": 0, "learning_rate": 1e-2, **self.fields,
            **(self.small if small else {}), **more,
        }  # fmt: skip
        given["validate_every"] = given["steps"]
        text = {
            name: json.dumps(value) if isinstance(value, dict) else str(value).format(data=data)
            for name, value in given.items()
        }
        return tasks.resolve(self.task, None, text)


ROWS = {
    "drums": Row(
        "drums",
        {"corpora": "egmd={data}/egmd", "validation_minutes": 0.2, "weight_excerpts": 8},
        {"batch": 2, "options": {"channels": [4], "pooling": [6], "hidden": 4, "layers": 1}},
        "micro_f1",
    ),
    "hits": Row(
        "hits",
        {"clips": "{data}/hits", "classes": "KD,SD,CR", "validation_examples": 60},
        {"batch": 4, "options": {"channels": [4, 4], "hidden": 8}},
        "accuracy",
    ),
    "tracker": Row(
        "activity",
        {"stems": "{data}/stems", "validation_stems": "{data}/stems"},
        {"batch": 2, "options": {"channels": [4, 4, 4], "width": 8, "heads": 2, "layers": 1}},
        "map",
    ),
    "neuroment": Row(
        "activity",
        {
            "model": "neuroment", "material": "stems", "mixes": 10,
            "stems": "{data}/stems", "validation_stems": "{data}/stems",
        },
        {"batch": 4, "options": {"channels": [2, 2, 2]}},
        "validation_loss",
        "envelopes",
    ),
    "mfcc": Row(
        "recognition",
        {"corpora": "clips={data}/clips", "augment": "no"},
        {"batch": 2},
        "micro_f1",
    ),
    "ast": Row(
        "recognition",
        {
            "model": "ast", "pretrained": "no", "augment": "no", "steps": 6,
            "corpora": "clips={data}/clips",
        },
        {
            "batch": 2,
            "options": {
                "config": {
                    "hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2,
                    "intermediate_size": 24,
                }
            },
        },
        "micro_f1",
    ),
    "drummernet": Row(
        "drummernet",
        {"audio": "{data}/sound", "validation_minutes": 0.2, "batch": 4, "steps": 6},
        {"batch": 2, "excerpt_seconds": 0.512, "first": 2, "channels": 2},
        "validation_loss",
    ),
    "adaptation": Row("adaptation", {"audio": "{data}/sound"}, {"batch": 2}, "validation_loss"),
}  # fmt: skip


def write_data(folder: Path) -> None:
    """Clicks, tones and noise for all tasks, each in a form that it reads."""
    write_corpus(folder / "egmd")
    for name in ("clips", "hits", "sound"):
        (folder / name).mkdir()
    write_clips(folder / "clips")
    shutil.copy(ROOT / "examples" / "groove.flac", folder / "sound")
    rows = ["file,label,split,group"]
    for split in ("train", "validation"):
        for number, label in enumerate(["KD", "SD", "CR", ""] * 2):
            file = f"{split}{number}.wav"
            sound = strike(label or "OTHER", duration=0.3)
            soundfile.write(folder / "hits" / file, sound, SAMPLE_RATE)
            rows.append(f"{file},{label},{split},{split}{number}")
        for number, playing in enumerate((["vio"], ["bas"], ["vio", "bas"])):
            times = np.arange(8 * RATE) / RATE
            hertz = {"vio": 1760, "bas": 110}
            stems = {name: 0.3 * np.sin(2 * np.pi * hertz[name] * times) for name in playing}
            piece = folder / "stems" / split / str(number)
            piece.mkdir(parents=True)
            for name, sound in {**stems, "mixture": sum(stems.values())}.items():
                soundfile.write(piece / f"{name}.wav", sound, RATE)
    (folder / "hits" / "labels.csv").write_text("\n".join(rows) + "\n")


def train(recipe: Any, run: Path, task: str) -> FitResult:
    """Train as `bandscribe train` does; DrummerNet's synthesizer plays noise, and needs no kits."""
    if task != "drummernet":
        with redirect_stdout(sys.stderr):
            return tasks.train(task, recipe, run)
    draw = WaveformExamples(Recordings.find(recipe.audio), None, 0.0, recipe.excerpt_seconds)
    held_out = validation.gather(
        replace(draw, seconds=recipe.chunk_seconds), seed=0, minutes=recipe.validation_minutes
    )
    rng = np.random.default_rng(0)
    fading = np.exp(-np.arange(4000) / 400) * rng.standard_normal((1, len(COMPONENTS), 4000))
    kits = torch.from_numpy(fading.astype(np.float32))
    return train_on(recipe, run, lambda: DrummerNet(build(recipe), kits), draw, held_out)


@contextmanager
def instead_of_fit(row: Row, call: Callable[..., FitResult]) -> Iterator[None]:
    """Let a task call `call` with what it gives to the training loop."""
    module = import_module(f"bandscribe.training.{row.task}.{row.module}")
    fit = module.fit
    module.fit = call
    try:
        yield
    finally:
        module.fit = fit


def measure_speed(row: Row, data: Path, small: bool, name: str, steps: int) -> float:
    """Steps per second of a network on one batch, after three steps to warm up."""
    found: list[float] = []

    def measure(settings: Settings, run: Path, **given: Any) -> FitResult:
        where = devices.choose(name)
        if where.type == "cuda":
            torch.cuda.set_device(where)
        torch.set_num_threads(devices.cores())
        settings = replace(settings, half=devices.has_half(where))
        learner = Learner(
            given["build"](), given["loss"], settings, where, optimiser=given.get("optimiser")
        )
        batch = [part.to(where) for part in next(given["batches"](0))]
        for number in range(steps + 3):
            if number == 3:
                learner.step(*batch, number=number, factor=1.0).sum().item()  # waits for the device
                began = time.perf_counter()
            loss = learner.step(*batch, number=number, factor=1.0)
        loss.sum().item()
        found.append(steps / (time.perf_counter() - began))
        return FitResult(False, 0, {})

    with instead_of_fit(row, measure):
        train(row.recipe(data, small, device=name, workers=0), data / "speed", row.task)
    return found[0]


def run_on(row: Row, data: Path, small: bool, *names: str) -> float:
    """The figure of a run on a device, or of one that is resumed on another one after a step."""
    run = Path(tempfile.mkdtemp(dir=data))
    for number, name in enumerate(names, 1):
        limit = 0.0 if number == len(names) else 1e-9
        # Full precision, so that devices differ by rounding alone.
        recipe = row.recipe(data, small, device=name, half="no", max_minutes=limit)
        train(recipe, run, row.task)
    best = json.loads((run / "metrics.json").read_text(encoding="utf-8"))["best"]
    return float(best[row.figure])


def main() -> None:
    """Measure every task, and print a row for each."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument(
        "tasks", nargs="*", default=list(ROWS), metavar="TASK",
        help=f"some of {', '.join(ROWS)}; default: all",
    )  # fmt: skip
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--steps", type=int, default=20, help="steps to measure the speed of")
    parser.add_argument("--small", action="store_true", help="networks of a few weights")
    parser.add_argument("-o", "--output", type=Path, help="a JSON file for the rows")
    given = parser.parse_args()
    if unknown := sorted(set(given.tasks) - set(ROWS)):
        parser.error(f"TASK: expected some of {', '.join(ROWS)}, got {unknown[0]}")
    devices.choose(given.device)
    gpu = torch.cuda.get_device_name() if given.device.startswith("cuda") else given.device
    print(f"torch {torch.__version__}, {devices.cores()} cores, {gpu}")
    print(
        f"{'task':<12}{'steps/s cpu':>12}{'device':>9}{'ratio':>7}  {'figure':<16}{'cpu':>8}"
        f"{'device':>8}{'→ cpu':>8}{'cpu →':>8}"
    )
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder)
        write_data(data)
        for name in given.tasks:
            row = ROWS[name]
            speed = partial(measure_speed, row, data, given.small, steps=given.steps)
            cpu, gpu = speed("cpu"), speed(given.device)
            run = partial(run_on, row, data, given.small)
            figures = [
                run(*names)
                for names in (["cpu"], [given.device], [given.device, "cpu"], ["cpu", given.device])
            ]
            rows.append({"task": name, "cpu": cpu, "device": gpu, "figures": figures})
            print(
                f"{name:<12}{cpu:>12.2f}{gpu:>9.2f}{gpu / cpu:>7.1f}  {row.figure:<16}"
                + "".join(f"{figure:>8.4f}" for figure in figures),
                flush=True,
            )
    if given.output:
        given.output.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
