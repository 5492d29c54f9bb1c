"""What a GPU changes in training, for every task: speed, results, and runs that change devices.

    python benchmarks/gpu.py [--device cuda] [--steps 20] [--small] [-o FILE] [TASK ...]

Run it in a checkout, with the extra `train`. Its data are synthetic and tiny. With `--device cpu`,
where there is no GPU, it takes four minutes of one core, and two with `--small`; beside a GPU its
time is mostly the CPU's, so that there is time for `--steps 200`.

Prints a row for each task:

- steps per second of the task's default network, in half precision where that is native, on a batch
  that lies ready, on the CPU and on the device; with `--small` of a network of a few weights;
- a figure of that small network before training, and after a short run on each (F1, accuracy or
  validation loss);
- that figure where a run is interrupted halfway on the device and resumed on the CPU, and the other
  way round.

Short runs are in full precision: their figures differ by rounding, which training amplifies. Ends
with 1 where one lies further from that of the CPU than a quarter of what training changes, or, with
`--device cpu`, where they are not equal.
"""

from __future__ import annotations

import argparse
import json
import shutil
import signal
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
from bandscribe.training.batches import Batch  # noqa: E402
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
#: Seconds after which no further step is measured on a CPU.
PATIENCE = 10.0
#: Of what training changes in a figure, how much devices may differ by.
TOLERANCE = 0.25


@dataclass(frozen=True)
class Row:
    """A task, fields of its recipe, those of a short run of a small network, and its figure."""

    task: str
    fields: dict[str, Any]
    small: dict[str, Any]
    figure: str
    module: str = "train"

    def recipe(self, data: Path, small: bool, **more: Any) -> Any:
        """A recipe on the data in this folder, with one validation at its end."""
        given = {"steps": 60, "warmup_steps": 0, **self.fields}
        given |= {"learning_rate": 1e-2, **self.small} if small else {}
        given |= more
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
        {
            "batch": 2, "steps": 100, "average": 0.9,
            "options": {"channels": [8], "pooling": [6], "hidden": 16, "layers": 1},
        },
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
        {
            "batch": 2, "steps": 40,
            "options": {"channels": [4, 4, 4], "width": 8, "heads": 2, "layers": 1},
        },
        "micro_f1",
    ),
    "neuroment": Row(
        "activity",
        {
            "model": "neuroment", "material": "stems", "mixes": 10, "prior": "no",
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
            "model": "ast", "pretrained": "no", "augment": "no", "batch": 4,
            "corpora": "clips={data}/clips",
        },
        {
            "batch": 2, "head_learning_rate": 0,
            "options": {
                "config": {
                    "hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2,
                    "intermediate_size": 24,
                }
            },
        },
        "s1_loss",
    ),
    "drummernet": Row(
        "drummernet",
        {"audio": "{data}/sound", "validation_minutes": 0.2, "batch": 4},
        {
            "batch": 2, "steps": 20, "learning_rate": 0.03, "average": 0.8,
            "excerpt_seconds": 0.512, "first": 4, "channels": 4,
        },
        "validation_loss",
    ),
    # It starts at the best weights, so that so high a rate moves the loss upwards.
    "adaptation": Row(
        "adaptation",
        {"audio": "{data}/sound"},
        {"batch": 2, "steps": 12, "average": 0, "excerpt_seconds": 2},
        "validation_loss",
    ),
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
    """Steps per second of a network on one batch, after a step, or three on a GPU, to warm up."""
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
        warm = 1 if where.type == "cpu" else 3
        for number in range(warm):
            loss = learner.step(*batch, number=number, factor=1.0)
        loss.sum().item()  # waits for the device
        began = time.perf_counter()
        for done in range(1, steps + 1):
            loss = learner.step(*batch, number=warm + done, factor=1.0)
            if where.type == "cpu" and time.perf_counter() - began > PATIENCE:
                break
        loss.sum().item()
        found.append(done / (time.perf_counter() - began))
        return FitResult(False, 0, {})

    with instead_of_fit(row, measure):
        train(row.recipe(data, small, device=name, workers=0), data / "speed", row.task)
    return found[0]


def run_on(row: Row, data: Path, *names: str, **more: Any) -> float:
    """The figure of a run on a device, or of one interrupted halfway and resumed on another."""
    fit = import_module(f"bandscribe.training.{row.task}.{row.module}").fit

    def interrupted(settings: Settings, run: Path, **given: Any) -> FitResult:
        def until_half(start: int) -> Iterator[Batch]:
            for number, batch in enumerate(given["batches"](start), start + 1):
                if number == settings.steps // 2:
                    signal.raise_signal(signal.SIGINT)
                yield batch

        result: FitResult = fit(settings, run, **{**given, "batches": until_half})
        return result

    run = Path(tempfile.mkdtemp(dir=data))
    for number, name in enumerate(names, 1):
        # Full precision, so that devices differ by rounding alone.
        recipe = row.recipe(data, True, device=name, half="no", **more)
        with instead_of_fit(row, fit if number == len(names) else interrupted):
            result = train(recipe, run, row.task)
        assert result.interrupted == (number < len(names))
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
    parser.add_argument("--small", action="store_true", help="speed of networks of a few weights")
    parser.add_argument("-o", "--output", type=Path, help="a JSON file for the rows")
    given = parser.parse_args()
    if unknown := sorted(set(given.tasks) - set(ROWS)):
        parser.error(f"TASK: expected some of {', '.join(ROWS)}, got {unknown[0]}")
    devices.choose(given.device)
    gpu = torch.cuda.get_device_name() if given.device.startswith("cuda") else given.device
    print(f"torch {torch.__version__}, {devices.cores()} cores, {gpu}")
    print(
        f"{'task':<12}{'steps/s cpu':>12}{'device':>9}{'ratio':>7}  {'figure':<16}{'before':>8}"
        f"{'cpu':>8}{'device':>8}{'→ cpu':>8}{'cpu →':>8}"
    )
    rows = []
    differing = []
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder)
        write_data(data)
        for name in given.tasks:
            row = ROWS[name]
            speed = partial(measure_speed, row, data, given.small, steps=given.steps)
            cpu, gpu = speed("cpu"), speed(given.device)
            run = partial(run_on, row, data)
            before = run("cpu", steps=1, learning_rate=0)
            alone = run("cpu")
            others = [
                run(*names)
                for names in ([given.device], [given.device, "cpu"], ["cpu", given.device])
            ]
            figures = [before, alone, *others]
            rows.append({"task": name, "cpu": cpu, "device": gpu, "figures": figures})
            print(
                f"{name:<12}{cpu:>12.2f}{gpu:>9.2f}{gpu / cpu:>7.1f}  {row.figure:<16}"
                + "".join(f"{figure:>8.4f}" for figure in figures),
                flush=True,
            )
            allowed = 0 if given.device == "cpu" else TOLERANCE * abs(alone - before)
            if alone == before or max(abs(figure - alone) for figure in others) > allowed:
                differing.append(name)
    if given.output:
        given.output.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")
    if differing:
        sys.exit(f"devices differ, or training changes nothing: {', '.join(differing)}")


if __name__ == "__main__":
    main()
