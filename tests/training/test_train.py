"""From labelled sound to a file that the runtime loads, in a few steps."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from bandscribe import runtime
from bandscribe.features.spectrogram import LogSpectrogram
from bandscribe.training import recipes
from bandscribe.training.drums import validation
from bandscribe.training.drums.recipe import Recipe, build, lineage, start
from bandscribe.training.drums.train import DrumExamples, train_on
from bandscribe.training.ship import ship
from bandscribe.types import Activations, Audio, Beats, Transcription
from bandscribe.vocabulary import DRUMS, DRUMS_10

SMALL = {"channels": [4], "pooling": [6], "convolutions": 1, "hidden": 4, "layers": 1}


class Clicks:
    """Clicks, each of a class drawn at random."""

    def draw(self, rng: np.random.Generator, seconds: float) -> tuple[Audio, Transcription]:
        onsets = np.arange(0.1, seconds - 0.05, 0.2)
        labels = np.array(DRUMS_10)[rng.integers(10, size=len(onsets))]
        samples = np.zeros((1, round(seconds * 44100)), dtype=np.float32)
        samples[0, np.round(onsets * 44100).astype(int)] = 0.9
        times = np.arange(0.1, seconds, 0.4)
        beats = Beats(times, np.arange(len(times)) % 4 + 1)
        notes = Transcription(onsets, labels, np.full(len(onsets), 0.6), seconds, DRUMS_10, beats)
        return Audio(samples, 44100), notes


def test_from_sound_to_a_model(tmp_path: Path) -> None:
    credits = tmp_path / "credits.csv"
    credits.write_text("name,licence,origin\nclicks,CC0-1.0,this test\n")
    recipe = Recipe(
        kits=("kits/clicks",),
        credits=str(credits),
        options=SMALL,
        steps=2,
        validate_every=2,
        batch=2,
        excerpt_seconds=1.0,
        chunk_seconds=2.0,
        overlap_seconds=0.5,
        validation_minutes=0.1,
        weight_excerpts=3,
        workers=0,
        threads=1,
    )
    result = train_on(recipe, tmp_path / "run", Clicks(), Clicks())
    assert result.finished
    metrics = json.loads((tmp_path / "run" / "metrics.json").read_text())
    assert {"micro", "macro", "per_class", "velocity"} == set(metrics["classes_5"])
    assert metrics["beats"]["excerpts"] == 3

    card = ship(tmp_path / "run", tmp_path / "clicks.onnx", name="clicks")
    model = runtime.load(tmp_path / "clicks.onnx")
    assert model.card == card
    assert {key: tuple(group) for key, group in card.thresholds.items()} == {
        str(count): classes for count, classes in DRUMS.items()
    }
    assert card.sources == ({"name": "clicks", "licence": "CC0-1.0", "origin": "this test"},)
    assert LogSpectrogram(**card.features).frame_rate == card.frame_rate == 100
    assert model(np.zeros((70, 84), np.float32)).shape == (70, 22)


def test_a_run_goes_on_from_the_weights_of_another(tmp_path: Path) -> None:
    first = Recipe(options=SMALL, workers=0, threads=1)
    grown = build(first).state_dict()
    ten = {k: v[:10] if k.startswith("output.") else v for k, v in grown.items()}
    torch.save(ten, tmp_path / "best.pt")
    (tmp_path / "recipe.json").write_text(recipes.to_json(first))
    later = Recipe(options=SMALL, initial=str(tmp_path / "best.pt"))
    own = start(later).state_dict()
    for name, tensor in ten.items():
        torch.testing.assert_close(own[name][: len(tensor)] if tensor.ndim else own[name], tensor)
    assert own["output.bias"].shape == (22,)
    assert lineage(later) == [later, first]
    with pytest.raises(ValueError, match=r"initial: .* is of another network"):
        start(Recipe(options={**SMALL, "layers": 3}, initial=str(tmp_path / "best.pt")))


def test_a_folder_that_is_no_run(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"no recipe\.json"):
        ship(tmp_path, tmp_path / "model.onnx")
    (tmp_path / "recipe.json").write_text("{}")
    with pytest.raises(ValueError, match="train until the first validation"):
        ship(tmp_path, tmp_path / "model.onnx")


def test_targets_lie_where_the_sound_is() -> None:
    features, targets = DrumExamples(Clicks(), LogSpectrogram(), 1.0, 0.5)(np.random.default_rng(0))
    assert features.shape == (101, 84)
    assert targets.shape == (101, 22)
    assert np.flatnonzero(targets[:, :10].max(axis=1) == 1).tolist() == [10, 30, 50, 70, 90]
    # A window of 2048 samples hears a click two frames before and after its own.
    assert np.flatnonzero(features.sum(axis=1) > 0.1)[:5].tolist() == [8, 9, 10, 11, 12]


def test_another_sample_rate_is_refused() -> None:
    with pytest.raises(ValueError, match="sample_rate 22050"):
        DrumExamples(Clicks(), LogSpectrogram(sample_rate=22050, fmax=11000), 1.0, 0.5)(
            np.random.default_rng(0)
        )


def test_validation_is_the_same_for_the_same_seed_and_joins_in_time() -> None:
    def make(seed: int) -> validation.ValidationExcerpts:
        return validation.render(Clicks(), LogSpectrogram(), seed=seed, minutes=0.05, seconds=1.0)

    one, again, other = make(0), make(0), make(1)
    np.testing.assert_array_equal(one.features, again.features)
    assert one.features.shape == (3, 101, 84)
    assert one.reference.labels.tolist() == again.reference.labels.tolist()
    assert one.reference.labels.tolist() != other.reference.labels.tolist()
    # 101 frames of an excerpt and 20 of silence: the second one begins at 1.21 s.
    np.testing.assert_allclose(one.reference.onsets[5:10], np.arange(0.1, 1, 0.2) + 1.21)


def test_thresholds_part_hits_from_ghosts() -> None:
    values = np.zeros((100, 2), dtype=np.float32)
    values[[10, 30, 50], 0] = 0.9
    values[[20, 40, 60], 0] = 0.5  # false alarms: 0.4 above their mean over five frames
    values[[10, 70], 1] = 0.6
    reference = Transcription(
        np.array([0.1, 0.1, 0.3, 0.5, 0.7]), np.array(["KD", "SD", "KD", "KD", "SD"]),
        np.array([0.2, 0.5, 0.4, 0.6, 0.5]), 1.0, ("KD", "SD"),
    )  # fmt: skip
    struck = np.full((100, 2), 0.5, dtype=np.float32)
    struck[[10, 30, 50], 0] = [0.3, 0.5, 0.7]
    heard, velocities = (Activations(each, 100.0, 0.0, ("KD", "SD")) for each in (values, struck))
    thresholds, scores = validation.choose(heard, velocities, reference)
    # Alike from 0.45 to 0.70 (0.9 - 0.18 = 0.72), and from 0.05 to 0.45 (0.6 - 0.12 = 0.48).
    assert thresholds == {"KD": 0.575, "SD": 0.25}
    assert scores["micro"]["f1"] == 1
    assert scores["per_class"]["KD"]["tp"] == 3
    assert scores["velocity"]["KD.pearson"] == pytest.approx(1)
    assert scores["velocity"]["KD.mae"] == pytest.approx(0.1)
    assert scores["velocity"]["SD.mae"] == pytest.approx(0.0)


def test_thresholds_are_the_mean_over_resamples_of_the_excerpts() -> None:
    # Two excerpts of 1 s. In the first, a peak of 0.5 is a stroke, in the second, one of 0.3 is
    # none. Peaks are counted above their mean of five frames: 0.40, 0.24 and, of 0.9, 0.72.
    values = np.zeros((200, 1), dtype=np.float32)
    values[[20, 70, 120], 0] = 0.5, 0.9, 0.9
    values[170, 0] = 0.3
    reference = Transcription(
        np.array([0.2, 0.7, 1.2]), np.array(["KD"] * 3), np.full(3, 0.5), 2.0, ("KD",)
    )
    activations = Activations(values, 100.0, 0.0, ("KD",))
    [whole], [bagged] = (
        validation.choose(activations, activations, reference, excerpts=n)[0].values()
        for n in (1, 2)
    )
    # Best are 0.05 to 0.40 on the first, 0.25 to 0.70 on the second, 0.25 to 0.40 on both.
    first, second, both = 0.225, 0.475, 0.325
    assert whole == pytest.approx(both, abs=0.001)
    drawn = np.random.default_rng(0).integers(0, 2, size=(200, 2)).sum(axis=1)
    expected = np.choose(drawn, [first, both, second]).mean()
    assert bagged == pytest.approx(expected, abs=0.001)
