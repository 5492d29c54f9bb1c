"""A run is stopped and resumed, and what is damaged or of another run is refused."""

import json
import os
import re
import signal
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from bandscribe.training import checkpoints

from .toy_fit import SETTINGS, equal, run, toy


def test_a_resumed_run_is_the_run_that_never_stopped(tmp_path: Path) -> None:
    whole, model = run(SETTINGS, tmp_path / "whole")
    part, _ = run(SETTINGS, tmp_path / "parts", stop_at=2)
    assert (part.finished, part.interrupted, part.step) == (False, True, 3)
    rest, resumed = run(SETTINGS, tmp_path / "parts")
    assert (whole.finished, whole.step) == (rest.finished, rest.step) == (True, 6)
    one, other = (torch.load(tmp_path / name / "last.pt") for name in ("whole", "parts"))
    for part_name in ("model", "average"):
        assert equal(one[part_name], other[part_name])
    assert equal(*(torch.load(tmp_path / name / "best.pt") for name in ("whole", "parts")))
    assert equal(model.state_dict(), resumed.state_dict())
    for row in one["state"]["history"] + other["state"]["history"]:
        del row["minutes"]
    assert one["state"]["history"] == other["state"]["history"]


def test_an_interrupted_run_keeps_its_best_weights(tmp_path: Path) -> None:
    result, _ = run(SETTINGS, tmp_path, stop_at=3, shares=(0.0,))
    assert result.interrupted
    assert "means" not in json.loads((tmp_path / "metrics.json").read_text())
    run(SETTINGS, tmp_path / "straight", stop_at=3)
    assert equal(
        checkpoints.read(tmp_path / "best.pt"), checkpoints.read(tmp_path / "straight" / "best.pt")
    )


def test_the_signal_handlers_are_those_from_before(tmp_path: Path) -> None:
    before = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)
    run(SETTINGS, tmp_path, stop_at=1)
    assert (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)) == before


def test_another_recipe_is_refused_and_a_longer_run_is_noted(tmp_path: Path) -> None:
    run(SETTINGS, tmp_path)
    with pytest.raises(ValueError, match=r"another recipe \(learning_rate\)"):
        run(replace(SETTINGS, learning_rate=0.1), tmp_path)
    result, _ = run(replace(SETTINGS, steps=8), tmp_path)
    assert result.step == 8
    starts = json.loads((tmp_path / "versions.json").read_text())["starts"]
    assert [start["step"] for start in starts] == [0, 6]
    assert starts[1]["changed"] == {"steps": [6, 8]}


def test_a_run_of_an_earlier_version_is_resumed(tmp_path: Path) -> None:
    """Its checkpoint has the random state of the CPU alone, and no scale of gradients."""
    run(SETTINGS, tmp_path / "whole")
    run(SETTINGS, tmp_path / "parts", stop_at=2)
    saved = torch.load(tmp_path / "parts/last.pt")
    saved["random"] = saved["random"][0]["cpu"]
    del saved["scaler"]
    torch.save(saved, tmp_path / "parts/last.pt")
    run(SETTINGS, tmp_path / "parts")
    one, other = (torch.load(tmp_path / name / "last.pt")["model"] for name in ("whole", "parts"))
    assert equal(one, other)


def test_a_run_of_a_gpu_is_resumed_where_there_is_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(SETTINGS, tmp_path / "whole")
    with monkeypatch.context() as patch:
        # Every tensor in the checkpoint is marked as one of a GPU.
        patch.setattr(torch.serialization, "location_tag", lambda _: "cuda:0")
        run(SETTINGS, tmp_path / "parts", stop_at=2)
    with pytest.raises(RuntimeError, match="CUDA"):
        torch.load(tmp_path / "parts/last.pt")
    run(SETTINGS, tmp_path / "parts")
    one, other = (torch.load(tmp_path / name / "last.pt")["model"] for name in ("whole", "parts"))
    assert equal(one, other)


def begun(folder: Path) -> Path:
    run(SETTINGS, folder, stop_at=3)
    return folder


@pytest.mark.parametrize("name", ["last.pt", "versions.json", "recipe.json"])
@pytest.mark.parametrize("content", [b"", b"junk", b"{}", b"[1]", b"PK\x03\x04", None])
def test_a_damaged_run_is_named(name: str, content: bytes | None, tmp_path: Path) -> None:
    """Junk, or (None) the first half of the file."""
    path = begun(tmp_path) / name
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2] if content is None else content)
    if (name, content) == ("recipe.json", b"{}"):
        with pytest.raises(ValueError, match="begun with another recipe"):
            run(SETTINGS, tmp_path)
        return
    with pytest.raises(ValueError, match=re.escape(f"{path}: ")):
        run(SETTINGS, tmp_path)


@pytest.mark.parametrize(
    "change",
    [
        {"state": {"step": "three"}}, {"state": {"steps": 3}}, {"state": {"history": [3]}},
        {"state": {"step": 3, "history": [{"micro_f1": "high"}]}}, {"model": {}}, {"random": 3},
        {"model": {"0.weight": torch.zeros(1)}}, {"optimiser": []},
    ],
)  # fmt: skip
def test_a_checkpoint_of_another_run_is_named(change: dict[str, Any], tmp_path: Path) -> None:
    path = begun(tmp_path) / "last.pt"
    torch.save({**torch.load(path), **change}, path)
    with pytest.raises(ValueError, match=r"last\.pt: of another run, or damaged; delete"):
        run(SETTINGS, tmp_path)


def test_nothing_in_a_checkpoint_is_run(tmp_path: Path) -> None:
    class Evil:
        def __reduce__(self) -> tuple[Any, ...]:
            return os.mkdir, (str(tmp_path / "evil"),)

    path = begun(tmp_path) / "last.pt"
    torch.save({"state": Evil()}, path)
    with pytest.raises(ValueError, match=r"last\.pt: not written by bandscribe train, or damaged"):
        run(SETTINGS, tmp_path)
    assert not (tmp_path / "evil").exists()


@pytest.mark.parametrize("content", [b"", b"junk", {}, {"a": 3}, {"0.weight": torch.zeros(1)}])
def test_weights_of_another_network_are_named(content: object, tmp_path: Path) -> None:
    path = tmp_path / "best.pt"
    if isinstance(content, bytes):
        path.write_bytes(content)
    else:
        torch.save(content, path)
    with pytest.raises(ValueError, match=re.escape(f"{path}: ")):
        checkpoints.fill(toy(), path)
