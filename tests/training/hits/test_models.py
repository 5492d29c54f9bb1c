"""The networks of hits."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from bandscribe import runtime
from bandscribe.training.export import check_parity, export
from bandscribe.training.hits import recipe
from bandscribe.training.hits.examples import (
    loss,
)
from bandscribe.training.hits.models import MODELS
from bandscribe.training.hits.recipe import Recipe
from tiny_hit_clips import LEVELS
from tiny_hits import hits_card


@pytest.mark.parametrize(
    ("name", "bins", "outputs", "options", "count"),
    [
        ("report", 256, 5, {}, 4_220_677),
        ("report", 256, 14, {}, 4_225_294),
        ("report", 256, 5, {"channels": [16, 32]}, 160 + 4640 + (32 * 8 * 64 + 1) * 512 + 513 * 5),
        ("report", 128, 5, {"hidden": 64}, 23_296 + (64 * 4 * 16 + 1) * 64 + 65 * 5),
        ("compact", 128, 5, {}, 106_937),
        ("compact", 128, 15, {}, 107_587),
    ],
)
def test_number_of_weights(
    name: str, bins: int, outputs: int, options: dict[str, object], count: int
) -> None:
    with torch.device("meta"):
        network = MODELS[name](bins, outputs, **options)
    assert sum(weight.numel() for weight in network.parameters()) == count


@pytest.mark.parametrize("name", sorted(MODELS))
def test_every_network_keeps_the_contract(name: str, tmp_path: Path) -> None:
    torch.manual_seed(0)
    network = MODELS[name](32, 15, channels=[2, 4, 4], hidden=8)
    features = torch.rand(3, 31, 32, requires_grad=True)
    network(features).square().sum().backward()
    assert features.grad is not None
    assert (features.grad.abs().sum(dim=(1, 2)) > 0).all()
    assert all(weight.grad is not None for weight in network.parameters())
    network.eval()
    assert network(features).shape == (3, 15)
    torch.testing.assert_close(network(features)[1:2], network(features[1:2]), atol=1e-5, rtol=0)
    card = hits_card(features=LEVELS)
    export(network, card, tmp_path / "model.onnx", bins=32)
    check_parity(network, tmp_path / "model.onnx", bins=32)
    assert runtime.load(tmp_path / "model.onnx").windowed


@pytest.mark.parametrize("fixed", [0, 1, 2, 3])
def test_a_network_goes_on_from_exported_weights(fixed: int, tmp_path: Path) -> None:
    options = {"channels": [4, 6, 8], "hidden": 8}
    fields: dict[str, Any] = {"features": LEVELS, "seconds": 0.3}
    torch.manual_seed(1)
    network = recipe.build(Recipe(options=options, **fields))
    for part in network.modules():
        if isinstance(part, torch.nn.BatchNorm2d):
            part.running_mean.normal_()  # type: ignore[union-attr]
            part.running_var.uniform_(0.5, 2)  # type: ignore[union-attr]
    export(network.eval(), hits_card(features=LEVELS), tmp_path / "given.onnx", bins=32)
    given = str(tmp_path / "given.onnx")
    onward = Recipe(options={**options, "fixed": fixed}, initial=given, **fields)
    features = torch.rand(3, 31, 32)
    started = recipe.start(onward, features).train()
    started.dense.eval()
    torch.testing.assert_close(started(features), network(features), atol=1e-5, rtol=0)
    before = {name: value.clone() for name, value in started.state_dict().items()}
    started.train()
    optimiser = torch.optim.AdamW(started.parameters(), 0.1, weight_decay=0.1)
    loss(started(features), torch.ones(3, 15), velocity_weight=1.0).backward()
    optimiser.step()
    changed = [
        name for name, value in started.state_dict().items() if not torch.equal(value, before[name])
    ]
    blocks = {int(name.split(".")[1]) // 4 for name in changed if name.startswith("convolve")}
    assert blocks == set(range(fixed, 3))
    assert any("running" in name for name in changed) == (not fixed)
    options["hidden"] = 9
    anew = Recipe(options={**options, "fixed": fixed}, initial=given, **fields)
    torch.testing.assert_close(
        recipe.start(anew, features).embed(features),
        network.convolve[: 4 * fixed](features.unsqueeze(1)),
        atol=1e-5,
        rtol=0,
    )
    with pytest.raises(ValueError, match="another network"):
        other = Recipe(options={"channels": [4, 6], "fixed": 1}, initial=given, **fields)
        recipe.start(other, features)


def test_training_goes_on_from_the_shipped_weights() -> None:
    """With the options of docs/train.md, with and without trained normalisation."""
    features = 80 * torch.rand(3, 63, 128, generator=torch.Generator().manual_seed(0)) - 80
    shipped = Recipe(initial="hits", features=runtime.load("hits").card.recipe["features"])
    channels = {"channels": [24, 48, 64, 80]}
    kept, trained = (
        recipe.start(replace(shipped, options=options), features).eval()
        for options in ({**channels, "fixed": 3}, channels)
    )
    torch.testing.assert_close(trained(features), kept(features), atol=1e-2, rtol=1e-2)
    with pytest.raises(ValueError, match="initial: hits is another network"):
        recipe.start(shipped, features)


@pytest.mark.parametrize("name", sorted(MODELS))
def test_pooling_that_leaves_nothing(name: str) -> None:
    with pytest.raises(ValueError, match="channels: 6 poolings leave nothing"):
        MODELS[name](32, 5, channels=[2] * 6)
