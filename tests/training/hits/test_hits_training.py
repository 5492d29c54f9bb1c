"""From clips to a file that classifies: clips, scenes, examples, networks, runs."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch
from small import kit

import tiny_hits
from bandscribe import audio, hits, runtime
from bandscribe.datasets.address import CorpusAddress
from bandscribe.evaluation import hits as evaluation
from bandscribe.features.mel import MelBands
from bandscribe.hits import CLASSES
from bandscribe.training import task
from bandscribe.training.export import check_parity, export
from bandscribe.training.hits import clips, recipe, scenes, train
from bandscribe.training.hits.bank import Bank, Embedded, quantise
from bandscribe.training.hits.clips import OPEN, HitClip
from bandscribe.training.hits.examples import (
    ANY,
    UNKNOWN,
    HitExamples,
    Kept,
    Turns,
    loss,
    make_target,
)
from bandscribe.training.hits.models import MODELS
from bandscribe.training.hits.recipe import Recipe
from bandscribe.training.ship import ship
from bandscribe.types import Audio
from tiny_hits import SAMPLE_RATE, hits_card, strike

#: A front end that is quick to compute.
SMALL = {"sample_rate": SAMPLE_RATE, "n_fft": 512, "hop_length": 160, "n_mels": 32}
LEVELS = {**SMALL, "scale": "levels"}


def make(label: str | None, group: str = "kit", velocity: float | None = None) -> HitClip:
    tone = OPEN.get(label, (label,))[0] if label else "OTHER"
    return HitClip(strike(tone, duration=0.3), label, group, velocity)


def draw(**changes: object) -> HitExamples:
    fields: dict[str, object] = {
        "clips": [make("KD"), make("KD"), make("KD"), make("CR", "other", 0.7)],
        "classes": CLASSES,
        "front_end": MelBands(**LEVELS),  # type: ignore[arg-type]
        "seconds": 0.3,
    }
    return HitExamples(**{**fields, **changes})  # type: ignore[arg-type]


# clips --------------------------------------------------------------------------------------------


def test_clips_of_a_kit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clips.kits, "load", lambda address, sample_rate: kit("kd", "phh", "cb"))
    found = clips.from_kits(["a"], sample_rate=44100, seconds=0.1)
    assert [clip.label for clip in found] == ["KD", "KD", "CHH", "CHH", "CB", "CB"]
    assert {clip.group for clip in found} == {"a"}
    assert all(len(clip.samples) == 4410 for clip in found)
    assert all(clip.velocity is None for clip in found)  # two layers do not tell


def test_velocities_are_those_of_layers(monkeypatch: pytest.MonkeyPatch) -> None:
    from small import hit, piece

    loud = kit("kd")
    layered = type(loud)("k", "", "", 44100, {"kd": (piece("kd", hit(), hit(), hit(), hit()),)})
    monkeypatch.setattr(clips.kits, "load", lambda address, sample_rate: layered)
    found = clips.from_kits(["a"], sample_rate=44100, seconds=1.0)
    assert [clip.velocity for clip in found] == [0.125, 0.375, 0.625, 0.875]


def test_clips_of_a_folder(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.wav", strike("KD", rate=8000), 8000)
    (tmp_path / "labels.csv").write_text(
        "file,label,split,group,velocity\na.wav,KD,train,one,0.5\na.wav,,valid,two,\n"
    )
    options = {"sample_rate": 16000, "seconds": 0.25, "classes": CLASSES}
    [clip] = clips.from_folder(tmp_path, "train", **options)  # type: ignore[arg-type]
    assert (clip.label, clip.group, clip.velocity, len(clip.samples)) == ("KD", "one", 0.5, 4000)
    [clip] = clips.from_folder(tmp_path, "validation", **options)  # type: ignore[arg-type]
    assert (clip.label, clip.velocity) == (None, None)
    with pytest.raises(ValueError, match="expected one of SD, CR, got 'KD'"):
        clips.from_folder(tmp_path, "train", sample_rate=16000, seconds=1.0, classes=("SD", "CR"))


def test_notes_are_found_behind_links(tmp_path: Path) -> None:
    (tmp_path / "notes/flute").mkdir(parents=True)
    soundfile.write(tmp_path / "notes/flute/a.wav", strike("KD"), SAMPLE_RATE)
    (tmp_path / "chosen").mkdir()
    (tmp_path / "chosen/flute").symlink_to(tmp_path / "notes/flute")
    [clip] = clips.from_notes([str(tmp_path / "chosen")], sample_rate=SAMPLE_RATE, seconds=1.0)
    assert (clip.label, clip.group) == (None, "flute")
    (tmp_path / "empty").mkdir()
    with pytest.raises(ValueError, match="expected sound files"):
        clips.from_notes([str(tmp_path / "empty")], sample_rate=SAMPLE_RATE, seconds=1.0)


@pytest.mark.parametrize(
    ("label", "classes"),
    [("HH", {"CHH", "OHH"}), ("TT", {"HT", "MT", "LT"}), ("CY", {"CR", "RD"}), ("KD", {"KD"})],
)
def test_a_label_may_leave_the_class_open(tmp_path: Path, label: str, classes: set[str]) -> None:
    soundfile.write(tmp_path / "a.wav", strike("KD"), SAMPLE_RATE)
    (tmp_path / "labels.csv").write_text(f"file,label,split\na.wav,{label},train\n")
    [clip] = clips.from_folder(
        tmp_path, "train", sample_rate=SAMPLE_RATE, seconds=1.0, classes=CLASSES
    )
    assert set(clip.candidates) == classes
    assert make(None).candidates == ()


# scenes -------------------------------------------------------------------------------------------


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


# examples -----------------------------------------------------------------------------------------


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


# bank ---------------------------------------------------------------------------------------------


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


# networks -----------------------------------------------------------------------------------------


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


@pytest.mark.parametrize("fixed", [1, 2, 3])
def test_a_network_goes_on_from_exported_weights(fixed: int, tmp_path: Path) -> None:
    options = {"channels": [4, 6, 8], "hidden": 8}
    fields: dict[str, object] = {"features": LEVELS, "seconds": 0.3}
    torch.manual_seed(1)
    network = recipe.build(Recipe(options=options, **fields))  # type: ignore[arg-type]
    for part in network.modules():
        if isinstance(part, torch.nn.BatchNorm2d):
            part.running_mean.normal_()  # type: ignore[union-attr]
            part.running_var.uniform_(0.5, 2)  # type: ignore[union-attr]
    export(network.eval(), hits_card(features=LEVELS), tmp_path / "given.onnx", bins=32)
    given = str(tmp_path / "given.onnx")
    onward = Recipe(options={**options, "fixed": fixed}, initial=given, **fields)  # type: ignore[arg-type]
    started = recipe.start(onward).train()
    started.dense.eval()
    features = torch.rand(3, 31, 32)
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
    assert not any("running" in name for name in changed)
    options["hidden"] = 9
    anew = Recipe(options={**options, "fixed": fixed}, initial=given, **fields)  # type: ignore[arg-type]
    torch.testing.assert_close(
        recipe.start(anew).embed(features),
        network.convolve[: 4 * fixed](features.unsqueeze(1)),
        atol=1e-5,
        rtol=0,
    )
    with pytest.raises(ValueError, match="another network"):
        recipe.start(Recipe(options={"channels": [4, 6], "fixed": 1}, initial=given, **fields))  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="option fixed"):
        recipe.start(Recipe(options=options, initial=given, **fields))  # type: ignore[arg-type]


@pytest.mark.parametrize("name", sorted(MODELS))
def test_pooling_that_leaves_nothing(name: str) -> None:
    with pytest.raises(ValueError, match="channels: 6 poolings leave nothing"):
        MODELS[name](32, 5, channels=[2] * 6)


# recipes and runs ---------------------------------------------------------------------------------


def test_what_a_model_has_where_the_recipe_does_not_say() -> None:
    report = task.resolve("hits", None, {"model": "report", "classes": "KD,SD"})
    assert (report.head, report.augment, report.seconds, report.batch) == (
        "softmax",
        False,
        0.5,
        32,
    )
    assert recipe.front_end(report) == MelBands()
    assert recipe.outputs(report) == ("KD", "SD")
    compact = task.resolve("hits", None, {})
    assert recipe.front_end(compact) == MelBands(n_mels=128, fmin=20.0, scale="levels")
    assert recipe.outputs(compact) == (*CLASSES, "velocity")


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"model": "other"}, "model: expected one of report, compact"),
        ({"options": '{"depth": 3}'}, "options: no such option 'depth'"),
        ({"features": '{"bands": 3}'}, "features: no such option 'bands'"),
        ({"balance": "2"}, "balance: expected 0 to 1"),
        ({"scenes": "-1"}, "scenes: expected 0 or more"),
        ({"classes": "KD"}, "classes: expected two or more"),
        ({"kits": "a,b", "validation_kits": "b"}, "validation_kits: b are also among kits"),
    ],
)
def test_recipes_that_cannot_be(values: dict[str, str], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        task.resolve("hits", None, values)


def small_recipe(credits: Path | None = None, **changes: object) -> Recipe:
    fields: dict[str, object] = {
        "features": LEVELS, "seconds": 0.3, "options": {"channels": [4, 4], "hidden": 8},
        "steps": 4, "validate_every": 2, "batch": 4, "workers": 0,
        "threads": 1, "half": False,
        "validation_examples": 40, "warmup_steps": 0, "credits": str(credits) if credits else None,
    }  # fmt: skip
    return Recipe(**{**fields, **changes})  # type: ignore[arg-type]


def sources() -> tuple[list[HitClip], list[HitClip]]:
    names = ("KD", "SD", "CR", None)
    return (
        [make(name, "train", 0.5) for name in names],
        [make(name, "validation", 0.5) for name in names],
    )


def test_from_clips_to_a_model_that_classifies(tmp_path: Path) -> None:
    credits = tmp_path / "credits.csv"
    credits.write_text("name,licence,origin\ntones,CC0-1.0,this test\n")
    result = train.train_on(small_recipe(credits), tmp_path / "run", *sources())
    assert result.finished
    metrics = json.loads((tmp_path / "run/metrics.json").read_text())
    assert metrics["task"] == "hits"
    assert np.sum(metrics["confusion"]) == round(
        sum(np.array(row).sum() for row in metrics["confusion"])
    )
    losses = np.genfromtxt(tmp_path / "run/history.csv", delimiter=",", names=True)
    assert metrics["best"]["validation_loss"] == pytest.approx(min(losses["validation_loss"]))
    card = ship(tmp_path / "run", tmp_path / "hits.onnx")
    assert (card.task, card.classes, card.chunk_seconds) == ("hits", CLASSES, 0.3)
    found = hits.classify(
        Audio(strike("KD")[np.newaxis], SAMPLE_RATE), model=tmp_path / "hits.onnx"
    )
    assert found.tags.classes == CLASSES
    # The file says what the network of the run says.
    network = recipe.build(small_recipe()).eval()
    network.load_state_dict(torch.load(tmp_path / "run/best.pt"))
    model = runtime.load(tmp_path / "hits.onnx")
    features = MelBands(**LEVELS)(strike("KD", duration=0.3))  # type: ignore[arg-type]
    with torch.no_grad():
        expected = network(torch.from_numpy(features[np.newaxis])).sigmoid()[0].numpy()
    np.testing.assert_allclose(model(features), expected, atol=1e-5)


def test_dense_layers_go_on_from_exported_weights(tmp_path: Path) -> None:
    torch.manual_seed(0)
    options = {"channels": [4, 4], "hidden": 8}
    given = recipe.build(small_recipe(options=options)).eval()
    export(given, hits_card(features=LEVELS), tmp_path / "given.onnx", bins=32)
    onward = small_recipe(
        options={**options, "fixed": 2}, initial=str(tmp_path / "given.onnx"), scenes=6
    )
    result = train.train_on(onward, tmp_path / "run", *sources())
    assert result.finished
    network = recipe.build(onward)
    network.load_state_dict(torch.load(tmp_path / "run/best.pt"))
    features = torch.rand(2, 31, 32)
    torch.testing.assert_close(
        network.embed(features), given.convolve(features.unsqueeze(1)), atol=1e-5, rtol=0
    )
    assert not torch.allclose(network.eval()(features), given(features), atol=1e-5)


def test_a_stopped_run_goes_on_to_the_same_weights(tmp_path: Path) -> None:
    whole = train.train_on(small_recipe(), tmp_path / "whole", *sources())
    train.train_on(small_recipe(steps=2, schedule="constant"), tmp_path / "x", *sources())
    first = small_recipe(schedule="constant")
    train.train_on(first, tmp_path / "straight", *sources())
    resumed = train.train_on(first, tmp_path / "x", *sources())
    assert whole.finished
    assert resumed.step == 4
    straight, again = (
        torch.load(tmp_path / name / "last.pt")["model"] for name in ("straight", "x")
    )
    assert all(torch.equal(straight[key], again[key]) for key in straight)


def test_the_reports_network_learns_one_class_among_several(tmp_path: Path) -> None:
    credits = tmp_path / "credits.csv"
    credits.write_text("name,licence,origin\ntones,CC0-1.0,this test\n")
    values = small_recipe(
        credits, model="report", head="softmax", augment=False, balance=0.0, features=LEVELS,
        classes=("KD", "SD", "CR"), options={"channels": [4, 4], "hidden": 16, "dropout": 0.0},
        schedule="constant", steps=80, validate_every=40, batch=8, learning_rate=1e-2, average=0.0,
    )  # fmt: skip
    clips_ = [[clip for clip in part if clip.label] for part in sources()]
    result = train.train_on(values, tmp_path / "run", *clips_)
    assert result.best["accuracy"] == 1
    metrics = json.loads((tmp_path / "run/metrics.json").read_text())
    assert metrics["confusion"] == [[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0]]
    # Exported, it names the same, with probabilities that add up to 1, and no velocity.
    card = ship(tmp_path / "run", tmp_path / "report.onnx")
    assert card.outputs == card.classes == ("KD", "SD", "CR")
    model = runtime.load(tmp_path / "report.onnx")
    for name in card.classes:
        found = hits.classify(Audio(strike(name)[np.newaxis], SAMPLE_RATE), model=model)
        assert (found.label, found.labels, found.velocity) == (name, (name,), None)
        assert found.tags.scores.sum() == pytest.approx(1, abs=1e-5)
    silent = hits.classify(Audio(np.zeros((1, 8000), np.float32), SAMPLE_RATE), model=model)
    assert silent.label is None


def test_a_network_of_articulations_is_evaluated_by_their_drums(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A pedal hi-hat is a closed one among the classes of labels."""
    soundfile.write(tmp_path / "a.wav", strike("KD"), SAMPLE_RATE)
    (tmp_path / "labels.csv").write_text("file,label\na.wav,chh\n")
    names = ("phh", "kd")
    card = hits_card(
        classes=names, outputs=names, thresholds={"label": dict.fromkeys(names, 0.5),
        "heard": {"any": 0.01}}, calibration={"label": {"slope": dict.fromkeys(names, 1.0),
        "intercept": dict.fromkeys(names, 0.0)}},
    )  # fmt: skip
    monkeypatch.setitem(tiny_hits.TONES, "phh", tiny_hits.TONES["KD"])
    monkeypatch.setitem(tiny_hits.TONES, "kd", 5900.0)
    model = tiny_hits.write_classifier(tmp_path / "model.onnx", card)
    found, _ = evaluation.find_clips(CorpusAddress.parse(f"hits={tmp_path}", "hits"))
    (scored,) = evaluation.evaluate(found, evaluation.HitNetwork.load(str(model))).scores
    assert (scored.label, scored.predicted) == ("CHH", "CHH")


# clips as they are -------------------------------------------------------------------------------


def write_folder(root: Path, *, broken: bool = False) -> Path:
    """Two hits of three drums for each split, the bass drum twice as often."""
    root.mkdir()
    lines = ["file,label,split,group"]
    for split in ("train", "validation", "test"):
        for number, label in enumerate(("KD", "SD", "CR", "KD", "KD", "KD")):
            name = f"{split}{number}.wav"
            samples = strike(label, duration=0.1 + 0.03 * number)
            soundfile.write(root / name, samples, SAMPLE_RATE, "FLOAT")
            lines.append(f"{name},{label},{split},{split} {number}")
    if broken:
        (root / "train1.wav").write_bytes(b"no sound")
    (root / "labels.csv").write_text("\n".join(lines))
    return root


def test_kept_features_are_those_of_a_draw(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root = write_folder(tmp_path / "clips", broken=True)
    names, front_end = ("KD", "SD", "CR"), MelBands(**LEVELS)  # type: ignore[arg-type]
    given = ([str(root)], "train", names, front_end, 0.3)
    whole = clips.from_folder(
        root, "validation", sample_rate=SAMPLE_RATE, seconds=0.8, classes=names
    )
    alike = draw(clips=whole, classes=names, front_end=front_end)
    for cache, workers in ((None, 0), (tmp_path / "kept", 1), (tmp_path / "kept", 0)):
        found = Kept.load(*given, cache=cache, workers=workers)
        assert [clip.label for clip in found.clips] == ["KD", "CR", "KD", "KD", "KD"]
        assert capsys.readouterr().err.count("train1.wav") == 1
        for index, clip in enumerate(whole[:1] + whole[2:]):
            features, target = alike.take(clip)
            np.testing.assert_array_equal(found.every[index], features)
            np.testing.assert_array_equal(found.targets[index], target)
    assert sorted(path.suffix for path in (tmp_path / "kept").iterdir()) == [".json", ".npy"]
    (root / "train1.wav").unlink()
    assert len(Kept.load(*given)) == 5
    with pytest.raises(ValueError, match="no clip of the split 'dev'"):
        Kept.load([str(root)], "dev", names, front_end, 0.3)


def test_samples_are_mapped_from_a_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    root, cache = write_folder(tmp_path / "clips", broken=True), tmp_path / "cache"
    given = {"sample_rate": SAMPLE_RATE, "seconds": 0.8, "classes": ("KD", "SD", "CR")}
    read = [
        replace(clip, samples=audio.read(path, sample_rate=SAMPLE_RATE, mono=True).samples[0])
        for path, clip in clips.list_folder(root, "train", given["classes"])  # type: ignore[arg-type]
        if path.name != "train1.wav"
    ]
    options = dict(given, cache=cache)
    for known in ({}, {"workers": 1, "cache": cache}, options):
        found = clips.from_folder(root, "train", **(given | known))  # type: ignore[arg-type]
        assert capsys.readouterr().err.count("train1.wav") == 1
        for ours, theirs in zip(found, read, strict=True):
            assert (ours.label, ours.group) == (theirs.label, theirs.group)
            np.testing.assert_array_equal(ours.samples, theirs.samples)
    # All that is drawn of them is what is drawn of clips in memory, and none is changed by it.
    for number in range(20):
        one, other = (draw(clips=each)(np.random.default_rng(number)) for each in (found, read))
        np.testing.assert_array_equal(one[0], other[0])
    # The rest of a row is a hole: it takes no place on the disk.
    [file] = cache.glob("*.npy")
    assert file.stat().st_size > 6 * 0.8 * SAMPLE_RATE * 4
    assert 512 * file.stat().st_blocks < 0.8 * file.stat().st_size
    monkeypatch.setattr(audio, "read", None)
    assert len(clips.from_folder(root, "train", **options)) == 5  # type: ignore[arg-type]


def test_an_epoch_takes_every_clip_once(tmp_path: Path) -> None:
    root = write_folder(tmp_path / "clips")
    names, front_end = ("KD", "SD", "CR"), MelBands(**LEVELS)  # type: ignore[arg-type]
    found = Kept.load([str(root)], "train", names, front_end, 0.3)
    rng = np.random.default_rng(0)
    turns = Turns(found, seed=3)
    sums = [float(row.sum()) for row in found.every]
    epochs = [[sums.index(float(turns(rng, 6 * e + i)[0].sum())) for i in range(6)]
              for e in range(3)]  # fmt: skip
    assert all(sorted(epoch) == list(range(6)) for epoch in epochs)
    assert len({tuple(epoch) for epoch in epochs}) > 1
    # With balance, classes are drawn alike, and clips of a class.
    alike = Turns(found, seed=3, balance=1.0)
    drawn = np.mean([alike(rng, i)[1][:3] for i in range(600)], axis=0)
    np.testing.assert_allclose(drawn, 1 / 3, atol=0.06)


def test_epochs_are_counted_in_steps(tmp_path: Path) -> None:
    root = write_folder(tmp_path / "clips")
    values = small_recipe(
        clips=(str(root),), classes=("KD", "SD", "CR"), model="report", head="softmax",
        augment=False, balance=0.0, epochs=3, cache=str(tmp_path / "kept"),
    )  # fmt: skip
    result = train.train(values, tmp_path / "run")
    assert (result.finished, result.step) == (True, 3 * 2)  # six clips are two batches of four
    assert len((tmp_path / "run/history.csv").read_text().split()) == 1 + 3
    assert json.loads((tmp_path / "run/metrics.json").read_text())["clips"] == 6
    with pytest.raises(ValueError, match="or a number of epochs"):
        small_recipe(steps=0)
