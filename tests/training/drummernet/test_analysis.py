import pytest
import torch
from torch import Tensor
from torch.nn import functional

from bandscribe.training.drummernet.analysis import (
    BLOCK,
    DOWN,
    HOP,
    Analysis,
    UNet,
    double,
    gate,
    soften,
)

N = 4096


def noise(*shape: int) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(0))


@torch.no_grad()
def test_the_shapes_of_table_3() -> None:
    """(C, N), (C, N / 1024), r: (C, N / 16), (K, N / 16), with C = 128 and then 50, and K = 11."""
    shapes = {}

    def note(name: str) -> object:
        return lambda _, __, output: shapes.update({name: tuple(output.shape)})

    network = Analysis(11)
    unet = network.unet
    for name, layer in (
        ("first", unet.first),
        ("last down", unet.down[-1]),
        ("r", unet),
        ("memory", network.memory),
    ):
        layer.register_forward_hook(note(name))  # type: ignore[arg-type]
    amplitudes = network(noise(2, N))
    assert shapes["first"] == (2, 128, N)
    assert shapes["last down"] == (2, 50, N // 512)  # halved once more after it: N / 1024
    assert shapes["r"] == (2, 50, N // 16)
    assert shapes["memory"] == amplitudes.shape == (2, N // 16, 11)
    assert (DOWN, HOP) == (10, 16)


def test_the_number_of_parameters() -> None:
    """Layer by layer; the authors' 203,869 are these sums by their code's sizes."""
    network = Analysis(11)
    convolutions = 3 * (128 + 128 * 50 + 9 * 50 * 50 + 6 * 100 * 50)
    # A GRU: three gates, each of inputs, what is remembered, and two biases.
    around = 2 * 3 * (50 * 50 + 50 * 50 + 2 * 50)
    onward = 3 * (100 * 50 + 50 * 50 + 2 * 50)
    across = 3 * (1 * 11 + 11 * 11 + 2 * 11)
    assert count(network.unet) == convolutions == 177_084
    assert count(network) == convolutions + around + onward + across == 230_946

    theirs = 3 * (50 + 10 * 50 * 50 + 50 * 50 + 50 * 50 + 5 * 100 * 50 + 100 * 100) + 100
    theirs += 2 * 3 * (100 * 11 + 11 * 11 + 22) + 3 * (22 * 11 + 11 * 11 + 22) + 3 * (1 + 1)
    assert theirs == 203_869


def count(module: torch.nn.Module) -> int:
    return sum(weights.numel() for weights in module.parameters())


@torch.no_grad()
def test_the_bottom_hears_about_three_thousand_samples() -> None:
    """Section 3.1: 3,072 = 3 · 1024, of which each output of ten poolings is the middle 1024."""
    torch.manual_seed(0)
    unet = UNet(2, 2)
    silence, heard = torch.zeros(1, 1, 8 * 1024), []

    def bottom(x: Tensor) -> Tensor:
        x = functional.elu(unet.first(x))
        for convolve in unet.down:
            x = functional.max_pool1d(functional.elu(convolve(x)), 2)
        return x

    for at in range(0, 8 * 1024, 128):
        moved = silence.clone()
        moved[0, 0, at] = 1.0
        heard.append(bool((bottom(moved)[0, :, 4] != bottom(silence)[0, :, 4]).any()))
    reached = [128 * i for i, yes in enumerate(heard) if yes]
    assert reached[0] >= 4096 - 1024 and reached[-1] < 4096 + 2 * 1024


@torch.no_grad()
@pytest.mark.parametrize("memory", ["gru", "conv"])
@pytest.mark.parametrize("sparsity", ["sparsemax", "softmax"])
def test_any_length_and_every_variant(memory: str, sparsity: str) -> None:
    network = Analysis(3, first=2, channels=2, memory=memory, sparsity=sparsity)  # type: ignore[arg-type]
    samples = noise(1, 1500)
    amplitudes = network(samples)
    assert amplitudes.shape == (1, 94, 3)
    assert amplitudes.min() >= 0 and amplitudes.max() <= 1
    padded = functional.pad(samples, (0, 2048 - 1500))
    torch.testing.assert_close(amplitudes, network(padded)[:, :94])


def test_names_are_checked() -> None:
    with pytest.raises(ValueError, match="memory: expected one of gru, conv, got 'lstm'"):
        Analysis(3, memory="lstm")  # type: ignore[arg-type]


def test_two_sparsemaxes_meet() -> None:
    """Both are nearly one at a score far above its neighbours of both kinds, and zero elsewhere."""
    scores = torch.zeros(1, 2 * BLOCK, 3)
    scores[0, 10, 1] = 5.0
    scores[0, BLOCK + 20, 2] = 0.5
    found = gate(scores)
    assert found[0, 10].tolist() == [0, 1, 0]
    assert found[0, :BLOCK, 1].sum() == 1
    # At frame 20 of the second block: (0.5 + (1 - 0.5) / 3) of the moment; along time the threshold
    # t of all 64 solves (0.5 - t) + 63 · (0 - t) = 1 with t < 0: 0.5 - t = 0.5 + 0.5 / 64.
    expected = (0.5 + 0.5 / 3) * (0.5 + 0.5 / 64)
    torch.testing.assert_close(found[0, BLOCK + 20, 2], torch.tensor(expected))


def test_softmaxes_in_sequence() -> None:
    scores = noise(1, 2 * BLOCK, 3)
    shares = scores.softmax(dim=2)
    expected = torch.cat([part.softmax(dim=1) for part in shares.split(BLOCK, dim=1)], dim=1)
    torch.testing.assert_close(soften(scores), expected)


def test_doubling_is_linear_interpolation() -> None:
    x = noise(2, 3, 5)
    expected = functional.interpolate(x, scale_factor=2, mode="linear", align_corners=False)
    torch.testing.assert_close(double(x), expected)
