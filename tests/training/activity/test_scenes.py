"""Scenes of recordings: who is known to play, and that no gain or maker becomes the class."""

import shutil
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import soundfile
import torch

from bandscribe import runtime
from bandscribe.files import write_csv
from bandscribe.training.activity import targets
from bandscribe.training.activity.recipe import Recipe, build, front_end
from bandscribe.training.activity.scenes import SAMPLE_RATE, Scenes
from bandscribe.training.activity.train import train
from bandscribe.training.exported import transfer_tracker
from bandscribe.vocabulary import INSTRUMENTS

ROWS = (
    ("vio.wav", "vio", "a", ""),
    ("vio2.wav", "vio", "b", "train"),
    ("voi.wav", "voi", "c", ""),
    ("song.wav", "backing", "d", ""),
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("recordings")
    t = np.arange(2 * SAMPLE_RATE) / SAMPLE_RATE
    for hertz, (name, *_) in zip((880, 990, 300, 110), ROWS, strict=True):
        soundfile.write(root / name, 0.2 * np.sin(2 * np.pi * hertz * t), SAMPLE_RATE)
    write_csv(root / "labels.csv", ("file", "class", "group", "split"), ROWS)
    return root


def test_splits_and_groups(folder: Path) -> None:
    training = Scenes.load([str(folder)], "train").recordings
    assert {name: sorted(groups) for name, groups in training.items()} == {
        "backing": ["d"], "vio": ["a", "b"], "voi": ["c"],
    }  # fmt: skip
    assert sorted(Scenes.load([str(folder)], "validation").recordings["vio"]) == ["a"]


def test_a_recording_that_cannot_be_read_costs_itself(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root = shutil.copytree(folder, tmp_path / "recordings")
    (root / "vio2.wav").write_bytes(b"RIFFjunk")
    assert sorted(Scenes.load([str(root)], "train").recordings["vio"]) == ["a"]
    assert "vio2.wav: no sound that can be decoded" in capsys.readouterr().err


def test_over_a_backing_only_the_voice_is_known_to_be_absent(folder: Path) -> None:
    scenes = Scenes.load([str(folder)], "train")
    extract = front_end(Recipe(features={"compression": 0}))
    seen = set()
    for seed in range(12):
        scene = scenes.draw(np.random.default_rng(seed), 1.0)
        again = scenes.draw(np.random.default_rng(seed), 1.0)
        np.testing.assert_array_equal(scene.mixture, again.mixture)
        assert scene.mixture.shape == (SAMPLE_RATE,)
        over = "other" in scene.parts
        seen.add((over, "voi" in scene.parts))
        assert scene.known == ({"voi"} if over else set(INSTRUMENTS))
        features, made = targets.describe(scene, extract)
        assert len(features) == len(made)
        presence = made[:, : len(INSTRUMENTS)]
        for column, name in enumerate(INSTRUMENTS):
            plays = presence[:, column] == 1
            assert name in scene.parts or not plays.any()
            if name not in scene.known:
                assert np.isnan(presence[~plays, column]).all()
        if "voi" not in scene.parts:
            assert not made[:, INSTRUMENTS.index("voi")].any()
    assert seen == {(False, False), (False, True), (True, False), (True, True)}


def test_players_of_a_continuous_scene_never_rest(folder: Path) -> None:
    scenes = Scenes.load([str(folder)], "train")
    counts = set()
    for seed in range(12):
        scene = scenes.draw(np.random.default_rng(seed), 1.0, continuous=True)
        assert scene.known == set(INSTRUMENTS)
        assert "other" not in scene.parts
        counts.add(len(scene.parts))
        levels = [10 * np.log10(np.mean(stem**2)) for stem in scene.parts.values()]
        assert max(levels) - min(levels) < 6.5
        for stem in scene.parts.values():
            power = (stem[: 10 * 4410] ** 2).reshape(10, -1).mean(axis=1)
            assert power.min() > 0.05 * power.max()
    assert counts == {1, 2}


def test_labels_that_are_not_understood(folder: Path, tmp_path: Path) -> None:
    write_csv(tmp_path / "labels.csv", ("file", "class", "group"), [("x.wav", "violin", "a")])
    with pytest.raises(ValueError, match=r"labels.csv: x.wav: expected a class of cel, .* backing"):
        Scenes.load([str(tmp_path)], "train")
    write_csv(tmp_path / "labels.csv", ("file", "class", "group"), [])
    with pytest.raises(ValueError, match="no recordings of instruments in train"):
        Scenes.load([str(tmp_path)], "train")


SMALL = {"channels": [8, 8], "pooling": [3, 3], "width": 16, "heads": 2, "layers": 1,
         "convolutions": 1, "dropout": 0.0, "convolution_dropout": 0.0}  # fmt: skip


def test_a_network_of_scenes_learns_and_obeys_the_law_of_level(
    folder: Path, tmp_path: Path
) -> None:
    recipe = Recipe(
        recordings=(str(folder),), validation_recordings=(str(folder),), validation_scenes=4,
        continuous_share=0.5, steps=4, batch=2, warmup_steps=1, validate_every=4,
        excerpt_seconds=1.0, chunk_seconds=1.0, overlap_seconds=0.2, workers=0, threads=1,
        half=False,
        features={"compression": 0, "n_fft": 2048, "bands_per_octave": 6},
        options={**SMALL, "level_invariant": True},
    )  # fmt: skip
    result = train(recipe, tmp_path / "run")
    assert result.finished and 0 <= result.best["map"] <= 1
    torch.manual_seed(0)
    network = build(recipe).eval()
    magnitudes = 30 * torch.rand(1, 40, front_end(recipe).n_bins)
    with torch.no_grad():
        for gain_db in (-40, -12, 20):
            torch.testing.assert_close(
                network(magnitudes * 10 ** (gain_db / 20)), network(magnitudes), atol=1e-3, rtol=0
            )


@pytest.mark.parametrize("shares", [(), (1.5,), (0.5,)])
def test_shares_of_a_mean_that_cannot_be(shares: tuple[float, ...]) -> None:
    with pytest.raises(ValueError, match="trained_shares: expected"):
        Recipe(trained_shares=shares)  # and 0.5 of what: there are no initial weights


def test_training_goes_on_from_the_shipped_weights() -> None:
    """Before the first step, the network computes what the file does, in training mode, too."""
    card = runtime.load("instruments").card
    options = {**card.recipe["options"], "dropout": 0.0, "convolution_dropout": 0.0}
    network = build(Recipe(options=options))
    generator = torch.Generator().manual_seed(0)
    bins = front_end(Recipe()).n_bins
    features = 2 * torch.rand(2, 30, bins, generator=generator)
    transfer_tracker("instruments", network, features)
    session = onnxruntime.InferenceSession(runtime.read_bytes("instruments"))
    inside = features if not options.get("level_invariant") else features * 100
    expected = torch.from_numpy(session.run(None, {"features": inside.numpy()})[0])
    with torch.no_grad():
        torch.testing.assert_close(network.eval()(inside), expected, atol=1e-3, rtol=0)
    other = build(Recipe(options={**options, "width": 80}))
    with pytest.raises(ValueError, match="initial: instruments is another network"):
        transfer_tracker("instruments", other, features)
    with pytest.raises(ValueError, match="expected a network that tracks instruments, got drums"):
        transfer_tracker("drums", network, features)
