"""One contract for every drum network."""

from pathlib import Path

import pytest
import torch

from bandscribe.training.drums.models import CRNN, MODELS
from bandscribe.training.export import check_parity, export
from tiny import tiny_card

BINS, CLASSES = 84, 10

each = pytest.mark.parametrize("name", sorted(MODELS))


def make(name: str) -> torch.nn.Module:
    torch.manual_seed(0)
    return MODELS[name](bins=BINS, classes=CLASSES)


@each
@pytest.mark.parametrize(("batch", "frames"), [(2, 30), (1, 17), (1, 1), (3, 2)])
def test_keeps_batch_and_frames(name: str, batch: int, frames: int) -> None:
    logits = make(name).eval()(torch.rand(batch, frames, BINS))
    assert logits.shape == (batch, frames, CLASSES)
    assert torch.isfinite(logits).all()


@each
def test_an_excerpt_does_not_depend_on_its_batch(name: str) -> None:
    network = make(name).eval()
    features = torch.rand(3, 20, BINS)
    torch.testing.assert_close(network(features)[1:2], network(features[1:2]), atol=1e-5, rtol=0)


@each
def test_gradient_reaches_the_input_and_every_weight(name: str) -> None:
    network = make(name)
    features = torch.rand(2, 20, BINS, requires_grad=True)
    with torch.autocast("cpu", torch.bfloat16):
        logits = network(features)
    logits.square().sum().backward()
    assert features.grad is not None
    assert (features.grad.abs().sum(dim=(0, 2)) > 0).all()
    assert all(weight.grad is not None for weight in network.parameters())


@each
def test_save_and_reload(name: str, tmp_path: Path) -> None:
    network = make(name)
    network(torch.rand(2, 20, BINS))  # so that the statistics of normalisation are not the first
    torch.save(network.state_dict(), tmp_path / "weights.pt")
    again = MODELS[name](bins=BINS, classes=CLASSES)
    again.load_state_dict(torch.load(tmp_path / "weights.pt"))
    features = torch.rand(1, 20, BINS)
    assert torch.equal(network.eval()(features), again.eval()(features))


@each
def test_onnx_agrees_at_other_lengths(name: str, tmp_path: Path) -> None:
    network = make(name)
    network(torch.rand(2, 20, BINS))
    export(network, tiny_card(), tmp_path / "model.onnx", bins=BINS)
    check_parity(network, tmp_path / "model.onnx", bins=BINS)
    assert [path.name for path in tmp_path.iterdir()] == ["model.onnx"]


def test_parity_check_notices_other_weights(tmp_path: Path) -> None:
    network = make("crnn")
    export(network, tiny_card(), tmp_path / "model.onnx", bins=BINS)
    with torch.no_grad():
        network.output.bias += 0.001
    with pytest.raises(ValueError, match=r"differ by 0\.001"):
        check_parity(network, tmp_path / "model.onnx", bins=BINS)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"channels": (8,)}, "pooling: expected 1"),
        ({"unit": "rnn"}, "unit: expected"),
        ({"pooling": (20, 20)}, "leaves no bins"),
    ],
)
def test_options_that_do_not_fit(options: dict[str, object], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        CRNN(BINS, CLASSES, **options)
