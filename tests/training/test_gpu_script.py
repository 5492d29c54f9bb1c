"""`benchmarks/gpu.py`, and with its recipes a step of every task on another device than the CPU.

That device is torch's `meta`, which has no memory: what stays on the CPU is an error there.
"""

import importlib.util
import sys
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import replace
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import torch

from bandscribe.training.fit import FitResult
from bandscribe.training.learner import Learner
from bandscribe.training.settings import Settings

SCRIPT = Path(__file__).parents[2] / "benchmarks/gpu.py"
TASKS = ("drums", "hits", "tracker", "neuroment", "mfcc", "ast", "drummernet", "adaptation")
#: What makes a step of a task shorter still.
SHORT = {
    "drums": {"excerpt_seconds": 0.1, "validation_minutes": 0.01, "weight_excerpts": 1},
    "tracker": {"excerpt_seconds": 1.0},
    "drummernet": {
        "validation_minutes": 0.01,
        "excerpt_seconds": 0.064,
        "enhanced": "no",
    },  # its istft needs memory
    "adaptation": {"excerpt_seconds": 0.1},
}


@pytest.fixture(scope="module")
def script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("gpu", SCRIPT)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "path", sys.path[:])
        patch.setitem(sys.modules, "gpu", module)
        spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def data(script: ModuleType, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data")
    script.write_data(folder)
    return folder


@pytest.mark.parametrize("name", TASKS)
def test_a_step_of_every_task_leaves_the_cpu(
    script: ModuleType, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    if name == "ast":
        pytest.importorskip("transformers")
    assert set(script.ROWS) == set(TASKS)
    monkeypatch.setattr(torch, "autocast", lambda *_, **__: nullcontext())
    places = []

    def step(settings: Settings, run: Path, **given: Any) -> FitResult:
        meta = torch.device("meta")
        plain = replace(settings, half=False, average=0.0)
        sgd = partial(torch.optim.SGD, lr=0.1)
        learner = Learner(
            given["build"](), given["loss"], plain, meta,
            optimiser=lambda network: sgd(network.parameters()),
        )  # fmt: skip
        batch = [part.to(meta) for part in next(given["batches"](0))]
        places.append(learner.step(*batch, number=0, factor=1.0).device)
        return FitResult(True, 1, {})

    row = script.ROWS[name]
    recipe = row.recipe(data, True, device="cpu", workers=0, **SHORT.get(name, {}))
    with script.instead_of_fit(row, step):
        script.train(recipe, tmp_path, row.task)
    assert places == [torch.device("meta")]


def figures(before: float, cpu: float, others: float) -> Callable[..., float]:
    """Figures of runs: before training, on the CPU, and with the device in them."""

    def run_on(row: Any, data: Path, *names: str, **more: Any) -> float:
        return before if more else cpu if names == ("cpu",) else others

    return run_on


@pytest.mark.parametrize(
    ("device", "before", "cpu", "others", "passes"),
    [
        ("cuda", 0.2, 0.8, 0.7, True),
        ("cuda", 0.2, 0.8, 0.6, False),
        ("cuda", 0.9, 0.1, 0.2, True),
        ("cuda", 0.9, 0.1, 0.4, False),
        ("cuda", 0.0, 0.0, 0.0, False),  # equal, but nothing was trained
        ("cpu", 0.2, 0.8, 0.8, True),
        ("cpu", 0.2, 0.8, 0.8000001, False),
    ],
)
def test_devices_may_differ_by_a_quarter_of_what_training_changes_and_a_cpu_by_nothing(
    script: ModuleType, monkeypatch: pytest.MonkeyPatch,
    device: str, before: float, cpu: float, others: float, passes: bool,
) -> None:  # fmt: skip
    monkeypatch.setattr(script, "write_data", lambda _: None)
    monkeypatch.setattr(script, "measure_speed", lambda *_, **__: 1.0)
    monkeypatch.setattr(script, "run_on", figures(before, cpu, others))
    monkeypatch.setattr(script.devices, "choose", lambda _: None)
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda: "a GPU")
    monkeypatch.setattr(sys, "argv", ["gpu.py", "--device", device, "hits"])
    if passes:
        script.main()
        return
    with pytest.raises(SystemExit, match="devices differ, or training changes nothing: hits"):
        script.main()
