"""From solos, or pieces in stems, to a network of envelopes; its recipe; the study of its rows."""

import csv
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch

from bandscribe.metrics import frames
from bandscribe.studies import neuroment as study
from bandscribe.studies import runs
from bandscribe.training import recipes, schedules, task
from bandscribe.training.activity import envelopes, solos
from bandscribe.training.activity.models import Neuroment
from bandscribe.training.activity.pieces import Mixture
from bandscribe.training.activity.recipe import Recipe, build_envelopes, classes_of, make_optimiser
from bandscribe.training.activity.train import train
from bandscribe.training.activity.windows import LogSpectrum, Windows
from bandscribe.training.device import infer

RATE = 44100
CLASSES = ("cla", "flu")
SMALL = '{"channels": [2, 2, 2], "dropout": 0}'


def solo(name: str, rng: np.random.Generator, seconds: float) -> np.ndarray:
    """A low or a high tone that comes and goes."""
    times = np.arange(round(seconds * RATE)) / RATE
    frequency = rng.uniform(200, 220) if name == "cla" else rng.uniform(2000, 2200)
    level = 0.3 * np.sin(np.pi * (times * rng.uniform(1, 2) + rng.uniform())) ** 2
    return (level * np.sin(2 * np.pi * frequency * times)).astype(np.float32)


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("solos")
    rng = np.random.default_rng(0)
    rows = ["file,label,split,group"]
    for split, count in (("train", 3), ("validation", 2), ("test", 1)):
        for name in (*CLASSES, "cla;flu"):
            for number in range(count):
                file = f"{split}-{name.replace(';', '')}-{number}.wav"
                soundfile.write(root / file, solo(name[:3], rng, 1.0), RATE, "PCM_16")
                rows.append(f"{file},{name},{split},{split} {name} {number}")
    (root / "labels.csv").write_text("\n".join(rows) + "\n")
    return root


def small(clips: Path, **fields: str) -> Recipe:
    given = {
        "model": "neuroment",
        "solos": f"clips={clips}",
        "validation_solos": f"clips={clips}",
        "classes": ",".join(CLASSES),
        "mixing_epochs": "1",
        "options": SMALL,
        "steps": "2",
        "validate_every": "1",
        "threads": "1",
    }
    return task.resolve("activity", None, {**given, **fields})


# ---- the recipe


def test_a_network_of_the_paper_has_the_papers_training() -> None:
    recipe = task.resolve("activity", None, {"model": "neuroment"})
    assert (recipe.optimiser, recipe.learning_rate, recipe.weight_decay) == ("adamw", 1e-3, 1e-3)
    assert (recipe.batch, recipe.epochs, recipe.losses) == (32, 150, ("bce",))
    assert (recipe.schedule, recipe.plateau_patience) == ("plateau", 8)
    # Section 4.4: divided by 5 after 8 epochs without gain, down to 1e-5.
    scores = [0.0] * 60
    rates = [
        recipe.learning_rate
        * schedules.plateau(
            scores[:epoch], patience=recipe.plateau_patience, floor=recipe.plateau_floor
        )
        for epoch in (8, 9, 17, 25, 60)
    ]
    assert rates == pytest.approx([1e-3, 2e-4, 4e-5, 1e-5, 1e-5])
    assert classes_of(recipe) == solos.EIGHT
    assert task.resolve("activity", None, {"model": "neuroment", "batch": "4"}).batch == 4


def test_adam_adds_its_weight_decay_to_the_gradient() -> None:
    """A weight without a gradient moves by the whole rate under Adam, and hardly under AdamW."""
    network = torch.nn.Linear(1, 1, bias=False)
    recipe = task.resolve("activity", None, {"model": "neuroment", "optimiser": "adam"})
    optimiser = make_optimiser(recipe, network)
    before = network.weight.item()
    network.weight.grad = torch.zeros(1, 1)
    optimiser.step()
    assert abs(network.weight.item() - before) == pytest.approx(1e-3, rel=1e-3)
    assert type(make_optimiser(Recipe(), network)) is torch.optim.AdamW


def test_the_tracker_is_as_it_was(tmp_path: Path) -> None:
    """A run that was begun before there were envelopes can be read, and has today's defaults."""
    assert task.resolve("activity", None, {}) == Recipe()
    known = ("steps", "learning_rate", "schedule", "batch", "model", "level_weight", "stems")
    old = {name: json.loads(recipes.to_json(Recipe()))[name] for name in known}
    (tmp_path / "recipe.json").write_text(json.dumps(old))
    assert recipes.read(tmp_path, Recipe) == Recipe()
    assert Recipe().optimiser == "adamw"
    assert len(classes_of(Recipe())) == 13


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"spectrum": "chroma"}, "spectrum: expected one of mel, cqt, stft, got 'chroma'"),
        ({"slices": "some"}, "slices: expected one of all, onsets, got 'some'"),
        ({"losses": "bce,l1"}, "losses: expected some of bce, mse, kl, frobenius, got l1"),
        ({"classes": "pia,kazoo"}, "got 'kazoo'"),
        ({"material": "solos"}, "material: expected stems for the tracker"),
        ({"model": "neuroment", "options": '{"width": 3}'}, "no such option 'width'"),
    ],
)
def test_a_recipe_refuses_what_cannot_be(values: dict[str, str], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        task.resolve("activity", None, values)


def test_a_tracker_says_no_envelopes() -> None:
    with pytest.raises(ValueError, match="expected one of neuroment, encoder_decoder, got 'track"):
        build_envelopes(Recipe())
    with pytest.raises(ValueError, match="model: expected a network of envelopes, got a Linear"):
        envelopes.infer_recording(torch.nn.Linear(1, 1), LogSpectrum(), np.zeros(20000, np.float32))


# ---- material


def test_solos_are_those_of_one_label(clips: Path) -> None:
    found = solos.load([f"clips={clips}"], "train", CLASSES)
    assert [solo.label for solo in found] == ["cla"] * 3 + ["flu"] * 3
    assert len(solos.load([f"clips:test={clips}"], "train", CLASSES)) == 2
    with pytest.raises(ValueError, match="no solo of pia in the split 'train'"):
        solos.load([f"clips={clips}"], "train", ("cla", "pia"))
    with pytest.raises(ValueError, match="expected NAME=ROOT"):
        solos.load([str(clips)], "train", CLASSES)


def test_a_solo_that_cannot_be_opened_costs_itself(
    clips: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root = shutil.copytree(clips, tmp_path / "clips")
    found = solos.load([f"clips={root}"], "train", CLASSES)
    found[1].path.write_bytes(b"RIFFjunk")
    kept = solos.load([f"clips={root}"], "train", CLASSES)
    assert kept == (found[0], *found[2:])
    assert f"{found[1].path}: no sound that can be decoded" in capsys.readouterr().err


def test_validation_has_recordings_of_its_own(clips: Path) -> None:
    recipe = small(clips, validation_solos=f"clips:train={clips}")
    with pytest.raises(ValueError, match=r"validation_solos: .* is also trained on"):
        envelopes.prepare(recipe, "validation")
    with pytest.raises(ValueError, match="solos, validation_solos: expected at least one each"):
        envelopes.prepare(small(clips, solos=""), "train")


def test_pieces_in_stems_are_material_too(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    folder = tmp_path / "train" / "00000"
    folder.mkdir(parents=True)
    for name in CLASSES:
        soundfile.write(folder / f"{name}.wav", solo(name, rng, 4.0), RATE, "PCM_16")
    recipe = task.resolve(
        "activity",
        None,
        {"model": "neuroment", "material": "stems", "stems": str(tmp_path), "mixes": "3"},
    )
    made = envelopes.prepare(recipe, "train")
    assert made.features.shape == (3 * 8, 16, 128)
    assert made.envelopes.shape == (3 * 8, 16, 13)
    heard = made.envelopes.max(axis=(0, 1)) > 0
    assert heard.sum() in (1, 2)  # at most those two
    assert not heard[[name not in CLASSES for name in classes_of(recipe)]].any()


# ---- training


@pytest.mark.parametrize("spectrum", ["mel", "cqt", "stft"])
def test_every_spectrum_is_trained_from_end_to_end(
    clips: Path, tmp_path: Path, spectrum: str
) -> None:
    result = train(small(clips, spectrum=spectrum), tmp_path)
    assert result.finished
    metrics = json.loads((tmp_path / "metrics.json").read_text())
    # Of a second: 44 frames. Twice three solos of each class, in hands of 1 to 4.
    assert metrics["classes"] == list(CLASSES)
    assert metrics["windows"] % 2 == 0
    assert set(result.best) >= {"validation_loss", "validation_mse", "loudest"}
    model, recipe = envelopes.load_run(tmp_path)
    assert (model.standardise.deviation != 1).all()
    predicted = envelopes.infer_recording(
        model, LogSpectrum(recipe.spectrum), np.zeros(20000, np.float32)
    )
    assert predicted.shape == (20, 2)
    assert ((predicted > 0) & (predicted < 1)).all()


@pytest.mark.parametrize(
    "fields",
    [
        {"model": "encoder_decoder"},
        {"options": '{"channels": [2, 2, 2], "output_frames": 1}', "slices": "onsets"},
        {"options": '{"channels": [2, 2, 2], "frames": 1}', "losses": "mse,kl,frobenius"},
    ],
)
def test_what_the_paper_proposes_can_be_trained(
    clips: Path, tmp_path: Path, fields: dict[str, str]
) -> None:
    assert train(small(clips, **fields), tmp_path).finished
    model, recipe = envelopes.load_run(tmp_path)
    predicted = envelopes.infer_recording(
        model, LogSpectrum(recipe.spectrum), np.zeros(20000, np.float32)
    )
    assert predicted.shape == (20, 2)


def test_a_new_network_says_the_means_unless_told_otherwise(clips: Path) -> None:
    recipe = small(clips)
    made = envelopes.prepare(recipe, "train")
    for prior, expected in (("true", made.means()), ("false", 0.5)):
        model = envelopes.start(small(clips, prior=prior), made)
        predicted = torch.sigmoid(model.output.bias).detach().numpy().reshape(16, 2)
        np.testing.assert_allclose(predicted, np.broadcast_to(expected, (16, 2)), atol=0.02)


def test_two_tones_are_told_apart(clips: Path, tmp_path: Path) -> None:
    """A small network soon learns to follow one tone, and not the other."""
    recipe = small(
        clips, options='{"channels": [4, 8, 8], "dropout": 0}', steps="90", validate_every="30",
        learning_rate="0.003", mixing_epochs="4",
    )  # fmt: skip
    result = train(recipe, tmp_path)
    metrics = json.loads((tmp_path / "metrics.json").read_text())
    assert result.best["validation_mse"] < 0.6 * metrics["constant"]["mean_mse"]
    model, recipe = envelopes.load_run(tmp_path)
    figures, matrices = study.score(model, recipe, study.hold_out(recipe))
    assert matrices["noise"][1, 0] < -20
    assert matrices["noise"].shape == matrices["leakage"].shape == (2, 2)
    assert figures["map_2"] > 0.9


def test_one_who_always_says_the_mean() -> None:
    wanted = np.zeros((2, 1, 2), dtype=np.float32)
    wanted[0, 0, 0] = 0.5
    windows = Windows(np.zeros((2, 1, 3), np.float16), wanted)
    found = envelopes.constant_losses(windows, windows)
    assert found["mean_mse"] == pytest.approx((2 * 0.25**2) / 4, rel=1e-4)
    assert found["zero_mse"] == pytest.approx(0.25 / 4, rel=1e-4)
    entropy = -(0.25 * np.log(0.25) + 0.75 * np.log(0.75))
    assert found["mean_bce"] == pytest.approx(entropy / 2, abs=2e-5)
    assert found["least_bce"] == pytest.approx(np.log(2) / 4, abs=2e-5)  # of the one at 0.5


def test_amplitudes_become_decibels_below_the_loudest_frame() -> None:
    listen = LogSpectrum("mel")
    tone = np.full(4096, 0.5, np.float32)
    amplitudes = np.array([[0.5, 0.05], [5e-4, 5e-5], [0.9, 0.0]], np.float32)
    levels = envelopes.to_levels(amplitudes, tone, listen, CLASSES)
    np.testing.assert_allclose(levels.values, [[0, -20], [-60, -60], [0, -60]], atol=1e-4)
    assert levels.kind == "level_db"


# ---- the study


def test_a_sequence_has_each_class_alone_for_five_seconds(clips: Path) -> None:
    found = solos.load([f"clips={clips}"], "test", CLASSES)
    [sequence] = study.make_sequences(found, CLASSES, RATE, count=1)
    assert len(sequence.mixture) == 2 * 5 * RATE
    assert np.abs(sequence.parts["cla"][:RATE]).max() > 0.1
    assert np.abs(sequence.parts["cla"][5 * RATE :]).max() == 0
    assert np.abs(sequence.parts["flu"][: 5 * RATE]).max() == 0
    np.testing.assert_array_equal(sequence.mixture, sequence.parts["cla"] + sequence.parts["flu"])


class Swap(Neuroment):
    """Says 0.25 of the second class wherever it hears anything, and nothing of the first."""

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        heard = features.max(dim=2).values > -15
        amplitudes = torch.stack([torch.zeros_like(heard), 0.25 * heard], dim=2)
        return amplitudes.float().clamp(1e-9).logit()


def test_noise_and_leakage_by_hand(clips: Path) -> None:
    """The first plays at 0.5 while 0.25 of the second is heard: -6 dB of both."""
    times = np.arange(3 * RATE) / RATE
    tone = np.where(times < 1, 0.5 * 2**0.5 * np.sin(2 * np.pi * 440 * times), 0).astype(np.float32)
    recording = Mixture(tone, {"cla": tone})
    references, estimates = study.infer(Swap(128, 2, channels=(1, 1, 1)), small(clips), [recording])
    summed = frames.sum_levels(references, estimates)
    noise, leakage = frames.noise_matrix(summed), frames.leakage_matrix(summed)
    assert noise[0] == pytest.approx([0, -6.02], abs=0.3)
    assert leakage[0, 1] == pytest.approx(-6.02, abs=0.3)
    assert np.isnan(noise[1]).all()  # it never plays


def test_a_study_is_run_once_and_written(clips: Path, tmp_path: Path) -> None:
    fields = {
        "solos": f"clips={clips}", "validation_solos": f"clips={clips}",
        "classes": ",".join(CLASSES), "options": SMALL, "mixing_epochs": "1", "steps": "2",
        "validate_every": "1", "threads": "1",
    }  # fmt: skip
    lines = runs.run(study.plan("mel,mse", fields), [1], tmp_path)
    folders = sorted((tmp_path / "runs").iterdir())
    assert len(folders) == 2
    before = [(folder / "metrics.json").stat().st_mtime_ns for folder in folders]
    assert runs.run(study.plan("mel", fields), [1], tmp_path)[3] == lines[3]
    assert [(folder / "metrics.json").stat().st_mtime_ns for folder in folders] == before
    rows = list(csv.DictReader((tmp_path / "mel,mse.csv").read_text().splitlines()))
    assert [row["row"] for row in rows][:2] == ["mel", "mse"]
    metrics = json.loads((folders[0] / "metrics.json").read_text())
    # The headline is the cross-entropy of windows of the test split, beside the paper's 0.022.
    own = tmp_path / "runs" / rows[0]["runs"]
    model, recipe = envelopes.load_run(own)
    windows = envelopes.prepare(recipe, "test")
    logits = infer(model, windows.features)
    expected = torch.nn.functional.binary_cross_entropy_with_logits(
        logits, torch.from_numpy(windows.envelopes)
    )
    assert float(rows[0]["test_bce"]) == pytest.approx(float(expected), rel=1e-5)
    assert "(0.022)" in lines[3]
    # What constant predictions score stands below the rows.
    mean = next(row for row in rows if row["row"] == "always the mean of each class")
    assert float(mean["validation_bce"]) == pytest.approx(metrics["constant"]["mean_bce"], rel=1e-5)
    assert (tmp_path / "mel,mse.png").stat().st_size > 10_000
    assert (tmp_path / "mel,mse_losses.png").stat().st_size > 5_000
    assert [line.split()[0] for line in lines[3:5]] == ["mel", "mse"]
    noise = (folders[0] / "noise.csv").read_text().splitlines()
    assert noise[0] == "alone,cla,flu"
    with pytest.raises(ValueError, match=r"NAME: expected one of features, .* out of mel, cqt"):
        study.plan("none", fields)


def test_every_question_is_answered_by_rows() -> None:
    assert {name for names in study.QUESTIONS.values() for name in names} == set(study.ROWS)
