"""Shared parts of networks, against their formulas and torch's own."""

import math

import pytest
import torch
from torch import nn

from bandscribe.training.layers import (
    AttentionBlock,
    FrameConvolutions,
    LevelInvariant,
    NormaliseLevel,
    SinusoidalPositions,
    attention_over_time,
)


def test_positions_are_sines_and_cosines() -> None:
    found = SinusoidalPositions(6)(torch.zeros(1, 5, 6))
    for t in range(5):
        for i in range(3):
            angle = t / 10000 ** (2 * i / 6)
            assert found[0, t, 2 * i] == pytest.approx(math.sin(angle), abs=1e-6)
            assert found[0, t, 2 * i + 1] == pytest.approx(math.cos(angle), abs=1e-6)


def test_positions_do_not_depend_on_length() -> None:
    positions = SinusoidalPositions(8)
    assert torch.equal(positions(torch.zeros(2, 9, 8))[:, :4], positions(torch.zeros(2, 4, 8)))


def test_attention_is_that_of_torch() -> None:
    torch.manual_seed(0)
    ours = AttentionBlock(12, heads=3, dropout=0.1).eval()
    theirs = nn.TransformerEncoderLayer(
        12, nhead=3, dim_feedforward=48, activation="gelu", batch_first=True, norm_first=True
    ).eval()
    nn.init.normal_(ours.qkv.bias)
    theirs.self_attn.in_proj_weight = ours.qkv.weight
    theirs.self_attn.in_proj_bias = ours.qkv.bias
    theirs.self_attn.out_proj = ours.out_proj
    theirs.norm1, theirs.norm2 = ours.norm1, ours.norm2
    theirs.linear1, theirs.linear2 = ours.feed_forward[0], ours.feed_forward[2]
    x = torch.randn(2, 7, 12)
    torch.testing.assert_close(ours(x), theirs(x), atol=1e-5, rtol=0)


def test_convolutions_see_two_frames_to_each_side_per_block() -> None:
    torch.manual_seed(0)
    convolve = FrameConvolutions(9, (3, 4), (3, 2), convolutions=2, dropout=0.0).eval()
    assert convolve.width == 4
    quiet, hit = torch.zeros(1, 21, 9), torch.zeros(1, 21, 9)
    hit[0, 10] = 100.0
    changed = (convolve(hit) - convolve(quiet)).abs().sum(dim=(0, 2)) > 0
    assert not changed[:6].any()
    assert changed[10]
    assert not changed[15:].any()


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: SinusoidalPositions(7), "width: expected an even number, got 7"),
        (lambda: AttentionBlock(12, heads=5, dropout=0.0), "heads: expected a divisor of width 12"),
    ],
)
def test_widths_that_do_not_fit(make, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        make()


@pytest.mark.parametrize("gain_db", [-40, 20, 90])
def test_no_gain_changes_a_level_invariant_input(gain_db: float) -> None:
    magnitudes = 30 * torch.rand(2, 100, 5, generator=torch.Generator().manual_seed(0))
    scale = LevelInvariant()
    torch.testing.assert_close(
        scale(magnitudes * 10 ** (gain_db / 20)), scale(magnitudes), atol=2e-3, rtol=0
    )


def test_level_invariant_channels_by_their_formula() -> None:
    magnitudes = torch.rand(1, 80, 3, generator=torch.Generator().manual_seed(0))
    x, rise, around = LevelInvariant()(magnitudes)[0].split(3, dim=1)
    level = (magnitudes.square().sum(2).mean() + 0.02**2).sqrt()
    torch.testing.assert_close(x, torch.log10(1 + 1000 * magnitudes[0] / level))
    t = 60
    assert rise[t, 1] == pytest.approx(max(0.0, float(x[t, 1] - x[t - 10 : t - 2, 1].mean())))
    assert around[t, 1] == pytest.approx(float(x[t, 1] - x[t - 25 : 80, 1].mean()), abs=1e-6)
    assert rise[0, 1] == x[0, 1]  # silence before the start


def test_weights_of_attention_in_runs_of_an_earlier_version() -> None:
    torch.manual_seed(0)
    saved, network = (attention_over_time(8, heads=2, layers=2, dropout=0.0) for _ in range(2))
    earlier = {"norm1": "before_attention", "qkv": "ask", "out_proj": "answer",
               "norm2": "before_feed", "feed_forward": "feed"}  # fmt: skip
    weights = {}
    for name, value in saved.state_dict().items():
        block, _, rest = name.partition(".")
        part, dot, end = rest.partition(".")
        weights[f"{block}.{earlier.get(part, part)}{dot}{end}"] = value
    assert "1.ask.weight" in weights
    network.load_state_dict(weights)
    assert all(map(torch.equal, network.state_dict().values(), saved.state_dict().values()))


@pytest.mark.parametrize("gain_db", [-40, 20, 60])
def test_no_gain_and_no_rest_changes_a_normalised_level(gain_db: float) -> None:
    magnitudes = 30 * torch.rand(2, 50, 5, generator=torch.Generator().manual_seed(0))
    scale = NormaliseLevel()
    given = scale(magnitudes)
    louder = scale(magnitudes * 10 ** (gain_db / 20))
    torch.testing.assert_close(louder, given, atol=2e-3, rtol=0)
    rested = scale(torch.cat([magnitudes, torch.zeros(2, 50, 5)], dim=1))
    torch.testing.assert_close(rested[:, :50], given)
    power = magnitudes[0].square().sum(1)
    level = ((power**2).sum() / power.sum()).sqrt()
    torch.testing.assert_close(
        given[0], torch.log10(1 + 4000 * magnitudes[0] / level), atol=1e-3, rtol=0
    )
    assert not scale(torch.zeros(1, 4, 5)).any()
