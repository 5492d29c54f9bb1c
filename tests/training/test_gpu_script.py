"""`benchmarks/gpu.py` ends with an error where a device trains otherwise than the CPU."""

import importlib.util
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import torch

SCRIPT = Path(__file__).parents[2] / "benchmarks/gpu.py"


@pytest.fixture
def script(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    spec = importlib.util.spec_from_file_location("gpu", SCRIPT)
    assert spec is not None and spec.loader is not None
    monkeypatch.setattr(sys, "path", sys.path[:])
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "gpu", module)
    spec.loader.exec_module(module)
    monkeypatch.setattr(module, "measure_speed", lambda *_, **__: 1.0)
    monkeypatch.setattr(module.devices, "choose", lambda _: None)
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda: "a GPU")
    return module


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
    monkeypatch.setattr(script, "run_on", figures(before, cpu, others))
    monkeypatch.setattr(sys, "argv", ["gpu.py", "--device", device, "hits"])
    if passes:
        script.main()
        return
    with pytest.raises(SystemExit, match="devices differ, or training changes nothing: hits"):
        script.main()
