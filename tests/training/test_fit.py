"""What a run trains, validates, keeps and writes."""

import json
from collections.abc import Callable
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn
from torch.overrides import TorchFunctionMode

from bandscribe.training import checkpoints, device, record, schedules
from bandscribe.training import fit as fit_module
from bandscribe.training.fit import FitResult, fit

from .toy_fit import SETTINGS, equal, run, toy


@pytest.mark.parametrize("shares", [(0.0,), (0.25,), (0.0, 0.3, 0.7, 1.0), (1.0, 0.5)])
def test_the_mean_of_initial_and_trained_weights(shares: tuple[float, ...], tmp_path: Path) -> None:
    """(1 - share) initial + share trained, of the share that validates best."""
    result, _ = run(SETTINGS, tmp_path, shares=shares)
    initial = toy().state_dict()
    trained = checkpoints.read(tmp_path / "last.pt")["average"]
    rows = json.loads((tmp_path / "metrics.json").read_text())["means"]
    assert [row["share"] for row in rows] == list(shares)
    best = max(rows, key=lambda row: row["micro_f1"])
    assert result.best["micro_f1"] == best["micro_f1"]
    kept = checkpoints.read(tmp_path / "best.pt")
    for name, weight in kept.items():
        if weight.is_floating_point():
            expected = (1 - best["share"]) * initial[name] + best["share"] * trained[name]
            torch.testing.assert_close(weight, expected)
        else:
            torch.testing.assert_close(weight, trained[name])
    again, _ = run(replace(SETTINGS, steps=6), tmp_path, shares=shares)  # nothing left to train
    assert again.best == result.best
    assert equal(checkpoints.read(tmp_path / "best.pt"), kept)


@pytest.mark.parametrize("native", [False, True])
def test_bfloat16_is_the_default_where_it_is_native(
    native: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The run's recipe tells which, and a run goes on as it was begun on whatever processor."""

    def on(native: bool) -> None:
        monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
        monkeypatch.setattr(torch.cpu, "_is_amx_tile_supported", lambda: False)
        monkeypatch.setattr(torch.cpu, "_is_avx512_bf16_supported", lambda: native)

    settings = replace(SETTINGS, half=None)
    on(native)
    assert device.has_half(torch.device("cpu")) is native
    run(settings, tmp_path, stop_at=2)
    assert json.loads((tmp_path / "recipe.json").read_text())["half"] is native
    on(not native)
    assert record.resolve_half(settings, tmp_path).half is native
    result, _ = run(settings, tmp_path)
    assert result.finished
    assert json.loads((tmp_path / "recipe.json").read_text())["half"] is native
    assert record.resolve_half(settings, tmp_path / "new").half is not native


def test_what_a_run_leaves_behind(tmp_path: Path) -> None:
    result, model = run(SETTINGS, tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "best.pt", "curve.png", "history.csv", "last.pt", "metrics.json", "recipe.json",
        "versions.json",
    ]  # fmt: skip
    assert json.loads((tmp_path / "metrics.json").read_text()) == {
        "task": "toy", "parameters": 49, "finished": True, "steps": 6,
        "best": pytest.approx(result.best), "training": False,
    }  # fmt: skip
    assert json.loads((tmp_path / "recipe.json").read_text())["learning_rate"] == 0.05
    versions = json.loads((tmp_path / "versions.json").read_text())
    assert versions["seed"] == 1
    assert versions["starts"][0]["packages"]["torch"] == version("torch")
    assert (versions["starts"][0]["device"], versions["starts"][0]["processes"]) == ("cpu", 1)
    header, *rows = (tmp_path / "history.csv").read_text().split()
    assert header == "step,minutes,rate,loss,micro_f1"
    assert [row.split(",")[0] for row in rows] == ["2", "4", "6"]
    assert equal(torch.load(tmp_path / "best.pt"), model.state_dict())
    assert result.best["micro_f1"] == max(
        row["micro_f1"] for row in torch.load(tmp_path / "last.pt")["state"]["history"]
    )


def test_a_trail_has_the_weights_of_every_validation(tmp_path: Path) -> None:
    run(replace(SETTINGS, trail=True), tmp_path / "trail")
    run(SETTINGS, tmp_path / "plain")
    names = sorted(path.name for path in (tmp_path / "trail/trail").iterdir())
    assert names == ["2.pt", "4.pt", "6.pt"]
    kept = {name: torch.load(tmp_path / "trail/trail" / name) for name in names}
    best, plain = (torch.load(tmp_path / name / "best.pt") for name in ("trail", "plain"))
    assert sum(equal(best, weights) for weights in kept.values()) == 1
    assert equal(best, plain) and not (tmp_path / "plain/trail").exists()


def test_stops_early_and_after_a_time(tmp_path: Path) -> None:
    still = replace(
        SETTINGS, steps=20, learning_rate=0.0, average=0.0, validate_every=1, patience=3
    )
    frozen = nn.Sequential(nn.Linear(3, 1))
    result, _ = run(still, tmp_path / "early", model=frozen)
    assert result.finished
    assert result.step == 4
    result, _ = run(replace(SETTINGS, max_minutes=1e-9), tmp_path / "limit")
    assert not result.interrupted
    assert not result.finished
    assert result.step == 1


def test_a_loss_that_is_not_finite_ends_the_run(tmp_path: Path) -> None:
    model = toy()
    with torch.no_grad():
        model[0].weight.fill_(torch.nan)
    with pytest.raises(ValueError, match="loss: nan at step 0"):
        run(SETTINGS, tmp_path, model=model)
    assert not list(tmp_path.glob("*.pt"))  # nothing of it is kept


def test_the_average_follows_the_weights(tmp_path: Path) -> None:
    run(replace(SETTINGS, steps=1, validate_every=1), tmp_path)
    saved = torch.load(tmp_path / "last.pt")
    # After one step the decay is min(0.9, 1/10): nine tenths of the way from where it began.
    first = toy().state_dict()
    for name, value in saved["average"].items():
        if value.is_floating_point():
            expected = 0.1 * first[name] + 0.9 * saved["model"][name]
            torch.testing.assert_close(value, expected)


def test_polynomial_decay_brings_its_own_warm_up(tmp_path: Path) -> None:
    run(replace(SETTINGS, schedule="polynomial", validate_every=1), tmp_path)
    rates = [row["rate"] for row in torch.load(tmp_path / "last.pt")["state"]["history"]]
    expected = [0.05 * schedules.polynomial(step, steps=6, floor=0.01) for step in range(6)]
    assert rates == pytest.approx(expected)


def fit_line(folder: Path, **given: Any) -> tuple[FitResult, nn.Module]:
    """A line, fitted in three steps to one and the same batch, without dropout or clipping."""
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(3, 2), nn.Linear(2, 1))
    features = torch.rand(5, 4, 3, generator=torch.Generator().manual_seed(1))
    if "groups" in given:
        rates = given.pop("groups")
        given["optimiser"] = lambda network: torch.optim.SGD(
            [{"params": network[i].parameters(), "lr": rate} for i, rate in enumerate(rates)]
        )
    figures = iter([0.3, 0.1, 0.2])
    settings = replace(SETTINGS, steps=3, validate_every=1, average=0.0, clip=1e9, warmup_steps=0)
    result = fit(
        settings,
        folder,
        task="line",
        build=lambda: model,
        loss=nn.functional.mse_loss,
        batches=lambda start: iter([(features, features[..., :1])] * (3 - start)),
        validate=lambda network: {"micro_f1": 0.5, "s2_loss": next(figures)},
        report=lambda network: {},
        **given,
    )
    return result, model


def test_a_batch_in_pieces_is_the_batch(tmp_path: Path) -> None:
    _, whole = fit_line(tmp_path / "whole", groups=(0.1, 0.1))
    _, pieces = fit_line(tmp_path / "pieces", groups=(0.1, 0.1), pieces=3)
    for name, value in whole.state_dict().items():
        torch.testing.assert_close(pieces.state_dict()[name], value)
    one, other = ((tmp_path / n / "history.csv").read_text() for n in ("whole", "pieces"))
    assert [row.split(",")[3] for row in one.split()] == [
        row.split(",")[3] for row in other.split()
    ]


def test_head_and_body_keep_their_own_rates(tmp_path: Path) -> None:
    torch.manual_seed(0)
    before = nn.Sequential(nn.Linear(3, 2), nn.Linear(2, 1)).state_dict()
    _, after = fit_line(tmp_path, groups=(0.0, 0.1))
    moved = {name: not torch.equal(before[name], after.state_dict()[name]) for name in before}
    assert moved == {"0.weight": False, "0.bias": False, "1.weight": True, "1.bias": True}
    groups = torch.load(tmp_path / "last.pt")["optimiser"]["param_groups"]
    last = schedules.cosine(2, steps=3)
    assert [group["lr"] for group in groups] == pytest.approx([0.0, 0.1 * last])


def test_the_last_weights_are_kept_on_request(tmp_path: Path) -> None:
    """Also of a run that is over: its next start replaces the best ones."""
    wild = replace(SETTINGS, schedule="constant", learning_rate=1.0)  # best before its end
    best, _ = run(wild, tmp_path)
    history = checkpoints.read(tmp_path / "last.pt")["state"]["history"]
    assert best.best in history[:-1]
    last, _ = run(replace(wild, keep="last"), tmp_path)
    assert last.best == history[-1]
    average = checkpoints.read(tmp_path / "last.pt")["average"]
    assert equal(checkpoints.read(tmp_path / "best.pt"), average)


def test_the_best_weights_may_be_those_with_the_lowest_figure(tmp_path: Path) -> None:
    result, _ = fit_line(tmp_path, criterion="-s2_loss")
    assert (result.best["step"], result.best["s2_loss"]) == (2, 0.1)
    first, _ = fit_line(tmp_path / "highest")
    assert first.best["step"] == 1


def test_a_compiled_network_is_the_network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    compiled = []
    monkeypatch.setattr(torch, "compile", lambda m: compiled.append(m) or nn.Sequential(m))
    run(SETTINGS, tmp_path / "plain")
    assert not compiled
    run(replace(SETTINGS, compile=True), tmp_path / "compiled")
    assert len(compiled) == 1
    assert equal(*(torch.load(tmp_path / name / "best.pt") for name in ("plain", "compiled")))


def test_in_float16_small_gradients_do_not_vanish(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of 1e-8, the smallest float16 is six times as much; and the scale outlasts a stop."""
    monkeypatch.setattr(device, "half_type", lambda _: torch.float16)

    def fit_small(folder: Path, **changes: Any) -> nn.Module:
        torch.manual_seed(0)
        model = nn.Linear(3, 1)
        features = torch.rand(5, 3, generator=torch.Generator().manual_seed(1))
        fit(
            replace(SETTINGS, half=True, steps=3, weight_decay=0.0, **changes),
            folder,
            task="small",
            build=lambda: model,
            loss=lambda logits, targets: 1 + 1e-8 * logits.float().sum(),
            batches=lambda start: iter([(features, features)] * (3 - start)),
            validate=lambda network: {"micro_f1": 0.5},
            report=lambda network: {},
        )
        return model

    whole = fit_small(tmp_path / "whole")
    torch.manual_seed(0)
    assert not torch.equal(whole.weight, nn.Linear(3, 1).weight)
    fit_small(tmp_path / "parts", max_minutes=1e-9)
    resumed = fit_small(tmp_path / "parts")
    assert torch.equal(whole.weight, resumed.weight)
    assert torch.load(tmp_path / "parts/last.pt")["scaler"]["scale"] == 65536


def test_losses_are_looked_at_when_they_are_shown_or_saved(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """To look at one is to wait for the device."""
    looks = []
    add_up = fit_module._add_up
    monkeypatch.setattr(
        fit_module,
        "_add_up",
        lambda losses, *rest: looks.append(len(losses)) or add_up(losses, *rest),
    )
    run(SETTINGS, tmp_path)
    assert looks == [2, 2, 2, 0]  # at each validation, and before the last checkpoint


def test_batches_are_copied_while_the_device_computes(tmp_path: Path) -> None:
    batch = (torch.ones(2, 1), torch.zeros(2, 1))
    copies: list[tuple[object, ...]] = []

    class Watch(TorchFunctionMode):
        def __torch_function__(
            self, func: Callable[..., Any], types: Any, args: Any = (), kwargs: Any = None
        ) -> Any:
            if func == torch.Tensor.to and any(args[0] is part for part in batch):
                copies.append((*args[1:], *(kwargs or {}).items()))
            return func(*args, **(kwargs or {}))

    with Watch():
        fit(
            replace(SETTINGS, steps=1, validate_every=1),
            tmp_path,
            task="copies",
            build=lambda: nn.Linear(1, 1),
            loss=nn.functional.mse_loss,
            batches=lambda start: iter([batch]),
            validate=lambda network: {"micro_f1": 0.5},
            report=lambda network: {},
        )
    assert copies == 2 * [(torch.device("cpu"), ("non_blocking", True))]


def test_the_same_run_gives_the_same_bytes(tmp_path: Path) -> None:
    for name in ("one", "two"):
        run(SETTINGS, tmp_path / name)
    best = [(tmp_path / name / "best.pt").read_bytes() for name in ("one", "two")]
    assert best[0] == best[1]
