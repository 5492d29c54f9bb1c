"""Templates averaged over kits, thresholds chosen on notes that are known, and the command."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import soundfile
from small import hit, kit, piece

from bandscribe import factorization
from bandscribe.cli import main
from bandscribe.features.spectrogram import LogSpectrogram
from bandscribe.synthesis.kits.pieces import Kit
from bandscribe.training.factorization.recipe import Recipe
from bandscribe.training.factorization.train import average, choose
from bandscribe.types import Audio, Transcription
from bandscribe.vocabulary import ARTICULATION_TO_10, DRUMS_10
from tiny import tiny_card

FRONT_END = LogSpectrogram()
STRUCK = ("kd", "sd", "ss", "chh", "ohh", "ht", "mt", "lt", "cr", "rd")


def test_a_class_is_the_mean_of_its_pieces() -> None:
    high, low = piece("cr", hit(frequency=3000.0)), piece("sp", hit(frequency=500.0))
    crashes = Kit("more", "", "", 44100, {"cr": (high,), "sp": (low,)})
    both = average([kit(*STRUCK[:8], "rd"), crashes], FRONT_END, 3)
    assert both.shape == (3, 10, FRONT_END.n_bins)
    assert both.sum(axis=(0, 2)) == pytest.approx(np.ones(10), rel=1e-4)
    only = [
        average([kit(*STRUCK[:8], "rd"), Kit("one", "", "", 44100, {"cr": (each,)})], FRONT_END, 3)
        for each in (high, piece("cr", hit(frequency=500.0)))
    ]
    crash = DRUMS_10.index("CR")
    assert np.allclose(both[:, crash], (only[0][:, crash] + only[1][:, crash]) / 2, atol=1e-6)
    assert np.array_equal(np.delete(both, crash, 1), np.delete(only[0], crash, 1))


def test_loudness_is_no_part_of_a_template() -> None:
    def even(level: float) -> Kit:
        return Kit("k", "", "", 44100, {name: (piece(name, hit(level)),) for name in STRUCK})

    soft, loud = (average([even(level)], FRONT_END, 2) for level in (0.01, 0.9))
    assert np.allclose(soft, loud, atol=1e-5)


def test_a_template_begins_with_the_stroke() -> None:
    kits = [kit(*STRUCK)]
    found = average(kits, FRONT_END, 30)
    # By hand: a stroke of which 1 ms lies before the centre of frame 20.
    [layer, _] = kits[0].pieces["kd"][0].layers
    sound = np.pad(layer[0].microphones[0], (20 * 441 - 44, 20 * 441))
    frames = (10 ** FRONT_END(sound)[20:50] - 1) / FRONT_END.compression
    # The kick's strokes are alike but for their loudness.
    assert np.allclose(found[:, 0], frames / frames.sum(), atol=1e-4)
    assert np.all(np.diff(found.sum(axis=2)[:10], axis=0) < 0)
    assert np.all(found.sum(axis=2)[25:] < 1e-4)


def test_every_class_must_be_struck() -> None:
    with pytest.raises(ValueError, match="kits: none has SS, RD"):
        average([kit("kd", "sd", "chh", "ohh", "ht", "mt", "lt", "cr", "tmb")], FRONT_END, 2)


def test_thresholds_part_strokes_from_what_is_left_over() -> None:
    kits = [kit(*STRUCK)]
    templates = average(kits, FRONT_END, 4)
    card = tiny_card(outputs=DRUMS_10, recipe={"iterations": 15, "adaptation": None})
    model = factorization.Factorization(card, templates, 1)
    names = [ARTICULATION_TO_10[name] for name in STRUCK]
    times = 0.5 + 0.4 * np.arange(10)
    samples = np.zeros(5 * 44100, dtype=np.float32)
    for time, name in zip(times, STRUCK, strict=True):
        stroke = kits[0].pieces[name][0].layers[-1][0].microphones[0]
        samples[round(time * 44100) :][: len(stroke)] += stroke
    notes = Transcription(times, np.array(names), None, 5.0, DRUMS_10)
    thresholds, figures = choose(model, [(Audio(samples[np.newaxis], 44100), notes)] * 2)
    assert figures["classes_10"]["macro"]["f1"] == 1
    assert figures["classes_3"]["micro"]["tp"] == 2 * 5  # KD, SD, SS, CHH and OHH
    assert set(thresholds["5"]) == {"KD", "SD", "TT", "HH", "CY"}


def write_kit(folder: Path, pitch: float) -> Path:
    """A folder with a kit.json: a tone per articulation."""
    rows = []
    for i, name in enumerate(STRUCK):
        sound = hit(0.5, frequency=pitch * (i + 1)).microphones[0]
        (folder / name).mkdir(parents=True)
        soundfile.write(folder / name / "v01.wav", sound, 44100)
        rows.append({"file": f"{name}/v01.wav", "class": name, "piece": name, "rank": 1})
    (folder / "kit.json").write_text(json.dumps(rows))
    return folder


def test_the_command_makes_a_model(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    ours, others = (write_kit(tmp_path / name, pitch) for name, pitch in (("a", 90), ("b", 100)))
    credits = tmp_path / "credits.csv"
    credits.write_text("name,licence,origin\na,CC0-1.0,here\nb,CC0-1.0,there\nc,none,nowhere\n")
    run = tmp_path / "run"
    options = ["--kits", ours, "--validation-kits", others, "--name", "tones", "--lags", 2]
    short = ["--validation-minutes", 0.1, "--excerpt-seconds", 6]
    command = ["train", "factorization", *options, *short, "-o", run]
    assert main([str(part) for part in command]) == 1
    assert "credits: expected a CSV file" in capsys.readouterr().err
    assert main([str(part) for part in [*command, "--credits", credits]]) == 0
    loaded = factorization.load(run / "tones.npz")
    assert loaded.templates.shape == (2, 10, FRONT_END.n_bins)
    assert loaded.card.name == "tones"
    assert [row["name"] for row in loaded.card.sources] == ["a", "b"]
    assert loaded.card.metrics["classes_3"]["micro"]["tp"] > 0
    assert json.loads((run / "metrics.json").read_text())["task"] == "factorization"
    assert json.loads((run / "recipe.json").read_text()) == loaded.card.recipe


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"lags": 0}, "lags, iterations: expected 1 or more, got 0, 20"),
        ({"kits": ("x",), "validation_kits": ("x",)}, "validation_kits: x are also among kits"),
    ],
)
def test_recipes_that_cannot_be(fields: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Recipe(**fields)  # type: ignore[arg-type]
