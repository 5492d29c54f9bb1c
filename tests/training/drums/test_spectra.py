"""A miniature of ADTOF-YT as its authors hand it out: spectrograms and targets, no audio."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from bandscribe.studies.drum_corpora import StudyCorpus
from bandscribe.training import search
from bandscribe.training.drums.recipe import Recipe
from bandscribe.training.drums.spectra import Spectra, are_spectra
from bandscribe.training.drums.train import train
from bandscribe.training.ship import ship
from bandscribe.vocabulary import DRUMS_5

torch = pytest.importorskip("torch")
BINS = 84
SAMPLES = {"train": 6, "validation": 3, "test": 3}
FRAMES = 100
SMALL = {"channels": [4], "pooling": [6], "convolutions": 1, "hidden": 8, "layers": 1}


def write_spectra(root: Path) -> Path:
    """Samples of a second: each class lights up bins of its own where it is struck."""
    folder = root / "ADTOF-YT" / "spectra"
    folder.mkdir(parents=True)
    rng = np.random.default_rng(0)
    for split, count in SAMPLES.items():
        x = 0.01 * rng.random((count, FRAMES, BINS), dtype=np.float32)
        y = np.zeros((count, FRAMES, len(DRUMS_5)), dtype=np.float32)
        for sample in range(count):
            for place, frame in enumerate(range(5 + sample, FRAMES - 5, 12)):
                name = (place + sample) % 5
                y[sample, frame, name] = 1.0
                y[sample, frame + 1, name] = 0.5  # beside an onset
                x[sample, frame : frame + 3, 16 * name : 16 * name + 8] = 1.0
        np.save(folder / f"{split}_x.npy", x)
        np.save(folder / f"{split}_y.npy", y)
    return root


def make_recipe(root: Path, **fields: object) -> Recipe:
    given: dict[str, object] = {
        "corpora": (f"adtof={root}",), "classes": 5, "options": SMALL, "excerpt_seconds": 1.0,
        "chunk_seconds": 1.0, "overlap_seconds": 0.0, "batch": 4, "steps": 60,
        "validate_every": 20, "learning_rate": 0.02, "warmup_steps": 0, "average": 0.0,
        "validation_minutes": 0.05, "weight_excerpts": 4, "half": False, "workers": 0,
        "threads": 1, "velocity_weight": 0.0, "beat_weight": 0.0,
    }  # fmt: skip
    return Recipe(**{**given, **fields})  # type: ignore[arg-type]


def test_samples_and_their_notes(tmp_path: Path) -> None:
    root = write_spectra(tmp_path)
    assert are_spectra(f"adtof={root}") and are_spectra(f"adtof/yt={root}")  # YT is the default
    assert not are_spectra(f"adtof/rgw={root}")
    found = Spectra.load([f"adtof={root}"], "train", classes=5, bins=BINS)
    assert (len(found), found.seconds) == (6, 1.0)
    first = found.read_notes(found.y[0][0])
    np.testing.assert_allclose(first.onsets, (5 + 12 * np.arange(8)) / 100)
    assert first.labels.tolist()[:6] == [*DRUMS_5, DRUMS_5[0]]
    features, notes = found.draw(np.random.default_rng(0))
    assert features.shape == (FRAMES, BINS) and notes.duration == 1.0
    drawn = {found.draw(np.random.default_rng(seed))[0].tobytes() for seed in range(60)}
    assert len(drawn) == 6
    for text in (f"adtof={root}", f"yt=adtof={root}"):
        with pytest.raises(ValueError, match="no audio to test networks on; tune drums"):
            StudyCorpus.parse(text)
    fewer = Spectra.load([f"adtof={root}"], "train", classes=3, bins=BINS)
    assert fewer.read_notes(fewer.y[0][0]).classes == ("KD", "SD", "HH")


def test_a_network_learns_from_them_and_is_tested_on_their_split(tmp_path: Path) -> None:
    root = write_spectra(tmp_path / "data")
    recipe = make_recipe(root)
    result = train(recipe, tmp_path / "run")
    assert result.finished
    metrics = json.loads((tmp_path / "run/metrics.json").read_text())
    assert metrics["classes_5"]["micro"]["f1"] > 0.8
    assert metrics["test"]["micro"]["f1"] > 0.8
    assert set(metrics["test"]["per_class"]) == set(DRUMS_5)
    with pytest.raises(ValueError, match="spectrograms by others cannot be run on audio"):
        ship(tmp_path / "run", tmp_path / "no.onnx")
    # An epoch of a search takes as many samples as there are.
    given = {"batch": "4", "model": "crnn", "excerpt_seconds": "1.0"}
    base = search.resolve(None, given, [f"adtof={root}"])
    assert (base.classes, base.validate_every) == (5, 2)


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"chunk_seconds": 2.0}, "expected 1, as long as the spectrograms, got 1 and 2"),
        ({"features": {"bands_per_octave": 24}}, "expected samples of [0-9]+ bins"),
        ({"classes": 10}, "classes: "),
    ],
)
def test_recipes_that_do_not_go_with_them(
    tmp_path: Path, fields: dict[str, object], reason: str
) -> None:
    root = write_spectra(tmp_path / "data")
    with pytest.raises(ValueError, match=reason):
        train(make_recipe(root, **fields), tmp_path / "run")
    (root / "ADTOF-YT/spectra/test_y.npy").unlink()
    with pytest.raises(ValueError, match=r"test_y\.npy: missing"):
        train(make_recipe(root), tmp_path / "run")
