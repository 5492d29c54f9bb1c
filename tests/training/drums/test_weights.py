import json
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest
import torch

from bandscribe import runtime
from bandscribe.features.spectrogram import LogSpectrogram
from bandscribe.training import recipes
from bandscribe.training.drums.recipe import Recipe, build, front_end
from bandscribe.training.export import export
from bandscribe.training.exported import load_drums, transfer_drums
from tiny import tiny_card

CARD = runtime.load("drums").card
NOISE = np.random.default_rng(0).standard_normal(44100 * 2).astype(np.float32)
NOISE *= 0.1 * (np.arange(len(NOISE)) % 11025 < 2000)


def recipe(**options: object) -> Recipe:
    shape = json.loads(json.dumps({k: CARD.recipe[k] for k in ("model", "options", "features")}))
    return Recipe(**{**shape, "options": shape["options"] | options})


def test_a_network_of_the_same_shape_starts_as_the_exported_one() -> None:
    network = build(recipe())
    features = torch.from_numpy(front_end(recipe())(NOISE))[None]
    transfer_drums("drums", network, features)
    with torch.no_grad():
        exported = load_drums("drums")[1](features)
        torch.testing.assert_close(network.eval()(features), exported, atol=1e-3, rtol=1e-3)
    for part in network.modules():
        if isinstance(part, torch.nn.Dropout2d | torch.nn.LSTM):
            part.eval()
    # In training the statistics of the batch take the place of those that were fitted to it.
    network.convolve.train()
    x = network.convolve[0](network.convolve.split(network.normalise(network.scale(features))))
    torch.testing.assert_close(network.convolve[1](x), network.convolve[1].eval()(x), atol=1e-3,
                               rtol=1e-3)  # fmt: skip


def test_another_shape_is_refused() -> None:
    other = recipe(hidden=16)
    features = torch.zeros(1, 10, LogSpectrogram().n_bins)
    with pytest.raises(ValueError, match="initial: drums is another network"):
        transfer_drums("drums", build(other), features)


def test_a_file_that_is_no_model_is_named(tmp_path: Path) -> None:
    path = tmp_path / "none.onnx"
    with pytest.raises(ValueError, match="none"):
        load_drums(str(path))


def test_channels_that_the_exported_network_lacks_are_ignored_at_first(tmp_path: Path) -> None:
    small = {"channels": [4, 4], "pooling": [3, 3], "convolutions": 1, "hidden": 8, "layers": 1}
    plain = Recipe(options=small)
    card = tiny_card(features=asdict(front_end(plain)), recipe=json.loads(recipes.to_json(plain)))
    path = tmp_path / "plain.onnx"
    torch.manual_seed(0)
    exported = build(plain)
    for part in exported.modules():
        if isinstance(part, torch.nn.BatchNorm2d):
            torch.nn.init.normal_(part.bias)
    export(exported, card, path, bins=84)
    magnitudes = torch.from_numpy(LogSpectrogram(compression=0)(NOISE))[None]
    magnitudes *= 50 / magnitudes.square().sum(2).mean().sqrt()  # so that 1000 / level is 20
    network = build(Recipe(options=small | {"level_invariant": True}, features={"compression": 0}))
    transfer_drums(str(path), network, magnitudes)
    with torch.no_grad():
        expected = exported(torch.log10(1 + 20 * magnitudes))
        torch.testing.assert_close(network(magnitudes), expected, atol=1e-3, rtol=1e-3)
