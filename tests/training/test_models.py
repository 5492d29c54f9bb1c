"""One contract for every drum network."""

import itertools
from pathlib import Path

import pytest
import torch

from bandscribe import runtime
from bandscribe.training.drums.models import MODELS
from bandscribe.training.export import check_parity, export
from bandscribe.training.search import LATER_SPACES
from bandscribe.vocabulary import DRUMS_10
from tiny import tiny_card

BINS, CLASSES = 84, 10

SMALL: dict[str, dict[str, object]] = {
    "crnn": {"channels": [2, 4], "hidden": 4},
    "rnn": {"hidden": 4, "layers": 2},
    "cnn": {"channels": [2, 4], "hidden": 6},
    "transformer": {"channels": [2, 4], "width": 8, "heads": 2, "layers": 2},
    "vit": {"patch": 14, "width": 12, "heads": 2, "layers": 2},
}

each = pytest.mark.parametrize("name", sorted(MODELS))


def make(name: str) -> torch.nn.Module:
    torch.manual_seed(0)
    return MODELS[name](bins=BINS, classes=CLASSES, **SMALL[name])


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
    again = MODELS[name](bins=BINS, classes=CLASSES, **SMALL[name])
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


def test_quantised_weights_are_smaller_and_say_about_the_same(tmp_path: Path) -> None:
    torch.manual_seed(0)
    network = MODELS["crnn"](BINS, CLASSES, channels=[2, 4], hidden=32)
    network(torch.rand(2, 20, BINS))
    for quantise in (False, True):
        path = tmp_path / f"{quantise}.onnx"
        export(network, tiny_card(outputs=DRUMS_10), path, bins=BINS, quantise=quantise)
    assert (tmp_path / "True.onnx").stat().st_size < 0.5 * (tmp_path / "False.onnx").stat().st_size
    features = torch.rand(30, BINS).numpy()
    exact, rounded = (runtime.load(tmp_path / f"{q}.onnx")(features) for q in (False, True))
    assert 0 < abs(exact - rounded).max() < 0.05


@each
def test_every_point_of_the_search_space_is_a_network(name: str) -> None:
    space = LATER_SPACES[name]
    with torch.device("meta"):  # without memory, and without drawing weights
        for values in itertools.product(*space.values()):
            MODELS[name](BINS, CLASSES, **dict(zip(space, values, strict=True)))


@each
def test_outputs_start_where_onsets_are_rare(name: str) -> None:
    assert (make(name).output.bias == -4).all()


def convolved(*pairs: tuple[int, int]) -> int:
    """Weights of 3 × 3 convolutions without bias, and of their batch normalisation."""
    return sum(9 * before * after + 2 * after for before, after in pairs)


def dense(*widths: int) -> int:
    """Weights and biases of one linear layer after another."""
    return sum((before + 1) * after for before, after in itertools.pairwise(widths))


def attended(width: int, layers: int) -> int:
    """Attention blocks, each with two normalisations, and the normalisation after the last."""
    attention = dense(width, 3 * width) + dense(width, width)
    feed = dense(width, 4 * width, width)
    return layers * (attention + feed + 4 * width) + 2 * width


def recurred(gates: int, width: int, hidden: int, layers: int) -> int:
    """Both ways: weights from below and from the frame before, each with a bias of its own."""
    inputs = [width] + [2 * hidden] * (layers - 1)
    return sum(2 * gates * hidden * (below + hidden + 2) for below in inputs)


TWO_BLOCKS = convolved((1, 32), (32, 32), (32, 64), (64, 64))  # 84 bins become 28, then 9


@pytest.mark.parametrize(
    ("name", "options", "count"),
    [
        (
            "crnn",
            {"unit": "gru", "hidden": 72, "layers": 3},
            TWO_BLOCKS + recurred(3, 9 * 64, 72, 3) + dense(144, 10),
        ),
        (
            "rnn",
            {"unit": "lstm", "hidden": 72, "layers": 2},
            recurred(4, 84, 72, 2) + dense(144, 10),
        ),
        (
            "cnn",
            {"channels": [32, 64, 96], "hidden": 144, "layers": 2},
            TWO_BLOCKS + convolved((64, 96), (96, 96)) + dense(3 * 96, 144, 144, 10),
        ),
        (
            "transformer",
            {"width": 72, "heads": 4, "layers": 2},
            TWO_BLOCKS + dense(9 * 64, 72) + attended(72, 2) + dense(72, 10),
        ),
        (
            "vit",  # four patches of 144 values
            {"patch": 21, "width": 576, "heads": 6, "layers": 10},
            dense(21, 144) + 4 * 144 + dense(576, 576) + attended(576, 10) + dense(576, 10),
        ),
    ],
)
def test_number_of_weights(name: str, options: dict[str, object], count: int) -> None:
    with torch.device("meta"):
        network = MODELS[name](BINS, CLASSES, **options)
    normalise = 2 * BINS
    assert sum(weight.numel() for weight in network.parameters()) == normalise + count


def test_weights_of_the_crnn_keep_their_names() -> None:
    with torch.device("meta"):
        names = list(MODELS["crnn"](BINS, CLASSES).state_dict())
    assert {name.rpartition(".")[0] for name in names} == {
        "normalise",
        *(f"convolve.{place}" for place in (0, 1, 3, 4, 8, 9, 11, 12)),
        "recur",
        "output",
    }


@pytest.mark.parametrize(
    ("name", "options", "words"),
    [
        ("crnn", {"channels": (8,)}, "pooling: expected 1"),
        ("crnn", {"pooling": (20, 20)}, "leaves no bins"),
        ("crnn", {"unit": "rnn"}, "unit: expected"),
        ("rnn", {"unit": "rnn"}, "unit: expected"),
        ("cnn", {"pooling": 20}, "leaves no bins"),
        ("transformer", {"heads": 5}, "heads: expected a divisor of width 144, got 5"),
        ("vit", {"patch": 20}, "patch: expected a divisor of 84 bins, got 20"),
    ],
)
def test_options_that_do_not_fit(name: str, options: dict[str, object], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        MODELS[name](BINS, CLASSES, **options)


@pytest.mark.parametrize("unit", ["tanh", "relu", "gru"])
def test_a_recurrent_network_in_one_direction_sees_a_few_frames_ahead(
    unit: str, tmp_path: Path
) -> None:
    torch.manual_seed(0)
    options = {"hidden": 16, "layers": 2, "unit": unit, "bidirectional": False, "lookahead": 3}
    network = MODELS["rnn"](bins=BINS, classes=CLASSES, **options).eval()
    features = torch.rand(1, 20, BINS, requires_grad=True)
    network(features)[0, 10].sum().backward()
    assert features.grad is not None
    reached = features.grad[0].abs().sum(dim=1) > 0
    assert reached[:14].any() and reached[13] and not reached[14:].any()
    if unit == "relu":
        export(network, tiny_card(), tmp_path / "model.onnx", bins=BINS)
    with pytest.raises(ValueError, match="lookahead: expected 0 frames or more, got -1"):
        MODELS["rnn"](bins=BINS, classes=CLASSES, lookahead=-1)
