"""One contract for every recognition network, and the parameters of chapter 4."""

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pytest
import torch

from bandscribe.training.recognition.models import MODELS

CLASSES = 11
TINY_RESNET = {"depths": [1, 1], "hidden_sizes": [8, 16], "embedding_size": 8}
TINY_AST = {
    "hidden_size": 16,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "intermediate_size": 24,
}

#: Bins, three numbers of frames, and options that keep the network small.
SMALL: dict[str, tuple[int, tuple[int, int, int], dict[str, Any]]] = {
    "audio": (1, (14110, 15001, 16000), {}),
    "mfcc": (40, (1, 87, 130), {"frames": 160}),
    "features": (40, (37, 87, 130), {}),
    "resnet50": (64, (1, 87, 128), {"size": 128, "config": TINY_RESNET}),
    "ast": (128, (1, 46, 60), {"frames": 46, "config": TINY_AST}),
}

each = pytest.mark.parametrize("name", sorted(MODELS))


def need_library(name: str) -> None:
    if name in ("resnet50", "ast"):
        pytest.importorskip("transformers")


def make(name: str) -> torch.nn.Module:
    need_library(name)
    torch.manual_seed(0)
    return MODELS[name](bins=SMALL[name][0], classes=CLASSES, **SMALL[name][2])


def excerpts(name: str, batch: int, which: int) -> torch.Tensor:
    bins, frames, _ = SMALL[name]
    return torch.randn(batch, frames[which], bins, generator=torch.Generator().manual_seed(1))


def parameters(name: str, bins: int, **options: Any) -> int:
    need_library(name)
    with torch.device("meta"):  # without memory, and without drawing weights
        network = MODELS[name](bins, CLASSES, **options)
    return sum(weight.numel() for weight in network.parameters())


@pytest.mark.parametrize(
    ("name", "bins", "expected"),
    [
        ("audio", 1, 180_427),
        ("mfcc", 40, 879_275),
        ("features", 40, 114_859),
        ("resnet50", 256, 23_508_032 + 2049 * 11),  # ResNet-50 without a classifier
        ("ast", 128, 86_187_264 + 2 * 768 + 769 * 11),
    ],
)
def test_parameters(name: str, bins: int, expected: int) -> None:
    assert parameters(name, bins) == expected


def test_one_second_of_ast_has_1104_positions_less() -> None:
    assert parameters("ast", 128) - parameters("ast", 128, frames=98) == 1104 * 768 == 847_872


def test_table_4_2() -> None:
    """The shapes that the table gives for one second of samples."""
    seen: list[tuple[int, int]] = []
    network = make("audio").eval()
    for part in network.convolve:
        part.register_forward_hook(lambda _, __, out: seen.append(tuple(out.shape[1:])))
    network(torch.zeros(1, 44100, 1))
    assert seen[::4] == [(32, 21831), (32, 5452), (64, 1361), (64, 338), (128, 82), (256, 18)]
    assert seen[3::4] == [(32, 5457), (32, 1363), (64, 340), (64, 84), (128, 20), (256, 4)]


@pytest.mark.parametrize("name", ["audio", "features"])
def test_the_least_input_leaves_one_frame(name: str) -> None:
    network = make(name).eval()
    least = SMALL[name][1][0]
    assert network.least == least
    assert network.convolve(torch.zeros(1, SMALL[name][0], least)).shape == (1, 256, 1)
    with pytest.raises(ValueError, match=f"features: expected {least} frames or more"):
        network(torch.zeros(1, least - 1, SMALL[name][0]))


def test_mfcc_needs_frames_and_bins_to_pool() -> None:
    with pytest.raises(ValueError, match="got 256 frames × 13 bins"):
        MODELS["mfcc"](13, CLASSES)


@each
@pytest.mark.parametrize(("batch", "which"), [(2, 0), (1, 1), (3, 2)])
def test_one_row_of_logits_per_excerpt(name: str, batch: int, which: int) -> None:
    logits = make(name).eval()(excerpts(name, batch, which))
    assert logits.shape == (batch, CLASSES)
    assert torch.isfinite(logits).all()


@each
def test_an_excerpt_does_not_depend_on_its_batch(name: str) -> None:
    network = make(name).eval()
    features = excerpts(name, 3, 1)
    torch.testing.assert_close(network(features)[1:2], network(features[1:2]), atol=1e-5, rtol=0)


@each
def test_gradient_reaches_the_input_and_every_weight(name: str) -> None:
    network = make(name)
    features = excerpts(name, 4, 1).requires_grad_()
    network(features).square().sum().backward()
    assert features.grad is not None
    # The last samples and frames fall out of the strides and poolings.
    assert (features.grad.abs().sum(dim=0).flatten() > 0).float().mean() > 0.9
    assert all(weight.grad is not None for weight in network.parameters())


@each
def test_save_and_reload(name: str, tmp_path: Path) -> None:
    network = make(name)
    features = excerpts(name, 2, 1)
    network(features)  # so that the statistics of normalisation are not the first
    torch.save(network.state_dict(), tmp_path / "weights.pt")
    again = MODELS[name](SMALL[name][0], CLASSES, **SMALL[name][2])
    again.load_state_dict(torch.load(tmp_path / "weights.pt"))
    assert torch.equal(network.eval()(features), again.eval()(features))


@each
def test_onnx_agrees_at_other_lengths(name: str, tmp_path: Path) -> None:
    network = make(name).eval()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the older exporter warns of what is checked here
        torch.onnx.export(
            network,
            (excerpts(name, 1, 1),),
            tmp_path / "model.onnx",
            dynamo=False,
            opset_version=17,
            input_names=["features"],
            output_names=["logits"],
            dynamic_axes={"features": {0: "batch", 1: "frame"}, "logits": {0: "batch"}},
        )
    session = onnxruntime.InferenceSession(tmp_path / "model.onnx")
    for batch, which in ((2, 0), (1, 2)):
        features = excerpts(name, batch, which)
        [found] = session.run(None, {"features": features.numpy()})
        np.testing.assert_allclose(found, network(features).detach().numpy(), atol=1e-5)


@each
def test_the_head_is_apart_from_the_rest(name: str) -> None:
    network = make(name)
    head = {id(weight) for weight in network.head.parameters()}
    rest = [weight for weight in network.parameters() if id(weight) not in head]
    last = list(network.head.parameters())[-1]
    assert last.shape == (CLASSES,)
    assert rest and len(rest) + len(head) == len(list(network.parameters()))


def test_ast_cuts_off_and_fills_up_with_the_mean() -> None:
    network = make("ast").eval()
    long = excerpts("ast", 1, 2)
    assert torch.equal(network(long), network(long[:, :46]))
    short = long[:, :30]
    filled = torch.cat([short, torch.zeros(1, 16, 128)], dim=1)
    assert torch.equal(network(short), network(filled))


def test_resnet_sees_bands_as_rows_of_a_grey_picture() -> None:
    network = make("resnet50").eval()
    seen: list[torch.Tensor] = []
    network.body.register_forward_pre_hook(lambda _, given: seen.append(given[0]))
    features = torch.zeros(1, 128, 128)
    features[0, 5, 20] = 1
    network(features)
    assert seen[0].shape == (1, 3, 128, 128)
    assert seen[0].nonzero().tolist() == [[0, colour, 20, 5] for colour in range(3)]
