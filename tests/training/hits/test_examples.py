"""Scenes of strokes, the examples drawn of them, their targets, and banks of examples."""

import numpy as np
import pytest
import torch

from bandscribe.hits import CLASSES
from bandscribe.training.hits import scenes
from bandscribe.training.hits.bank import Bank, Embedded, quantise
from bandscribe.training.hits.clips import HitClip
from bandscribe.training.hits.examples import (
    ANY,
    UNKNOWN,
    loss,
    make_target,
)
from bandscribe.training.hits.models import MODELS
from tiny_hit_clips import draw, make


def test_a_stroke_begins_when_it_says() -> None:
    click = HitClip(np.eye(1, 400, dtype=np.float32)[0], "KD", "kit")
    plain = scenes.PlayedClip(click, 0.0, 0.5, 0.0, 9.0)
    later = scenes.PlayedClip(click, 0.1, 0.25, 0.0, 9.0)
    sooner = scenes.PlayedClip(click, -1.0, 1.0, 0.0, 9.0)  # before anything is heard
    scene = scenes.Scene((plain, later, sooner), None, 0)
    samples = scenes.play(scene, sample_rate=1000, seconds=0.5)
    expected = np.zeros(700, dtype=np.float32)
    expected[200], expected[300] = 0.5, 0.25
    np.testing.assert_array_equal(samples, expected)


def test_a_stroke_is_cut_and_damped() -> None:
    flat = HitClip(np.ones(1000, dtype=np.float32), "KD", "kit")
    cut = scenes.PlayedClip(flat, 0.0, 1.0, 0.0, 0.5, damping=20.0)
    samples = scenes.play(scenes.Scene((cut,), None, 0), sample_rate=1000, seconds=1.0)[200:]
    assert samples[400] == pytest.approx(10**-0.4, rel=1e-5)  # 20 dB a second
    assert samples[499] == pytest.approx(0, abs=1e-6)
    assert not samples[500:].any()


def test_a_scene_of_a_seed_is_always_the_same() -> None:
    main, kin = make("SD"), [make("SD"), make("SD")]
    for seed in range(20):
        first, second = (
            scenes.sample_scene(
                main, kin[0], kin, [make("KD")], make(None), np.random.default_rng(seed), codec=0.0
            )
            for _ in range(2)
        )
        assert first.treatment == second.treatment
        assert [s.start for s in first.strokes] == [s.start for s in second.strokes]
        sounds = [scenes.play(s, sample_rate=8000, seconds=0.3) for s in (first, first)]
        np.testing.assert_array_equal(*sounds)
        assert np.isfinite(sounds[0]).all()


def test_targets() -> None:
    hit = make_target([make("CR", velocity=0.7)], CLASSES)
    assert hit[CLASSES.index("CR")] == 1
    assert hit.sum() == pytest.approx(1.7)
    both = make_target([make("CR", velocity=0.7), make("KD")], CLASSES)
    assert both[:-1].sum() == 2
    assert both[-1] == UNKNOWN
    assert make_target([], CLASSES)[:-1].sum() == 0


@pytest.mark.parametrize(("label", "count"), [("HH", 2), ("TT", 3), ("CY", 2)])
def test_targets_of_an_open_label(label: str, count: int) -> None:
    target = make_target([make(label, velocity=0.5)], CLASSES)
    assert (target[:-1] == ANY).sum() == count
    assert set(target[:-1]) == {0, ANY}
    assert target[-1] == 0.5


def test_no_hit_of_a_class_is_laid_over_one_that_may_be_of_it() -> None:
    made = draw(clips=[make("HH"), make("CHH", "b"), make("OHH", "c")], overlap_share=1.0)
    for i in range(60):
        target = made(np.random.default_rng([1, i]))[1][:-1]
        assert not ((target == ANY).any() and (target == 1).any())


@pytest.mark.parametrize("shift", [-30.0, -3.0, 0.0, 4.0, 30.0])
def test_loss_of_an_open_label_is_that_of_any_of_its_classes(shift: float) -> None:
    logits = torch.tensor([[0.3 + shift, -1.2 + shift, 2.0, 9.0]], requires_grad=True)
    targets = torch.tensor([[ANY, ANY, 1.0, UNKNOWN]])
    value = loss(logits, targets, velocity_weight=0.5)
    p = torch.sigmoid(logits.detach()[0].double())
    some = -torch.log(1 - (1 - p[0]) * (1 - p[1]))
    assert value.item() == pytest.approx((some - torch.log(p[2])).item() / 3, rel=1e-4, abs=1e-6)
    value.backward()
    assert torch.isfinite(logits.grad).all()  # type: ignore[arg-type]


@pytest.mark.parametrize(("balance", "share"), [(0.0, 0.25), (0.5, 1 / (1 + 3**0.5)), (1.0, 0.5)])
def test_balance_is_the_chance_of_a_rare_class(balance: float, share: float) -> None:
    made = draw(balance=balance, augment=False)
    rng = np.random.default_rng(0)
    drawn = [made(rng)[1][CLASSES.index("CR")] for _ in range(800)]
    assert np.mean(drawn) == pytest.approx(share, abs=0.05)


def test_shares_of_overlaps_and_of_sounds_that_are_no_drum() -> None:
    kinds = [make(name, name) for name in ("KD", "SD", "CR", "RD", "HT")]
    made = draw(clips=[*kinds, make(None)], null_share=0.3, overlap_share=0.5)
    struck = [made(np.random.default_rng([3, i]))[1][:-1].sum() for i in range(300)]
    assert np.mean(np.equal(struck, 0)) == pytest.approx(0.3, abs=0.08)
    # Of two or three drums drawn alike, a fifth is the same once more.
    assert 0.2 < np.mean(np.greater(struck, 1)) < 0.4
    assert set(struck) == {0, 1, 2, 3}


def test_a_hit_begins_where_a_window_does() -> None:
    made = draw(clips=[make("KD"), make("CR")], overlap_share=0.0)
    for i in range(40):
        features, target = made(np.random.default_rng([9, i]))
        assert features.shape == (31, 32)
        assert target[:-1].sum() == 1
        assert np.isfinite(features).all()
    plain, _ = draw(augment=False)(np.random.default_rng(0))
    assert plain.shape == (31, 32)


def test_loss_of_one_among_several() -> None:
    logits, targets = torch.randn(5, 3), torch.eye(4)[:, [0, 1, 2, 3]][[0, 1, 2, 0, 1]]
    expected = torch.nn.functional.cross_entropy(logits, torch.tensor([0, 1, 2, 0, 1]))
    assert loss(logits, targets, velocity_weight=9.0).item() == pytest.approx(expected.item())


def test_loss_of_each_by_itself_and_of_known_velocities() -> None:
    logits = torch.tensor([[0.0, 2.0, 1.0], [0.0, 0.0, 5.0]])
    targets = torch.tensor([[0.0, 1.0, 0.5], [1.0, 1.0, UNKNOWN]])
    log = torch.nn.functional.softplus
    struck = (3 * np.log(2) + log(torch.tensor(-2.0)).item()) / 4
    velocity = log(torch.tensor(1.0)).item() - 0.5
    found = loss(logits, targets, velocity_weight=0.2).item()
    assert found == pytest.approx(struck + 0.2 * velocity, rel=1e-5)


@pytest.mark.parametrize("scale", [1e-6, 1.0, 1e6])
def test_levels_of_a_bank_are_half_decibels_below_the_loudest(scale: float) -> None:
    power = np.float32(scale) * np.array([[1.0, 0.1], [1e-6, 0.0]], dtype=np.float32)
    np.testing.assert_array_equal(quantise(power), [[0, 20], [120, 255]])
    np.testing.assert_array_equal(quantise(0 * power), 255)


def test_a_scene_of_a_bank_is_never_the_same_and_its_targets_always() -> None:
    bank = Bank.render(draw(overlap_share=0.0), scenes=6, seed=3)
    again = Bank.render(draw(overlap_share=0.0), scenes=6, seed=3)
    np.testing.assert_array_equal(bank.levels, again.levels)
    seen = {}
    for i in range(60):
        features, target = bank(np.random.default_rng(i))
        np.testing.assert_array_equal(features, again(np.random.default_rng(i))[0])
        assert features.shape == (31, 32)
        assert np.isfinite(features).all()
        assert features.max() == 1
        assert (bank.targets == target).all(axis=1).any()
        seen[features.tobytes()] = True
    assert len(seen) > 50


@pytest.mark.parametrize("fixed", [1, 2])
def test_outputs_of_fixed_convolutions_are_computed_once(fixed: int) -> None:
    torch.manual_seed(0)
    network = MODELS["compact"](32, 15, channels=[4, 4], hidden=8, fixed=fixed)
    assert network.embeds
    assert not MODELS["compact"](32, 15, channels=[8, 4], fixed=1).embeds  # larger than features
    bank = Bank.render(draw(), scenes=3, seed=0)
    embedded = Embedded.make(bank, network, seed=5)
    assert len(embedded.outputs) == 2 * len(bank.levels) == len(embedded.targets)
    network.eval()
    for i in range(len(bank.levels)):
        plain = torch.from_numpy(bank.plain(i, np.random.default_rng([5, i])))
        held = torch.from_numpy(embedded.outputs[i].astype(np.float32))
        torch.testing.assert_close(network(held[None]), network(plain[None]), atol=5e-3, rtol=0)
    values, target = embedded(np.random.default_rng(1))
    assert values.dtype == np.float32
    assert target.shape == (15,)


def test_a_bank_needs_scenes_that_are_augmented() -> None:
    with pytest.raises(ValueError, match="scenes: expected 0 without augment"):
        Bank.render(draw(augment=False), scenes=3, seed=0)
