"""`bandscribe evaluate activity --model RUN`: a network of envelopes that was trained here."""

import json
from pathlib import Path

import numpy as np
import pytest
import soundfile

from bandscribe.datasets.corpora import CORPORA
from bandscribe.studies.neuroment_system import EnvelopeSystem
from bandscribe.training import task
from bandscribe.training.activity.train import train

RATE = 44100
#: The tone of each class, and when it sounds: for a second at least alone.
PARTS = {"vio": (2000, 0.0, 2.5), "pia": (200, 1.5, 4.0)}


def tone(frequency: float, start: float, end: float) -> np.ndarray:
    """Four seconds, of which it sounds in some."""
    times = np.arange(4 * RATE) / RATE
    return 0.2 * np.sin(2 * np.pi * frequency * times) * (times >= start) * (times < end)


@pytest.fixture(scope="module")
def stems(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("stems")
    for split in ("train", "validation", "test"):
        folder = root / split / "00000"
        folder.mkdir(parents=True)
        parts = {name: tone(*how) for name, how in PARTS.items()}
        for name, sound in {**parts, "mixture": np.sum(list(parts.values()), axis=0)}.items():
            soundfile.write(folder / f"{name}.wav", sound, RATE, subtype="FLOAT")
    return root


@pytest.fixture(scope="module")
def run(stems: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("run")
    given = {
        "model": "neuroment", "material": "stems", "stems": str(stems), "mixes": "4",
        "validation_stems": str(stems), "classes": "vio,pia", "steps": "1", "threads": "1",
        "options": '{"channels": [2, 2, 2], "dropout": 0}',
    }  # fmt: skip
    train(task.resolve("activity", None, given), folder)
    return folder


def test_a_run_is_scored_as_its_tables_are(bandscribe, run: Path, stems: Path) -> None:
    result = bandscribe(
        "evaluate", "activity", "stems", stems, "--model", run, "-o", "out", "--plot", "test/00000"
    )
    assert (result.code, result.err) == (0, "")
    assert result.out.startswith(f"stems: 1 track (test), model {run}")
    assert Path("out/plots/test/00000.png").stat().st_size > 10_000
    found = json.loads(Path("out/metrics.json").read_text())
    assert (found["model"], found["classes"]) == (str(run), ["pia", "vio"])

    [track] = [each for each in CORPORA["stems"].tracks(stems) if each.split == "test"]
    predicted = EnvelopeSystem.load(run).track(track)
    Path("tables").mkdir()
    np.savez(
        "tables/00000.npz",
        classes=predicted.probability.classes, probability=predicted.probability.values,
        level_db=predicted.level.values, thresholds=predicted.thresholds,
        frame_rate=predicted.level.frame_rate, start=predicted.level.start,
    )  # fmt: skip
    bandscribe(
        "evaluate", "activity", "stems", stems, "--estimates", "tables", "--among", "pia,vio",
        "-o", "other",
    )  # fmt: skip
    other = json.loads(Path("other/metrics.json").read_text())
    for name in ("map", "micro", "per_class", "level_error_db", "noise", "leakage"):
        assert found[name] == other[name]
    assert found["per_class"]["vio"]["played"] == pytest.approx(2.5 / 4, abs=0.03)

    again = bandscribe("evaluate", "activity", "stems", stems, "--model", run, "-o", "out")
    assert "kept from an earlier call: 1 of 1 tracks" in again.out


def test_a_folder_that_is_no_run(bandscribe, stems: Path) -> None:
    result = bandscribe("evaluate", "activity", "stems", stems, "--model", stems)
    assert result.code == 2
    assert "no recipe.json in it" in result.err
