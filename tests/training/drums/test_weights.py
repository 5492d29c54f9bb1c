import json
from pathlib import Path

import numpy as np
import pytest
import torch

from bandscribe import runtime
from bandscribe.features.spectrogram import LogSpectrogram
from bandscribe.training.drums import weights
from bandscribe.training.drums.recipe import Recipe, build, front_end

CARD = runtime.load("drums").card
NOISE = np.random.default_rng(0).standard_normal(44100 * 2).astype(np.float32)
NOISE *= 0.1 * (np.arange(len(NOISE)) % 11025 < 2000)


def recipe(**options: object) -> Recipe:
    shape = json.loads(json.dumps({k: CARD.recipe[k] for k in ("model", "options", "features")}))
    return Recipe(**{**shape, "options": shape["options"] | options})


def test_a_network_of_the_same_shape_starts_as_the_exported_one() -> None:
    network = build(recipe())
    features = torch.from_numpy(front_end(recipe())(NOISE))[None]
    weights.transfer("drums", network, features)
    with torch.no_grad():
        exported = weights.load("drums")[1](features)
        torch.testing.assert_close(network.eval()(features), exported, atol=1e-3, rtol=1e-3)
    for part in network.modules():
        if isinstance(part, torch.nn.Dropout2d | torch.nn.LSTM):
            part.eval()
    # In training the statistics of the batch take the place of those that were fitted to it.
    network.convolve.train()
    x = network.convolve[0](network.convolve.split(network.normalise(features)))
    torch.testing.assert_close(network.convolve[1](x), network.convolve[1].eval()(x), atol=1e-3,
                               rtol=1e-3)  # fmt: skip


def test_another_shape_is_refused() -> None:
    other = recipe(hidden=16)
    features = torch.zeros(1, 10, LogSpectrogram().n_bins)
    with pytest.raises(ValueError, match="initial: drums is another network"):
        weights.transfer("drums", build(other), features)


def test_a_file_that_is_no_model_is_named(tmp_path: Path) -> None:
    path = tmp_path / "none.onnx"
    with pytest.raises(ValueError, match="none"):
        weights.load(str(path))
